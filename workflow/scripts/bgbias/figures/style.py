"""Style shared by all figures: fonts, colours, sizes, and saving as PNG and PDF.

Colours are from the palette of Okabe and Ito (2008), which colour-blind readers can distinguish; a variant
has the same colour and line style in every figure. A chart is 8 inches wide: its text is 9 pt high at the
7 inches of a two-column page, and 6 pt at the 4.8 inches of LNCS.
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

WIDTH = 8.0  # of a chart, in inches; a page of tiles has its own width
PIXELS = 1600  # width of every PNG
INK, MUTED, RULE = "#222222", "#6b6b6b", "#d9d9d9"
HIT, MISS = "#009E73", "#C1272D"
LABEL, PREDICTION = "#56B4E9", "#E69F00"
_VARIANTS = {"base": "#D55E00", "bgaugment": "#0072B2"}
_SPARE = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#222222")
# Line styles distinguish greys of the same lightness, and variants whose colours repeat: four styles and five
# colours give 20 combinations.
_LINES = ("-", (0, (3, 1)), (0, (1, 0.7)), (0, (3, 0.8, 1, 0.8)))

matplotlib.rcParams.update({
    "font.family": "DejaVu Sans",  # included in matplotlib, so the same on every machine
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
    "pdf.fonttype": 42,  # TrueType: publishers reject Type 3, the default
})  # fmt: skip


def variant_colours(variants: list[str]) -> dict[str, str]:
    """One colour per variant: fixed for the paper's own, a spare one for a user's."""
    # Assigned by name, so that the order in the grid does not matter.
    own = sorted(set(variants) - set(_VARIANTS))
    spare = {variant: _SPARE[place % len(_SPARE)] for place, variant in enumerate(own)}
    return {variant: (_VARIANTS | spare)[variant] for variant in variants}


def variant_lines(variants: list[str]) -> dict[str, str | tuple]:
    """One matplotlib line style per variant, assigned in the same way as :func:`variant_colours`."""
    own = sorted(set(variants) - set(_VARIANTS))
    lines = {variant: _LINES[place % len(_LINES)] for place, variant in enumerate([*_VARIANTS, *own])}
    return {variant: lines[variant] for variant in variants}


def fit(text: Text, inches: float) -> int:
    """Break ``text`` into lines no longer than ``inches``; return the number of lines."""
    lines = text.get_text().splitlines()
    for letters in range(max(map(len, lines), default=0), 0, -1):
        text.set_text("\n".join(textwrap.fill(line, letters) for line in lines))
        extent = text.get_window_extent()
        if (extent.height if text.get_rotation() else extent.width) <= inches * text.figure.dpi:
            break
    return text.get_text().count("\n") + 1


def fit_to_panels(figure: Figure, texts: Sequence[tuple[Axes, Text]]) -> int:
    """Break titles or labels that are longer than their panels; return the largest number of lines."""
    figure.get_layout_engine().execute(figure)  # panel sizes are known only after layout
    sizes = [axes.get_window_extent().size / figure.dpi for axes, _ in texts]
    return max(
        fit(text, height if text.get_rotation() else width)
        for (_, text), (width, height) in zip(texts, sizes, strict=True)
    )


def variant_handles(variants: list[str], **line) -> list[Line2D]:
    """Legend handles of ``variants``: a line in each one's colour and style, with its display name.

    ``line``: line settings that override these.
    """
    colours, styles = variant_colours(variants), variant_lines(variants)
    handles = []
    for variant in variants:
        own = {"color": colours[variant], "linestyle": styles[variant], "linewidth": 2.6}
        handles.append(Line2D([], [], label=human(variant), **own | line))
    return handles


def legend(figure: Figure, handles: Sequence[Line2D]) -> None:
    """Put a legend for ``handles`` above the panels, in as many lines as needed; the figure grows by them."""
    for lines in range(1, len(handles) + 1):
        columns = math.ceil(len(handles) / lines)
        drawn = figure.legend(handles=handles, loc="outside upper center", ncols=columns)
        if drawn.get_window_extent().width <= figure.bbox.width or columns == 1:
            break
        drawn.remove()
    figure.set_figheight(figure.get_figheight() + 0.24 * (lines - 1))


def save(figure: Figure, png: str | os.PathLike, pdf: str | os.PathLike) -> None:
    """Write ``figure`` as PNG (1600 px wide) and PDF, atomically; equal figures give equal bytes."""
    dpi = PIXELS / figure.get_figwidth()
    with replacing(png) as aside:
        figure.savefig(aside, format="png", dpi=dpi, metadata={"Software": None})
    with replacing(pdf) as aside:
        undated = {"Creator": None, "Producer": None, "CreationDate": None}
        figure.savefig(aside, format="pdf", dpi=dpi, metadata=undated)
