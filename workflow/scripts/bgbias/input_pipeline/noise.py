"""Gaussian noise as slices of one stock of normal numbers, which is the same on every device."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch

from bgbias.input_pipeline.on_gpu import uploaded
from bgbias.randomness import integer_seed

_STOCK = 2**22  # normal numbers in stock; an image takes a few hundred thousand


def gaussian_noise(
    seed: int, draws: Sequence[np.random.Generator], count: int, values: int, device: torch.device
) -> torch.Tensor:
    """Standard normal: float32 (len(draws) · count, values) on ``device``.

    Each of ``draws`` decides where ``count`` slices of the stock of ``seed`` begin.
    """
    stock = max(_STOCK, 4 * values)
    begins = np.concatenate([draw.integers(stock - values, size=count) for draw in draws])
    return _stock(seed, stock, device).unfold(0, values, 1).index_select(0, uploaded(begins, device))


@lru_cache(maxsize=1)
def _stock(seed: int, count: int, device: torch.device) -> torch.Tensor:
    # ASSUME: slices of one stock recur over time and overlap, but a pixel of two slices hardly ever gets the
    # same number, and new numbers would cost a third of a training batch and a seventh of small_cnn's maps.
    random = torch.Generator().manual_seed(integer_seed(seed, "stock of noise"))
    return torch.randn(count, generator=random).to(device)
