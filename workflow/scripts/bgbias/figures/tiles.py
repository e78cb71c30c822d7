"""A page of square pictures on one axes whose unit is a tile: a hundred axes take a hundred times as long."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from matplotlib.text import Text

from bgbias.figures.style import HIT, INK, MISS, RULE, fit
from bgbias.images import HALF

WIDTH = 10.0  # inches; on a narrower page the names over narrow tiles collide


def page(width: float) -> tuple[Figure, Axes]:
    """An empty figure, ``width`` tiles wide; (0, 0) is the upper left corner. Call :func:`cut` at the end."""
    figure = Figure(figsize=(WIDTH, WIDTH))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    _limits(axes, width, width)
    return figure, axes


def cut(axes: Axes, height: float) -> None:
    """End the page ``height`` tiles below its top."""
    width = axes.get_xlim()[1]
    _limits(axes, width, height)
    axes.figure.set_figheight(WIDTH * height / width)


def heading(axes: Axes, title: str, beside: float = 0) -> float:
    """Write ``title`` at the top, leaving ``beside`` inches free at the right; return the y below it."""
    line = _inch(axes)
    text = write(axes, 0.05, 0.13 * line, title, 12, ha="left", va="top", weight="bold")
    return (0.26 + 0.2 * fit(text, WIDTH - beside - 0.1)) * line


def columns(axes: Axes, y: float, names: Sequence[tuple[float, str]], width: float) -> float:
    """Write ``names`` (x, text), at most ``width`` tiles wide, over columns; return the y below."""
    line = _inch(axes)
    texts = [write(axes, x, y, name, va="bottom") for x, name in names]
    y += (0.16 + 0.16 * max(fit(text, width / line) for text in texts)) * line
    for text in texts:
        text.set_y(y - 0.1 * line)
    return y


def legend(axes: Axes, entries: Sequence[tuple[str, str, float]]) -> float:
    """Explain lines (colour, name, width in points) at the upper right, level with the title; return the
    width in inches."""
    line, width = _inch(axes), axes.get_xlim()[1]
    x = width
    for colour, name, width_of_line in reversed(entries):
        x -= (0.55 + 0.088 * len(name)) * line
        axes.plot([x, x + 0.28 * line], [0.22 * line] * 2, color=colour, linewidth=width_of_line)
        write(axes, x + 0.36 * line, 0.22 * line, name, ha="left")
    return (width - x) / line


def place(axes: Axes, image: np.ndarray, x: float, y: float) -> None:
    """Draw ``image``, uint8 (h, w) or (h, w, 3), letterboxed into the tile at (x, y), with a frame."""
    height, width = np.array(image.shape[:2]) / max(image.shape[:2])
    left, top = x + (1 - width) / 2, y + (1 - height) / 2
    limits = axes.get_xlim()[1], axes.get_ylim()[0]
    extent = (left, left + width, top + height, top)
    axes.imshow(image, cmap="gray", vmin=0, vmax=255, extent=extent, interpolation="bilinear")
    _limits(axes, *limits)
    axes.add_patch(Rectangle((left, top), width, height, fill=False, edgecolor=RULE, linewidth=0.8))


def contour(axes: Axes, mask: np.ndarray, x: float, y: float, colour: str, line: float) -> None:
    """Draw the outline of ``mask`` (h, w), 0 … 255, at half of 255 over the picture placed at (x, y).

    ``line``: its width in points.
    """
    if mask.min() >= HALF or mask.max() < HALF:
        return  # nothing to outline
    height, width = mask.shape
    scale = 1 / max(height, width)
    across = x + (1 - width * scale) / 2 + (np.arange(width) + 0.5) * scale
    down = y + (1 - height * scale) / 2 + (np.arange(height) + 0.5) * scale
    axes.contour(across, down, mask, levels=[127.5], colors=[colour], linewidths=line)


def verdict(axes: Axes, x: float, y: float, hit: bool) -> None:
    """Mark the tile at (x, y) as hit or miss: by colour, and by a sign for colour-blind readers."""
    colour, sign = (HIT, "✓") if hit else (MISS, "✗")
    axes.add_patch(Rectangle((x, y), 1, 1, fill=False, edgecolor=colour, linewidth=2.6))
    axes.add_patch(
        Circle((x + 0.86, y + 0.14), 0.13, facecolor=colour, edgecolor="white", linewidth=0.8, zorder=3)
    )
    axes.text(x + 0.86, y + 0.145, sign, color="white", fontsize=9, ha="center", va="center", zorder=4)


def write(axes: Axes, x: float, y: float, text: str, size: float = 10, **settings) -> Text:
    """Write ``text`` centred at (x, y), unless ``settings`` say otherwise."""
    return axes.text(
        x, y, text, **{"fontsize": size, "color": INK, "ha": "center", "va": "center"} | settings
    )


def _inch(axes: Axes) -> float:
    """Tiles per inch: text has the same size on every page, tiles do not."""
    return axes.get_xlim()[1] / WIDTH


def _limits(axes: Axes, width: float, height: float) -> None:
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    axes.set_aspect("auto")
