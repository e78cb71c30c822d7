"""Batches from a packed store, for training and evaluation.

All random choices for an image in a batch come from one row of uniform numbers, which is a function of (seed,
step, position) in training and of (seed, draw, row) in evaluation: never of the batch size or of earlier
draws.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import torch

from bgbias.input_pipeline import on_gpu
from bgbias.input_pipeline.crops import CROP_TRIES, Cuts, centre_crop_boxes, random_crop_boxes
from bgbias.input_pipeline.noise import gaussian_noise
from bgbias.input_pipeline.pixels import PixelStore
from bgbias.input_pipeline.preprocessing import Preprocessing, normalisation, normalisation_on
from bgbias.randomness import generator

__all__ = ["EvaluationView", "TrainingView", "evaluation_batch", "training_batches"]

_VIEW = 1 + 4 * CROP_TRIES  # uniform numbers per view: one for mirroring, the rest for the tries of a crop
_UNIFORMS = 2 + 2 * _VIEW


class _Choices(NamedTuple):
    """The uniform numbers, float64, that decide everything random about B images."""

    view: np.ndarray  # (B, _VIEW)
    replaced: np.ndarray  # (B,): whether the background is replaced
    background: np.ndarray  # (B,): which background replaces it
    background_view: np.ndarray  # (B, _VIEW)


def _choices(uniforms: np.ndarray) -> _Choices:
    """Split each row of ``uniforms`` (B, _UNIFORMS) by purpose."""
    view, rest = uniforms[:, :_VIEW], uniforms[:, _VIEW:]
    return _Choices(view, rest[:, 0], rest[:, 1], rest[:, 2:])


@dataclass(frozen=True)
class TrainingView:
    """A crop of ``scale`` of the area with ``ratio`` width / height, resized to ``size``, perhaps mirrored.

    ``noise``: largest standard deviation of the noise on an image, as a share of the range of pixel values.
    Backgrounds get the same transform, without the noise.
    """

    size: int
    scale: tuple[float, float] = (0.16, 1.0)
    ratio: tuple[float, float] = (0.75, 4 / 3)
    flip: bool = True
    noise: float = 0.0
    background_crop: ClassVar[str] = "random"


@dataclass(frozen=True)
class EvaluationView:
    """The centre crop of ``size``. Backgrounds: also the centre, or as in training ("random")."""

    size: int
    background_crop: str = "random"
    scale: tuple[float, float] = (0.16, 1.0)
    ratio: tuple[float, float] = (0.75, 4 / 3)
    flip: bool = True


def training_batches(
    store: PixelStore,
    rows: np.ndarray,
    backgrounds: PixelStore | None,
    *,
    seed: int,
    steps: Sequence[int],
    probability: float,
    view: TrainingView,
    preprocessing: Preprocessing,
    device: torch.device | str = "cpu",
) -> list[torch.Tensor]:
    """The training images of each of K ``steps``, with ``rows`` (K, B), normalised: float32
    (B, 3, size, size) each, in channels_last, on ``device``.

    With ``probability`` an image's background is replaced by a random one that gets the same kind of
    transform. A step's images do not depend on the other steps, and crops do not depend on ``probability``:
    variants with the same seed see the same crops.
    """
    size = rows.shape[1]
    uniforms = [generator(seed, "training batch", step).random((size, _UNIFORMS)) for step in steps]
    choices = _choices(np.concatenate(uniforms))
    images = _random_cuts(store, rows.ravel(), choices.view, view)
    replaced = choices.replaced < probability
    made = _assemble(images, backgrounds, replaced, choices, view, preprocessing, device)
    if view.noise:
        _add_noise(made, view.noise, preprocessing, seed, steps)
    return list(made.split(size))


def evaluation_batch(
    store: PixelStore,
    rows: np.ndarray,
    backgrounds: PixelStore | None,
    *,
    seed: int,
    draw: int,
    view: EvaluationView,
    preprocessing: Preprocessing,
    device: torch.device | str = "cpu",
) -> torch.Tensor:
    """The evaluation images of ``rows`` (B,), normalised: float32 (B, 3, size, size), in channels_last, on
    ``device``.

    Clean if ``backgrounds`` is None; otherwise (seed, draw, row) determines the background of each image.
    """
    images, choices = _centre_cuts(store, rows, view.size), None
    if backgrounds is not None:
        uniforms = [generator(seed, "evaluation", draw, row).random(_UNIFORMS) for row in rows]
        choices = _choices(np.stack(uniforms))
    replaced = np.ones(len(rows), dtype=bool)
    return _assemble(images, backgrounds, replaced, choices, view, preprocessing, device)


def _cuts(store: PixelStore, rows: np.ndarray, boxes: np.ndarray, flips: np.ndarray) -> Cuts:
    return Cuts(*store.pixels(rows), store.sizes[rows], boxes, flips)


def _random_cuts(store: PixelStore, rows: np.ndarray, uniforms: np.ndarray, view) -> Cuts:
    tries = uniforms[:, 1:].reshape(-1, CROP_TRIES, 4)
    boxes = random_crop_boxes(store.sizes[rows], tries, view.scale, view.ratio)
    return _cuts(store, rows, boxes, (uniforms[:, 0] < 0.5) & view.flip)


def _centre_cuts(store: PixelStore, rows: np.ndarray, size: int) -> Cuts:
    return _cuts(store, rows, centre_crop_boxes(store.sizes[rows], size), np.zeros(len(rows), dtype=bool))


def _backgrounds(store: PixelStore, choices: _Choices, view) -> Cuts:
    rows = np.floor(choices.background * len(store)).astype(np.int64)
    if view.background_crop == "centre":
        return _centre_cuts(store, rows, view.size)
    return _random_cuts(store, rows, choices.background_view, view)


def _add_noise(
    images: torch.Tensor, noise: float, preprocessing: Preprocessing, seed: int, steps: Sequence[int]
) -> None:
    """Add Gaussian noise to the images of all ``steps``, with a standard deviation per image that is uniform
    in 0 to ``noise``."""
    values, size, device = images[0].numel(), len(images) // len(steps), images.device
    draws = [generator(seed, "training noise", step) for step in steps]
    grain = gaussian_noise(seed, draws, size, values, device)
    strength = np.concatenate([noise * draw.random((size, 1, 1, 1), np.float32) for draw in draws])
    whole_range = 255 * normalisation_on(device, preprocessing)[0]
    images.addcmul_(grain.view(images.shape), on_gpu.uploaded(strength, device) * whole_range)


def _assemble(
    images: Cuts,
    backgrounds: PixelStore | None,
    replaced: np.ndarray,
    choices: _Choices | None,
    view: TrainingView | EvaluationView,
    preprocessing: Preprocessing,
    device: torch.device | str,
) -> torch.Tensor:
    """The images, with the backgrounds of those ``replaced`` (bool (B,)) drawn according to ``choices``."""
    behind, background_of = None, np.full(len(replaced), -1)
    if backgrounds is not None and replaced.any():
        behind = _backgrounds(backgrounds, _Choices(*(part[replaced] for part in choices)), view)
        background_of[replaced] = np.arange(len(behind.boxes))
    device = torch.device(device)
    if device.type == "cpu":
        return _assemble_on_cpu(images, behind, background_of, view.size, preprocessing)
    if behind is not None and not backgrounds.compressed:  # otherwise decoded for this batch alone
        behind = behind._replace(data=on_gpu.resident(backgrounds, device))
    return on_gpu.assemble(images, behind, background_of, view.size, preprocessing, device)


def _assemble_on_cpu(images: Cuts, behind: Cuts | None, background_of, size, preprocessing) -> torch.Tensor:
    # Not imported above: numba takes half a second to start, and is not needed on a GPU.
    from bgbias.input_pipeline import on_cpu

    batch = np.empty((len(background_of), size, size, 3), dtype=np.float32)
    channels = (2, 1, 0) if preprocessing.order == "BGR" else (0, 1, 2)
    factor, shift = (tuple(map(np.float32, values)) for values in normalisation(preprocessing))
    on_cpu.fill(batch, images, behind or images, background_of, factor, shift, channels)
    return torch.from_numpy(batch).permute(0, 3, 1, 2)
