"""Paint patterns on a car's side, and wheel rims."""

from collections.abc import Callable
from dataclasses import dataclass

from bgbias.demo_world.canvas import Canvas, oval
from bgbias.demo_world.chance import Colour, cosine, shade, sine

METAL, DARK = (200, 203, 208), (40, 40, 44)


@dataclass(frozen=True)
class Flank:
    """The side of a car: ``sill`` is the y coordinate of the sill, ``height`` relative to the nominal one."""

    sill: float
    length: float
    height: float
    paint: Colour
    trim: Colour


Livery = Callable[[Canvas, Flank], None]


def plain(canvas: Canvas, flank: Flank) -> None:
    """No pattern."""


def skirt(canvas: Canvas, flank: Flank) -> None:
    canvas.box(-1.1, flank.sill - 0.08, 1.1, flank.sill + 0.1, flank.trim)


def belt(canvas: Canvas, flank: Flank) -> None:
    canvas.box(-1.1, flank.sill - 0.25 * flank.height, 1.1, flank.sill - 0.17 * flank.height, flank.trim)


def two_tone(canvas: Canvas, flank: Flank) -> None:
    canvas.box(-1.1, -1, 1.1, flank.sill - 0.3 * flank.height, flank.trim)


def racing(canvas: Canvas, flank: Flank) -> None:
    foot = flank.sill + 0.1
    for x in (-0.05, 0.1):
        canvas.polygon([(x - 0.3, foot), (x - 0.2, foot), (x + 0.12, -1), (x + 0.02, -1)], flank.trim)


def flames(canvas: Canvas, flank: Flank) -> None:
    y, points = flank.sill, [(1.1, flank.sill + 0.05), (1.1, flank.sill - 0.26)]
    for tongue in range(5):
        x, low = 0.75 - 0.22 * tongue, 0.03 * tongue
        points += [(x, y - 0.24 + low), (x - 0.2, y - 0.2 + low), (x, y - 0.13 + low)]
    canvas.polygon(points, flank.trim)


def checks(canvas: Canvas, flank: Flank) -> None:
    cell = 0.075
    for row in range(2):
        for column in range(14):
            x, y = 2 * cell * column + cell * row - 1.05, flank.sill - 0.2 + cell * row
            canvas.box(x, y, x + cell, y + cell, flank.trim)


def roundel(canvas: Canvas, flank: Flank) -> None:
    canvas.ellipse(-0.08, flank.sill - 0.13, 0.15, 0.15, flank.trim)
    canvas.ellipse(-0.08, flank.sill - 0.13, 0.09, 0.09, shade(flank.paint, 0.8))


def bonnet(canvas: Canvas, flank: Flank) -> None:
    canvas.box(0.42 * flank.length, -1, 1.1, flank.sill + 0.1, flank.trim)


def wedge(canvas: Canvas, flank: Flank) -> None:
    rear = flank.sill - 0.32 * flank.height
    canvas.polygon([(1.1, flank.sill - 0.05), (-1.1, rear), (-1.1, flank.sill + 0.1)], flank.trim)


LIVERIES = (plain, skirt, belt, two_tone, racing, flames, checks, roundel, bonnet, wedge)


@dataclass(frozen=True)
class Rim:
    """A wheel's rim: centre, radius, number of spokes or holes, and the angle of the first in degrees."""

    x: float
    y: float
    radius: float
    spokes: int
    turn: int
    paint: Colour

    def at(self, spoke: int, share: float) -> tuple[float, float]:
        """The point on a spoke at the fraction ``share`` of the radius."""
        angle, reach = self.turn + 360 * spoke // self.spokes, share * self.radius
        return self.x + reach * cosine(angle), self.y + reach * sine(angle)


def disc(canvas: Canvas, rim: Rim) -> None:
    canvas.ellipse(rim.x, rim.y, rim.radius, rim.radius, METAL)
    canvas.ellipse(rim.x, rim.y, rim.radius * 0.4, rim.radius * 0.4, shade(METAL, 0.6))


def whitewall(canvas: Canvas, rim: Rim) -> None:
    canvas.ellipse(rim.x, rim.y, rim.radius * 1.15, rim.radius * 1.15, (235, 235, 230))
    canvas.ellipse(rim.x, rim.y, rim.radius * 0.75, rim.radius * 0.75, rim.paint)


def holes(canvas: Canvas, rim: Rim) -> None:
    canvas.ellipse(rim.x, rim.y, rim.radius, rim.radius, METAL)
    for spoke in range(rim.spokes):
        canvas.ellipse(*rim.at(spoke, 0.62), rim.radius * 0.18, rim.radius * 0.18, DARK)


def spokes(canvas: Canvas, rim: Rim) -> None:
    canvas.ellipse(rim.x, rim.y, rim.radius, rim.radius, DARK)
    for spoke in range(rim.spokes):
        canvas.line([(rim.x, rim.y), rim.at(spoke, 1)], rim.radius * 0.2, METAL)
    canvas.polygon(oval(rim.x, rim.y, rim.radius * 0.25, rim.radius * 0.25), METAL)


RIMS = (disc, whitewall, holes, spokes)
