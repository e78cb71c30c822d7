"""One photograph: a lit object in front of a view of a place."""

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from bgbias.demo_world.canvas import Canvas, Pose
from bgbias.demo_world.chance import between, colour, happens, shade, whole


def random_pose(rng: np.random.Generator, sway: int) -> Pose:
    """A pose that fills most of the picture, rotated by at most ``sway`` degrees."""
    return Pose(
        x=between(rng, 0.44, 0.56),
        y=between(rng, 0.46, 0.57),
        scale=between(rng, 0.34, 0.46),
        angle=whole(rng, -sway, sway),
        mirrored=happens(rng, 0.5),
        narrowing=between(rng, 0.84, 1.0),
    )


def photograph(
    canvas: Canvas, background: Image.Image, rng: np.random.Generator, support: str
) -> tuple[Image.Image, Image.Image]:
    """Compose the object on ``canvas`` in front of ``background``; return the picture (RGB) and its mask (L).

    ``support`` names what the object stands on, which is part of the background.
    """
    colours, mask = canvas.finish()
    colours = _lit(colours, mask, rng)
    foot = canvas.foot if canvas.foot is not None else mask.getbbox()[3]
    background = SUPPORTS[support](background, mask, foot, rng)
    behind = ImageChops.multiply(background, ImageChops.invert(mask).convert("RGB"))
    return developed(ImageChops.add(colours, behind), rng), mask


def developed(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Simulate the camera: exposure, warmth and sensor noise."""
    exposure, warmth = whole(rng, 205, 262), whole(rng, -9, 9)
    gains = (exposure + warmth, exposure, exposure - warmth)
    table = [min(value * gain // 256, 255) for gain in gains for value in range(256)]
    pixels = np.asarray(picture.point(table), np.int16)
    pixels = pixels + rng.integers(-5, 6, (*pixels.shape[:2], 1), dtype=np.int16)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _lit(colours: Image.Image, mask: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Shade the flat object as if it were round: brighter edges towards the light, darker away from it.

    The blurred mask acts as a height map that falls off towards every edge; the difference of two shifted
    copies is its slope, which light from one side reveals.
    """
    size = mask.width
    pillow = np.asarray(
        mask.filter(ImageFilter.BoxBlur(size // 18)).filter(ImageFilter.BoxBlur(size // 18)), np.int32
    )
    dx, dy = whole(rng, -size // 32, size // 32), size // 26
    slope = np.roll(pillow, (-dy, -dx), (0, 1)) - np.roll(pillow, (dy, dx), (0, 1))
    light = np.clip(whole(rng, 205, 275) + slope * whole(rng, 50, 110) // 100, 90, 400)
    pixels = np.asarray(colours, np.int32) * light[..., None] // 256
    return Image.fromarray(np.minimum(pixels, np.asarray(mask, np.int32)[..., None]).astype(np.uint8))


def _shadow(background: Image.Image, mask: Image.Image, foot: int, rng: np.random.Generator) -> Image.Image:
    """A soft contact shadow under the lowest part of the object."""
    size, (left, _, right, _) = mask.width, mask.getbbox()
    dark = Image.new("L", mask.size, 255)
    thick = max(2, (right - left) // 12)
    ImageDraw.Draw(dark).ellipse([left, foot - thick, right, foot + thick // 2], fill=110)
    return ImageChops.multiply(
        background, dark.filter(ImageFilter.BoxBlur(max(1, size // 40))).convert("RGB")
    )


def _branch(background: Image.Image, mask: Image.Image, foot: int, rng: np.random.Generator) -> Image.Image:
    """A branch under the feet, with one to three forks."""
    side = mask.width * 2
    picture = background.resize((side, side), Image.Resampling.BILINEAR)
    pen, width = ImageDraw.Draw(picture), whole(rng, side // 34, side // 20)
    bark = colour(between(rng, 0.04, 0.1), between(rng, 0.15, 0.5), between(rng, 0.25, 0.6))
    rise, middle = whole(rng, -side // 16, side // 16), 2 * foot + width // 3
    for lift, tone in ((0, 0.7), (width // 4, 1.1)):
        line = [
            (-width, middle + rise - lift),
            (side // 2, middle - lift),
            (side + width, middle - rise - lift),
        ]
        pen.line(line, fill=shade(bark, tone), width=width if lift == 0 else width // 2, joint="curve")
    for _ in range(whole(rng, 1, 3)):
        x, reach = whole(rng, 0, side), whole(rng, -side // 5, side // 5)
        pen.line(
            [x, middle, x + reach, middle - whole(rng, side // 12, side // 4)],
            fill=shade(bark, 0.8),
            width=width // 3,
        )
    return picture.reduce(2)


SUPPORTS = {"shadow": _shadow, "branch": _branch}
