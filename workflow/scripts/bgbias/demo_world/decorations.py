"""Decorations of products. Each fills a box in object coordinates; parts outside the object are clipped."""

from dataclasses import dataclass

from bgbias.demo_world.canvas import Canvas, smooth
from bgbias.demo_world.chance import Colour, cosine, sine


@dataclass(frozen=True)
class Area:
    """Box, repetitions (``count``) and colours (``ink``, for some decorations also ``second``)."""

    left: float
    top: float
    right: float
    bottom: float
    count: int
    ink: Colour
    second: Colour

    @property
    def wide(self) -> float:
        return self.right - self.left

    @property
    def high(self) -> float:
        return self.bottom - self.top

    @property
    def centre(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    @property
    def radius(self) -> float:
        return min(self.wide, self.high) * 0.42

    def at(self, across: float, down: float) -> tuple[float, float]:
        """The point at the given fractions of the box's width and height."""
        return self.left + self.wide * across, self.top + self.high * down


def bands(canvas: Canvas, area: Area) -> None:
    for index in range(area.count):
        canvas.box(*area.at(0, index / area.count), *area.at(1, (index + 0.45) / area.count), area.ink)


def dots(canvas: Canvas, area: Area) -> None:
    radius = area.wide / area.count * 0.24
    for row in range(area.count):
        for column in range(area.count + 1):
            x, y = area.at((column + row % 2 / 2) / area.count, (row + 0.5) / area.count)
            canvas.ellipse(x, y, radius, radius, area.ink)


def zigzag(canvas: Canvas, area: Area) -> None:
    corners = range(2 * area.count + 1)
    for down, ink in ((0.15, area.ink), (0.55, area.second)):
        line = [area.at(corner / (2 * area.count), down + 0.35 * (corner % 2)) for corner in corners]
        canvas.line(line, 0.07, ink)


def star(canvas: Canvas, area: Area) -> None:
    (x, y), points = area.centre, []
    for corner in range(2 * area.count):
        radius, angle = area.radius * (0.45 if corner % 2 else 1), 180 * corner // area.count
        points.append((x + radius * sine(angle), y - radius * cosine(angle)))
    canvas.polygon(points, area.ink)


def checks(canvas: Canvas, area: Area) -> None:
    columns = 2 * area.count
    for row in range(area.count):
        for column in range(row % 2, columns, 2):
            corner = area.at(column / columns, row / area.count)
            canvas.box(*corner, *area.at((column + 1) / columns, (row + 1) / area.count), area.ink)


def sun(canvas: Canvas, area: Area) -> None:
    canvas.ellipse(*area.centre, area.radius, area.radius, area.ink)
    canvas.ellipse(*area.centre, area.radius * 0.62, area.radius * 0.62, area.second)


def diagonal(canvas: Canvas, area: Area) -> None:
    for index in range(-area.count, area.count + 1):
        foot, _ = area.at(index / area.count, 1)
        stripe, slant = area.wide * 0.45 / area.count, area.high
        lower = [(foot, area.bottom), (foot + stripe, area.bottom)]
        canvas.polygon([*lower, (foot + stripe + slant, area.top), (foot + slant, area.top)], area.ink)


def leaf(canvas: Canvas, area: Area) -> None:
    for angle in (0, 60, 120):
        ink = area.ink if angle else area.second
        canvas.ellipse(*area.centre, area.radius, area.radius * 0.3, ink, tilt=angle)


def plaque(canvas: Canvas, area: Area) -> None:
    canvas.box(*area.at(0.12, 0), *area.at(0.88, 1), area.ink)
    canvas.box(*area.at(0.22, 0.25), *area.at(0.78, 0.45), area.second)
    canvas.box(*area.at(0.3, 0.62), *area.at(0.7, 0.72), area.second)


def waves(canvas: Canvas, area: Area) -> None:
    for row, ink in enumerate((area.ink, area.second, area.ink)):
        _, middle = area.at(0, (row + 0.5) / 3)
        line = [(area.left + area.wide * step / 16, middle + 0.06 * sine(90 * step)) for step in range(17)]
        canvas.line(smooth(line, closed=False, steps=3), 0.075, ink)


DECORATIONS = (bands, dots, zigzag, star, checks, sun, diagonal, leaf, plaque, waves)
