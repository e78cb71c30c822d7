"""Training curves: validation score over the epochs, and the epoch that was kept."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bgbias.figures.style import (
    INK,
    WIDTH,
    fit_to_panels,
    legend,
    variant_colours,
    variant_handles,
    variant_lines,
)
from bgbias.results.names import human
from bgbias.results.rows import unique


def draw(runs: Sequence[dict], histories: Sequence[Sequence[dict]]) -> Figure:
    """One line of panels per dataset (and backbone), one column per loss, one curve per run.

    ``runs``: dataset, backbone, loss, variant, seed; ``histories``: per run the rows epoch, map_at_r.
    """
    losses, variants = unique(runs, "loss"), unique(runs, "variant")
    colours, styles = variant_colours(variants), variant_lines(variants)
    lines = list(dict.fromkeys((run["dataset"], run["backbone"]) for run in runs))
    several = len(unique(runs, "backbone")) > 1
    figure = Figure(figsize=(WIDTH, 0.7 + 1.9 * len(lines)), layout="constrained")
    panels = figure.subplots(len(lines), len(losses), sharey="row", squeeze=False)
    for run, history in zip(runs, histories, strict=True):
        axes = panels[lines.index((run["dataset"], run["backbone"])), losses.index(run["loss"])]
        _curve(axes, history, color=colours[run["variant"]], linestyle=styles[run["variant"]])
    titles, labels = [], []
    for place, ((dataset, backbone), row) in enumerate(zip(lines, panels, strict=True)):
        label = human(dataset) + (f"\n{human(backbone)}" if several else "") + "\nMAP@R (%)"
        labels.append((row[0], row[0].set_ylabel(label)))
        for axes, loss in zip(row, losses, strict=True):
            axes.grid(axis="y")
            axes.locator_params(nbins=4, integer=True)
            if place == 0:
                titles.append((axes, axes.set_title(human(loss), fontsize=10)))
    for axes in panels[-1]:
        axes.set_xlabel("epoch")
    kept = Line2D([], [], color=INK, marker="o", linestyle="", markersize=6, label="epoch kept")
    legend(figure, [*variant_handles(variants), kept])
    fit_to_panels(figure, labels)  # before the titles, because its line breaks make panels narrower
    figure.set_figheight(figure.get_figheight() + 0.2 * (fit_to_panels(figure, titles) - 1))
    return figure


def _curve(axes: Axes, history: Sequence[dict], color: str, linestyle: str | tuple) -> None:
    epochs = [int(row["epoch"]) for row in history]
    scores = [100 * float(row["map_at_r"]) for row in history]
    best = max(range(len(scores)), key=scores.__getitem__)  # the first if several are equal, as in training
    axes.plot(epochs, scores, color=color, linestyle=linestyle, linewidth=1.6)
    axes.plot(epochs[best], scores[best], "o", color=color, markersize=6, markeredgecolor="white")
