"""Gaussian noise: its moments, where its slices begin, and that every device gets the same."""

import pytest
import torch
from paper_gpu import gpu

from bgbias.input_pipeline import noise
from bgbias.input_pipeline.noise import gaussian_noise
from bgbias.randomness import generator

CPU = torch.device("cpu")


def some(count=50, values=1200, seed=0, draws=(0, 1), device=CPU):
    return gaussian_noise(seed, [generator(0, "test", draw) for draw in draws], count, values, device)


def test_standard_normal():
    """120,000 numbers: standard errors .003 and .002."""
    found = some()
    assert found.shape == (100, 1200)
    assert found.dtype == torch.float32
    assert abs(float(found.mean())) < 0.015
    assert float(found.std()) == pytest.approx(1, abs=0.01)


def test_depends_on_seed_and_draw_alone():
    assert torch.equal(some(), some())
    assert not torch.equal(some(), some(seed=1))
    assert torch.equal(some()[50:], some(draws=[1])), "other draws change nothing"
    assert torch.equal(some(draws=[1])[:7], some(draws=[1], count=7)), "more slices keep the first ones"


def test_slices_begin_anywhere_in_the_stock(monkeypatch):
    """Of a stock 0, 1, 2, … the first number tells where; a slice takes a quarter of the smallest stock."""
    monkeypatch.setattr(noise, "_STOCK", 0)
    monkeypatch.setattr(noise, "_stock", lambda seed, count, device: torch.arange(float(count)))
    found = some(count=400, values=100, draws=[0])
    begins = found[:, 0]
    assert torch.equal(found, begins[:, None] + torch.arange(100))
    assert begins.min() < 0.1 * 100
    assert begins.max() > 2.9 * 100


def test_more_numbers_than_the_stock_usually_has(monkeypatch):
    monkeypatch.setattr(noise, "_STOCK", 1000)
    assert float(some(count=5, values=1500).std()) == pytest.approx(1, abs=0.05)


def test_every_device_gets_the_same():
    with gpu() as device:
        assert torch.equal(some(device=device).cpu(), some())
