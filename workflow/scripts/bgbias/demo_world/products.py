"""Products: design, variation and drawing of a product of any shape."""

from dataclasses import replace

import numpy as np

from bgbias.demo_world.canvas import Canvas
from bgbias.demo_world.chance import between, colour, pick, shift_hue, whole
from bgbias.demo_world.decorations import DECORATIONS
from bgbias.demo_world.wares import KINDS, Product

NAMES = [
    "Arden", "Bodega", "Cobalt", "Delft", "Estelle", "Fjord", "Granada", "Holm", "Ivy", "Jasper", "Kiln",
    "Linnea", "Marlow", "Nordic", "Ondine", "Petra", "Quill", "Ravello", "Sorrel", "Tessa", "Ursa", "Verona",
]  # fmt: skip


def design(kind: str, hue: float, rng: np.random.Generator) -> Product:
    """A product of the given ``kind`` with a body colour near ``hue``."""
    saturation, value = pick(rng, [(0.7, 0.8), (0.5, 0.95), (0.8, 0.5), (0.15, 0.95), (0.3, 0.7)])
    contrast = colour(hue + pick(rng, [0.33, 0.5, 0.67]), 0.8, 0.8)
    return Product(
        kind=kind,
        body=colour(hue, saturation, value),
        ink=pick(rng, [(250, 247, 238), (35, 33, 38), contrast]),
        second=colour(hue + between(rng, 0.15, 0.85), 0.7, between(rng, 0.4, 0.95)),
        decoration=pick(rng, DECORATIONS),
        count=whole(rng, 3, 6),
        width=between(rng, 0.8, 1.2),
        height=between(rng, 0.84, 1.05),
        detail=whole(rng, 0, 2),
        waist=between(rng, -0.12, 0.12),
    )


def vary(product: Product, hue: float, rng: np.random.Generator) -> Product:
    """Another instance of the same product, with colours shifted by ``hue``."""
    body = shift_hue(product.body, hue, between(rng, 0.85, 1.15))
    return replace(product, body=body, second=shift_hue(product.second, hue))


def draw(canvas: Canvas, product: Product, rng: np.random.Generator) -> None:
    """Paint ``product`` standing upright."""
    KINDS[product.kind](canvas, product)
