"""The small statistics, against closed forms and scipy."""

import math

import numpy as np
import pytest

from bgbias import statistics


def test_mean_and_sample_sd():
    # 2, 4, 9: mean 5, squared deviations 9 + 1 + 16 = 26 over n − 1 = 2
    assert statistics.mean_and_sd([2, 4, 9]) == pytest.approx((5, math.sqrt(13)))
    assert math.isnan(statistics.mean_and_sd([3])[1])
    with pytest.raises(ValueError, match="at least one"):
        statistics.mean_and_sd([])


def test_ranks_share_ties():
    assert statistics.ranks([10, 20, 20, 5]).tolist() == [2, 3.5, 3.5, 1]


def test_spearman_equals_scipy_with_ties():
    from scipy.stats import spearmanr

    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b = rng.integers(0, 6, 25), rng.integers(0, 6, 25)
        assert statistics.spearman(a, b) == pytest.approx(spearmanr(a, b).statistic, abs=1e-12)


def test_spearman_sees_order_only():
    values = [0.1, 0.5, 0.2, 3.0]
    assert statistics.spearman(values, np.exp(values)) == pytest.approx(1)
    assert statistics.spearman(values, np.negative(values)) == pytest.approx(-1)
    assert math.isnan(statistics.spearman(values, [1, 1, 1, 1]))


def test_mean_absolute_difference():
    assert statistics.mean_absolute_difference([1, 5], [2, 2]) == 2  # (1 + 3) / 2
    with pytest.raises(ValueError, match="same length"):
        statistics.mean_absolute_difference([1, 2], [1])
