"""What the data look like: images, their masks, and the same objects in front of other backgrounds."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from bgbias.figures.tiles import columns, cut, heading, page, place

NAMES = ("image", "mask", "swapped")


def draw(pictures: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]], title: str) -> Figure:
    """``pictures``: uint8 image (s, s, 3), mask (s, s) and swapped (s, s, 3); up to three per line."""
    lines = max(1, math.ceil(len(pictures) / 3))
    across = max(1, math.ceil(len(pictures) / lines))
    step, gap = 1.03, 0.3
    bank_width = 3 * step + gap
    figure, axes = page(across * bank_width - gap + 0.07)
    centres = [
        (0.55 + bank * bank_width + column * step, name)
        for bank in range(across)
        for column, name in enumerate(NAMES)
    ]
    top = columns(axes, heading(axes, title), centres, width=1)
    for position, triple in enumerate(pictures):
        line, bank = divmod(position, across)
        for column, picture in enumerate(triple):
            place(axes, picture, 0.05 + bank * bank_width + column * step, top + line * step)
    cut(axes, top + lines * step + 0.02)
    return figure
