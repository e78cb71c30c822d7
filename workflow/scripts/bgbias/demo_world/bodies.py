"""Outlines of cars in side view, front to the right, at nominal proportions."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Body:
    """Points (x, y) with y = 0 at the sill and negative upwards."""

    line: list[tuple[float, float]]  # from the rear bumper over the roof to the front bumper
    cabin: list[tuple[float, float]]  # window corners: rear bottom, rear top, front top, front bottom
    pillars: list[float]  # x positions that divide the windows


def _points(text: str) -> list[tuple[float, float]]:
    numbers = [float(number) for number in text.split()]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


BODIES = {
    "Saloon": Body(
        _points("-.98 -.02 -.97 -.27 -.62 -.33 -.42 -.57 .12 -.58 .42 -.33 .86 -.26 .98 -.12 .98 .02"),
        _points("-.53 -.33 -.38 -.53 .10 -.54 .33 -.33"),
        [-0.12],
    ),
    "Hatch": Body(
        _points("-.86 -.02 -.9 -.3 -.76 -.56 -.55 -.64 .12 -.63 .45 -.36 .84 -.28 .92 -.12 .92 .02"),
        _points("-.73 -.36 -.6 -.58 .09 -.58 .34 -.36"),
        [-0.2],
    ),
    "Estate": Body(
        _points("-.99 -.02 -.99 -.32 -.9 -.58 -.75 -.62 .1 -.61 .42 -.35 .86 -.27 .98 -.12 .98 .02"),
        _points("-.9 -.35 -.82 -.56 .08 -.56 .33 -.35"),
        [-0.48, -0.1],
    ),
    "Coupe": Body(
        _points("-.97 -.02 -.99 -.25 -.78 -.33 -.36 -.51 -.02 -.51 .36 -.29 .88 -.21 1 -.08 .98 .02"),
        _points("-.56 -.31 -.3 -.47 -.02 -.47 .26 -.29"),
        [],
    ),
    "Offroader": Body(
        _points("-.88 -.02 -.9 -.4 -.86 -.74 -.74 -.78 .2 -.77 .36 -.44 .82 -.41 .9 -.3 .9 .02"),
        _points("-.79 -.45 -.77 -.71 .16 -.71 .27 -.45"),
        [-0.45, -0.1],
    ),
    "Pickup": Body(
        _points("-1 -.02 -1 -.32 -.26 -.34 -.24 -.66 -.1 -.7 .26 -.69 .46 -.38 .9 -.34 .98 -.2 .98 .02"),
        _points("-.16 -.38 -.16 -.63 .22 -.63 .37 -.38"),
        [0.06],
    ),
    "Van": Body(
        _points("-.98 -.02 -.98 -.5 -.95 -.82 -.85 -.86 .42 -.85 .62 -.72 .84 -.4 .97 -.28 .97 .02"),
        _points(".2 -.46 .2 -.76 .5 -.74 .74 -.46"),
        [0.4],
    ),
    "Roadster": Body(
        _points(
            "-.92 -.02 -.95 -.26 -.6 -.33 -.36 -.31 -.05 -.29 .08 -.46 "
            ".14 -.46 .26 -.29 .84 -.24 .95 -.1 .94 .02"
        ),
        _points("0 -.29 .09 -.44 .13 -.44 .22 -.29"),
        [],
    ),
    "Bubble": Body(
        _points("-.82 -.02 -.86 -.3 -.6 -.56 -.3 -.72 .02 -.72 .3 -.54 .46 -.36 .74 -.3 .86 -.14 .84 .02"),
        _points("-.56 -.4 -.34 -.62 0 -.64 .3 -.4"),
        [-0.12],
    ),
}
