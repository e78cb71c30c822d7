"""Normalising, against torchvision and plain formulas."""

import torch

from bgbias.input_pipeline.preprocessing import Preprocessing, normalise


def test_normalising_for_torchvision_and_for_a_bgr_backbone():
    x = torch.tensor([255.0, 0.0, 51.0]).reshape(1, 3, 1, 1)
    usual = normalise(x, Preprocessing((0.5, 0.25, 0.1), (0.5, 0.5, 0.2)))
    # (1 − .5)/.5, (0 − .25)/.5, (.2 − .1)/.2
    torch.testing.assert_close(usual.flatten(), torch.tensor([1.0, -0.5, 0.5]))
    bgr = normalise(x, Preprocessing((104.0, 117.0, 128.0), (1.0, 1.0, 1.0), "BGR", 255.0))
    torch.testing.assert_close(bgr.flatten(), torch.tensor([51.0 - 104, 0.0 - 117, 255.0 - 128]))
