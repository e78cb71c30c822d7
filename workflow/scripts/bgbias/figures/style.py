"""What all figures share: fonts, colours, sizes, and how a figure becomes a PNG and a PDF.

Colours are from the palette of Okabe and Ito (2008), which colour-blind readers can tell apart; a variant
has the same colour in every figure. A figure is 10 inches wide: shown 1000 px wide, its text is 13 px high.
"""

import math
import os
import textwrap
from collections.abc import Sequence

import matplotlib

matplotlib.use("Agg")

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from bgbias.files import replacing
from bgbias.results.names import human

WIDTH = 10.0
INK, MUTED, RULE = "#222222", "#6b6b6b", "#d9d9d9"
HIT, MISS = "#009E73", "#C1272D"
LABEL, PREDICTION = "#56B4E9", "#E69F00"
_VARIANTS = {"base": "#D55E00", "bgaugment": "#0072B2"}
_SPARE = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#222222")

matplotlib.rcParams.update({
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same on every machine
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.axisbelow": True,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": RULE,
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "figure.facecolor": "white",
})  # fmt: skip


def variant_colours(variants: list[str]) -> dict[str, str]:
    """A colour a variant: fixed for the paper's own, a spare one for a user's."""
    # Dealt by name: another order in the grid changes no colour.
    own = sorted(set(variants) - set(_VARIANTS))
    spare = {variant: _SPARE[place % len(_SPARE)] for place, variant in enumerate(own)}
    return {variant: (_VARIANTS | spare)[variant] for variant in variants}


def fit(text: Text, inches: float) -> int:
    """Break ``text`` into lines no longer than ``inches``; how many lines it has then."""
    lines = text.get_text().splitlines()
    for letters in range(max(map(len, lines), default=0), 0, -1):
        text.set_text("\n".join(textwrap.fill(line, letters) for line in lines))
        extent = text.get_window_extent()
        if (extent.height if text.get_rotation() else extent.width) <= inches * text.figure.dpi:
            break
    return text.get_text().count("\n") + 1


def fit_to_panels(figure: Figure, texts: Sequence[tuple[Axes, Text]]) -> int:
    """Break what is longer than its panel, title or label; how many lines the longest has then."""
    figure.get_layout_engine().execute(figure)  # how large a panel is, only the layout knows
    sizes = [axes.get_window_extent().size / figure.dpi for axes, _ in texts]
    return max(
        fit(text, height if text.get_rotation() else width)
        for (_, text), (width, height) in zip(texts, sizes, strict=True)
    )


def variant_handles(colours: dict[str, str], linewidth: float = 4) -> list[Line2D]:
    """What explains the variants in a legend: a line in each one's colour, by its printed name."""
    return [
        Line2D([], [], color=colour, linewidth=linewidth, label=human(variant))
        for variant, colour in colours.items()
    ]


def legend(figure: Figure, handles: Sequence[Line2D]) -> None:
    """Explain ``handles`` above the panels, in as many lines as it takes; the figure grows by them."""
    for lines in range(1, len(handles) + 1):
        columns = math.ceil(len(handles) / lines)
        drawn = figure.legend(handles=handles, loc="outside upper center", ncols=columns)
        if drawn.get_window_extent().width <= figure.bbox.width or columns == 1:
            break
        drawn.remove()
    figure.set_figheight(figure.get_figheight() + 0.24 * (lines - 1))


def nothing(sentence: str) -> Figure:
    """A figure that says why there is nothing to see."""
    figure = Figure(figsize=(WIDTH, 1))
    figure.text(0.5, 0.5, sentence, ha="center", va="center", color=MUTED)
    return figure


def save(figure: Figure, png: str | os.PathLike, pdf: str | os.PathLike) -> None:
    """Write ``figure`` as PNG (160 dpi) and PDF, atomically; equal figures give equal bytes."""
    with replacing(png) as aside:
        figure.savefig(aside, format="png", dpi=160, metadata={"Software": None})
    with replacing(pdf) as aside:
        undated = {"Creator": None, "Producer": None, "CreationDate": None}
        figure.savefig(aside, format="pdf", dpi=160, metadata=undated)
