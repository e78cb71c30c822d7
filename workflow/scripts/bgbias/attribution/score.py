"""From raw maps to one number per image: 0 for a uniform map, 1 for one that lies entirely on the object."""

import torch
from torch import Tensor

_QUANTILE_LIMIT = 16_000_000  # elements that torch.quantile accepts at once


def scaled(maps: Tensor) -> Tensor:
    """(g − min) / (99th percentile − min) clipped to [0, 1], per map: (B, S, S) float32.

    The percentile interpolates linearly, as in numpy. A map without contrast becomes all zeros.
    """
    flat = maps.flatten(1).float()
    low = flat.amin(1, keepdim=True)
    few = max(1, _QUANTILE_LIMIT // flat.shape[1])
    high = torch.cat([part.quantile(0.99, dim=1, keepdim=True) for part in flat.split(few)])
    # If 99 % of a map are equal, its few larger values are clipped to 1 and the others stay 0.
    tiny = torch.finfo(flat.dtype).tiny
    return ((flat - low) / (high - low).clamp(min=tiny)).clamp(0, 1).view(maps.shape)


def attention_score(maps: Tensor, masks: Tensor) -> Tensor:
    """(A − M) / (1 − M) with A = Σ(a·m) / Σa and M = mean of the soft mask m: (B,) float64.

    ``maps`` and ``masks`` (B, S, S), masks in [0, 1]. NaN if the score is undefined: a mask that covers the
    whole image (M = 1) or is empty (M = 0), or a map that is zero everywhere. A negative score means that the
    map avoids the object.
    """
    maps, masks = maps.flatten(1).double(), masks.flatten(1).double()
    inside = (maps * masks).sum(1) / maps.sum(1)
    coverage = masks.mean(1)
    score = (inside - coverage) / (1 - coverage)
    # ASSUME: for an empty mask the formula gives 0, "no more than by chance", whatever the map: undefined.
    return torch.where((coverage > 0) & (coverage < 1), score, torch.nan)
