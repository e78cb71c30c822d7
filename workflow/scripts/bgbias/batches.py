"""Batches out of a packed store: what training and evaluation feed to a model.

Every random choice for an image in a batch comes from one row of uniform numbers, a function of (seed, step,
position) in training and of (seed, draw, row) in evaluation: never of the batch's size or of the past.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch

from bgbias.pixels import PixelStore
from bgbias.prefetching import prefetch
from bgbias.randomness import generator, integer_seed
from bgbias.transforms import (
    CROP_TRIES,
    Preprocessing,
    centre_crop_boxes,
    composite,
    crop_resize,
    normalisation,
    normalise,
    random_crop_boxes,
)

__all__ = ["EvaluationView", "TrainingView", "evaluation_batch", "prefetch", "training_batch"]

# Where things lie in a row of uniform numbers: the image's view (mirrored, crop), whether its background is
# replaced, by which, and the background's view.
_VIEW = 1 + 4 * CROP_TRIES
_REPLACED, _CHOSEN, _BEHIND = _VIEW, _VIEW + 1, _VIEW + 2
_UNIFORMS = 2 + 2 * _VIEW
_STOCK = 2**22  # of normal numbers; several times what an image takes


@dataclass(frozen=True)
class TrainingView:
    """A crop of ``scale`` of the area, ``ratio`` width / height, resized to ``size``, mirrored or not.

    ``noise``: largest standard deviation of the noise on an image, as a share of the range of pixel values.
    """

    size: int
    scale: tuple[float, float] = (0.16, 1.0)
    ratio: tuple[float, float] = (0.75, 4 / 3)
    flip: bool = True
    noise: float = 0.0


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
    views = _random_views(store, rows, uniforms[:, :_VIEW], settings)
    replaced = np.flatnonzero(uniforms[:, _REPLACED] < probability) if backgrounds is not None else []
    behind = _backgrounds(backgrounds, uniforms[replaced], settings) if len(replaced) else None
    batch = _assemble(views, replaced, behind, settings.size, preprocessing, device)
    return _with_noise(batch, settings.noise, preprocessing, seed, step) if settings.noise else batch


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
    views = _Views(store, rows, boxes, np.zeros(len(rows), dtype=bool))
    if backgrounds is None:
        return _assemble(views, [], None, settings.size, preprocessing, device)
    uniforms = np.stack([generator(seed, "evaluation", draw, row).random(_UNIFORMS) for row in rows])
    behind = _backgrounds(backgrounds, uniforms, settings)
    return _assemble(views, np.arange(len(rows)), behind, settings.size, preprocessing, device)


class _Views(NamedTuple):
    """What to cut out of which picture: rows (B,) of a store, boxes (B, 4), mirrored or not (B,)."""

    store: PixelStore
    rows: np.ndarray
    boxes: np.ndarray
    flips: np.ndarray

    @property
    def images(self) -> list[np.ndarray]:
        """Whole pictures, views of the store: uint8 (h, w, 4) each."""
        return [self.store.rgba(row) for row in self.rows]


def _random_views(store: PixelStore, rows, uniforms: np.ndarray, settings) -> _Views:
    tries = uniforms[:, 1:].reshape(-1, CROP_TRIES, 4)
    boxes = random_crop_boxes(store.sizes[rows], tries, settings.scale, settings.ratio)
    return _Views(store, rows, boxes, (uniforms[:, 0] < 0.5) & settings.flip)


def _backgrounds(store: PixelStore, uniforms: np.ndarray, settings) -> _Views:
    rows = np.floor(uniforms[:, _CHOSEN] * len(store)).astype(np.int64)
    if getattr(settings, "background_crop", "random") == "centre":
        boxes = centre_crop_boxes(store.sizes[rows], settings.size)
        return _Views(store, rows, boxes, np.zeros(len(rows), dtype=bool))
    return _random_views(store, rows, uniforms[:, _BEHIND:], settings)


def _with_noise(batch: torch.Tensor, noise: float, preprocessing: Preprocessing, seed: int, step: int):
    """``batch`` with Gaussian noise, weak on one image, strong on another: sd uniform in 0 to ``noise``."""
    random, values = generator(seed, "training noise", step), batch[0].numel()
    stock, starts = _stock_of_noise(seed, batch.device), random.integers(_STOCK - values, size=len(batch))
    grain = torch.stack([stock[start : start + values] for start in starts.tolist()]).view(batch.shape)
    strength = torch.from_numpy(noise * random.random((len(batch), 1, 1, 1), np.float32)).to(batch.device)
    whole_range = 255 * torch.tensor(normalisation(preprocessing)[0], device=batch.device)
    return batch.addcmul_(grain, strength * whole_range.view(1, 3, 1, 1))


@lru_cache(maxsize=1)
def _stock_of_noise(seed: int, device: torch.device) -> torch.Tensor:
    """Standard normal numbers that images take pieces of: new ones for each are a third of a batch's cost."""
    random = torch.Generator(device).manual_seed(integer_seed(seed, "stock of noise"))
    return torch.randn(_STOCK, generator=random, device=device)


def _assemble(views: _Views, replaced, behind: _Views | None, size, preprocessing, device) -> torch.Tensor:
    make = _assemble_on_cpu if torch.device(device).type == "cpu" else _assemble_on_device
    return make(views, replaced, behind, size, preprocessing, device)


def _assemble_on_cpu(views, replaced, behind, size, preprocessing, device) -> torch.Tensor:
    # Here and not above: numba takes half a second to start, and where a GPU works nobody needs it.
    from bgbias import fused

    def cuts(of: _Views) -> fused.Cuts:
        return fused.Cuts(
            of.store.data, of.store.offsets[of.rows], of.store.sizes[of.rows], of.boxes, of.flips
        )

    batch = np.empty((len(views.rows), size, size, 3), dtype=np.float32)
    background_of = np.full(len(batch), -1)
    background_of[replaced] = np.arange(len(replaced))
    channels = (2, 1, 0) if preprocessing.order == "BGR" else (0, 1, 2)
    factor, shift = (tuple(np.float32(of[c]) for c in channels) for of in normalisation(preprocessing))
    fused.fill(batch, cuts(views), cuts(behind or views), background_of, factor, shift, channels)
    return torch.from_numpy(batch).permute(0, 3, 1, 2)


def _assemble_on_device(views, replaced, behind, size, preprocessing, device) -> torch.Tensor:
    def resized(of: _Views) -> torch.Tensor:
        return crop_resize(of.images, of.boxes, size, of.flips, device)

    rgba = resized(views)
    rgb = rgba[:, :3]
    if behind is not None:
        rows = torch.from_numpy(np.asarray(replaced)).to(device)
        rgb[rows] = composite(rgb[rows], rgba[rows, 3:] / 255, resized(behind)[:, :3])
    return normalise(rgb, preprocessing)
