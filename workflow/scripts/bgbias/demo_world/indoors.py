"""Indoor scenes and surfaces, with the same interface as the outdoor ones."""

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from bgbias.demo_world.chance import Colour, between, colour, happens, pick, shade, whole
from bgbias.demo_world.textures import below, dimmed, flat, grain, noise, pixels

Generator = np.random.Generator


def room(place: Generator, view: Generator, side: int) -> Image.Image:
    """A wallpapered wall with a picture or a window, a skirting board and a floor."""
    floor = between(place, 0.6, 0.78)
    wall = _interior_colour(place)
    picture = grain(view, side, wall, 0.92, 1.06, 3, 3, 2)
    _wallpaper(picture, place, wall)
    if happens(place, 0.75):
        _frame(picture, place, view, floor)
    below(picture, flat(floor), _planks(place, view, side))
    board = pick(place, [(240, 238, 230), shade(wall, 0.6)])
    ImageDraw.Draw(picture).rectangle(pixels(side, 0, floor - 0.035, 1, floor), fill=board)
    return _lamplight(picture, place)


def table(place: Generator, view: Generator, side: int) -> Image.Image:
    """A table top in front of a blurred room."""
    edge = between(place, 0.45, 0.65)
    wall = _interior_colour(place)
    picture = grain(view, side, wall, 0.85, 1.1, 2, 2, 2)
    pen = ImageDraw.Draw(picture)
    for _ in range(whole(place, 2, 5)):
        x = between(place, 0, 1) + between(view, -0.04, 0.04)
        width = between(place, 0.05, 0.2)
        top = between(place, 0, edge)
        pen.rectangle(pixels(side, x, top, x + width, edge), fill=_interior_colour(place))
    picture = picture.filter(ImageFilter.BoxBlur(side // 30))
    below(picture, flat(edge), _wood(place, view, side))
    ImageDraw.Draw(picture).line(pixels(side, 0, edge, 1, edge), fill=(60, 45, 35), width=2)
    return _lamplight(picture, place)


def shelf(place: Generator, view: Generator, side: int) -> Image.Image:
    """Boards with books on them."""
    wall = _interior_colour(place)
    picture = grain(view, side, wall, 0.8, 1.0, 3, 3, 2)
    pen = ImageDraw.Draw(picture)
    boards = whole(place, 2, 3)
    wood = colour(between(place, 0.05, 0.1), between(place, 0.2, 0.6), between(place, 0.3, 0.8))
    books = [_interior_colour(place) for _ in range(5)]
    for board in range(boards):
        y, x, shift = (board + 0.9) / boards, 0.0, between(view, 0, 0.05)
        while x < 1:
            width, high = between(place, 0.03, 0.09), between(place, 0.5, 0.8) / boards
            if happens(place, 0.75):
                cover = shade(pick(place, books), between(place, 0.7, 1.2))
                pen.rectangle(
                    [
                        round((x + shift) * side),
                        round((y - high) * side),
                        round((x + shift + width) * side) - 1,
                        round(y * side),
                    ],
                    fill=cover,
                )
            x += width
        pen.rectangle(pixels(side, 0, y, 1, y + 0.035), fill=wood)
    return _lamplight(picture.filter(ImageFilter.BoxBlur(side // 130)), place)


def tiles(place: Generator, view: Generator, side: int) -> Image.Image:
    """A kitchen: tiled wall and worktop."""
    glaze, joint = _interior_colour(place), shade(_interior_colour(place), 1.5)
    picture = grain(view, side, glaze, 0.9, 1.1, 8, 8, 2)
    pen, pitch = ImageDraw.Draw(picture), between(place, 0.09, 0.2)
    high, offset = pitch * pick(place, [1, 1, 0.5]), happens(place, 0.4)
    dx, dy = between(view, 0, pitch), between(view, 0, high)
    for row in range(-1, int(1 / high) + 2):
        y = row * high + dy
        pen.line(pixels(side, 0, y, 1, y), fill=joint, width=max(2, side // 110))
        for column in range(-1, int(1 / pitch) + 2):
            x = column * pitch + dx + (pitch / 2 if offset and row % 2 else 0)
            pen.line(pixels(side, x, y, x, y + high), fill=joint, width=max(2, side // 110))
    top = between(place, 0.62, 0.8)
    stone = colour(between(place, 0, 1), between(place, 0, 0.2), between(place, 0.2, 0.9))
    below(picture, flat(top), grain(view, side, stone, 0.75, 1.25, 50, 50, 2))
    return _lamplight(picture, place)


def cloth(place: Generator, view: Generator, side: int) -> Image.Image:
    """A plaid or striped cloth seen from above, with folds."""
    ground = _interior_colour(place)
    picture = Image.new("RGB", (side, side), ground)
    stripes = Image.new("RGB", (side, side), (255, 255, 255))
    pen, plaid = ImageDraw.Draw(stripes), happens(place, 0.6)
    pitch, shift = between(place, 0.12, 0.3), between(view, 0, 0.3)
    for _ in range(whole(place, 1, 3)):
        at = between(place, 0, pitch)
        width = between(place, 0.02, 0.09)
        ink = shade(_interior_colour(place), 1.3)
        for repeat in range(-2, int(1 / pitch) + 1):
            first = round((at + repeat * pitch + shift) * side)
            last = round((at + width + repeat * pitch + shift) * side)
            pen.rectangle([first, 0, last, side], fill=ink)
            if plaid:
                pen.rectangle([0, first, side, first + (last - first) // 2], fill=ink)
    picture = ImageChops.multiply(picture, stripes)
    folds = noise(view, side, 3, 3, 2).point([175 + value * 80 // 255 for value in range(256)])
    weave = noise(view, side, 90, 90, 1).point([225 + value * 30 // 255 for value in range(256)])
    return dimmed(dimmed(picture, folds), weave)


def bricks(place: Generator, view: Generator, side: int) -> Image.Image:
    """A brick wall with paving in front of it."""
    clay = colour(between(place, 0.0, 0.1), between(place, 0.1, 0.6), between(place, 0.4, 0.8))
    mortar = between(place, 0.5, 1.6)
    picture = grain(view, side, clay, 0.85, 1.15, 14, 20, 2)
    pen, high = ImageDraw.Draw(picture), between(place, 0.045, 0.08)
    wide, dx = high * between(place, 2, 3), between(view, 0, 0.2)
    for row in range(int(1 / high) + 1):
        y = round(row * high * side)
        pen.line([0, y, side, y], fill=shade(clay, mortar), width=max(2, side // 120))
        for column in range(-1, int(1 / wide) + 2):
            left = (column + (row % 2) / 2) * wide + dx - 0.2
            if happens(place, 0.15):
                pen.rectangle(
                    [round(left * side), y, round((left + wide) * side), round(y + high * side)],
                    fill=shade(clay, between(place, 0.7, 1.2)),
                )
            pen.line(
                [round(left * side), y, round(left * side), round(y + high * side)],
                fill=shade(clay, mortar),
                width=max(2, side // 120),
            )
    foot = between(place, 0.65, 0.85)
    paving = colour(0.1, between(place, 0, 0.2), between(place, 0.35, 0.7))
    below(picture, flat(foot), grain(view, side, paving, 0.8, 1.15, 30, 40, 2))
    return picture


def garage(place: Generator, view: Generator, side: int) -> Image.Image:
    """A hall with a panelled wall and a shiny floor, lit from one side."""
    foot = between(place, 0.5, 0.65)
    wall = colour(between(place, 0, 1), between(place, 0, 0.45), between(place, 0.3, 0.9))
    picture = grain(view, side, wall, 0.9, 1.05, 2, 4, 2)
    pen, panels, shift = ImageDraw.Draw(picture), whole(place, 3, 8), between(view, 0, 0.2)
    for panel in range(panels + 2):
        x = round((panel / panels - shift) * side)
        pen.rectangle([x, 0, x + side // 80, round(foot * side)], fill=shade(wall, 0.7))
    if happens(place, 0.6):
        y, band = between(place, 0.2, 0.4), colour(between(place, 0, 1), 0.7, 0.8)
        pen.rectangle(pixels(side, 0, y, 1, y + 0.06), fill=band)
    floor = colour(between(place, 0, 1), between(place, 0, 0.25), between(place, 0.35, 0.75))
    below(picture, flat(foot), grain(view, side, floor, 0.8, 1.3, 3, 10, 2))
    return _lamplight(picture, place)


def _interior_colour(place: Generator) -> Colour:
    hue = pick(place, [between(place, 0.02, 0.16), between(place, 0.5, 0.66), between(place, 0, 1)])
    return colour(hue, between(place, 0.06, 0.45), between(place, 0.4, 0.95))


def _wallpaper(picture: Image.Image, place: Generator, wall: Colour) -> None:
    side, pen = picture.width, ImageDraw.Draw(picture)
    pattern, pitch = pick(place, ["plain", "stripes", "dots"]), between(place, 0.06, 0.16)
    ink, count = shade(wall, pick(place, [0.8, 1.35])), int(1 / pitch) + 1
    if pattern == "stripes":
        for column in range(count):
            pen.rectangle(
                [round(column * pitch * side), 0, round((column + 0.5) * pitch * side), side], fill=ink
            )
    if pattern == "dots":
        radius = round(pitch * side * 0.2)
        for row in range(count):
            for column in range(count):
                x, y = round((column + (row % 2) / 2) * pitch * side), round(row * pitch * side)
                pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=ink)


def _frame(picture: Image.Image, place: Generator, view: Generator, floor: float) -> None:
    side, pen = picture.width, ImageDraw.Draw(picture)
    x, y = between(place, 0.05, 0.6) + between(view, -0.03, 0.03), between(place, 0.02, 0.2)
    right, bottom = x + between(place, 0.2, 0.4), min(y + between(place, 0.2, 0.45), floor - 0.06)
    outer = [round(value * side) for value in (x, y, right, bottom)]
    inset = max(2, side // 50)
    pen.rectangle(outer, fill=pick(place, [(245, 242, 235), (70, 50, 35), (200, 165, 80)]))
    inner = [outer[0] + inset, outer[1] + inset, outer[2] - inset, outer[3] - inset]
    pen.rectangle(
        inner, fill=colour(between(place, 0, 1), between(place, 0.2, 0.5), between(place, 0.6, 0.95))
    )
    if happens(place, 0.5):
        middle = (outer[0] + outer[2]) // 2
        pen.rectangle([middle - inset // 2, outer[1], middle + inset // 2, outer[3]], fill=(245, 242, 235))
    else:
        pen.polygon(
            [
                (inner[0], inner[3]),
                ((inner[0] + inner[2]) // 2, (inner[1] + inner[3]) // 2),
                (inner[2], inner[3]),
            ],
            fill=_interior_colour(place),
        )


def _wood(place: Generator, view: Generator, side: int) -> Image.Image:
    timber = colour(between(place, 0.04, 0.11), between(place, 0.2, 0.65), between(place, 0.3, 0.9))
    return grain(view, side, timber, 0.72, 1.15, 3, whole(place, 20, 50))


def _planks(place: Generator, view: Generator, side: int) -> Image.Image:
    picture = _wood(place, view, side)
    pen, dark, pitch = ImageDraw.Draw(picture), (60, 42, 30), between(place, 0.05, 0.12)
    for row in range(int(1 / pitch) + 1):
        pen.line(pixels(side, 0, row * pitch, 1, row * pitch), fill=dark, width=max(1, side // 150))
    return picture


def _lamplight(picture: Image.Image, place: Generator) -> Image.Image:
    """Brighten one side, chosen by the place."""
    glow = Image.linear_gradient("L").rotate(pick(place, [0, 90, 180, 270]))
    glow = glow.resize(picture.size, Image.Resampling.BILINEAR)
    return dimmed(picture, glow.point([190 + value * 65 // 255 for value in range(256)]))
