"""The input of attribution: the clean evaluation crop of test images, and the same crop of their masks."""

import os
from pathlib import Path

import numpy as np
import torch

from bgbias.images import read_mask
from bgbias.input_pipeline.crops import centre_crop_boxes
from bgbias.input_pipeline.pixels import PixelStore
from bgbias.input_pipeline.preprocessing import Preprocessing, normalise
from bgbias.randomness import generator


def chosen_rows(rows: np.ndarray, count: int | None, seed: int) -> np.ndarray:
    """``count`` of ``rows`` in random order (None: all): a function of ``seed`` and ``rows`` only."""
    return generator(seed, "attribution images").permutation(rows)[:count]


def images_and_masks(
    store: PixelStore,
    rows: np.ndarray,
    size: int,
    preprocessing: Preprocessing,
    device: torch.device,
    labels: str | os.PathLike | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Normalised images (B, 3, size, size), as ``evaluation_batch`` gives them, and masks (B, size, size).

    ``rows`` (B,) of the store; soft masks in [0, 1], float32 like the images. With ``labels``, the folder
    that the index's hand labels are relative to, images that have a hand label get it as their mask. Raises
    StudyError for an image that is smaller than the crop, and for a label that cannot be read.
    """
    corners = centre_crop_boxes(store.sizes[rows], size)[:, :2].tolist()
    images = [store.rgba(row) for row in rows]
    if labels is not None:
        paths = [store.index.masks[row] for row in rows]
        images = [
            _labelled(image, Path(labels) / path) if path else image
            for image, path in zip(images, paths, strict=True)
        ]
    cuts = [
        image[top : top + size, left : left + size]
        for image, (top, left) in zip(images, corners, strict=True)
    ]
    rgba = torch.from_numpy(np.stack(cuts)).to(device).permute(0, 3, 1, 2).float()
    return normalise(rgba[:, :3], preprocessing), rgba[:, 3] / 255


def _labelled(rgba: np.ndarray, label: Path) -> np.ndarray:
    """``rgba`` (h, w, 4) with the hand label ``label`` as its mask, resized like the packed masks."""
    from PIL import Image

    height, width = rgba.shape[:2]
    mask = Image.fromarray(read_mask(label)).resize((width, height), Image.Resampling.BILINEAR)
    return np.dstack([rgba[..., :3], np.asarray(mask)])


def black_image(size: int, preprocessing: Preprocessing, device: torch.device) -> torch.Tensor:
    """An image that is black before normalisation: (3, size, size)."""
    return normalise(torch.zeros(1, 3, size, size, device=device), preprocessing)[0]
