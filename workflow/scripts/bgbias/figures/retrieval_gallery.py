"""What a model finds: queries with their best matches, before and after the backgrounds are swapped."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.figure import Figure

from bgbias.figures.tiles import columns, cut, heading, page, place, verdict, write
from bgbias.results.names import human, protocol_name


@dataclass
class Query:
    """A query's image under each protocol, and (variant, protocol) → its matches (image, hit), best first.

    ``partners``: the number of other images of its class that can be found.
    """

    images: dict[str, np.ndarray]
    partners: int
    matches: dict[tuple[str, str], list[tuple[np.ndarray, bool]]] = field(default_factory=dict)


def draw(queries: Sequence[Query], variants: Sequence[str], title: str) -> Figure:
    """One line per query and protocol: the query at the left, then each variant's matches.

    Two variants are side by side; further ones follow below, in further lines of the query. Only as many
    matches as the query has partners are marked right or wrong: beyond those even a perfect model would fail.
    """
    top = max(len(matches) for query in queries for matches in query.matches.values())
    step, gap, left = 1.08, 0.3, 1.2
    pairs = [variants[first : first + 2] for first in range(0, len(variants), 2)]
    starts = [left + step + gap + number * (top * step + gap) for number in range(len(pairs[0]))]
    figure, axes = page(starts[-1] + top * step)
    y, named = heading(axes, title), None
    for query in queries:
        for pair in pairs:
            shown = list(zip(pair, starts, strict=False))  # the last pair may be a single variant
            if pair != named:
                names = [
                    (start + top * step / 2, f"{human(variant)}: best {top} matches")
                    for variant, start in shown
                ]
                y = columns(axes, y, [(left + 0.5, "query"), *names], width=top * step)
                named = pair
            for protocol, image in query.images.items():
                write(axes, left - 0.12, y + 0.5, protocol_name(protocol), ha="right")
                place(axes, image, left, y)
                for variant, start in shown:
                    for rank, (match, hit) in enumerate(query.matches.get((variant, protocol), [])):
                        place(axes, match, start + rank * step, y)
                        if rank < query.partners:
                            verdict(axes, start + rank * step, y, hit)
                y += step
        y += gap
    cut(axes, y - gap + 0.03)
    return figure
