"""Crop, resize, composite, normalise: batched, on the device that the batch is for (on a CPU see ``fused``).

An image and its mask travel as one RGBA array, so a crop keeps them aligned by construction.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from bgbias.errors import StudyError

CROP_TRIES = 10  # as many as torchvision's RandomResizedCrop makes before it falls back to a centre crop


@dataclass(frozen=True)
class Preprocessing:
    """What a backbone expects: values in [0, ``maximum``], channels in ``order``, then (x − mean) / std."""

    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    order: str = "RGB"
    maximum: float = 1.0


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


def crop_resize(
    images: Sequence[np.ndarray], boxes: np.ndarray, size: int, flips: np.ndarray, device: torch.device | str
) -> torch.Tensor:
    """Cut ``boxes`` (B, 4) out of uint8 (h, w, 4) arrays and resize to float32 (B, 4, size, size), 0 to 255.

    Antialiased bilinear, as torchvision's ``resized_crop``; ``flips`` bool (B,) mirrors left and right after.
    uint8 crops travel to the device, which resizes all at once in two batched matrix products.
    """
    padded = padded_crops(images, boxes, pinned=torch.device(device).type == "cuda")
    pixels = padded.to(device, non_blocking=True).permute(0, 3, 1, 2).float()
    lengths = torch.from_numpy(boxes[:, 2:]).to(device, torch.float32)
    down, across = (_resampling_weights(lengths[:, i], n, size) for i, n in enumerate(pixels.shape[2:]))
    mirrored = torch.from_numpy(np.asarray(flips)).to(device)[:, None, None]
    across = torch.where(mirrored, across.flip(1), across)
    return down[:, None] @ pixels @ across[:, None].transpose(2, 3)


def padded_crops(images: Sequence[np.ndarray], boxes: np.ndarray, pinned: bool) -> torch.Tensor:
    """All that the host does for another device: uint8 (B, h, w, 4), crops in the upper left corners.

    What lies beyond a crop is whatever was in memory. ``pinned`` memory is copied while the host goes on.
    """
    height, width = boxes[:, 2:].max(axis=0).tolist()
    padded = torch.empty((len(images), height, width, 4), dtype=torch.uint8, pin_memory=pinned)
    into = padded.numpy()
    for row, (image, (top, left, h, w)) in enumerate(zip(images, boxes.tolist(), strict=True)):
        into[row, :h, :w] = image[top : top + h, left : left + w]
    return padded


def _resampling_weights(lengths: torch.Tensor, padded: int, size: int) -> torch.Tensor:
    """float32 (B, size, padded): rows of triangle filters, as wide as one output pixel but at least one input
    pixel, centred on the output pixel; inputs beyond ``lengths`` (B,) weigh nothing."""
    scale = (lengths / size)[:, None, None]
    inputs = torch.arange(padded, device=lengths.device) + 0.5
    centres = (torch.arange(size, device=lengths.device)[:, None] + 0.5) * scale
    weights = (1 - (inputs - centres).abs() / scale.clamp(min=1)).clamp(min=0)
    weights = weights * (inputs < lengths[:, None, None])
    return weights / weights.sum(dim=2, keepdim=True)


def composite(rgb: torch.Tensor, alpha: torch.Tensor, background: torch.Tensor) -> torch.Tensor:
    """x·m + b·(1 − m): (B, 3, S, S) images and backgrounds, (B, 1, S, S) masks in [0, 1]."""
    return torch.lerp(background, rgb, alpha)


def normalise(rgb: torch.Tensor, preprocessing: Preprocessing) -> torch.Tensor:
    """Values 0 to 255, (B, 3, S, S) in RGB, to what the backbone expects."""
    factor, shift = normalisation(preprocessing)
    if preprocessing.order == "BGR":
        rgb = rgb.flip(1)
    factor, shift = (torch.tensor(v, device=rgb.device)[:, None, None] for v in (factor, shift))
    return rgb * factor + shift


def normalisation(preprocessing: Preprocessing) -> tuple[list[float], list[float]]:
    """Factor and shift per output channel such that factor · (value 0 to 255) + shift is normalised."""
    factor = [preprocessing.maximum / 255 / std for std in preprocessing.std]
    shift = [-mean / std for mean, std in zip(preprocessing.mean, preprocessing.std, strict=True)]
    if not all(map(math.isfinite, factor + shift)):
        raise StudyError(f"A preprocessing with standard deviations {preprocessing.std} divides by zero.")
    return factor, shift
