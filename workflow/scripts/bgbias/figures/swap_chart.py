"""The main finding: what each model loses when the backgrounds of the test images are swapped."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bgbias.axes import FROZEN, trained
from bgbias.figures.style import (
    INK,
    MUTED,
    WIDTH,
    fit_to_panels,
    legend,
    variant_colours,
    variant_handles,
    variant_lines,
)
from bgbias.results.names import human, model_name
from bgbias.results.rows import pick, unique
from bgbias.results.summaries import sd_words

PROTOCOLS = ("clean", "swapped")  # the tables show any others
DOT = {"marker": "o", "linestyle": "", "markersize": 4}  # a larger one would hide its whiskers
RING = DOT | {"markersize": 8, "markerfacecolor": "none", "markeredgewidth": 1.5}
_MODEL = ("backbone", "loss")


def draw(summary: Sequence[dict]) -> Figure:
    """One panel per dataset, one row per loss, and per variant an arrow from clean (ring) to swapped (dot).

    A frozen model is a grey row under its backbone's name. If several backbones were trained, each has a line
    of panels. Whiskers are the standard deviation over seeds or draws. ``summary`` comes from
    :func:`bgbias.results.summaries.summarise_retrieval`; a cell needs both protocols.
    """
    datasets, colours = unique(summary, "dataset"), variant_colours(unique(summary, "variant"))
    several = len(unique(trained(summary), "backbone")) > 1
    parts = [list(summary)]
    if several:
        backbones = unique(summary, "backbone")
        parts = [[row for row in summary if row["backbone"] == backbone] for backbone in backbones]
    names = [_names(part, several) for part in parts]
    heights = [0.55 + len(lines) * (0.22 + 0.17 * len(colours)) for lines in names]
    figure = Figure(figsize=(WIDTH, 0.9 + sum(heights)), layout="constrained")
    panels = figure.subplots(
        len(parts), len(datasets), sharey="row", sharex=True, squeeze=False, height_ratios=heights
    )
    titles = []
    for line, part, lines in zip(panels, parts, names, strict=True):
        for axes, dataset in zip(line, datasets, strict=True):
            _panel(axes, [row for row in part if row["dataset"] == dataset], lines, colours)
            title = human(dataset) + (f"\n{human(part[0]['backbone'])}" if several else "")
            titles.append((axes, axes.set_title(title)))
    ends = [100 * (row["mean"] + (row["sd"] or 0)) for row in summary if row["protocol"] in PROTOCOLS]
    panels[0, 0].set_xlim(left=0, right=1.05 * max(ends, default=1))
    labels = [(axes, axes.set_xlabel("test MAP@R (%)")) for axes in panels[-1]]
    # A frozen model has no variant for the legend to explain; its row label says so.
    variants = unique(trained(summary), "variant")
    legend(figure, [*variant_handles(variants), *_marks(sd_words(summary))])
    lines = fit_to_panels(figure, [*titles, *labels])
    figure.set_figheight(figure.get_figheight() + 0.2 * (lines - 1) * len(parts))
    return figure


def _names(rows: list[dict], titled: bool) -> dict[tuple[str, ...], str]:
    """The label of each model's row; the loss alone if a title names the backbone."""
    name = (lambda loss, backbone: human(loss)) if titled else model_name
    return {pick(row, _MODEL): name(row["loss"], row["backbone"]) for row in rows}


def _panel(axes: Axes, rows: list[dict], names: dict[tuple[str, ...], str], colours: dict[str, str]) -> None:
    styles = variant_lines(list(colours))
    offsets = (np.arange(len(colours)) - (len(colours) - 1) / 2) * 0.68 / len(colours)
    for place, model in enumerate(names):
        for offset, (variant, colour) in zip(offsets, colours.items(), strict=True):
            wanted = (*model, variant)
            cell = {row["protocol"]: row for row in rows if pick(row, (*_MODEL, "variant")) == wanted}
            y, ink, style = place + offset, colour, styles[variant]
            if model[1] == FROZEN:
                y, ink, style = place, MUTED, "-"
            if set(PROTOCOLS) <= set(cell):
                _arrow(axes, y, cell["clean"], cell["swapped"], ink, style)
    axes.set_yticks(range(len(names)), list(names.values()))
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    for boundary in np.arange(0.5, len(names) - 1):
        axes.axhline(boundary, color=MUTED, linewidth=0.4, alpha=0.5)


def _arrow(axes: Axes, y: float, clean: dict, swapped: dict, colour: str, style: str | tuple) -> None:
    start, end = 100 * clean["mean"], 100 * swapped["mean"]
    shaft = {"linewidth": 2.6, "linestyle": style, "alpha": 0.45, "solid_capstyle": "butt"}
    axes.plot([start, end], [y, y], color=colour, **shaft)
    for cell, x in ((clean, start), (swapped, end)):
        if cell["sd"] is not None:
            axes.errorbar(x, y, xerr=100 * cell["sd"], color=colour, capsize=3, linewidth=1.2)
    axes.plot(end, y, color=colour, **DOT)
    axes.plot(start, y, color=colour, **RING)  # last and open, so that both are visible if they coincide


def _marks(sd_over: str) -> list[Line2D]:
    """Legend handles of ring, dot and, if there are any, whiskers."""
    ring = Line2D([], [], color=INK, label="clean test images", **RING)
    dot = Line2D([], [], color=INK, label="backgrounds swapped", **DOT)
    whiskers = Line2D([], [], color=INK, marker="|", markersize=7, linewidth=1.2, label=f"± sd {sd_over}")
    return [ring, dot, *([whiskers] if sd_over else [])]
