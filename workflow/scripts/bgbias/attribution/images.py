"""What attribution looks at: the clean evaluation crop of an image, and the same crop of its mask."""

import numpy as np
import torch

from bgbias.pixels import PixelStore
from bgbias.transforms import Preprocessing, centre_crop_boxes, crop_resize, normalise


def images_and_masks(
    store: PixelStore, rows: np.ndarray, size: int, preprocessing: Preprocessing, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Normalised images (B, 3, size, size), as ``evaluation_batch`` gives them, and masks (B, size, size).

    ``rows`` (B,) of the store; soft masks in [0, 1], float32 as the images. Raises StudyError for an image
    that is smaller than the crop.
    """
    boxes = centre_crop_boxes(store.sizes[rows], size)
    rgba = crop_resize([store.rgba(row) for row in rows], boxes, size, device=device)
    return normalise(rgba[:, :3], preprocessing), rgba[:, 3] / 255


def black_image(size: int, preprocessing: Preprocessing, device: torch.device) -> torch.Tensor:
    """An image that is black before normalisation: (3, size, size)."""
    return normalise(torch.zeros(1, 3, size, size, device=device), preprocessing)[0]
