"""Outdoor scenes. Every painter takes a random generator of the place and one of this particular view."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from bgbias.demo_world.chance import between, colour, happens, pick, shade, whole
from bgbias.demo_world.textures import below, flat, grain, levels, mixed, noise, pixels, ridge, wash

Generator = np.random.Generator


def sky(place: Generator, view: Generator, side: int, horizon: float) -> Image.Image:
    """Blue, hazy, grey or evening sky with this view's clouds."""
    hue, saturation, value = pick(
        place,
        [
            (0.58, 0.6, 0.9),
            (0.56, 0.35, 0.95),
            (0.6, 0.12, 0.8),
            (0.07, 0.45, 0.95),
            (0.93, 0.3, 0.85),
            (0.62, 0.7, 0.65),
        ],
    )
    hue += between(place, -0.03, 0.03)
    top, bottom = colour(hue, saturation, value), colour(hue + 0.02, saturation * 0.25, min(value + 0.1, 1))
    picture = wash(side, top, bottom, 0, horizon)
    clouds = levels(noise(view, side, whole(place, 2, 3), whole(place, 4, 7)), 120, 250)
    picture.paste(shade(bottom, 1.6), (0, 0), clouds)
    return picture


def hills(place: Generator, view: Generator, side: int) -> Image.Image:
    """Rolling hills in layers, often with trees on the second nearest."""
    horizon = between(place, 0.35, 0.6)
    picture = sky(place, view, side, horizon)
    hue, saturation = pick(place, [(0.27, 0.55), (0.2, 0.6), (0.13, 0.55), (0.33, 0.45), (0.1, 0.4)])
    count = whole(place, 2, 4)
    for layer in range(count):
        near = (layer + 1) / count
        ground = colour(
            hue + between(place, -0.03, 0.03), saturation * (0.35 + 0.65 * near), 0.8 - 0.3 * near
        )
        line = ridge(place, horizon + (0.4 * layer) / count, 0.12 * (1.2 - near), 4)
        below(picture, line, grain(view, side, ground, 0.8, 1.2, 6 + 6 * layer, 8 << layer))
        if layer == count - 2 and happens(place, 0.7):
            _trees(picture, place, view, line, hue)
    return picture


def mountains(place: Generator, view: Generator, side: int) -> Image.Image:
    """Snowy peaks above a meadow or a lake."""
    horizon = between(place, 0.6, 0.75)
    picture = sky(place, view, side, horizon)
    rock = colour(between(place, 0.55, 0.72), between(place, 0.1, 0.35), between(place, 0.35, 0.6))
    for layer in range(2):
        line = ridge(place, horizon - 0.28 + 0.12 * layer, 0.2, 5)
        tint = shade(rock, 1.3 - 0.45 * layer)
        below(picture, line, grain(view, side, tint, 0.7, 1.25, 14, 10))
        if layer == 0:
            snow = [(x, y + 0.07 + 0.05 * between(place, -1, 1)) for x, y in line]
            cap = [(round(x * side), round(y * side)) for x, y in line + snow[::-1]]
            ImageDraw.Draw(picture).polygon(cap, fill=(240, 243, 248))
    meadow = colour(pick(place, [0.27, 0.3, 0.15, 0.55]), between(place, 0.3, 0.6), between(place, 0.4, 0.6))
    below(picture, flat(horizon), grain(view, side, meadow, 0.75, 1.2, 10, 40))
    return picture


def shore(place: Generator, view: Generator, side: int) -> Image.Image:
    """Water up to the horizon, often with sand in front."""
    horizon = between(place, 0.3, 0.55)
    picture = sky(place, view, side, horizon)
    hue = between(place, 0.45, 0.63)
    water = colour(hue, between(place, 0.35, 0.75), between(place, 0.4, 0.75))
    ripples = levels(noise(view, side, 5, 44), 40, 220)
    below(picture, flat(horizon), mixed(shade(water, 0.75), shade(water, 1.45), ripples))
    if happens(place, 0.6):
        sand = colour(between(place, 0.08, 0.13), between(place, 0.2, 0.5), between(place, 0.65, 0.9))
        edge = ridge(place, between(place, 0.68, 0.85), 0.05, 3)
        below(picture, [(x, y - 0.02) for x, y in edge], Image.new("RGB", picture.size, (225, 235, 235)))
        below(picture, edge, grain(view, side, sand, 0.82, 1.2, 40, 60, 2))
    return picture


def desert(place: Generator, view: Generator, side: int) -> Image.Image:
    """Dunes in warm light."""
    horizon = between(place, 0.35, 0.55)
    picture = sky(place, view, side, horizon)
    hue, value = between(place, 0.03, 0.12), between(place, 0.6, 0.9)
    for layer in range(3):
        sand = colour(hue, 0.35 + 0.12 * layer, value - 0.1 * layer)
        line = ridge(place, horizon + 0.16 * layer, 0.09, 2)
        below(picture, line, grain(view, side, sand, 0.85, 1.15, 4, 30))
    return picture


def forest(place: Generator, view: Generator, side: int) -> Image.Image:
    """Trunks in front of a thicket."""
    hue, value = pick(place, [0.25, 0.3, 0.36, 0.15, 0.09]), between(place, 0.3, 0.6)
    leaf = colour(hue, between(place, 0.4, 0.7), value)
    picture = grain(view, side, leaf, 0.45, 1.35, 9, 9, 3)
    bark = colour(between(place, 0.04, 0.1), between(place, 0.1, 0.5), between(place, 0.2, 0.7))
    pen = ImageDraw.Draw(picture)
    for _ in range(whole(place, 3, 8)):
        x, width = between(place, 0, 1) + between(view, -0.05, 0.05), between(place, 0.02, 0.07)
        lean = between(place, -0.06, 0.06)
        for part, tone in ((1.0, 0.6), (0.55, 1.0)):
            half = width * part / 2
            trunk = [(x - half, 0), (x + half, 0), (x + lean + half, 1), (x + lean - half, 1)]
            pen.polygon([(round(u * side), round(v * side)) for u, v in trunk], fill=shade(bark, tone))
    floor = colour(hue + between(place, -0.15, 0.02), 0.4, value * 0.8)
    line = ridge(place, between(place, 0.72, 0.9), 0.05, 3)
    below(picture, line, grain(view, side, floor, 0.6, 1.3, 30, 40, 2))
    return picture


def foliage(place: Generator, view: Generator, side: int) -> Image.Image:
    """Out-of-focus leaves and lights, as in bird photographs."""
    hue, saturation = pick(
        place, [(0.25, 0.5), (0.33, 0.45), (0.18, 0.55), (0.1, 0.5), (0.95, 0.3), (0.55, 0.25)]
    )
    hue += between(place, -0.03, 0.03)
    ground = colour(hue, saturation, between(place, 0.35, 0.75))
    picture = grain(view, side, ground, 0.6, 1.35, 3, 3, 2)
    pen = ImageDraw.Draw(picture)
    for _ in range(whole(place, 10, 34)):
        x, y, radius = between(view, 0, 1), between(view, 0, 1), between(place, 0.02, 0.1)
        tint = colour(
            hue + between(place, -0.08, 0.08), saturation * between(place, 0.5, 1.2), between(place, 0.3, 1)
        )
        pen.ellipse(pixels(side, x - radius, y - radius, x + radius, y + radius), fill=tint)
    return picture.filter(ImageFilter.BoxBlur(side // 40))


def street(place: Generator, view: Generator, side: int) -> Image.Image:
    """A row of houses, a pavement and a road."""
    kerb = between(place, 0.55, 0.7)
    picture = sky(place, view, side, kerb)
    pen = ImageDraw.Draw(picture)
    x = -between(place, 0, 0.15)
    while x < 1:
        width, roof = between(place, 0.16, 0.4), between(place, 0.02, 0.35)
        wall = colour(between(place, 0, 1), between(place, 0.1, 0.5), between(place, 0.4, 0.9))
        pen.rectangle(pixels(side, x, roof, x + width, kerb), fill=wall)
        _windows(pen, place, x, roof, width, kerb, side, shade(wall, pick(place, [0.4, 1.7])))
        x += width
    paving = colour(0.1, between(place, 0, 0.15), between(place, 0.5, 0.75))
    below(picture, flat(kerb), grain(view, side, paving, 0.85, 1.15, 40, 40, 2))
    tar = colour(0.6, 0.05, between(place, 0.25, 0.45))
    edge = kerb + between(place, 0.06, 0.12)
    below(picture, flat(edge), grain(view, side, tar, 0.8, 1.2, 60, 60, 2))
    if happens(place, 0.7):
        phase, y, paint = between(view, 0, 0.3), edge + 0.14, pick(place, [(235, 235, 225), (230, 190, 60)])
        for dash in range(4):
            left = dash * 0.3 - phase
            ImageDraw.Draw(picture).rectangle(pixels(side, left, y, left + 0.17, y + 0.02), fill=paint)
    return picture


def _windows(pen, place, x, roof, width, kerb, side, glass) -> None:
    columns, rows = whole(place, 2, 4), whole(place, 2, 5)
    wide, high = width / columns, (kerb - roof) / rows
    for row in range(rows):
        for column in range(columns):
            left, top = x + wide * (column + 0.25), roof + high * (row + 0.25)
            pen.rectangle(pixels(side, left, top, left + wide * 0.5, top + high * 0.5), fill=glass)


def _trees(picture: Image.Image, place: Generator, view: Generator, line, hue: float) -> None:
    """Trees standing on ``line``: round ones or firs."""
    side, pen, firs = picture.width, ImageDraw.Draw(picture), happens(place, 0.5)
    crown = colour(hue + 0.04, 0.55, between(place, 0.25, 0.45))
    for _ in range(whole(place, 3, 9)):
        x, foot = pick(place, line)
        x, tall = x + between(view, -0.02, 0.02), between(place, 0.1, 0.24)
        tint = shade(crown, between(view, 0.8, 1.15))
        if firs:
            fir = [(x, foot - tall), (x - tall * 0.25, foot), (x + tall * 0.25, foot)]
            pen.polygon([(round(u * side), round(v * side)) for u, v in fir], fill=tint)
            continue
        pen.line(pixels(side, x, foot, x, foot - tall / 2), fill=(80, 60, 45), width=max(1, side // 60))
        for dx, dy in ((-0.2, 0.55), (0.2, 0.55), (0, 0.75)):
            u, v, radius = x + dx * tall, foot - dy * tall, tall * 0.3
            pen.ellipse(
                pixels(side, u - radius, v - radius, u + radius, v + radius), fill=shade(tint, 1 + dy * 0.2)
            )
