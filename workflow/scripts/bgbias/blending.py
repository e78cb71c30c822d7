"""Background replacement and normalisation of one image on the CPU, in few passes over cached memory.

The arithmetic of ``transforms.composite`` and ``transforms.normalise``, on pixels as 32-bit words: torch's
general operations on interleaved RGBA bytes take several times as long, mostly for strided access.
"""

import sys

import numpy as np

if sys.byteorder != "little":
    raise ImportError("bgbias.blending reads the bytes R, G, B, A of a pixel as one little-endian word.")

_GREEN, _RED_AND_BLUE = np.uint32(0x0000FF00), np.uint32(0x00FF00FF)


def scratch(size: int) -> np.ndarray:
    """Working memory for :func:`blend`, to be reused from image to image."""
    return np.empty((5, size, size), dtype=np.uint32)


def blend(
    image: np.ndarray,
    background: np.ndarray | None,
    factor: list[float],
    shift: list[float],
    work: np.ndarray,
    out: np.ndarray,
) -> None:
    """Write factor · (x·m + b·(1 − m)) + shift into ``out``, float32 (3, S, S), channels R, G, B.

    ``image`` and ``background`` are uint8 (S, S, 4) RGBA, contiguous; m = A / 255 of the image. Without a
    background x alone is normalised. 255·(x·m + b·(1 − m)) is a whole number below 2¹⁶: red and blue share a
    word, and nothing is rounded before float32.
    """
    pixels, unit = image.view(np.uint32)[..., 0], 1
    alpha, rest, a, b, last = work
    if background is not None:
        behind, unit = background.view(np.uint32)[..., 0], 255
        np.right_shift(pixels, 24, out=alpha)
        np.bitwise_xor(alpha, 255, out=rest)

    def mix(channels: np.uint32) -> None:
        np.bitwise_and(pixels, channels, out=a)
        if background is not None:
            np.multiply(a, alpha, out=a)
            np.bitwise_and(behind, channels, out=b)
            np.multiply(b, rest, out=b)
            np.add(a, b, out=a)

    def write(channel: int, values: np.ndarray, unit: int) -> None:
        floats = last.view(np.float32)
        np.copyto(floats, values.view(np.int32), casting="unsafe")
        np.multiply(floats, np.float32(factor[channel] / unit), out=floats)
        np.add(floats, np.float32(shift[channel]), out=out[channel])

    mix(_GREEN)
    write(1, a, unit << 8)
    mix(_RED_AND_BLUE)
    write(0, np.bitwise_and(a, 0xFFFF, out=b), unit)
    write(2, np.right_shift(a, 16, out=b), unit)
