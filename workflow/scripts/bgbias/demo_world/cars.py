"""Cars from the side: the body decides the outline, the livery what is painted on it, the rims the wheels."""

from dataclasses import dataclass, replace

import numpy as np

from bgbias.demo_world.canvas import Canvas, oval, smooth
from bgbias.demo_world.chance import Colour, between, colour, cosine, pick, shade, shift_hue, sine, whole

# Outline from the rear bumper over the roof to the front one: (x, y) at nominal proportions, y = 0 the sill.
# `cabin` = the four corners of the glass house; `pillars` = where it is divided.
BODIES = {
    "Saloon": {"line": [(-.98, -.02), (-.97, -.27), (-.62, -.33), (-.42, -.57), (.12, -.58), (.42, -.33), (.86, -.26), (.98, -.12), (.98, .02)],
               "cabin": [(-.53, -.33), (-.38, -.53), (.10, -.54), (.33, -.33)], "pillars": [-.12]},
    "Hatch": {"line": [(-.86, -.02), (-.9, -.3), (-.76, -.56), (-.55, -.64), (.12, -.63), (.45, -.36), (.84, -.28), (.92, -.12), (.92, .02)],
              "cabin": [(-.73, -.36), (-.6, -.58), (.09, -.58), (.34, -.36)], "pillars": [-.2]},
    "Estate": {"line": [(-.99, -.02), (-.99, -.32), (-.9, -.58), (-.75, -.62), (.1, -.61), (.42, -.35), (.86, -.27), (.98, -.12), (.98, .02)],
               "cabin": [(-.9, -.35), (-.82, -.56), (.08, -.56), (.33, -.35)], "pillars": [-.48, -.1]},
    "Coupe": {"line": [(-.97, -.02), (-.99, -.25), (-.78, -.33), (-.36, -.51), (-.02, -.51), (.36, -.29), (.88, -.21), (1.0, -.08), (.98, .02)],
              "cabin": [(-.56, -.31), (-.3, -.47), (-.02, -.47), (.26, -.29)], "pillars": []},
    "Offroader": {"line": [(-.88, -.02), (-.9, -.4), (-.86, -.74), (-.74, -.78), (.2, -.77), (.36, -.44), (.82, -.41), (.9, -.3), (.9, .02)],
                  "cabin": [(-.79, -.45), (-.77, -.71), (.16, -.71), (.27, -.45)], "pillars": [-.45, -.1]},
    "Pickup": {"line": [(-1.0, -.02), (-1.0, -.32), (-.26, -.34), (-.24, -.66), (-.1, -.7), (.26, -.69), (.46, -.38), (.9, -.34), (.98, -.2), (.98, .02)],
               "cabin": [(-.16, -.38), (-.16, -.63), (.22, -.63), (.37, -.38)], "pillars": [.06]},
    "Van": {"line": [(-.98, -.02), (-.98, -.5), (-.95, -.82), (-.85, -.86), (.42, -.85), (.62, -.72), (.84, -.4), (.97, -.28), (.97, .02)],
            "cabin": [(.2, -.46), (.2, -.76), (.5, -.74), (.74, -.46)], "pillars": [.4]},
    "Roadster": {"line": [(-.92, -.02), (-.95, -.26), (-.6, -.33), (-.36, -.31), (-.05, -.29), (.08, -.46), (.14, -.46), (.26, -.29), (.84, -.24), (.95, -.1), (.94, .02)],
                 "cabin": [(-.0, -.29), (.09, -.44), (.13, -.44), (.22, -.29)], "pillars": []},
    "Bubble": {"line": [(-.82, -.02), (-.86, -.3), (-.6, -.56), (-.3, -.72), (.02, -.72), (.3, -.54), (.46, -.36), (.74, -.3), (.86, -.14), (.84, .02)],
               "cabin": [(-.56, -.4), (-.34, -.62), (.0, -.64), (.3, -.4)], "pillars": [-.12]},
}  # fmt: skip
LIVERIES = ["plain", "sill", "belt", "two-tone", "racing", "flames", "checks", "roundel", "bonnet", "wedge"]
RIMS = ["disc", "spokes", "ring", "cross", "holes"]
NAMES = [
    "Alder",
    "Borealis",
    "Comet",
    "Dorado",
    "Ember",
    "Falconer",
    "Gale",
    "Harrow",
    "Ibex",
    "Juniper",
    "Kestrel",
    "Lumen",
    "Meteor",
    "Nimbus",
    "Orion",
    "Pampas",
    "Quarry",
    "Rivet",
    "Sable",
    "Tundra",
    "Umber",
    "Vesper",
]


@dataclass(frozen=True)
class Car:
    body: str
    paint: Colour
    trim: Colour
    livery: str
    rim: str
    spokes: int
    wheel: float
    height: float  # of the body, relative to its kind
    length: float
    roof_rack: bool
    spoiler: bool
    glass: Colour


def design(kind: str, hue: float, rng: np.random.Generator) -> Car:
    """A model of the body ``kind``, painted near ``hue``."""
    saturation, value = pick(
        rng, [(0.8, 0.8), (0.65, 0.95), (0.85, 0.5), (0.3, 0.9), (0.12, 0.92), (0.2, 0.35)]
    )
    trim = pick(rng, [(240, 240, 235), (35, 35, 40), colour(hue + pick(rng, [0.33, 0.5, 0.67]), 0.75, 0.85)])
    return Car(
        body=kind,
        paint=colour(hue, saturation, value),
        trim=trim,
        livery=pick(rng, LIVERIES),
        rim=pick(rng, RIMS),
        spokes=whole(rng, 4, 9),
        wheel=between(rng, 0.155, 0.22),
        height=between(rng, 0.86, 1.16),
        length=between(rng, 0.86, 1.05),
        roof_rack=pick(rng, [True, False, False]),
        spoiler=pick(rng, [True, False, False]),
        glass=pick(rng, [(60, 80, 100), (35, 40, 48), (130, 165, 185)]),
    )


def vary(car: Car, hue: float, rng: np.random.Generator) -> Car:
    """The same model another day: the paint's hue turned by ``hue``."""
    return replace(
        car, paint=shift_hue(car.paint, hue, between(rng, 0.85, 1.15)), trim=shift_hue(car.trim, hue)
    )


def draw(canvas: Canvas, car: Car, rng: np.random.Generator) -> None:
    """Paint ``car``, its front to the right; the wheels stand at y = 0.5 or so."""
    body, lift = BODIES[car.body], 0.26

    def at(points):
        return [(x * car.length, y * car.height + lift) for x, y in points]

    outline = smooth(at(body["line"]), closed=False, steps=4)
    sill = [(body["line"][-1][0] * car.length, lift + 0.07), (body["line"][0][0] * car.length, lift + 0.07)]
    hull = [*outline, *sill]
    if car.spoiler:
        x, y = at(body["line"][1:2])[0]
        canvas.polygon(
            [
                (x - 0.03, y - 0.12),
                (x + 0.2, y - 0.09),
                (x + 0.2, y - 0.05),
                (x + 0.05, y - 0.06),
                (x + 0.06, y + 0.05),
                (x + 0.02, y + 0.05),
            ],
            shade(car.paint, 0.7),
        )
    if car.roof_rack and car.body not in ("Roadster",):
        left, right = at(body["cabin"][1:3])
        top = min(y for _, y in at(body["line"]))
        canvas.line([(left[0], top - 0.06), (right[0], top - 0.06)], 0.035, (50, 50, 55))
        for x in (left[0] + 0.05, right[0] - 0.05):
            canvas.line([(x, top - 0.06), (x, top + 0.03)], 0.03, (50, 50, 55))
    wheels = [(-0.58 * car.length, lift + 0.07), (0.58 * car.length, lift + 0.07)]
    canvas.polygon(hull, car.paint)
    with canvas.clipped(hull):
        _livery(canvas, car, lift)
        canvas.box(-1.1, lift + 0.03, 1.1, lift + 0.1, shade(car.paint, 0.45))
        for x, y in wheels:
            canvas.ellipse(x, y, car.wheel * 1.22, car.wheel * 1.22, (22, 22, 24))
    _glass(canvas, car, at(body["cabin"]), [x * car.length for x in body["pillars"]])
    _lamps(canvas, at(body["line"]))
    turn = whole(rng, 0, 359)
    for x, y in wheels:
        _wheel(canvas, car, x, y, turn)


def _livery(canvas: Canvas, car: Car, lift: float) -> None:
    if car.livery == "sill":
        canvas.box(-1.1, lift - 0.08, 1.1, lift + 0.1, car.trim)
    elif car.livery == "belt":
        canvas.box(-1.1, lift - 0.25 * car.height, 1.1, lift - 0.17 * car.height, car.trim)
    elif car.livery == "two-tone":
        canvas.box(-1.1, -1, 1.1, lift - 0.3 * car.height, car.trim)
    elif car.livery == "racing":
        for x in (-0.05, 0.1):
            canvas.polygon(
                [(x - 0.3, lift + 0.1), (x - 0.2, lift + 0.1), (x + 0.12, -1), (x + 0.02, -1)], car.trim
            )
    elif car.livery == "flames":
        points = [(1.1, lift + 0.05), (1.1, lift - 0.26)]
        for index in range(5):
            x = 0.75 - 0.22 * index
            points += [
                (x, lift - 0.24 + 0.035 * index),
                (x - 0.2, lift - 0.2 + 0.04 * index),
                (x, lift - 0.13 + 0.03 * index),
            ]
        canvas.polygon(points, car.trim)
    elif car.livery == "checks":
        for index in range(28):
            x, row = -1.05 + 0.15 * (index // 2), index % 2
            shift = 0.075 * row
            canvas.box(
                x + shift, lift - 0.2 + 0.075 * row, x + shift + 0.075, lift - 0.125 + 0.075 * row, car.trim
            )
    elif car.livery == "roundel":
        canvas.ellipse(-0.08, lift - 0.13, 0.15, 0.15, car.trim)
        canvas.ellipse(-0.08, lift - 0.13, 0.09, 0.09, shade(car.paint, 0.8))
    elif car.livery == "bonnet":
        canvas.box(0.42 * car.length, -1, 1.1, lift + 0.1, car.trim)
    elif car.livery == "wedge":
        canvas.polygon([(1.1, lift - 0.05), (-1.1, lift - 0.32 * car.height), (-1.1, lift + 0.1)], car.trim)


def _glass(canvas: Canvas, car: Car, cabin, pillars) -> None:
    canvas.polygon(cabin, car.glass)
    with canvas.clipped(cabin):
        left, top, right, bottom = cabin[1][0], cabin[1][1], cabin[2][0], cabin[0][1]
        middle = (left + right) / 2
        canvas.polygon(
            [(middle - 0.1, bottom), (middle, bottom), (middle + 0.18, top), (middle + 0.08, top)],
            shade(car.glass, 1.35),
        )
        for x in pillars:
            canvas.box(x - 0.02, top - 0.1, x + 0.02, bottom + 0.1, shade(car.paint, 0.7))
    for x in pillars[:1] or [cabin[0][0] + 0.2]:
        canvas.line([(x + 0.06, bottom + 0.06), (x + 0.14, bottom + 0.06)], 0.025, shade(car.paint, 0.5))


def _lamps(canvas: Canvas, line) -> None:
    (rear_x, rear_y), (front_x, front_y) = line[1], line[-2]
    with canvas.clipped(smooth(line, closed=False, steps=4)):
        canvas.ellipse(front_x - 0.03, front_y, 0.075, 0.05, (255, 244, 200))
        canvas.box(rear_x - 0.02, rear_y + 0.03, rear_x + 0.07, rear_y + 0.12, (200, 30, 30))


def _wheel(canvas: Canvas, car: Car, x: float, y: float, turn: int) -> None:
    radius, metal = car.wheel, (200, 203, 208)
    canvas.ellipse(x, y, radius, radius, (28, 28, 30))
    rim = radius * 0.68
    if car.rim == "disc":
        canvas.ellipse(x, y, rim, rim, metal)
        canvas.ellipse(x, y, rim * 0.4, rim * 0.4, shade(metal, 0.6))
    elif car.rim == "ring":
        canvas.ellipse(x, y, rim * 1.15, rim * 1.15, (235, 235, 230))
        canvas.ellipse(x, y, rim * 0.75, rim * 0.75, car.paint)
    elif car.rim == "holes":
        canvas.ellipse(x, y, rim, rim, metal)
        for spoke in range(car.spokes):
            angle = turn + 360 * spoke // car.spokes
            canvas.ellipse(
                x + 0.62 * rim * cosine(angle),
                y + 0.62 * rim * sine(angle),
                rim * 0.18,
                rim * 0.18,
                (40, 40, 44),
            )
    else:
        canvas.ellipse(x, y, rim, rim, (55, 55, 60))
        count, width = (4, 0.3) if car.rim == "cross" else (car.spokes, 0.2)
        for spoke in range(count):
            angle = turn + 360 * spoke // count
            canvas.line([(x, y), (x + rim * cosine(angle), y + rim * sine(angle))], rim * width, metal)
        canvas.polygon(oval(x, y, rim * 0.25, rim * 0.25), metal)
