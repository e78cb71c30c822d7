"""What a model finds: queries with their best matches, before and after the backgrounds are swapped."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.figure import Figure

from bgbias.figures.tiles import heading, page, place, verdict, write
from bgbias.names import human


@dataclass
class Query:
    """A query's image under each protocol, and (variant, protocol) → its matches (image, hit), best first."""

    images: dict[str, np.ndarray]
    matches: dict[tuple[str, str], list[tuple[np.ndarray, bool]]] = field(default_factory=dict)


def draw(queries: Sequence[Query], variants: Sequence[str], title: str, top: int = 5) -> Figure:
    """For every query a line a protocol: the query at the left, then each variant's ``top`` matches."""
    step, gap, left = 1.08, 0.3, 1.2
    starts = [left + step + gap + number * (top * step + gap) for number in range(len(variants))]
    lines = sum(len(query.images) for query in queries)
    width = starts[-1] + top * step
    figure, axes = page(width, 0.08 * width + lines * step + (len(queries) - 1) * gap)
    y = heading(axes, title, [
        (left + 0.5, "query"),
        *((start + top * step / 2, f"{human(variant)}: best {top} matches")
          for variant, start in zip(variants, starts, strict=True)),
    ])  # fmt: skip
    for query in queries:
        for protocol, image in query.images.items():
            write(axes, left - 0.12, y + 0.5, protocol, ha="right")
            place(axes, image, left, y)
            for variant, start in zip(variants, starts, strict=True):
                for rank, (match, hit) in enumerate(query.matches.get((variant, protocol), [])[:top]):
                    place(axes, match, start + rank * step, y)
                    verdict(axes, start + rank * step, y, hit)
            y += step
        y += gap
    return figure
