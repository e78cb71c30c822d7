"""Surface textures for scenery: noise, gradients and grain, in PIL's fixed-point arithmetic."""

from itertools import pairwise

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from bgbias.demo_world.chance import Colour, between, shade


def noise(rng: np.random.Generator, side: int, across: int, down: int, octaves: int = 3) -> Image.Image:
    """Smooth random brightness (L), with ``across`` × ``down`` hills; each octave is twice as fine."""
    # Half the resolution suffices, because scenery is painted at twice the size of the picture.
    half, total = side // 2, None
    for octave in range(octaves):
        grid = rng.integers(0, 256, (max(2, down << octave), max(2, across << octave)), dtype=np.uint8)
        layer = Image.fromarray(grid).resize((half, half), Image.Resampling.BICUBIC)
        total = layer if total is None else Image.blend(total, layer, 0.375)
    return total.resize((side, side), Image.Resampling.BILINEAR)


def grain(
    rng: np.random.Generator,
    side: int,
    tint: Colour,
    dark: float,
    light: float,
    across: int,
    down: int,
    octaves: int = 3,
) -> Image.Image:
    """A surface of ``tint``, shaded by noise with factors from ``dark`` to ``light``."""
    return mixed(shade(tint, dark), shade(tint, light), noise(rng, side, across, down, octaves))


def mixed(dark: Colour, light: Colour, amount: Image.Image) -> Image.Image:
    """Interpolate every pixel between ``dark`` and ``light`` by ``amount`` (L)."""
    return Image.composite(Image.new("RGB", amount.size, light), Image.new("RGB", amount.size, dark), amount)


def wash(side: int, top: Colour, bottom: Colour, start: float, end: float) -> Image.Image:
    """A vertical gradient between the heights ``start`` and ``end`` (fractions of the side)."""
    ramp = Image.new("L", (side, side), 0)
    first, last = round(start * side), max(round(end * side), round(start * side) + 1)
    if last < side:
        ramp.paste(255, (0, last, side, side))
    ramp.paste(Image.linear_gradient("L").resize((side, last - first), Image.Resampling.BILINEAR), (0, first))
    return mixed(top, bottom, ramp)


def ridge(rng: np.random.Generator, height: float, roughness: float, bumps: int) -> list[tuple[float, float]]:
    """A skyline in fractions of the picture's side, by midpoint displacement with ``bumps`` subdivisions."""
    line = [height + between(rng, -roughness, roughness) for _ in range(3)]
    for _ in range(bumps):
        roughness *= 0.5
        finer = []
        for left, right in pairwise(line):
            finer += [left, (left + right) / 2 + between(rng, -roughness, roughness)]
        line = [*finer, line[-1]]
    return [(index / (len(line) - 1), y) for index, y in enumerate(line)]


def flat(height: float) -> list[tuple[float, float]]:
    """A flat skyline."""
    return [(0, height), (1, height)]


def pixels(side: int, *shares: float) -> list[int]:
    """Fractions of the side converted to whole pixels: left, top, right and bottom."""
    return [round(share * side) for share in shares]


def below(picture: Image.Image, skyline: list[tuple[float, float]], surface: Image.Image) -> None:
    """Paint ``surface`` into ``picture`` below ``skyline``."""
    side = picture.width
    outline = [(round(x * side), round(y * side)) for x, y in skyline]
    top = min(max(min(y for _, y in outline), 0), side - 1)
    region = Image.new("L", (side, side - top), 0)
    polygon = [(0, side - top), *[(x, y - top) for x, y in outline], (side, side - top)]
    ImageDraw.Draw(region).polygon(polygon, fill=255)
    picture.paste(surface.crop((0, top, side, side)), (0, top), region)


def dimmed(picture: Image.Image, amount: Image.Image) -> Image.Image:
    """``picture`` multiplied by ``amount`` (L; 255 leaves it unchanged)."""
    return ImageChops.multiply(picture, amount.convert("RGB"))


def levels(layer: Image.Image, low: int, high: int) -> Image.Image:
    """An L image rescaled so that ``low`` becomes 0 and ``high`` 255."""
    return layer.point([min(max((value - low) * 255 // (high - low), 0), 255) for value in range(256)])
