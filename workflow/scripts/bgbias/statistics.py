"""The few statistics that tables and comparisons need; numpy only."""

from collections.abc import Sequence

import numpy as np


def mean_and_sd(values: Sequence[float]) -> tuple[float, float]:
    """Mean and sample standard deviation (n − 1), NaN for one value."""
    values = np.asarray(values, dtype=np.float64)
    if not len(values):
        raise ValueError("mean_and_sd needs at least one value")
    return float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else float("nan")


def ranks(values: Sequence[float]) -> np.ndarray:
    """Ranks from 1, equal values sharing the mean of theirs: (n,) float64."""
    _, group, sizes = np.unique(np.asarray(values, dtype=np.float64), return_inverse=True, return_counts=True)
    last = np.cumsum(sizes)
    return ((last - sizes + 1 + last) / 2)[group]


def spearman(first: Sequence[float], second: Sequence[float]) -> float:
    """Spearman's rank correlation in [−1, 1]; NaN when either side is constant or holds a NaN."""
    first, second = _paired(first, second)
    if np.isnan([first, second]).any():
        return float("nan")
    a, b = ranks(first) - (len(first) + 1) / 2, ranks(second) - (len(second) + 1) / 2
    norm = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / norm) if norm else float("nan")


def mean_absolute_difference(first: Sequence[float], second: Sequence[float]) -> float:
    """Mean of |first − second| over the pairs."""
    first, second = _paired(first, second)
    return float(np.abs(first - second).mean())


def _paired(first, second) -> tuple[np.ndarray, np.ndarray]:
    first, second = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if first.shape != second.shape or first.ndim != 1 or not len(first):
        raise ValueError(f"two lists of the same length are needed, not {first.shape} and {second.shape}")
    return first, second
