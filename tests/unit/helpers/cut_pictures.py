"""Pictures cut and resized by ``on_cpu`` and by ``on_gpu`` (bgbias.input_pipeline), all four channels."""

import numpy as np
import torch

from bgbias.input_pipeline import on_cpu, on_gpu
from bgbias.input_pipeline.crops import Cuts


def fused_cuts(images, boxes, size, flips) -> np.ndarray:
    """float32 (B, 4, size, size), 0 to 255, of uint8 (h, w, 4) arrays; ``boxes`` (B, 4), ``flips`` (B,).

    The alpha channel shows as a colour once the channels have changed places.
    """
    turned = [np.ascontiguousarray(image[..., [3, 0, 1, 2]]) for image in images]
    colours, alpha = (_filled(cuts_of(pictures, boxes, flips), size) for pictures in (images, turned))
    return np.concatenate([colours, alpha[:, :1]], axis=1)


def device_cuts(images, boxes, size, flips) -> torch.Tensor:
    """The same by what a GPU does."""
    return on_gpu.crop_resize([cuts_of(images, boxes, flips)], size, torch.device("cpu"))


def cuts_of(images, boxes, flips) -> Cuts:
    data = np.concatenate([image.ravel() for image in images])
    data.flags.writeable = False  # as a packed store's; another type would be compiled again
    begins = np.cumsum([0] + [image.size for image in images])[:-1]
    sizes = np.array([image.shape[:2] for image in images])
    return Cuts(data, begins, sizes, np.asarray(boxes), np.asarray(flips))


def _filled(cuts, size):
    out = np.empty((len(cuts.boxes), size, size, 3), dtype=np.float32)
    ones, zeros = (tuple(np.float32([value] * 3)) for value in (1, 0))
    on_cpu.fill(out, cuts, cuts, np.full(len(out), -1), ones, zeros, (0, 1, 2))
    return out.transpose(0, 3, 1, 2)
