"""Simple picture arithmetic for figures, in numpy and Pillow, because importing torch takes longer."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from bgbias.input_pipeline.crops import centre_crop_boxes


def centre_square(image: np.ndarray, size: int) -> np.ndarray:
    """The central square of a uint8 picture (h, w[, channels]), resized to ``size`` × ``size``."""
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = np.ascontiguousarray(image[top : top + side, left : left + side])
    return np.asarray(Image.fromarray(square).resize((size, size), Image.Resampling.BILINEAR))


def centre_crop(image: np.ndarray, size: int) -> np.ndarray:
    """The middle ``size`` × ``size`` pixels of (h, w, channels), as evaluation cuts them."""
    ((top, left, height, width),) = centre_crop_boxes(np.array([image.shape[:2]]), size)
    return image[top : top + height, left : left + width]


def swap(rgb: np.ndarray, alpha: np.ndarray, background: np.ndarray) -> np.ndarray:
    """x·m + b·(1−m) of uint8 pictures (h, w, 3), mask (h, w) and background (h, w, 3)."""
    weight = alpha[..., None] / np.float32(255)
    return np.rint(rgb * weight + background * (1 - weight)).astype(np.uint8)


def heat(rgb: np.ndarray, map_: np.ndarray) -> np.ndarray:
    """A map (h, w) in [0, 1] as a glow over the grey picture (h, w, 3), which shows where the map is 0."""
    from matplotlib import colormaps

    grey = rgb.mean(axis=2, keepdims=True) / 255 * 0.75 + 0.1
    glow = colormaps["inferno"](0.15 + 0.85 * map_)[..., :3]
    weight = np.clip(map_[..., None] * 1.6, 0, 0.9)
    return np.rint(255 * (grey * (1 - weight) + glow * weight)).astype(np.uint8)


def spread(items: Sequence, count: int) -> list:
    """Up to ``count`` of ``items``, evenly spaced, including the first and the last."""
    if not len(items):
        return []
    # Two places may coincide if there are fewer items than requested.
    places = dict.fromkeys(np.rint(np.linspace(0, len(items) - 1, count)).astype(int).tolist())
    return [items[place] for place in places]
