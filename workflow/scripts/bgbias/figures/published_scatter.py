"""How well the measured numbers agree with the published ones."""

import math
from collections.abc import Sequence
from itertools import cycle

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bgbias.figures.style import INK, MUTED, WIDTH, legend, variant_colours, variant_handles
from bgbias.results.names import human
from bgbias.results.published import closeness
from bgbias.results.rows import unique
from bgbias.results.table_formats import number

MARKERS = "os^Dv"


def draw(panels: Sequence[tuple[str, Sequence[dict]]]) -> Figure:
    """One panel per (title, rows of :func:`bgbias.results.published.compare`), one point per cell."""
    rows = [row for _, part in panels for row in part]
    colours = variant_colours(unique(rows, "variant"))
    markers = dict(zip(unique(rows, "dataset"), cycle(MARKERS), strict=False))
    figure = Figure(figsize=(WIDTH, 0.55 + WIDTH / len(panels)), layout="constrained")
    for axes, (title, part) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        _panel(axes, part, colours, markers)
        axes.set_title(title)
    datasets = [
        Line2D([], [], color=INK, marker=marker, linestyle="", label=human(dataset))
        for dataset, marker in markers.items()
    ]
    legend(figure, [*variant_handles(list(colours), linewidth=4, linestyle="-"), *datasets])
    return figure


def _panel(axes: Axes, rows: Sequence[dict], colours: dict[str, str], markers: dict[str, str]) -> None:
    run = [row for row in rows if row["measured"] is not None]
    ends = [row[side] for row in rows for side in ("published", "measured") if row[side] is not None]
    low, high = min([0, *ends]), 1.08 * max(ends, default=1)
    axes.plot([low, high], [low, high], color=MUTED, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    for row in run:
        axes.plot(
            row["published"],
            row["measured"],
            markers[row["dataset"]],
            color=colours[row["variant"]],
            markersize=8,
            alpha=0.85,
            markeredgecolor="white",
            markeredgewidth=0.7,
        )
    axes.set(xlim=(low, high), ylim=(low, high), aspect="equal", xlabel="published", ylabel="measured")
    axes.grid()
    text = {"transform": axes.transAxes, "ha": "right", "va": "bottom", "linespacing": 1.4}
    axes.text(0.985, 0.03, _words(rows), **text)


def _words(rows: Sequence[dict]) -> str:
    found = closeness(rows)
    if found is None:
        return f"none of {len(rows)} cells measured yet"
    rank = "undefined" if math.isnan(found["spearman"]) else number(found["spearman"])
    return (
        f"{found['n']} of {len(rows)} cells\nrank correlation {rank}\n"
        f"mean |difference| {number(found['mean_absolute_difference'])}"
    )
