"""Pictures that are smooth at the scale of a pixel, as photographs are."""

import numpy as np
from PIL import Image


def smooth_image(height: int, width: int, seed: int = 0) -> np.ndarray:
    """uint8 (height, width, 4): noise instead would exaggerate any difference of two filters."""
    coarse = np.random.default_rng(seed).integers(
        0, 256, (height // 8 + 2, width // 8 + 2, 4), dtype=np.uint8
    )
    return np.asarray(Image.fromarray(coarse, "RGBA").resize((width, height), Image.Resampling.BICUBIC))
