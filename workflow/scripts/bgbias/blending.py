"""Background replacement and normalisation of one image on the CPU, in few passes over cached memory.

The arithmetic of ``transforms.composite`` and ``transforms.normalise``, on pixels as 32-bit words: torch's
general operations on interleaved RGBA bytes take several times as long, mostly for strided access.
"""

import sys

import numpy as np

if sys.byteorder != "little":
    raise ImportError("bgbias.blending reads the bytes R, G, B, A of a pixel as one little-endian word.")

_RED_AND_BLUE = np.uint32(0x00FF00FF)


def scratch(size: int) -> np.ndarray:
    """Working memory for :func:`blend`, to be reused from image to image."""
    return np.empty((4, size, size), dtype=np.uint32)


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
    pixels = image.view(np.uint32)[..., 0]
    alpha, rest, a, b = work
    unit = 1 if background is None else 255
    np.bitwise_and(pixels, _RED_AND_BLUE, out=a)
    if background is not None:
        behind = background.view(np.uint32)[..., 0]
        np.right_shift(pixels, 24, out=alpha)
        np.bitwise_xor(alpha, 255, out=rest)
        np.bitwise_and(behind, _RED_AND_BLUE, out=b)
        _mix(a, b, alpha, rest)
    np.bitwise_and(a, 0xFFFF, out=b)
    np.copyto(out[0], b.view(np.int32), casting="unsafe")
    np.right_shift(a, 16, out=a)
    np.copyto(out[2], a.view(np.int32), casting="unsafe")
    _green(pixels, a)
    if background is not None:
        _green(behind, b)
        _mix(a, b, alpha, rest)
    np.copyto(out[1], a.view(np.int32), casting="unsafe")
    for channel in range(3):
        out[channel] *= np.float32(factor[channel] / unit)
        out[channel] += np.float32(shift[channel])


def _green(pixels: np.ndarray, out: np.ndarray) -> None:
    np.right_shift(pixels, 8, out=out)
    np.bitwise_and(out, 255, out=out)


def _mix(a: np.ndarray, b: np.ndarray, alpha: np.ndarray, rest: np.ndarray) -> None:
    np.multiply(a, alpha, out=a)
    np.multiply(b, rest, out=b)
    np.add(a, b, out=a)
