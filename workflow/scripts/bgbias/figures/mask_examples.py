"""How good the masks are: hand-labelled images from the best mask to the worst, with both outlines.

For a dataset without hand labels, some of its masks.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from bgbias.figures.style import LABEL, PREDICTION
from bgbias.figures.tiles import contour, cut, heading, legend, page, place, write
from bgbias.images import HALF
from bgbias.results.table_formats import number

# In points: the wide line shows on both sides of the narrow one drawn over it, even without colours.
LABEL_LINE, PREDICTION_LINE = 3.0, 1.4


@dataclass
class Example:
    """An image uint8 (h, w, 3), its hand label and its mask uint8 (h, w), and their IoU; ``label`` and
    ``iou`` are None without a hand label."""

    image: np.ndarray
    label: np.ndarray | None
    prediction: np.ndarray
    iou: float | None


def draw(examples: Sequence[Example], title: str) -> Figure:
    """All ``examples``, best first or without hand labels in the given order, cropped to the label and mask.

    Both outlines are drawn at 128, the threshold of the mask quality measure.
    """
    columns = min(6, max(4, len(examples)))
    step = 1.06
    line_height = 1.26 if any(example.iou is not None for example in examples) else step
    figure, axes = page(columns * step + 0.04)
    lines = (
        [(LABEL, "hand label", LABEL_LINE)] if any(example.label is not None for example in examples) else []
    )
    head = heading(axes, title, beside=legend(axes, [*lines, (PREDICTION, "mask", PREDICTION_LINE)]))
    for rank, example in enumerate(sorted(examples, key=lambda example: -(example.iou or 0))):
        line, column = divmod(rank, columns)
        x, y = 0.05 + column * step, head + line * line_height
        outlines = [mask for mask in (example.label, example.prediction) if mask is not None]
        part = _around(np.maximum.reduce(outlines) >= HALF)
        place(axes, example.image[part], x, y)
        if example.label is not None:
            contour(axes, example.label[part], x, y, LABEL, LABEL_LINE)
        contour(axes, example.prediction[part], x, y, PREDICTION, PREDICTION_LINE)
        if example.iou is not None:
            write(axes, x + 0.5, y + 1.11, f"IoU {number(example.iou, 3)}")
    cut(axes, head + math.ceil(len(examples) / columns) * line_height + 0.03)
    return figure


def _around(mask: np.ndarray) -> tuple[slice, slice]:
    """The bounding box of ``mask`` with a margin, extended to a square as far as the image allows."""
    if not mask.any():
        return slice(None), slice(None)
    spans = [np.flatnonzero(mask.any(axis=axis))[[0, -1]] for axis in (1, 0)]
    side = 1.2 * max(last - first + 1 for first, last in spans)
    (top, bottom), (left, right) = spans
    return _window(top, bottom, side, mask.shape[0]), _window(left, right, side, mask.shape[1])


def _window(first: int, last: int, side: float, length: int) -> slice:
    side = min(length, int(side))
    start = min(max(0, (first + last + 1 - side) // 2), length - side)
    return slice(start, start + side)
