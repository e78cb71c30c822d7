"""Plumage markings as named in field guides, drawn in a bird's own axes."""

from collections.abc import Callable
from dataclasses import dataclass

from bgbias.demo_world.canvas import Canvas
from bgbias.demo_world.chance import Colour, cosine, shade, sine

Point = tuple[float, float]


@dataclass(frozen=True)
class Axes:
    """A bird's own axes: x from the body's centre to the breast, y to the belly, both 1 at the edge."""

    length: float
    depth: float
    tilt: int  # whole degrees, clockwise

    def at(self, x: float, y: float) -> Point:
        """The point in object coordinates."""
        x, y, cos, sin = x * self.length, y * self.depth, cosine(self.tilt), sine(self.tilt)
        return x * cos - y * sin - 0.05, x * sin + y * cos + 0.12

    def path(self, *points: Point) -> list[Point]:
        return [self.at(x, y) for x, y in points]


Marking = Callable[[Canvas, Axes, Colour], None]


def plain(canvas: Canvas, axes: Axes, ink: Colour) -> None:
    """No marking."""


def spots(canvas: Canvas, axes: Axes, ink: Colour) -> None:
    for row in range(4):
        for column in range(7):
            x, y = axes.at(0.85 - 0.24 * column + 0.12 * (row % 2), 0.32 * row - 0.2)
            canvas.ellipse(x, y, 0.03, 0.03, ink)


def streaks(canvas: Canvas, axes: Axes, ink: Colour) -> None:
    for step in range(8):
        x = 0.9 - 0.2 * step
        canvas.line(axes.path((x, -0.4), (x - 0.2, 0.95)), 0.03, ink)


def barred(canvas: Canvas, axes: Axes, ink: Colour) -> None:
    for step in range(6):
        y = 0.28 * step - 0.5
        canvas.line(axes.path((1.1, y - 0.32), (-1, y + 0.25)), 0.032, ink)


def band(canvas: Canvas, axes: Axes, ink: Colour) -> None:
    canvas.line(axes.path((0.5, -0.7), (0.48, 1.1)), 0.11, ink)


def bib(canvas: Canvas, axes: Axes, ink: Colour) -> None:
    canvas.ellipse(*axes.at(0.85, -0.1), 0.24, 0.24, ink)


BREASTS = (plain, spots, streaks, band, bib, barred)


def bars(canvas: Canvas, axes: Axes, ink: Colour) -> None:
    for x in (0.25, -0.1):
        canvas.line(axes.path((x, -1), (x - 0.2, 0.8)), 0.06, ink)


def patch(canvas: Canvas, axes: Axes, ink: Colour) -> None:
    canvas.ellipse(*axes.at(0.25, -0.25), 0.16, 0.11, ink, tilt=-20)


def tips(canvas: Canvas, axes: Axes, ink: Colour) -> None:
    canvas.polygon(axes.path((-0.55, -3), (-0.45, 3), (-4, 3), (-4, -3)), ink)


def scaled(canvas: Canvas, axes: Axes, ink: Colour) -> None:
    for row in range(4):
        for column in range(6):
            x, y = axes.at(0.5 - 0.28 * column, 0.33 * row - 0.6 + 0.12 * (column % 2))
            canvas.ellipse(x, y, 0.05, 0.03, shade(ink, 1.4))


def edge(canvas: Canvas, axes: Axes, ink: Colour) -> None:
    canvas.line(axes.path((0.6, 0.25), (-0.3, 0.42), (-1.3, 0.2)), 0.09, ink)


WINGS = (plain, bars, patch, tips, scaled, edge)


@dataclass(frozen=True)
class Skull:
    """The head's centre and radius in object coordinates."""

    x: float
    y: float
    radius: float

    def at(self, x: float, y: float) -> Point:
        """A point given in radii from the centre."""
        return self.x + x * self.radius, self.y + y * self.radius


def cap(canvas: Canvas, skull: Skull, ink: Colour) -> None:
    canvas.box(*skull.at(-2, -2), *skull.at(2, -0.25), ink)


def eye_stripe(canvas: Canvas, skull: Skull, ink: Colour) -> None:
    canvas.box(*skull.at(-2, -0.3), *skull.at(2, 0.08), ink)


def mask(canvas: Canvas, skull: Skull, ink: Colour) -> None:
    canvas.ellipse(*skull.at(0.6, 0), skull.radius * 0.75, skull.radius * 0.6, ink)


def collar(canvas: Canvas, skull: Skull, ink: Colour) -> None:
    canvas.box(*skull.at(-2, 0.45), *skull.at(2, 0.85), ink)


def cheek(canvas: Canvas, skull: Skull, ink: Colour) -> None:
    canvas.ellipse(*skull.at(-0.05, 0.35), skull.radius * 0.42, skull.radius * 0.36, ink)


HEADS = (plain, cap, eye_stripe, mask, collar, cheek)
