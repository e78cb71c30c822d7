"""The shapes of products, one function per kind; all use the same decorations."""

from collections.abc import Callable
from dataclasses import dataclass

from bgbias.demo_world.canvas import Canvas, Points, oval, smooth
from bgbias.demo_world.chance import Colour, cosine, shade, sine
from bgbias.demo_world.decorations import Area

# Half-widths of rotationally symmetric shapes at equally spaced heights from top to bottom.
PROFILES = {
    "Bottle": [0.13, 0.13, 0.14, 0.3, 0.36, 0.36, 0.36, 0.36, 0.34],
    "Vase": [0.26, 0.2, 0.17, 0.28, 0.42, 0.5, 0.46, 0.34, 0.26],
    "Jar": [0.34, 0.34, 0.42, 0.48, 0.5, 0.5, 0.5, 0.48, 0.42],
}


@dataclass(frozen=True)
class Product:
    kind: str
    body: Colour
    ink: Colour
    second: Colour
    decoration: Callable[[Canvas, Area], None]
    count: int  # repetitions of the decoration
    width: float  # relative to the kind's nominal width
    height: float
    detail: int  # 0, 1 or 2: variant of the kind's lid, foot, handle …
    waist: float  # how much the shape narrows or widens


def turned(canvas: Canvas, product: Product) -> None:
    """A bottle, vase or jar: a profile mirrored about its axis, with a lid or stopper (vases are open)."""
    profile, bottom = PROFILES[product.kind], 0.85 * product.height
    last = len(profile) - 1
    right = []
    for index, half in enumerate(profile):
        bend = product.waist * sine(180 * index // last)
        right.append(((half + bend * half) * product.width, bottom * (2 * index / last - 1)))
    outline = smooth(_mirrored(right), steps=4)
    canvas.polygon(outline, product.body)
    if product.kind == "Vase":
        canvas.ellipse(0, -bottom, right[0][0], 0.07, shade(product.body, 0.45))
    else:
        top, high = right[0][0] * 1.12, [0.1, 0.16, 0.22][product.detail]
        canvas.box(-top, -bottom - high * 0.8, top, -bottom + 0.06, product.second)
    wide = max(x for x, _ in right)
    with canvas.clipped(outline):
        _decorate(canvas, product, -wide, -0.1 * product.height, wide, 0.62 * product.height)


def mug(canvas: Canvas, product: Product) -> None:
    wide, high = 0.46 * product.width, 0.52 * product.height
    foot = wide * (1 + product.waist * 2)
    handle = [(wide * 0.8, -high * 0.6), (wide + 0.3, -high * 0.62), (wide + 0.36, 0)]
    handle += [(wide + 0.28, high * 0.5), (foot * 0.8, high * 0.5)]
    canvas.line(smooth(handle, closed=False), 0.1 + 0.02 * product.detail, shade(product.body, 0.85))
    outline = _mirrored(smooth([(wide, -high), (foot, high * 0.9), (foot * 0.9, high)], closed=False))
    canvas.polygon(outline, product.body)
    with canvas.clipped(outline):
        _decorate(canvas, product, -wide, -high * 0.55, wide, high * 0.7)
    drink = [(70, 42, 28), (150, 90, 40), (235, 230, 215)][product.detail]
    canvas.ellipse(0, -high, wide, 0.1, shade(product.body, 1.3))
    canvas.ellipse(0, -high, wide * 0.88, 0.075, drink)


def can(canvas: Canvas, product: Product) -> None:
    wide, high = 0.4 * product.width, 0.68 * product.height
    outline = [*oval(0, -high, wide, 0.1)[12:], *oval(0, high, wide, 0.1)[:13]]
    canvas.polygon(outline, product.body)
    with canvas.clipped(outline):
        _decorate(canvas, product, -wide, -high * 0.6, wide, high * 0.75)
        for y in (-high + 0.12, high - 0.02):
            canvas.box(-wide, y, wide, y + 0.05, (205, 207, 212))
    canvas.ellipse(0, -high, wide, 0.1, (215, 217, 222))
    canvas.ellipse(0, -high, wide * 0.8, 0.07, (165, 168, 175))


def carton(canvas: Canvas, product: Product) -> None:
    """A box seen at an angle, with a gable like a milk carton, a flat lid, or a ribbon."""
    half, high, deep = 0.42 * product.width, 0.66 * product.height, 0.26
    left, right = -half - 0.1, half - 0.1
    back = (right + deep, -high - 0.08)
    gable, flat = [(-half, -high - 0.3), (half, -high - 0.36)], [(left + deep, -high - 0.08)]
    lid = gable if product.detail == 0 else flat
    canvas.polygon([(left, -high), *lid, back, (right, -high)], shade(product.body, 1.25))
    front = [(left, -high), (right, -high), (right, high), (left, high)]
    canvas.polygon(front, product.body)
    flank = [(right, -high), back, (right + deep, high - 0.12), (right, high)]
    canvas.polygon(flank, shade(product.body, 0.62))
    with canvas.clipped(front):
        _decorate(canvas, product, left, -high * 0.6, right, high * 0.7)
        if product.detail == 2:
            canvas.box(-0.17, -1, -0.05, 1, product.second)


def lamp(canvas: Canvas, product: Product) -> None:
    top, bottom = (0.26 - product.waist) * product.width, 0.56 * product.width
    foot = [(0.3, 0.09), (0.22, 0.15), (0.36, 0.08)][product.detail]
    canvas.line([(0, 0), (0, 0.8)], 0.07, product.second)
    if product.detail == 1:
        canvas.ellipse(0, 0.45, 0.2, 0.26, product.second)
    canvas.ellipse(0, 0.82, *foot, product.second)
    outline = _mirrored([(top, -0.85 * product.height), (bottom, 0.05)])
    canvas.polygon(outline, product.body)
    with canvas.clipped(outline):
        _decorate(canvas, product, -bottom, -0.65 * product.height, bottom, -0.1)


def teapot(canvas: Canvas, product: Product) -> None:
    wide, high = 0.52 * product.width, 0.44 * product.height
    handle = [(-wide * 0.7, -high * 0.55), (-wide - 0.3, -high * 0.5)]
    handle += [(-wide - 0.34, 0.1), (-wide * 0.75, high * 0.55)]
    canvas.line(smooth(handle, closed=False), 0.09, shade(product.body, 0.8))
    spout = [(wide * 0.6, 0.25), (wide + 0.12, 0.0), (wide + 0.25, -high * 0.85), (wide + 0.38, -high * 0.9)]
    spout += [(wide + 0.26, 0.08), (wide * 0.6, high * 0.8)]
    canvas.polygon(smooth(spout, steps=4), shade(product.body, 0.85))
    canvas.box(-wide * 0.5, high * 0.8, wide * 0.5, high + 0.16, shade(product.body, 0.7))
    outline = oval(0, 0.08, wide, high)
    canvas.polygon(outline, product.body)
    with canvas.clipped(outline):
        _decorate(canvas, product, -wide, -high * 0.4, wide, high * 0.75)
    knob = [(0.07, 0.07), (0.12, 0.05), (0.05, 0.12)][product.detail]
    canvas.ellipse(0, 0.06 - high, wide * 0.5, 0.1, product.second)
    canvas.ellipse(0, -high - 0.07, *knob, product.second)


def clock(canvas: Canvas, product: Product) -> None:
    """Round, round with bells, or square."""
    radius, dark = 0.62 * (0.7 + 0.3 * product.width), (40, 40, 45)
    for x in (-0.4, 0.4):
        canvas.line([(x * 0.8, radius * 0.7), (x * 1.2, radius + 0.16)], 0.1, product.second)
        if product.detail == 1:
            canvas.ellipse(x * 0.9, -radius, 0.22, 0.18, product.second)
    square = _mirrored([(radius, -radius), (radius, radius)])
    rim = square if product.detail == 2 else oval(0, 0, radius, radius)
    canvas.polygon(rim, product.body)
    with canvas.clipped(rim):
        _decorate(canvas, product, -radius, -radius * 0.8, radius, radius * 0.8)
    canvas.ellipse(0, 0, radius * 0.55, radius * 0.55, (248, 245, 236))
    for tick in range(0, 360, 360 // (product.count * 2)):
        canvas.ellipse(radius * 0.45 * cosine(tick), radius * 0.45 * sine(tick), 0.025, 0.025, dark)
    canvas.line([(0, -radius * 0.36), (0, 0), (radius * 0.25, radius * 0.1)], 0.05, dark)


def bag(canvas: Canvas, product: Product) -> None:
    top, bottom, high = 0.48 * product.width, (0.58 + product.waist) * product.width, 0.62 * product.height
    strap = _mirrored([(top * 0.5, -high - 0.38), (top * 0.6, -high * 0.4)])
    canvas.line(smooth([*strap[2:], *strap[:2]], closed=False), 0.075, product.second)
    side = smooth([(top, -high * 0.6), (bottom, high * 0.9), (bottom * 0.9, high)], closed=False)
    outline = _mirrored(side)
    canvas.polygon(outline, product.body)
    with canvas.clipped(outline):
        _decorate(canvas, product, -bottom, -high * 0.2, bottom, high * 0.8)
        if product.detail:
            flap = high * (0.2 * product.detail - 0.3)
            canvas.polygon(_mirrored([(top * 1.1, -high), (top * 0.8, flap)]), shade(product.second, 0.9))
    canvas.ellipse(0, -high * 0.36, 0.055, 0.055, (235, 200, 90))


KINDS: dict[str, Callable[[Canvas, Product], None]] = {
    "Bottle": turned,
    "Vase": turned,
    "Jar": turned,
    "Mug": mug,
    "Can": can,
    "Carton": carton,
    "Lamp": lamp,
    "Teapot": teapot,
    "Clock": clock,
    "Bag": bag,
}


def _mirrored(right: Points) -> list[tuple[float, float]]:
    """The closed symmetric outline with the right half ``right``, given from top to bottom."""
    return [*right, *[(-x, y) for x, y in reversed(right)]]


def _decorate(canvas: Canvas, product: Product, left: float, top: float, right: float, bottom: float) -> None:
    area = Area(left, top, right, bottom, product.count, product.ink, product.second)
    product.decoration(canvas, area)
