"""Which part of each picture a model sees: crop boxes, in numpy, so that light jobs can import it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bgbias.errors import StudyError

CROP_TRIES = 10  # as many as torchvision's RandomResizedCrop before it falls back to a centre crop


class Cuts(NamedTuple):
    """Crops of B pictures in a packed store: ``data`` uint8 (bytes,), the offset of each picture in it
    (int64 (B,)), heights and widths (int64 (B, 2)), boxes (int64 (B, 4): top, left, height, width), and which
    to mirror (bool (B,)). numpy arrays; on a GPU ``data`` may also be a tensor."""

    data: np.ndarray
    offsets: np.ndarray
    sizes: np.ndarray
    boxes: np.ndarray
    flips: np.ndarray


def random_crop_boxes(
    sizes: np.ndarray, uniforms: np.ndarray, scale: Sequence[float], ratio: Sequence[float]
) -> np.ndarray:
    """Boxes distributed as in torchvision's RandomResizedCrop: int64 (B, 4) top, left, height, width.

    ``sizes`` (B, 2) height, width. ``uniforms`` (B, CROP_TRIES, 4) in [0, 1) is the randomness: a box depends
    on its own row only. ``scale`` bounds the share of the area, ``ratio`` the width over the height.
    """
    height, width = (sizes[:, [i]].astype(np.float64) for i in (0, 1))
    area = height * width * (scale[0] + (scale[1] - scale[0]) * uniforms[..., 0])
    log_ratio = np.log(ratio[0]) + (np.log(ratio[1]) - np.log(ratio[0])) * uniforms[..., 1]
    crop_width = np.rint(np.sqrt(area * np.exp(log_ratio)))
    crop_height = np.rint(np.sqrt(area / np.exp(log_ratio)))
    fits = (crop_width > 0) & (crop_width <= width) & (crop_height > 0) & (crop_height <= height)
    top = np.floor(uniforms[..., 2] * (height - crop_height + 1))
    left = np.floor(uniforms[..., 3] * (width - crop_width + 1))
    boxes = np.stack([top, left, crop_height, crop_width], axis=-1)
    chosen = boxes[np.arange(len(sizes)), fits.argmax(axis=1)]
    return np.where(fits.any(axis=1)[:, None], chosen, _widest_boxes(sizes, ratio)).astype(np.int64)


def _widest_boxes(sizes: np.ndarray, ratio: Sequence[float]) -> np.ndarray:
    height, width = sizes[:, 0].astype(np.float64), sizes[:, 1].astype(np.float64)
    crop_height = np.where(width / height < ratio[0], np.rint(width / ratio[0]), height)
    crop_width = np.where(width / height > ratio[1], np.rint(height * ratio[1]), width)
    top, left = (height - crop_height) // 2, (width - crop_width) // 2
    return np.stack([top, left, crop_height, crop_width], axis=-1)


def centre_crop_boxes(sizes: np.ndarray, crop: int) -> np.ndarray:
    """The middle ``crop`` × ``crop`` pixels, rounded as in torchvision's CenterCrop: int64 (B, 4) as above.

    StudyError if an image is smaller than the crop.
    """
    if (sizes < crop).any():
        height, width = sizes[(sizes < crop).any(axis=1).argmax()]
        raise StudyError(
            f"An image of {width}×{height} packed pixels is smaller than the crop of {crop}. "
            "Raise pixels.short_side or lower transform.eval_size."
        )
    corners = np.rint((sizes - crop) / 2).astype(np.int64)
    return np.concatenate([corners, np.full_like(corners, crop)], axis=1)
