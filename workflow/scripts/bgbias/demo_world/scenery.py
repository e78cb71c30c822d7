"""Places and views of them, used behind objects and as replacement backgrounds."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from bgbias.demo_world import indoors, outdoors
from bgbias.demo_world.chance import between, happens, pick
from bgbias.randomness import generator

PAINTERS = {
    "hills": outdoors.hills,
    "mountains": outdoors.mountains,
    "shore": outdoors.shore,
    "desert": outdoors.desert,
    "forest": outdoors.forest,
    "foliage": outdoors.foliage,
    "street": outdoors.street,
    "room": indoors.room,
    "table": indoors.table,
    "shelf": indoors.shelf,
    "tiles": indoors.tiles,
    "cloth": indoors.cloth,
    "bricks": indoors.bricks,
    "garage": indoors.garage,
}


@dataclass(frozen=True)
class Place:
    """A particular place: its kind of scenery and the random key of its layout and palette."""

    kind: str
    key: tuple[int, str, int]


def new_place(seed: int, purpose: str, index: int, kinds: list[str]) -> Place:
    """The place number ``index`` of a stream; a different seed, purpose or index gives a different place."""
    return Place(pick(generator(seed, f"kind {purpose}", index), kinds), (seed, f"layout {purpose}", index))


def view(place: Place, size: int, rng: np.random.Generator) -> Image.Image:
    """A picture (RGB, ``size`` × ``size`` pixels) of ``place`` from a viewpoint drawn from ``rng``."""
    side = 2 * size
    seed, purpose, index = place.key
    picture = PAINTERS[place.kind](generator(seed, purpose, index), rng, side)
    window = round(side * between(rng, 0.72, 1.0))
    left, top = int(rng.integers(side - window + 1)), int(rng.integers(side - window + 1))
    if happens(rng, 0.5):
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return picture.resize(
        (size, size), Image.Resampling.BILINEAR, box=(left, top, left + window, top + window)
    )
