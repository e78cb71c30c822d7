"""How well the measured numbers agree with the published ones."""

import math
from collections.abc import Sequence
from itertools import cycle

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bgbias.figures.style import INK, MUTED, WIDTH, legend, variant_colours
from bgbias.results.names import human
from bgbias.results.published import closeness
from bgbias.results.rows import unique
from bgbias.results.table_formats import number

MARKERS = "os^Dv"


def draw(panels: Sequence[tuple[str, Sequence[dict]]]) -> Figure:
    """One panel per (title, rows of :func:`bgbias.results.published.compare`), one point per cell."""
    rows = [row for _, part in panels for row in part]
    variants = _variant_marks(unique(rows, "variant"))
    shapes = dict(zip(unique(rows, "dataset"), cycle(MARKERS), strict=False))
    figure = Figure(figsize=(WIDTH, 0.55 + WIDTH / len(panels)), layout="constrained")
    for axes, (title, part) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        _panel(axes, part, variants, shapes)
        axes.set_title(title)
    handles = [
        Line2D([], [], linestyle="", **{"marker": "o", "color": INK} | look, label=human(name))
        for name, look in (variants | {name: {"marker": shape} for name, shape in shapes.items()}).items()
    ]
    legend(figure, handles)
    return figure


def _variant_marks(variants: list[str]) -> dict[str, dict]:
    """The look of each variant's points: also full or open, because two colours can be one grey in print."""
    colours = variant_colours(variants)
    full = {
        "fillstyle": "full",
        "markersize": 8,
        "markeredgecolor": "white",
        "markeredgewidth": 0.7,
        "zorder": 2,
    }
    rings = {"fillstyle": "none", "markersize": 7, "markeredgewidth": 1.4, "zorder": 3}
    return {
        variant: {"color": colours[variant]} | look
        for variant, look in zip(variants, cycle((full, rings)), strict=False)
    }


def _panel(axes: Axes, rows: Sequence[dict], variants: dict[str, dict], shapes: dict[str, str]) -> None:
    run = [row for row in rows if row["measured"] is not None]
    ends = [row[side] for row in rows for side in ("published", "measured") if row[side] is not None]
    low, high = min([0, *ends]), 1.08 * max(ends, default=1)
    axes.plot([low, high], [low, high], color=MUTED, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    for row in run:
        axes.plot(
            row["published"],
            row["measured"],
            shapes[row["dataset"]],
            **variants[row["variant"]],
            alpha=0.85,
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
