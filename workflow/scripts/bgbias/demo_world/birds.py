"""Birds from the side, perched: build, beak, tail, and the markings that field guides name."""

from dataclasses import dataclass, replace

import numpy as np

from bgbias.demo_world.canvas import Canvas, oval, smooth
from bgbias.demo_world.chance import Colour, between, colour, cosine, pick, shade, shift_hue, sine, whole

# Length and depth of the body, size of the head, height of the neck, legs, beak (length, thickness, hook), tail, upright degrees.
BUILDS = {
    "Finch": {"body": (.50, .34), "head": .24, "neck": .10, "legs": .20, "beak": (.20, .16, .02), "tail": .50, "tilt": -28},
    "Warbler": {"body": (.52, .29), "head": .20, "neck": .10, "legs": .22, "beak": (.20, .07, .0), "tail": .52, "tilt": -22},
    "Parrot": {"body": (.50, .30), "head": .25, "neck": .12, "legs": .12, "beak": (.20, .22, .14), "tail": .62, "tilt": -50},
    "Heron": {"body": (.52, .27), "head": .15, "neck": .52, "legs": .46, "beak": (.46, .09, .0), "tail": .28, "tilt": -26},
    "Duck": {"body": (.60, .31), "head": .21, "neck": .22, "legs": .12, "beak": (.26, .12, -.03), "tail": .26, "tilt": -6},
    "Owl": {"body": (.48, .38), "head": .33, "neck": .02, "legs": .10, "beak": (.10, .11, .06), "tail": .34, "tilt": -62},
    "Plover": {"body": (.46, .30), "head": .22, "neck": .12, "legs": .40, "beak": (.22, .07, .0), "tail": .28, "tilt": -16},
    "Hornbill": {"body": (.52, .30), "head": .23, "neck": .16, "legs": .16, "beak": (.50, .20, .10), "tail": .66, "tilt": -34},
    "Swallow": {"body": (.50, .25), "head": .20, "neck": .06, "legs": .10, "beak": (.11, .09, .02), "tail": .74, "tilt": -30},
}  # fmt: skip
WINGS = ["plain", "bars", "patch", "tips", "scaled", "edge"]
BREASTS = ["plain", "spots", "streaks", "band", "bib", "barred"]
HEADS = ["plain", "cap", "eye stripe", "mask", "collar", "cheek"]
CRESTS = ["none", "none", "spike", "fan", "plumes"]
TAILS = ["square", "forked", "pointed", "banded"]
NAMES = [
    "Amber",
    "Bluff",
    "Cinder",
    "Dusky",
    "Elfin",
    "Fern",
    "Gilded",
    "Heath",
    "Island",
    "Jade",
    "Kelp",
    "Lace",
    "Marsh",
    "Noble",
    "Olive",
    "Painted",
    "Quiet",
    "River",
    "Saffron",
    "Thorn",
    "Upland",
    "Velvet",
]


@dataclass(frozen=True)
class Bird:
    build: str
    back: Colour
    breast: Colour
    accent: Colour
    beak_colour: Colour
    leg_colour: Colour
    wing: str
    breast_mark: str
    head_mark: str
    crest: str
    tail: str
    tail_length: float
    plump: float
    beak_length: float


def design(kind: str, hue: float, rng: np.random.Generator) -> Bird:
    """A species of the build ``kind`` whose back is near ``hue``."""
    saturation, value = pick(rng, [(0.75, 0.75), (0.55, 0.55), (0.85, 0.9), (0.35, 0.6), (0.25, 0.35)])
    breast = pick(
        rng,
        [
            (240, 232, 215),
            colour(hue + between(rng, 0.3, 0.7), 0.6, 0.9),
            colour(hue, saturation * 0.4, 0.92),
            colour(between(rng, 0.02, 0.14), 0.7, 0.9),
        ],
    )
    accent = pick(rng, [(25, 25, 28), (248, 246, 240), colour(between(rng, 0, 1), 0.85, 0.9), (200, 40, 35)])
    return Bird(
        build=kind,
        back=colour(hue, saturation, value),
        breast=breast,
        accent=accent,
        beak_colour=pick(rng, [(45, 42, 42), (235, 160, 40), (205, 60, 45), (150, 150, 155)]),
        leg_colour=pick(rng, [(60, 50, 45), (225, 140, 50), (180, 90, 95)]),
        wing=pick(rng, WINGS),
        breast_mark=pick(rng, BREASTS),
        head_mark=pick(rng, HEADS),
        crest=pick(rng, CRESTS),
        tail=pick(rng, TAILS),
        tail_length=between(rng, 0.8, 1.2),
        plump=between(rng, 0.88, 1.14),
        beak_length=between(rng, 0.85, 1.25),
    )


def vary(bird: Bird, hue: float, rng: np.random.Generator) -> Bird:
    """Another bird of the species: its plumage's hue turned by ``hue``."""
    return replace(
        bird,
        back=shift_hue(bird.back, hue, between(rng, 0.85, 1.15)),
        breast=shift_hue(bird.breast, hue, between(rng, 0.85, 1.15)),
    )


def draw(canvas: Canvas, bird: Bird, rng: np.random.Generator) -> None:
    """Paint ``bird`` looking to the right; it holds itself a little differently each time."""
    build = BUILDS[bird.build]
    tilt, nod = build["tilt"] + whole(rng, -8, 8), between(rng, -0.03, 0.05)
    length, depth = build["body"][0], build["body"][1] * bird.plump

    def body(x: float, y: float) -> tuple[float, float]:
        """From the bird's own axes (x to the breast, y to the belly) to the canvas."""
        cos, sin = cosine(tilt), sine(tilt)
        return x * cos - y * sin - 0.05, x * sin + y * cos + 0.12

    def along(points):
        return [body(x, y) for x, y in points]

    _legs(canvas, bird, build, body, depth)
    _tail(canvas, bird, build, along, length)
    trunk = smooth(
        along(
            [
                (-length, -0.04),
                (-length * 0.5, -depth * 0.72),
                (length * 0.2, -depth),
                (length * 0.8, -depth * 0.72),
                (length, -0.02),
                (length * 0.82, depth * 0.62),
                (length * 0.2, depth),
                (-length * 0.55, depth * 0.55),
            ]
        )
    )
    base = body(length * 0.8, -depth * 0.35)
    head = build["head"]
    centre = (base[0] + head * 0.4 + nod, base[1] - build["neck"] - head * 0.45)
    neck = smooth([base, (base[0] + 0.06 * build["neck"], (base[1] + centre[1]) / 2), centre], closed=False)
    canvas.line(neck, head * 1.25, bird.back)
    canvas.polygon(trunk, bird.back)
    with canvas.clipped(trunk):
        belly = along(
            [
                (-length * 0.9, depth * 0.25),
                (0, depth * 0.12),
                (length * 0.62, -depth * 0.25),
                (length * 1.2, -depth * 0.75),
                (length * 1.3, depth * 1.5),
                (-length, depth * 1.5),
            ]
        )
        canvas.blob(belly, bird.breast)
    with canvas.clipped(
        smooth(
            along(
                [
                    (-length * 0.7, depth * 0.3),
                    (0, depth * 0.15),
                    (length * 0.66, -depth * 0.2),
                    (length, -depth * 0.4),
                    (length, depth * 0.5),
                    (length * 0.2, depth),
                    (-length * 0.5, depth * 0.6),
                ]
            )
        )
    ):
        _breast(canvas, bird, along, length, depth)
    _head(canvas, bird, build, centre, head)
    _wing(canvas, bird, along, length, depth, between(rng, -0.05, 0.06))


def _legs(canvas: Canvas, bird: Bird, build: dict, body, depth: float) -> None:
    for x in (-0.05, 0.13):
        hip = body(x, depth * 0.6)
        foot = (hip[0] + 0.03, 0.12 + depth * 0.85 + build["legs"] + 0.04)
        canvas.line([hip, (hip[0] - 0.03, (hip[1] + foot[1]) / 2), foot], 0.045, bird.leg_colour)
        canvas.line([(foot[0] - 0.05, foot[1]), (foot[0] + 0.12, foot[1] + 0.015)], 0.04, bird.leg_colour)
    canvas.stand_at(foot[0], foot[1] + 0.03)


def _tail(canvas: Canvas, bird: Bird, build: dict, along, length: float) -> None:
    end = -length * 0.75 - build["tail"] * bird.tail_length
    ends = {
        "square": [(end, -0.10), (end - 0.02, 0.06)],
        "pointed": [(end - 0.12, 0.0)],
        "banded": [(end, -0.12), (end - 0.05, 0.0), (end, 0.1)],
        "forked": [(end - 0.1, -0.16), (end + 0.2, -0.0), (end - 0.06, 0.16)],
    }[bird.tail]
    feathers = along([(-length * 0.55, -0.13), *ends, (-length * 0.55, 0.14)])
    canvas.polygon(feathers, shade(bird.back, 0.72))
    if bird.tail == "banded":
        with canvas.clipped(feathers):
            for step in range(1, 4):
                x = end + 0.13 * step
                canvas.polygon(along([(x, -0.3), (x + 0.06, -0.3), (x + 0.06, 0.3), (x, 0.3)]), bird.accent)


def _breast(canvas: Canvas, bird: Bird, along, length: float, depth: float) -> None:
    ink = bird.accent if bird.accent != bird.breast else shade(bird.breast, 0.4)
    if bird.breast_mark == "spots":
        for row in range(4):
            for column in range(7):
                x, y = along(
                    [(length * (0.85 - 0.24 * column + 0.12 * (row % 2)), depth * (-0.2 + 0.32 * row))]
                )[0]
                canvas.ellipse(x, y, 0.03, 0.03, ink)
    elif bird.breast_mark == "streaks":
        for step in range(8):
            x = length * (0.9 - 0.2 * step)
            canvas.line(along([(x, -depth * 0.4), (x - 0.1, depth * 0.95)]), 0.03, ink)
    elif bird.breast_mark == "barred":
        for step in range(6):
            y = depth * (-0.5 + 0.28 * step)
            canvas.line(along([(length * 1.1, y - 0.1), (-length, y + 0.08)]), 0.032, ink)
    elif bird.breast_mark == "band":
        canvas.line(along([(length * 0.5, -depth * 0.7), (length * 0.48, depth * 1.1)]), 0.11, ink)
    elif bird.breast_mark == "bib":
        x, y = along([(length * 0.85, -depth * 0.1)])[0]
        canvas.ellipse(x, y, 0.24, 0.24, ink)


def _head(canvas: Canvas, bird: Bird, build: dict, centre, head: float) -> None:
    x, y = centre
    long, thick, hook = build["beak"]
    long *= bird.beak_length
    tip = (x + head * 0.75 + long, y + 0.06 + hook)
    canvas.polygon(
        [
            (x + head * 0.6, y - thick * 0.55),
            (x + head * 0.8 + long * 0.5, y - thick * 0.4),
            tip,
            (x + head * 0.8 + long * 0.4, y + thick * 0.5),
            (x + head * 0.6, y + thick * 0.6),
        ],
        bird.beak_colour,
    )
    if bird.crest == "spike":
        canvas.polygon(
            [
                (x + head * 0.3, y - head * 0.9),
                (x - head * 1.7, y - head * 1.5),
                (x - head * 0.8, y - head * 0.3),
            ],
            bird.accent,
        )
    elif bird.crest == "fan":
        for angle in range(200, 300, 20):
            canvas.line(
                [(x, y - head * 0.4), (x + head * 1.75 * cosine(angle), y + head * 1.75 * sine(angle))],
                0.07,
                bird.accent,
            )
    elif bird.crest == "plumes":
        for drop in (0.1, 0.5):
            plume = [
                (x - head * 0.5, y - head * 0.6),
                (x - head * 1.5, y - head * (1 - drop)),
                (x - head * 2.1, y + head * drop),
            ]
            canvas.line(smooth(plume, closed=False), 0.045, bird.accent)
    skull = oval(x, y, head, head * 0.95)
    canvas.polygon(skull, bird.back)
    with canvas.clipped(skull):
        if bird.head_mark == "cap":
            canvas.box(x - 1, y - 1, x + 1, y - head * 0.25, bird.accent)
        elif bird.head_mark == "eye stripe":
            canvas.box(x - 1, y - head * 0.3, x + 1, y + head * 0.08, bird.accent)
        elif bird.head_mark == "mask":
            canvas.ellipse(x + head * 0.6, y, head * 0.75, head * 0.6, bird.accent)
        elif bird.head_mark == "collar":
            canvas.box(x - 1, y + head * 0.45, x + 1, y + head * 0.85, bird.accent)
        elif bird.head_mark == "cheek":
            canvas.ellipse(x - head * 0.05, y + head * 0.35, head * 0.42, head * 0.36, bird.accent)
    big = 0.36 if bird.build == "Owl" else 0.22
    canvas.ellipse(
        x + head * 0.35,
        y - head * 0.12,
        head * big,
        head * big,
        (245, 225, 150) if bird.build == "Owl" else (235, 235, 235),
    )
    canvas.ellipse(x + head * 0.37, y - head * 0.12, head * big * 0.72, head * big * 0.72, (15, 15, 18))


def _wing(canvas: Canvas, bird: Bird, along, length: float, depth: float, raised: float) -> None:
    wing = smooth(
        along(
            [
                (length * 0.62, -depth * 0.35),
                (length * 0.2, -depth * 0.78 - raised),
                (-length * 0.5, -depth * 0.5 - raised),
                (-length * 1.35, -0.02),
                (-length * 0.6, depth * 0.36),
                (length * 0.2, depth * 0.42),
            ]
        )
    )
    feathers = shade(bird.back, 0.82)
    canvas.polygon(wing, feathers)
    with canvas.clipped(wing):
        if bird.wing == "bars":
            for x in (0.25, -0.1):
                canvas.line(
                    along([(length * x, -depth), (length * (x - 0.2), depth * 0.8)]), 0.06, bird.accent
                )
        elif bird.wing == "patch":
            x, y = along([(length * 0.25, -depth * 0.25)])[0]
            canvas.ellipse(x, y, 0.16, 0.11, bird.accent, tilt=-20)
        elif bird.wing == "tips":
            canvas.polygon(along([(-length * 0.55, -1), (-length * 0.45, 1), (-2, 1), (-2, -1)]), bird.accent)
        elif bird.wing == "scaled":
            for row in range(4):
                for column in range(6):
                    x, y = along(
                        [(length * (0.5 - 0.28 * column), depth * (-0.6 + 0.33 * row + 0.12 * (column % 2)))]
                    )[0]
                    canvas.ellipse(x, y, 0.05, 0.03, shade(bird.back, 1.5))
        elif bird.wing == "edge":
            canvas.line(
                along([(length * 0.6, depth * 0.25), (-length * 0.3, depth * 0.42), (-length * 1.3, 0.06)]),
                0.09,
                bird.accent,
            )
        for x in (-0.45, -0.75):
            canvas.line(
                along([(length * x, -depth * 0.5), (length * (x - 0.5), depth * 0.4)]),
                0.014,
                shade(feathers, 0.6),
            )
