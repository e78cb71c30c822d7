"""Which part of a picture a model sees, and which values of it: boxes to cut, and normalisation."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch

from bgbias.errors import StudyError

CROP_TRIES = 10  # as many as torchvision's RandomResizedCrop makes before it falls back to a centre crop


@dataclass(frozen=True)
class Preprocessing:
    """What a backbone expects: values in [0, ``maximum``], channels in ``order``, then (x − mean) / std.

    By default as for ImageNet's weights.
    """

    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    order: str = "RGB"
    maximum: float = 1.0


class Cuts(NamedTuple):
    """What to cut out of a packed store: ``data`` uint8 (bytes,), where each of B pictures begins in it
    (int64 (B,)), their heights and widths (int64 (B, 2)), boxes (int64 (B, 4): top, left, height, width), and
    which to mirror (bool (B,)). numpy arrays; ``data`` may also be a tensor, on the GPU that cuts."""

    data: np.ndarray | torch.Tensor
    offsets: np.ndarray
    sizes: np.ndarray
    boxes: np.ndarray
    flips: np.ndarray


def random_crop_boxes(
    sizes: np.ndarray, uniforms: np.ndarray, scale: Sequence[float], ratio: Sequence[float]
) -> np.ndarray:
    """Boxes with the distribution of torchvision's RandomResizedCrop: int64 (B, 4) top, left, height, width.

    ``sizes`` (B, 2) height, width. ``uniforms`` (B, CROP_TRIES, 4) in [0, 1) is the randomness: a box depends
    on its own row alone. ``scale`` bounds the share of the area, ``ratio`` the width over the height.
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
    """The middle ``crop`` × ``crop`` pixels, rounded as torchvision's CenterCrop: int64 (B, 4) as above.

    StudyError when an image is smaller than the crop.
    """
    if (sizes < crop).any():
        height, width = sizes[(sizes < crop).any(axis=1).argmax()]
        raise StudyError(
            f"An image of {width}×{height} packed pixels is smaller than the crop of {crop}. "
            "Raise pixels.short_side or lower transform.eval_size."
        )
    corners = np.rint((sizes - crop) / 2).astype(np.int64)
    return np.concatenate([corners, np.full_like(corners, crop)], axis=1)


def normalise(rgb: torch.Tensor, preprocessing: Preprocessing) -> torch.Tensor:
    """Values 0 to 255, (B, 3, S, S) in RGB, to what the backbone expects."""
    if preprocessing.order == "BGR":
        rgb = rgb.flip(1)
    factor, shift = normalisation_on(rgb.device, preprocessing)
    return rgb * factor + shift


@lru_cache
def normalisation_on(device: torch.device, preprocessing: Preprocessing) -> list[torch.Tensor]:
    """:func:`normalisation` as tensors on the device, float32 (3, 1, 1) each."""
    # Cached, as each upload would wait for a GPU. No inference tensors: training uses them too.
    with torch.inference_mode(False):
        pair = normalisation(preprocessing)
        return [torch.tensor(values, device=device)[:, None, None] for values in pair]


def normalisation(preprocessing: Preprocessing) -> tuple[list[float], list[float]]:
    """Factor and shift per output channel such that factor · (value 0 to 255) + shift is normalised."""
    factor = [preprocessing.maximum / 255 / std for std in preprocessing.std]
    shift = [-mean / std for mean, std in zip(preprocessing.mean, preprocessing.std, strict=True)]
    if not all(map(math.isfinite, factor + shift)):
        raise StudyError(f"A preprocessing with standard deviations {preprocessing.std} divides by zero.")
    return factor, shift
