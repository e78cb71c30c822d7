"""Things one finds in a shop: turned shapes with a label, boxes, a lamp, a teapot, a clock, a bag."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from bgbias.demo_world.canvas import Canvas, oval, smooth
from bgbias.demo_world.chance import Colour, between, colour, cosine, pick, shade, shift_hue, sine, whole

# Half-widths of turned shapes at equally spaced heights from the top (y = −0.9) to the foot (y = 0.9).
PROFILES = {
    "Bottle": [0.13, 0.13, 0.14, 0.3, 0.36, 0.36, 0.36, 0.36, 0.34],
    "Vase": [0.26, 0.2, 0.17, 0.28, 0.42, 0.5, 0.46, 0.34, 0.26],
    "Jar": [0.34, 0.34, 0.42, 0.48, 0.5, 0.5, 0.5, 0.48, 0.42],
}
LABELS = ["bands", "dots", "zigzag", "star", "checks", "sun", "diagonal", "leaf", "plaque", "waves"]
NAMES = [
    "Arden",
    "Bodega",
    "Cobalt",
    "Delft",
    "Estelle",
    "Fjord",
    "Granada",
    "Holm",
    "Ivy",
    "Jasper",
    "Kiln",
    "Linnea",
    "Marlow",
    "Nordic",
    "Ondine",
    "Petra",
    "Quill",
    "Ravello",
    "Sorrel",
    "Tessa",
    "Ursa",
    "Verona",
]


@dataclass(frozen=True)
class Product:
    kind: str
    body: Colour
    ink: Colour
    second: Colour
    label: str
    count: int
    width: float
    height: float
    detail: int  # which of a kind's details (handle, lid, foot …) it has
    waist: float


def design(kind: str, hue: float, rng: np.random.Generator) -> Product:
    """A product of the ``kind`` whose body is near ``hue``."""
    saturation, value = pick(rng, [(0.7, 0.8), (0.5, 0.95), (0.8, 0.5), (0.15, 0.95), (0.3, 0.7)])
    ink = pick(rng, [(250, 247, 238), (35, 33, 38), colour(hue + pick(rng, [0.33, 0.5, 0.67]), 0.8, 0.8)])
    return Product(
        kind=kind,
        body=colour(hue, saturation, value),
        ink=ink,
        second=colour(hue + between(rng, 0.15, 0.85), 0.7, between(rng, 0.4, 0.95)),
        label=pick(rng, LABELS),
        count=whole(rng, 3, 6),
        width=between(rng, 0.8, 1.2),
        height=between(rng, 0.84, 1.05),
        detail=whole(rng, 0, 2),
        waist=between(rng, -0.12, 0.12),
    )


def vary(product: Product, hue: float, rng: np.random.Generator) -> Product:
    """Another piece of the same product: its colours' hue turned by ``hue``."""
    return replace(
        product,
        body=shift_hue(product.body, hue, between(rng, 0.85, 1.15)),
        second=shift_hue(product.second, hue),
    )


def draw(canvas: Canvas, product: Product, rng: np.random.Generator) -> None:
    """Paint ``product`` standing upright."""
    KINDS[product.kind](canvas, product)


def _turned(canvas: Canvas, product: Product) -> None:
    """A bottle, vase or jar: a profile mirrored about its axis, with a lid or a stopper."""
    profile, bottom = PROFILES[product.kind], 0.85 * product.height
    last = len(profile) - 1
    right = []
    for index, half in enumerate(profile):
        bend = product.waist * sine(180 * index // last)
        right.append(((half + bend * half) * product.width, bottom * (2 * index / last - 1)))
    outline = smooth([*right, *[(-x, y) for x, y in reversed(right)]], steps=4)
    canvas.polygon(outline, product.body)
    if product.kind == "Vase":
        canvas.ellipse(0, -bottom, right[0][0], 0.07, shade(product.body, 0.45))
    else:
        top, high = right[0][0] * 1.12, [0.1, 0.16, 0.22][product.detail]
        canvas.box(-top, -bottom - high * 0.8, top, -bottom + 0.06, product.second)
    wide = max(x for x, _ in right)
    with canvas.clipped(outline):
        _label(canvas, product, -wide, -0.1 * product.height, wide, 0.62 * product.height)


def _mug(canvas: Canvas, product: Product) -> None:
    wide, high = 0.46 * product.width, 0.52 * product.height
    foot = wide * (1 + product.waist * 2)
    for scale, ink in ((1.0, shade(product.body, 0.85)),):
        handle = [
            (wide * 0.8, -high * 0.6),
            (wide + 0.3 * scale, -high * 0.62),
            (wide + 0.36 * scale, 0),
            (wide + 0.28 * scale, high * 0.5),
            (foot * 0.8, high * 0.5),
        ]
        canvas.line(smooth(handle, closed=False), 0.1 + 0.02 * product.detail, ink)
    outline = [
        (-wide, -high),
        (wide, -high),
        *smooth(
            [
                (wide, -high),
                (foot, high * 0.9),
                (foot * 0.9, high),
                (-foot * 0.9, high),
                (-foot, high * 0.9),
                (-wide, -high),
            ],
            closed=False,
        ),
    ]
    canvas.polygon(outline, product.body)
    with canvas.clipped(outline):
        _label(canvas, product, -wide, -high * 0.55, wide, high * 0.7)
    canvas.ellipse(0, -high, wide, 0.1, shade(product.body, 1.3))
    canvas.ellipse(
        0, -high, wide * 0.88, 0.075, [(70, 42, 28), (150, 90, 40), (235, 230, 215)][product.detail]
    )


def _can(canvas: Canvas, product: Product) -> None:
    wide, high = 0.4 * product.width, 0.68 * product.height
    outline = [*oval(0, -high, wide, 0.1)[12:], *oval(0, high, wide, 0.1)[:13]]
    canvas.polygon(outline, product.body)
    with canvas.clipped(outline):
        _label(canvas, product, -wide, -high * 0.6, wide, high * 0.75)
        for y in (-high + 0.12, high - 0.02):
            canvas.box(-wide, y, wide, y + 0.05, (205, 207, 212))
    canvas.ellipse(0, -high, wide, 0.1, (215, 217, 222))
    canvas.ellipse(0, -high, wide * 0.8, 0.07, (165, 168, 175))


def _carton(canvas: Canvas, product: Product) -> None:
    """A box seen over a corner; with a gable like a milk carton, a flat lid, or a ribbon."""
    wide, high, deep = 0.42 * product.width, 0.66 * product.height, 0.26
    front = [(-wide - 0.1, -high), (wide - 0.1, -high), (wide - 0.1, high), (-wide - 0.1, high)]
    flank = [
        (wide - 0.1, -high),
        (wide - 0.1 + deep, -high - 0.08),
        (wide - 0.1 + deep, high - 0.12),
        (wide - 0.1, high),
    ]
    if product.detail == 0:
        canvas.polygon(
            [
                (-wide - 0.1, -high),
                (-wide, -high - 0.3),
                (wide, -high - 0.36),
                (wide - 0.1 + deep, -high - 0.08),
                (wide - 0.1, -high),
            ],
            shade(product.body, 1.25),
        )
    else:
        canvas.polygon(
            [
                (-wide - 0.1, -high),
                (-wide - 0.1 + deep, -high - 0.08),
                (wide - 0.1 + deep, -high - 0.08),
                (wide - 0.1, -high),
            ],
            shade(product.body, 1.25),
        )
    canvas.polygon(front, product.body)
    canvas.polygon(flank, shade(product.body, 0.62))
    with canvas.clipped(front):
        _label(canvas, product, -wide - 0.1, -high * 0.6, wide - 0.1, high * 0.7)
        if product.detail == 2:
            canvas.box(-0.17, -1, -0.05, 1, product.second)


def _lamp(canvas: Canvas, product: Product) -> None:
    top, bottom = (0.26 - product.waist) * product.width, 0.56 * product.width
    foot = [(0.3, 0.06), (0.22, 0.12), (0.36, 0.05)][product.detail]
    canvas.line([(0, 0), (0, 0.8)], 0.07, product.second)
    if product.detail == 1:
        canvas.ellipse(0, 0.45, 0.2, 0.26, product.second)
    canvas.ellipse(0, 0.82, foot[0], foot[1] + 0.03, product.second)
    shade_outline = [
        (-top, -0.85 * product.height),
        (top, -0.85 * product.height),
        (bottom, 0.05),
        (-bottom, 0.05),
    ]
    canvas.polygon(shade_outline, product.body)
    with canvas.clipped(shade_outline):
        _label(canvas, product, -bottom, -0.65 * product.height, bottom, -0.1)


def _teapot(canvas: Canvas, product: Product) -> None:
    wide, high = 0.52 * product.width, 0.44 * product.height
    canvas.line(
        smooth(
            [
                (-wide * 0.7, -high * 0.55),
                (-wide - 0.3, -high * 0.5),
                (-wide - 0.34, 0.1),
                (-wide * 0.75, high * 0.55),
            ],
            closed=False,
        ),
        0.09,
        shade(product.body, 0.8),
    )
    canvas.polygon(
        smooth(
            [
                (wide * 0.6, 0.25),
                (wide + 0.12, 0.0),
                (wide + 0.25, -high * 0.85),
                (wide + 0.38, -high * 0.9),
                (wide + 0.26, 0.08),
                (wide * 0.6, high * 0.8),
            ],
            steps=4,
        ),
        shade(product.body, 0.85),
    )
    outline = oval(0, 0.08, wide, high)
    canvas.box(-wide * 0.5, high * 0.8, wide * 0.5, high + 0.16, shade(product.body, 0.7))
    canvas.polygon(outline, product.body)
    with canvas.clipped(outline):
        _label(canvas, product, -wide, -high * 0.4, wide, high * 0.75)
    canvas.ellipse(0, 0.06 - high, wide * 0.5, 0.1, product.second)
    canvas.ellipse(
        0, -high - 0.07, *[(0.07, 0.07), (0.12, 0.05), (0.05, 0.12)][product.detail], product.second
    )


def _clock(canvas: Canvas, product: Product) -> None:
    radius = 0.62 * (0.7 + 0.3 * product.width)
    for x in (-0.4, 0.4):
        canvas.line([(x * 0.8, radius * 0.7), (x * 1.2, radius + 0.16)], 0.1, product.second)
    if product.detail == 1:
        for x in (-0.36, 0.36):
            canvas.ellipse(x, -radius, 0.22, 0.18, product.second)
    rim = (
        oval(0, 0, radius, radius)
        if product.detail < 2
        else [(-radius, -radius), (radius, -radius), (radius, radius), (-radius, radius)]
    )
    canvas.polygon(rim, product.body)
    with canvas.clipped(rim):
        _label(canvas, product, -radius, -radius * 0.8, radius, radius * 0.8)
    canvas.ellipse(0, 0, radius * 0.55, radius * 0.55, (248, 245, 236))
    for tick in range(0, 360, 360 // (product.count * 2)):
        canvas.ellipse(radius * 0.45 * cosine(tick), radius * 0.45 * sine(tick), 0.025, 0.025, (40, 40, 45))
    canvas.line([(0, -radius * 0.36), (0, 0), (radius * 0.25, radius * 0.1)], 0.05, (40, 40, 45))


def _bag(canvas: Canvas, product: Product) -> None:
    top, bottom, high = 0.48 * product.width, (0.58 + product.waist) * product.width, 0.62 * product.height
    strap = [
        (-top * 0.6, -high * 0.4),
        (-top * 0.5, -high - 0.38),
        (top * 0.5, -high - 0.38),
        (top * 0.6, -high * 0.4),
    ]
    canvas.line(smooth(strap, closed=False), 0.075, product.second)
    outline = [
        (-top, -high * 0.6),
        (top, -high * 0.6),
        *smooth(
            [
                (top, -high * 0.6),
                (bottom, high * 0.9),
                (bottom * 0.9, high),
                (-bottom * 0.9, high),
                (-bottom, high * 0.9),
                (-top, -high * 0.6),
            ],
            closed=False,
        ),
    ]
    canvas.polygon(outline, product.body)
    with canvas.clipped(outline):
        _label(canvas, product, -bottom, -high * 0.2, bottom, high * 0.8)
        if product.detail:
            canvas.polygon(
                [
                    (-top * 1.1, -high),
                    (top * 1.1, -high),
                    (top * 0.8, -high * (0.3 - 0.2 * product.detail)),
                    (-top * 0.8, -high * (0.3 - 0.2 * product.detail)),
                ],
                shade(product.second, 0.9),
            )
    canvas.ellipse(0, -high * 0.36, 0.055, 0.055, (235, 200, 90))


KINDS: dict[str, Callable[[Canvas, Product], None]] = {
    "Bottle": _turned, "Vase": _turned, "Jar": _turned, "Mug": _mug, "Can": _can, "Carton": _carton, "Lamp": _lamp,
    "Teapot": _teapot, "Clock": _clock, "Bag": _bag,
}  # fmt: skip


def _label(canvas: Canvas, product: Product, left: float, top: float, right: float, bottom: float) -> None:
    """The product's decoration within the given box (what lies outside the object is clipped away)."""
    wide, high, count, ink = right - left, bottom - top, product.count, product.ink
    x, y, radius = (left + right) / 2, (top + bottom) / 2, min(wide, high) * 0.42
    if product.label == "bands":
        for index in range(count):
            canvas.box(left, top + high * index / count, right, top + high * (index + 0.45) / count, ink)
    elif product.label == "dots":
        for row in range(count):
            for column in range(count + 1):
                canvas.ellipse(
                    left + wide * (column + row % 2 / 2) / count,
                    top + high * (row + 0.5) / count,
                    wide / count * 0.24,
                    wide / count * 0.24,
                    ink,
                )
    elif product.label == "zigzag":
        for offset in (0, high * 0.4):
            line = [
                (left + wide * index / (2 * count), top + offset + high * (0.15 + 0.35 * (index % 2)))
                for index in range(2 * count + 1)
            ]
            canvas.line(line, 0.07, ink if not offset else product.second)
    elif product.label == "star":
        points = [
            (
                x + radius * (1 if turn % 2 == 0 else 0.45) * sine(180 * turn // count),
                y - radius * (1 if turn % 2 == 0 else 0.45) * cosine(180 * turn // count),
            )
            for turn in range(2 * count)
        ]
        canvas.polygon(points, ink)
    elif product.label == "checks":
        for row in range(count):
            for column in range(row % 2, 2 * count, 2):
                canvas.box(
                    left + wide * column / (2 * count),
                    top + high * row / count,
                    left + wide * (column + 1) / (2 * count),
                    top + high * (row + 1) / count,
                    ink,
                )
    elif product.label == "sun":
        canvas.ellipse(x, y, radius, radius, ink)
        canvas.ellipse(x, y, radius * 0.62, radius * 0.62, product.second)
    elif product.label == "diagonal":
        for index in range(-count, count + 1):
            start = left + wide * index / count
            canvas.polygon(
                [
                    (start, bottom),
                    (start + wide * 0.45 / count, bottom),
                    (start + wide * 0.45 / count + high, top),
                    (start + high, top),
                ],
                ink,
            )
    elif product.label == "leaf":
        for angle in (0, 60, 120):
            canvas.ellipse(x, y, radius, radius * 0.3, ink if angle else product.second, tilt=angle)
    elif product.label == "plaque":
        canvas.box(left + wide * 0.12, top, right - wide * 0.12, bottom, ink)
        canvas.box(
            left + wide * 0.22, top + high * 0.25, right - wide * 0.22, top + high * 0.45, product.second
        )
        canvas.box(
            left + wide * 0.3, top + high * 0.62, right - wide * 0.3, top + high * 0.72, product.second
        )
    elif product.label == "waves":
        for row in range(3):
            line = [
                (left + wide * index / 16, top + high * (row + 0.5) / 3 + 0.06 * sine(90 * index))
                for index in range(17)
            ]
            canvas.line(smooth(line, closed=False, steps=3), 0.075, ink if row % 2 == 0 else product.second)
