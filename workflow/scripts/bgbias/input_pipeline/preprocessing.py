"""The pixel values that a backbone expects as input."""

import math
from dataclasses import dataclass
from functools import lru_cache

import torch

from bgbias.errors import StudyError


@dataclass(frozen=True)
class Preprocessing:
    """What a backbone expects: values in [0, ``maximum``], channels in ``order``, then (x − mean) / std.

    The defaults are those of ImageNet weights.
    """

    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    order: str = "RGB"
    maximum: float = 1.0


def normalise(rgb: torch.Tensor, preprocessing: Preprocessing) -> torch.Tensor:
    """Convert RGB values 0 to 255, (B, 3, S, S), to what the backbone expects."""
    if preprocessing.order == "BGR":
        rgb = rgb.flip(1)
    factor, shift = normalisation_on(rgb.device, preprocessing)
    return rgb * factor + shift


@lru_cache
def normalisation_on(device: torch.device, preprocessing: Preprocessing) -> list[torch.Tensor]:
    """:func:`normalisation` as tensors on the device, float32 (3, 1, 1) each."""
    # Cached, because each upload would wait for the GPU. Not inference tensors: training uses them too.
    with torch.inference_mode(False):
        pair = normalisation(preprocessing)
        return [torch.tensor(values, device=device)[:, None, None] for values in pair]


def normalisation(preprocessing: Preprocessing) -> tuple[list[float], list[float]]:
    """Factor and shift per output channel such that factor · (value in 0 to 255) + shift is normalised."""
    factor = [preprocessing.maximum / 255 / std for std in preprocessing.std]
    shift = [-mean / std for mean, std in zip(preprocessing.mean, preprocessing.std, strict=True)]
    if not all(map(math.isfinite, factor + shift)):
        raise StudyError(f"Preprocessing with standard deviations {preprocessing.std} divides by zero.")
    return factor, shift
