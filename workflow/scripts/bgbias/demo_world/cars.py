"""Cars in side view: design, variation and drawing of a model."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from bgbias.demo_world.bodies import BODIES
from bgbias.demo_world.canvas import Canvas, Points, smooth
from bgbias.demo_world.chance import Colour, between, colour, happens, pick, shade, shift_hue, whole
from bgbias.demo_world.liveries import LIVERIES, RIMS, Flank, Livery, Rim

SILL = 0.26  # the height of the sill in object coordinates
NAMES = [
    "Alder", "Borealis", "Comet", "Dorado", "Ember", "Falconer", "Gale", "Harrow", "Ibex", "Juniper",
    "Kestrel", "Lumen", "Meteor", "Nimbus", "Orion", "Pampas", "Quarry", "Rivet", "Sable", "Tundra",
    "Umber", "Vesper",
]  # fmt: skip


@dataclass(frozen=True)
class Car:
    body: str
    paint: Colour
    trim: Colour
    livery: Livery
    rim: Callable[[Canvas, Rim], None]
    spokes: int
    wheel: float  # radius
    height: float  # relative to the body's nominal height
    length: float
    roof_rack: bool
    spoiler: bool
    glass: Colour


def design(kind: str, hue: float, rng: np.random.Generator) -> Car:
    """A model with the body ``kind`` and a paint colour near ``hue``."""
    tones = [(0.8, 0.8), (0.65, 0.95), (0.85, 0.5), (0.3, 0.9), (0.12, 0.92), (0.2, 0.35)]
    contrast = colour(hue + pick(rng, [0.33, 0.5, 0.67]), 0.75, 0.85)
    return Car(
        body=kind,
        paint=colour(hue, *pick(rng, tones)),
        trim=pick(rng, [(240, 240, 235), (35, 35, 40), contrast]),
        livery=pick(rng, LIVERIES),
        rim=pick(rng, RIMS),
        spokes=whole(rng, 4, 9),
        wheel=between(rng, 0.155, 0.22),
        height=between(rng, 0.86, 1.16),
        length=between(rng, 0.86, 1.05),
        roof_rack=kind != "Roadster" and happens(rng, 0.33),
        spoiler=happens(rng, 0.33),
        glass=pick(rng, [(60, 80, 100), (35, 40, 48), (130, 165, 185)]),
    )


def vary(car: Car, hue: float, rng: np.random.Generator) -> Car:
    """Another car of the same model, with paint shifted by ``hue``."""
    paint = shift_hue(car.paint, hue, between(rng, 0.85, 1.15))
    return replace(car, paint=paint, trim=shift_hue(car.trim, hue))


def draw(canvas: Canvas, car: Car, rng: np.random.Generator) -> None:
    """Paint ``car``, facing right."""
    body = BODIES[car.body]
    line, cabin = _fitted(car, body.line), _fitted(car, body.cabin)
    wheels = [(-0.58 * car.length, SILL + 0.07), (0.58 * car.length, SILL + 0.07)]
    hull = [*smooth(line, closed=False, steps=4), (line[-1][0], SILL + 0.07), (line[0][0], SILL + 0.07)]
    if car.spoiler:
        _spoiler(canvas, car, line)
    if car.roof_rack:
        _roof_rack(canvas, line, cabin)
    canvas.polygon(hull, car.paint)
    with canvas.clipped(hull):
        car.livery(canvas, Flank(SILL, car.length, car.height, car.paint, car.trim))
        canvas.box(-1.1, SILL + 0.03, 1.1, SILL + 0.1, shade(car.paint, 0.45))
        for x, y in wheels:
            canvas.ellipse(x, y, car.wheel * 1.22, car.wheel * 1.22, (22, 22, 24))
        _lamps(canvas, line)
    _windows(canvas, car, cabin, [x * car.length for x in body.pillars])
    turn = whole(rng, 0, 359)
    for x, y in wheels:
        canvas.ellipse(x, y, car.wheel, car.wheel, (28, 28, 30))
        car.rim(canvas, Rim(x, y, car.wheel * 0.68, car.spokes, turn, car.paint))


def _fitted(car: Car, points: Points) -> list[tuple[float, float]]:
    """Nominal points scaled to this model's proportions, in object coordinates."""
    return [(x * car.length, y * car.height + SILL) for x, y in points]


def _spoiler(canvas: Canvas, car: Car, line: Points) -> None:
    x, y = line[1]
    blade = [(x - 0.03, y - 0.12), (x + 0.2, y - 0.09), (x + 0.2, y - 0.05), (x + 0.05, y - 0.06)]
    canvas.polygon([*blade, (x + 0.06, y + 0.05), (x + 0.02, y + 0.05)], shade(car.paint, 0.7))


def _roof_rack(canvas: Canvas, line: Points, cabin: Points) -> None:
    rear, front, top, ink = cabin[1][0], cabin[2][0], min(y for _, y in line), (50, 50, 55)
    canvas.line([(rear, top - 0.06), (front, top - 0.06)], 0.035, ink)
    for x in (rear + 0.05, front - 0.05):
        canvas.line([(x, top - 0.06), (x, top + 0.03)], 0.03, ink)


def _lamps(canvas: Canvas, line: Points) -> None:
    (rear_x, rear_y), (front_x, front_y) = line[1], line[-2]
    canvas.ellipse(front_x - 0.03, front_y, 0.075, 0.05, (255, 244, 200))
    canvas.box(rear_x - 0.02, rear_y + 0.03, rear_x + 0.07, rear_y + 0.12, (200, 30, 30))


def _windows(canvas: Canvas, car: Car, cabin: Points, pillars: list[float]) -> None:
    (_, bottom), (left, top), (right, _), _ = cabin
    middle = (left + right) / 2
    canvas.polygon(cabin, car.glass)
    with canvas.clipped(cabin):
        glint = [(middle - 0.1, bottom), (middle, bottom), (middle + 0.18, top), (middle + 0.08, top)]
        canvas.polygon(glint, shade(car.glass, 1.35))
        for x in pillars:
            canvas.box(x - 0.02, top - 0.1, x + 0.02, bottom + 0.1, shade(car.paint, 0.7))
    for x in pillars[:1] or [cabin[0][0] + 0.2]:
        canvas.line([(x + 0.06, bottom + 0.06), (x + 0.14, bottom + 0.06)], 0.025, shade(car.paint, 0.5))
