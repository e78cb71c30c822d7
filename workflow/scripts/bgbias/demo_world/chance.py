"""Random choices with identical results on every machine.

Only integers and basic Python float arithmetic are used: numpy's ``uniform`` and ``normal`` may be compiled
with fused operations or call the system's math library, and so differ in the last bit.
"""

import colorsys
import math
from collections.abc import Sequence

import numpy as np

Colour = tuple[int, int, int]

# Quantised much more coarsely than the differences between math libraries.
_SINE = [round(math.sin(math.radians(degree)) * 4096) / 4096 for degree in range(360)]


def sine(degrees: int) -> float:
    """The sine of whole ``degrees``, to 1/4096."""
    return _SINE[degrees % 360]


def cosine(degrees: int) -> float:
    """The cosine of whole ``degrees``, to 1/4096."""
    return _SINE[(degrees + 90) % 360]


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """A number in [low, high)."""
    return low + (high - low) * (int(rng.integers(1 << 20)) / (1 << 20))


def whole(rng: np.random.Generator, low: int, high: int) -> int:
    """An integer in [low, high], both ends included."""
    return int(rng.integers(low, high + 1))


def pick(rng: np.random.Generator, items: Sequence):
    """One of ``items``."""
    return items[int(rng.integers(len(items)))]


def happens(rng: np.random.Generator, probability: float) -> bool:
    """True with ``probability``."""
    return int(rng.integers(1 << 20)) < probability * (1 << 20)


def colour(hue: float, saturation: float, value: float) -> Colour:
    """8-bit RGB; ``hue`` in turns (any real number), the other two are clipped to [0, 1]."""
    saturation, value = min(max(saturation, 0), 1), min(max(value, 0), 1)
    return tuple(int(part * 255 + 0.5) for part in colorsys.hsv_to_rgb(hue % 1.0, saturation, value))


def shade(rgb: Colour, factor: float) -> Colour:
    """``rgb`` darkened (factor below 1) or lightened towards white (above 1; 2 is white)."""
    if factor <= 1:
        return tuple(int(part * factor) for part in rgb)
    return tuple(int(part + (255 - part) * min(factor - 1, 1)) for part in rgb)


def shift_hue(rgb: Colour, turns: float, saturation: float = 1.0) -> Colour:
    """``rgb`` with its hue shifted by ``turns`` and its saturation scaled."""
    hue, s, v = colorsys.rgb_to_hsv(*(part / 255 for part in rgb))
    return colour(hue + turns, s * saturation, v)
