"""The map of the paper on background bias (Kobs & Hotho, 2022): SmoothGrad on the distance to black."""

from collections.abc import Sequence

import torch
from torch import Tensor

from bgbias.attribution.target import Target
from bgbias.input_pipeline.noise import gaussian_noise
from bgbias.randomness import generator


def study_map(target: Target, images: Tensor, rows: Sequence[int], settings: dict) -> Tensor:
    """Σ over noisy copies of |mean over channels of d target / d copy|: (B, S, S), not yet scaled.

    Copy c of an image x is x + N(0, (noise · (max x − min x))²). The mean over channels is signed; the
    absolute value is taken after. ``settings``: ``copies``, ``noise`` (relative), ``seed``, ``batch_size``.
    """
    copies, batch_size = settings["copies"], settings["batch_size"]
    spread = settings["noise"] * (images.amax((1, 2, 3)) - images.amin((1, 2, 3)))
    maps = torch.empty_like(images[:, 0])
    together = max(1, batch_size // copies)  # whole images per pass through the model
    for start in range(0, len(images), together):
        part = slice(start, start + together)
        noisy = noise(rows[part], copies, images[0], settings["seed"])
        noisy.mul_(spread[part, None, None, None, None]).add_(images[part, None])
        gradients = (target.gradient(chunk) for chunk in noisy.flatten(0, 1).split(batch_size))
        # Adding three planes is several times faster than mean(1) if the gradient is channels_last.
        absolute = [(g[:, 0] + g[:, 1] + g[:, 2]).div_(3).abs_() for g in gradients]
        maps[part] = torch.cat(absolute).view(-1, copies, *maps.shape[1:]).sum(1)
    return maps


def noise(rows: Sequence[int], copies: int, like: Tensor, seed: int) -> Tensor:
    """Standard normal (len(rows), copies, *like.shape) on ``like``'s device, each copy in channels_last.

    Copy c of row r depends on (seed, r, c) alone: not on the other rows, on ``copies`` or on the device.
    """
    draws = [generator(seed, "attribution noise", row) for row in rows]
    values = gaussian_noise(seed, draws, copies, like.numel(), like.device)
    channels, height, width = like.shape
    return values.view(len(rows), copies, height, width, channels).permute(0, 1, 4, 2, 3)
