"""Batches out of a packed store: what training and evaluation feed to a model.

Every random choice for an image in a batch comes from one row of uniform numbers, a function of (seed, step,
position) in training and of (seed, draw, row) in evaluation: never of the batch's size or of the past.
"""

from dataclasses import dataclass

import numpy as np
import torch

from bgbias.pixels import PixelStore
from bgbias.prefetching import prefetch
from bgbias.randomness import generator
from bgbias.transforms import (
    CROP_TRIES,
    Preprocessing,
    centre_crop_boxes,
    composite,
    crop_resize,
    normalise,
    random_crop_boxes,
)

__all__ = ["EvaluationView", "TrainingView", "evaluation_batch", "prefetch", "training_batch"]

_CROP = 4 * CROP_TRIES
_UNIFORMS = 4 + 2 * _CROP  # flip, whether replaced, which background, its flip, the image's crop, its crop


@dataclass(frozen=True)
class TrainingView:
    """A crop of ``scale`` of the area, ``ratio`` width / height, resized to ``size``, mirrored or not."""

    size: int
    scale: tuple[float, float] = (0.16, 1.0)
    ratio: tuple[float, float] = (0.75, 4 / 3)
    flip: bool = True


@dataclass(frozen=True)
class EvaluationView:
    """The centre crop of ``size``. Backgrounds: the centre too, or as in training ("random")."""

    size: int
    background_crop: str = "random"
    scale: tuple[float, float] = (0.16, 1.0)
    ratio: tuple[float, float] = (0.75, 4 / 3)
    flip: bool = True


def training_batch(
    store: PixelStore,
    rows: np.ndarray,
    backgrounds: PixelStore | None,
    *,
    seed: int,
    step: int,
    probability: float,
    settings: TrainingView,
    preprocessing: Preprocessing,
    device: torch.device | str = "cpu",
) -> torch.Tensor:
    """The training images of ``rows`` (B,), float32 (B, 3, size, size), normalised, on ``device``.

    Each image has its background replaced with ``probability`` by a random one through the same transform.
    The crops do not depend on ``probability``: variants of one seed see the same crops.
    """
    uniforms = generator(seed, "training batch", step).random((len(rows), _UNIFORMS))
    replaced = uniforms[:, 1] < probability if backgrounds is not None else np.zeros(len(rows), dtype=bool)
    boxes = _random_boxes(store.sizes[rows], uniforms[:, 4 : 4 + _CROP], settings)
    flips = _flips(uniforms[:, 0], settings)
    rgba = crop_resize([store.rgba(row) for row in rows], boxes, settings.size, flips, device)
    return _finish(rgba, replaced, backgrounds, uniforms, settings, preprocessing, device)


def evaluation_batch(
    store: PixelStore,
    rows: np.ndarray,
    backgrounds: PixelStore | None,
    *,
    seed: int,
    draw: int,
    settings: EvaluationView,
    preprocessing: Preprocessing,
    device: torch.device | str = "cpu",
) -> torch.Tensor:
    """The evaluation images of ``rows`` (B,), float32 (B, 3, size, size), normalised, on ``device``.

    Clean when ``backgrounds`` is None, else each background is replaced by what (seed, draw, row) gives.
    """
    boxes = centre_crop_boxes(store.sizes[rows], settings.size)
    rgba = crop_resize([store.rgba(row) for row in rows], boxes, settings.size, device=device)
    replaced = np.full(len(rows), backgrounds is not None)
    uniforms = np.stack([generator(seed, "evaluation", draw, row).random(_UNIFORMS) for row in rows])
    return _finish(rgba, replaced, backgrounds, uniforms, settings, preprocessing, device)


def _finish(rgba, replaced, backgrounds, uniforms, settings, preprocessing, device) -> torch.Tensor:
    rgb = rgba[:, :3]
    if replaced.any():
        chosen = np.floor(uniforms[replaced, 2] * len(backgrounds)).astype(np.int64)
        sizes = backgrounds.sizes[chosen]
        if getattr(settings, "background_crop", "random") == "centre":
            boxes, flips = centre_crop_boxes(sizes, settings.size), None
        else:
            boxes = _random_boxes(sizes, uniforms[replaced, 4 + _CROP :], settings)
            flips = _flips(uniforms[replaced, 3], settings)
        images = [backgrounds.rgba(row) for row in chosen]
        where = torch.from_numpy(np.flatnonzero(replaced)).to(device)
        new = crop_resize(images, boxes, settings.size, flips, device)[:, :3]
        rgb[where] = composite(rgb[where], rgba[where, 3:] / 255, new)
    return normalise(rgb, preprocessing)


def _random_boxes(sizes, uniforms, settings) -> np.ndarray:
    return random_crop_boxes(sizes, uniforms.reshape(-1, CROP_TRIES, 4), settings.scale, settings.ratio)


def _flips(uniforms, settings) -> np.ndarray:
    return (uniforms < 0.5) & settings.flip
