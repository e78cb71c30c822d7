"""The finding in one picture: what each model loses when the backgrounds of the test images are swapped."""

from collections.abc import Sequence
from functools import partial

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
from bgbias.results.rows import unique
from bgbias.results.summaries import sd_words

PROTOCOLS = ("clean", "swapped")  # of any others the tables tell
DOT = {"marker": "o", "linestyle": "", "markersize": 6}
RING = DOT | {"markersize": 10, "markerfacecolor": "none", "markeredgewidth": 1.8}


def draw(summary: Sequence[dict]) -> Figure:
    """A panel a dataset, a row a loss, for each variant an arrow from clean (ring) to swapped (dot).

    That of a model as it comes is grey. Whiskers are the standard deviation over seeds or draws.
    ``summary`` is that of :func:`bgbias.results.summaries.summarise_retrieval`; a cell needs both protocols.
    """
    backbones, datasets = unique(summary, "backbone"), unique(summary, "dataset")
    colours = variant_colours(unique(summary, "variant"))
    # With several backbones the titles of the panels have their names.
    name = human if len(backbones) > 1 else partial(model_name, backbone=backbones[0])
    losses = {
        backbone: unique([row for row in summary if row["backbone"] == backbone], "loss")
        for backbone in backbones
    }
    heights = [0.55 + len(losses[backbone]) * (0.22 + 0.17 * len(colours)) for backbone in backbones]
    figure = Figure(figsize=(WIDTH, 0.9 + sum(heights)), layout="constrained")
    panels = figure.subplots(
        len(backbones), len(datasets), sharey="row", sharex=True, squeeze=False, height_ratios=heights
    )
    titles = []
    for line, backbone in zip(panels, backbones, strict=True):
        for axes, dataset in zip(line, datasets, strict=True):
            rows = [row for row in summary if (row["backbone"], row["dataset"]) == (backbone, dataset)]
            _panel(axes, rows, {loss: name(loss) for loss in losses[backbone]}, colours)
            title = human(dataset) + (f"\n{human(backbone)}" if len(backbones) > 1 else "")
            titles.append((axes, axes.set_title(title)))
    ends = [100 * (row["mean"] + (row["sd"] or 0)) for row in summary if row["protocol"] in PROTOCOLS]
    panels[0, 0].set_xlim(left=0, right=1.05 * max(ends, default=1))
    labels = [(axes, axes.set_xlabel("test MAP@R (%)")) for axes in panels[-1]]
    # A model as it comes has no variant to explain: its row says so.
    variants = unique(trained(summary), "variant")
    legend(figure, [*variant_handles(variants), *_marks(sd_words(summary))])
    lines = fit_to_panels(figure, [*titles, *labels])
    figure.set_figheight(figure.get_figheight() + 0.2 * (lines - 1) * len(backbones))
    return figure


def _panel(axes: Axes, rows: list[dict], names: dict[str, str], colours: dict[str, str]) -> None:
    styles = variant_lines(list(colours))
    offsets = (np.arange(len(colours)) - (len(colours) - 1) / 2) * 0.68 / len(colours)
    for place, loss in enumerate(names):
        for offset, (variant, colour) in zip(offsets, colours.items(), strict=True):
            cell = {row["protocol"]: row for row in rows if (row["loss"], row["variant"]) == (loss, variant)}
            y, ink, style = place + offset, colour, styles[variant]
            if loss == FROZEN:
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
    axes.plot(start, y, color=colour, **RING)  # last, and open: where both are equal both are to be seen


def _marks(sd_over: str) -> list[Line2D]:
    """What explains ring, dot and, where there are some, whiskers in the legend."""
    ring = Line2D([], [], color=INK, label="clean test images", **RING)
    dot = Line2D([], [], color=INK, label="backgrounds swapped", **DOT)
    whiskers = Line2D([], [], color=INK, marker="|", markersize=7, linewidth=1.2, label=f"± sd {sd_over}")
    return [ring, dot, *([whiskers] if sd_over else [])]
