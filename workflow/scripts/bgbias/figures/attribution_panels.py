"""Where models look: attribution maps over the images, models side by side, with their scores."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from bgbias.figures.pictures import heat
from bgbias.figures.tiles import columns, contour, cut, heading, page, place, write
from bgbias.results.names import human
from bgbias.results.table_formats import number


@dataclass
class Panel:
    """An image uint8 (s, s, 3), its mask uint8 (s, s), and per variant a map (s, s) in [0, 1] and a score."""

    image: np.ndarray
    mask: np.ndarray
    maps: dict[str, np.ndarray]
    scores: dict[str, float]


def draw(panels: Sequence[Panel], variants: Sequence[str], title: str) -> Figure:
    """Image, mask, then each variant's map with the mask's outline and the score.

    If there are at most two variants, each line holds two images; more would leave too little room for names.
    """
    step, gap, line_height = 1.04, 0.35, 1.3
    names = ["image", "mask", *map(human, variants)]
    bank_width = len(names) * step + gap
    banks = 2 if len(panels) > 1 and len(variants) <= 2 else 1
    figure, axes = page(banks * bank_width - gap + 0.06)
    centres = [
        (0.55 + bank * bank_width + column * step, name)
        for bank in range(banks)
        for column, name in enumerate(names)
    ]
    head = columns(axes, heading(axes, title), centres, width=1)
    for position, panel in enumerate(panels):
        line, bank = divmod(position, banks)
        x, y = 0.05 + bank * bank_width, head + line * line_height
        place(axes, panel.image, x, y)
        place(axes, panel.mask, x + step, y)
        for column, variant in enumerate(variants, start=2):
            if variant in panel.maps:
                place(axes, heat(panel.image, panel.maps[variant]), x + column * step, y)
                contour(axes, panel.mask, x + column * step, y, "white", 1.0)
                # The score of a mask that is empty or covers the whole image is undefined.
                score = number(panel.scores[variant]) if math.isfinite(panel.scores[variant]) else "undefined"
                write(axes, x + column * step + 0.5, y + 1.12, f"score {score}")
    cut(axes, head + math.ceil(len(panels) / banks) * line_height)
    return figure
