"""One photograph: an object, lit, before a view of a place."""

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from bgbias.demo_world.canvas import Canvas, Pose
from bgbias.demo_world.chance import between, happens, whole


def random_pose(rng: np.random.Generator) -> Pose:
    return Pose(x=between(rng, 0.43, 0.57), y=between(rng, 0.46, 0.58), scale=between(rng, 0.31, 0.43),
                angle=whole(rng, -9, 9), mirrored=happens(rng, 0.5), narrowing=between(rng, 0.84, 1.0))


def photograph(canvas: Canvas, background: Image.Image, rng: np.random.Generator,
               shadow: bool) -> tuple[Image.Image, Image.Image]:
    """The picture (RGB) of what was drawn on ``canvas`` before ``background`` and its exact mask (L)."""
    colours, mask = canvas.finish()
    colours = _lit(colours, mask, rng)
    if shadow:
        background = _with_shadow(background, mask)
    behind = ImageChops.multiply(background, ImageChops.invert(mask).convert("RGB"))
    return developed(ImageChops.add(colours, behind), rng), mask


def developed(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The camera's share: exposure, warmth and sensor noise."""
    exposure, warmth = whole(rng, 205, 262), whole(rng, -9, 9)
    gains = (exposure + warmth, exposure, exposure - warmth)
    table = [min(value * gain // 256, 255) for gain in gains for value in range(256)]
    pixels = np.asarray(picture.point(table), np.int16)
    pixels = pixels + rng.integers(-5, 6, (*pixels.shape[:2], 1), dtype=np.int16)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _lit(colours: Image.Image, mask: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Give the flat object roundness: brighter on the edges towards the light, darker away from it.

    The blurred mask falls off towards every edge; its difference between two shifted copies is the slope of a
    pillow over the object, which is what a light from one side shows.
    """
    size = mask.width
    pillow = np.asarray(mask.filter(ImageFilter.BoxBlur(size // 18)).filter(ImageFilter.BoxBlur(size // 18)), np.int32)
    dx, dy = whole(rng, -size // 32, size // 32), size // 26
    slope = np.roll(pillow, (-dy, -dx), (0, 1)) - np.roll(pillow, (dy, dx), (0, 1))
    light = np.clip(whole(rng, 205, 275) + slope * whole(rng, 50, 110) // 100, 90, 400)
    pixels = np.asarray(colours, np.int32) * light[..., None] // 256
    return Image.fromarray(np.minimum(pixels, np.asarray(mask, np.int32)[..., None]).astype(np.uint8))


def _with_shadow(background: Image.Image, mask: Image.Image) -> Image.Image:
    """A soft contact shadow under the lowest part of the object."""
    box = mask.getbbox()
    if box is None:
        return background
    size, (left, _, right, bottom) = mask.width, box
    dark = Image.new("L", mask.size, 255)
    thick = max(2, (right - left) // 12)
    ImageDraw.Draw(dark).ellipse([left, bottom - thick, right, bottom + thick // 2], fill=120)
    return ImageChops.multiply(background, dark.filter(ImageFilter.BoxBlur(max(1, size // 40))).convert("RGB"))
