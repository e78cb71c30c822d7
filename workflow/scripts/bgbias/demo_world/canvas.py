"""A supersampled canvas for drawing an object in its own coordinates, together with its exact mask."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image, ImageDraw

from bgbias.demo_world.chance import Colour, cosine, sine

Points = Sequence[tuple[float, float]]

# Three by three samples per pixel: smooth edges for about a millisecond.
SAMPLES = 3


@dataclass(frozen=True)
class Pose:
    """Position of an object: ``x, y`` its centre, ``scale`` half its width, as fractions of the picture."""

    x: float = 0.5
    y: float = 0.5
    scale: float = 0.4
    angle: int = 0  # whole degrees, clockwise
    mirrored: bool = False
    narrowing: float = 1.0  # foreshortening: the object's width is multiplied by this


class Canvas:
    """Draws shapes given in object coordinates (x right, y down, the object roughly within −1…1).

    ``image`` is RGB, ``mask`` L, both with a side of ``SAMPLES`` × ``size`` pixels. Coordinates are rounded
    to whole samples before drawing, so that pictures do not depend on a machine's floating-point arithmetic.
    """

    def __init__(self, size: int, pose: Pose):
        self.pose = pose
        self.side = size * SAMPLES
        # The picture row on which the object stands, if not the object's lowest row.
        self.foot: int | None = None
        self._origin = (0, 0)
        self.image = Image.new("RGB", (self.side, self.side), (128, 128, 128))
        self.mask = Image.new("L", (self.side, self.side), 0)
        self._colours = ImageDraw.Draw(self.image)
        self._cover: ImageDraw.ImageDraw | None = ImageDraw.Draw(self.mask)

    def place(self, points: Points) -> list[tuple[int, int]]:
        """Convert object coordinates to whole samples of the canvas."""
        pose = self.pose
        across = pose.scale * self.side * pose.narrowing * (-1 if pose.mirrored else 1)
        down = pose.scale * self.side
        cos, sin = cosine(pose.angle), sine(pose.angle)
        placed = []
        for x, y in points:
            u, v = x * across, y * down
            placed.append(
                (
                    round(pose.x * self.side + u * cos - v * sin) - self._origin[0],
                    round(pose.y * self.side + u * sin + v * cos) - self._origin[1],
                )
            )
        return placed

    def polygon(self, points: Points, fill: Colour) -> None:
        placed = self.place(points)
        self._colours.polygon(placed, fill=fill)
        if self._cover is not None:
            self._cover.polygon(placed, fill=255)

    def blob(self, points: Points, fill: Colour) -> None:
        """A smooth closed outline through ``points``."""
        self.polygon(smooth(points), fill)

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: Colour, tilt: int = 0) -> None:
        self.polygon(oval(x, y, rx, ry, tilt), fill)

    def box(self, left: float, top: float, right: float, bottom: float, fill: Colour) -> None:
        self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], fill)

    def line(self, points: Points, width: float, fill: Colour) -> None:
        """A stroke of ``width`` (object units) with round joints."""
        thick = max(1, round(width * self.pose.scale * self.side))
        placed = self.place(points)
        for draw, ink in ((self._colours, fill), (self._cover, 255)):
            if draw is not None:
                draw.line(placed, fill=ink, width=thick, joint="curve")

    def stand_at(self, x: float, y: float) -> None:
        """Set the point on which the object stands; other parts may hang lower."""
        self.foot = self.place([(x, y)])[0][1] // SAMPLES

    @contextmanager
    def clipped(self, outline: Points) -> Iterator[None]:
        """Within the block, drawing only changes colours inside ``outline``, never the mask."""
        around = self.image, self._colours, self._cover, self._origin
        placed = self.place(outline)
        left, top = (max(0, min(axis)) for axis in zip(*placed, strict=True))
        # Only the outline's bounding box is copied, because copying dominates the cost.
        box = (left, top, max(left, *(x for x, _ in placed)) + 1, max(top, *(y for _, y in placed)) + 1)
        inside = Image.new("L", (box[2] - left, box[3] - top), 0)
        ImageDraw.Draw(inside).polygon([(x - left, y - top) for x, y in placed], fill=255)
        self.image = self.image.crop(box)
        self._origin = (self._origin[0] + left, self._origin[1] + top)
        self._colours, self._cover = ImageDraw.Draw(self.image), None
        yield
        around[0].paste(self.image, (left, top), inside)
        self.image, self._colours, self._cover, self._origin = around

    def finish(self) -> tuple[Image.Image, Image.Image]:
        """The object on black (RGB, premultiplied by the mask) and its exact soft mask (L), at full size."""
        on_black = Image.new("RGB", self.image.size)
        on_black.paste(self.image, (0, 0), self.mask)
        return on_black.reduce(SAMPLES), self.mask.reduce(SAMPLES)


def smooth(points: Points, closed: bool = True, steps: int = 6) -> list[tuple[float, float]]:
    """Points on the Catmull–Rom curve through ``points`` (polynomials: the same on every machine)."""
    count = len(points)
    curve = []
    for index in range(count if closed else count - 1):
        p0, p1, p2, p3 = (points[_neighbour(index + offset, count, closed)] for offset in (-1, 0, 1, 2))
        for step in range(steps):
            t = step / steps
            curve.append(
                tuple(
                    0.5
                    * (
                        2 * b
                        + (c - a) * t
                        + (2 * a - 5 * b + 4 * c - d) * t * t
                        + (3 * b - a - 3 * c + d) * t * t * t
                    )
                    for a, b, c, d in zip(p0, p1, p2, p3, strict=True)
                )
            )
    if not closed:
        curve.append(tuple(points[-1]))
    return curve


def _neighbour(index: int, count: int, closed: bool) -> int:
    return index % count if closed else min(max(index, 0), count - 1)


def oval(x: float, y: float, rx: float, ry: float, tilt: int = 0) -> list[tuple[float, float]]:
    """An ellipse as a polygon; ``tilt`` in whole degrees, clockwise."""
    cos, sin = cosine(tilt), sine(tilt)
    ring = [(rx * cosine(turn), ry * sine(turn)) for turn in range(0, 360, 15)]
    return [(x + u * cos - v * sin, y + u * sin + v * cos) for u, v in ring]
