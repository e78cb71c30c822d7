"""Perched birds in side view: design, variation and drawing of a species."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from bgbias.demo_world.canvas import Canvas, oval, smooth
from bgbias.demo_world.chance import Colour, between, colour, cosine, pick, shade, shift_hue, sine, whole
from bgbias.demo_world.plumage import BREASTS, HEADS, WINGS, Axes, Marking, Skull


@dataclass(frozen=True)
class Build:
    """Proportions of a family, in object coordinates."""

    body: tuple[float, float]  # half length and half depth
    head: float  # radius
    neck: float
    legs: float
    beak: tuple[float, float, float]  # length, thickness, droop of its tip
    tail: float
    tilt: int  # degrees; the more negative, the more upright


BUILDS = {
    "Finch": Build((0.50, 0.34), 0.24, 0.10, 0.20, (0.20, 0.16, 0.02), 0.50, -28),
    "Warbler": Build((0.52, 0.29), 0.20, 0.10, 0.22, (0.20, 0.07, 0.0), 0.52, -22),
    "Parrot": Build((0.50, 0.30), 0.25, 0.12, 0.12, (0.20, 0.22, 0.14), 0.62, -50),
    "Heron": Build((0.52, 0.27), 0.15, 0.52, 0.46, (0.46, 0.09, 0.0), 0.28, -26),
    "Duck": Build((0.60, 0.31), 0.21, 0.22, 0.12, (0.26, 0.12, -0.03), 0.26, -6),
    "Owl": Build((0.48, 0.38), 0.33, 0.02, 0.10, (0.10, 0.11, 0.06), 0.34, -62),
    "Plover": Build((0.46, 0.30), 0.22, 0.12, 0.40, (0.22, 0.07, 0.0), 0.28, -16),
    "Hornbill": Build((0.52, 0.30), 0.23, 0.16, 0.16, (0.50, 0.20, 0.10), 0.66, -34),
    "Swallow": Build((0.50, 0.25), 0.20, 0.06, 0.10, (0.11, 0.09, 0.02), 0.74, -30),
}
CRESTS = ["none", "none", "spike", "fan", "plumes"]
TAILS = ["square", "forked", "pointed", "banded"]
NAMES = [
    "Amber", "Bluff", "Cinder", "Dusky", "Elfin", "Fern", "Gilded", "Heath", "Island", "Jade", "Kelp", "Lace",
    "Marsh", "Noble", "Olive", "Painted", "Quiet", "River", "Saffron", "Thorn", "Upland", "Velvet",
]  # fmt: skip


@dataclass(frozen=True)
class Bird:
    build: str
    back: Colour
    breast: Colour
    accent: Colour
    beak_colour: Colour
    leg_colour: Colour
    wing: Marking
    breast_mark: Marking
    head_mark: Callable[[Canvas, Skull, Colour], None]
    crest: str
    tail: str
    tail_length: float
    plump: float
    beak_length: float


def design(kind: str, hue: float, rng: np.random.Generator) -> Bird:
    """A species of the build ``kind`` with a back colour near ``hue``."""
    saturation, value = pick(rng, [(0.75, 0.75), (0.55, 0.55), (0.85, 0.9), (0.35, 0.6), (0.25, 0.35)])
    contrast = colour(hue + between(rng, 0.3, 0.7), 0.6, 0.9)
    rust = colour(between(rng, 0.02, 0.14), 0.7, 0.9)
    bright = colour(between(rng, 0, 1), 0.85, 0.9)
    return Bird(
        build=kind,
        back=colour(hue, saturation, value),
        breast=pick(rng, [(240, 232, 215), contrast, colour(hue, saturation * 0.4, 0.92), rust]),
        accent=pick(rng, [(25, 25, 28), (248, 246, 240), bright, (200, 40, 35)]),
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
    """Another bird of the species, with plumage shifted by ``hue``."""
    back = shift_hue(bird.back, hue, between(rng, 0.85, 1.15))
    return replace(bird, back=back, breast=shift_hue(bird.breast, hue, between(rng, 0.85, 1.15)))


def draw(canvas: Canvas, bird: Bird, rng: np.random.Generator) -> None:
    """Paint ``bird`` facing right, in a slightly different posture each time."""
    build = BUILDS[bird.build]
    axes = Axes(build.body[0], build.body[1] * bird.plump, build.tilt + whole(rng, -8, 8))
    x, y = axes.at(0.8, -0.35)
    nod = between(rng, -0.03, 0.05)
    skull = Skull(x + build.head * 0.4 + nod, y - build.neck - build.head * 0.45, build.head)
    _legs(canvas, bird, build, axes)
    _tail(canvas, bird, build, axes)
    neck = smooth([(x, y), (x + 0.06 * build.neck, (y + skull.y) / 2), (skull.x, skull.y)], closed=False)
    canvas.line(neck, build.head * 1.25, bird.back)
    _trunk(canvas, bird, axes)
    _head(canvas, bird, build, skull)
    _wing(canvas, bird, axes, between(rng, -0.15, 0.2))


def _legs(canvas: Canvas, bird: Bird, build: Build, axes: Axes) -> None:
    for x in (-0.1, 0.26):
        hip_x, hip_y = axes.at(x, 0.6)
        foot_x, foot_y = hip_x + 0.03, 0.16 + axes.depth * 0.85 + build.legs
        knee = (hip_x - 0.03, (hip_y + foot_y) / 2)
        canvas.line([(hip_x, hip_y), knee, (foot_x, foot_y)], 0.045, bird.leg_colour)
        canvas.line([(foot_x - 0.05, foot_y), (foot_x + 0.12, foot_y + 0.015)], 0.04, bird.leg_colour)
    canvas.stand_at(foot_x, foot_y + 0.03)


def _tail(canvas: Canvas, bird: Bird, build: Build, axes: Axes) -> None:
    end = -0.75 - build.tail * bird.tail_length / axes.length
    tips = {
        "square": [(end, -0.33), (end - 0.04, 0.2)],
        "pointed": [(end - 0.24, 0.0)],
        "banded": [(end, -0.4), (end - 0.1, 0.0), (end, 0.33)],
        "forked": [(end - 0.2, -0.53), (end + 0.4, 0.0), (end - 0.12, 0.53)],
    }[bird.tail]
    feathers = axes.path((-0.55, -0.43), *tips, (-0.55, 0.46))
    canvas.polygon(feathers, shade(bird.back, 0.72))
    if bird.tail == "banded":
        with canvas.clipped(feathers):
            for step in range(1, 4):
                x = end + 0.26 * step
                canvas.polygon(axes.path((x, -1), (x + 0.12, -1), (x + 0.12, 1), (x, 1)), bird.accent)


def _trunk(canvas: Canvas, bird: Bird, axes: Axes) -> None:
    back = axes.path((-1, -0.13), (-0.5, -0.72), (0.2, -1), (0.8, -0.72))
    trunk = smooth([*back, *axes.path((1, -0.07), (0.82, 0.62), (0.2, 1), (-0.55, 0.55))])
    canvas.polygon(trunk, bird.back)
    with canvas.clipped(trunk):
        belly = axes.path((-0.9, 0.25), (0, 0.12), (0.62, -0.25), (1.2, -0.75), (1.3, 1.5), (-1, 1.5))
        canvas.blob(belly, bird.breast)
    marked = axes.path((-0.7, 0.3), (0, 0.15), (0.66, -0.2), (1, -0.4), (1, 0.5), (0.2, 1), (-0.5, 0.6))
    with canvas.clipped(smooth(marked)):
        bird.breast_mark(canvas, axes, bird.accent)


def _wing(canvas: Canvas, bird: Bird, axes: Axes, raised: float) -> None:
    upper = axes.path((0.62, -0.35), (0.2, -0.78 - raised), (-0.5, -0.5 - raised))
    wing = smooth([*upper, *axes.path((-1.35, -0.07), (-0.6, 0.36), (0.2, 0.42))])
    feathers = shade(bird.back, 0.82)
    canvas.polygon(wing, feathers)
    with canvas.clipped(wing):
        bird.wing(canvas, axes, bird.accent)
        for x in (-0.45, -0.75):
            canvas.line(axes.path((x, -0.5), (x - 1, 0.4)), 0.014, shade(feathers, 0.6))


def _head(canvas: Canvas, bird: Bird, build: Build, skull: Skull) -> None:
    _beak(canvas, bird, build, skull)
    _crest(canvas, bird, skull)
    outline = oval(skull.x, skull.y, skull.radius, skull.radius * 0.95)
    canvas.polygon(outline, bird.back)
    with canvas.clipped(outline):
        bird.head_mark(canvas, skull, bird.accent)
    owl = bird.build == "Owl"
    eye = skull.radius * (0.36 if owl else 0.22)
    canvas.ellipse(*skull.at(0.35, -0.12), eye, eye, (245, 225, 150) if owl else (235, 235, 235))
    canvas.ellipse(*skull.at(0.37, -0.12), eye * 0.72, eye * 0.72, (15, 15, 18))


def _beak(canvas: Canvas, bird: Bird, build: Build, skull: Skull) -> None:
    length, thick, droop = build.beak
    length *= bird.beak_length
    root, tip = skull.x + skull.radius * 0.6, skull.x + skull.radius * 0.8 + length
    upper = [(root, skull.y - thick * 0.55), (tip - length * 0.5, skull.y - thick * 0.4)]
    lower = [(tip - length * 0.6, skull.y + thick * 0.5), (root, skull.y + thick * 0.6)]
    canvas.polygon([*upper, (tip, skull.y + 0.06 + droop), *lower], bird.beak_colour)


def _crest(canvas: Canvas, bird: Bird, skull: Skull) -> None:
    if bird.crest == "spike":
        canvas.polygon([skull.at(0.3, -0.9), skull.at(-1.7, -1.5), skull.at(-0.8, -0.3)], bird.accent)
    elif bird.crest == "fan":
        for angle in range(200, 300, 20):
            feather = [skull.at(0, -0.4), skull.at(1.75 * cosine(angle), 1.75 * sine(angle))]
            canvas.line(feather, 0.07, bird.accent)
    elif bird.crest == "plumes":
        for drop in (0.1, 0.5):
            plume = [skull.at(-0.5, -0.6), skull.at(-1.5, drop - 1), skull.at(-2.1, drop)]
            canvas.line(smooth(plume, closed=False), 0.045, bird.accent)
