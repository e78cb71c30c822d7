"""Crop, resize, mirror, composite and normalise: a whole batch in one compiled loop, for the CPU.

The counterpart of ``on_gpu``. Each output row is computed from the few rows of the picture and of its new
background that it needs, while they are in the processor's cache; nothing but the batch is stored. Along a
row the four bytes of a pixel are lanes of one 64-bit word: values up to 255 with weights that add up to 256
stay below 2¹⁶, so one multiplication serves all four.
"""

import sys
from typing import NamedTuple

import numpy as np

from bgbias.compiling import compiled, compiled_once

if sys.byteorder != "little":
    raise ImportError("The bytes R, G, B, A of a pixel are read as lanes of a little-endian word.")

# ASSUME: values interpolated between rows are rounded to integers, and weights to 256ths: the root mean
# square error of a resized value is about .2 of 255, against .3 for PyTorch's uint8 kernel.
_UNIT = 256  # sum of the weights of an output


def fill(out, images, backgrounds, background_of, factor, shift, channels):
    """Write factor · (x·m + b·(1 − m)) + shift into ``out``, float32 (B, S, S, 3).

    ``images`` and ``backgrounds`` are ``crops.Cuts``; x is the red, green and blue of an image cropped and
    resized to S × S, m its alpha / 255, and b the background number ``background_of`` (int64 (B,)), or x
    itself if that is negative. ``channels`` says which of red (0), green (1) and blue (2) is first, second
    and third in the output (three int); ``factor`` and ``shift`` are in that order (three float32 each).
    """
    # Plain tuples: numba caches argument types on disk, and fails if a class is moved later.
    _fill(out, tuple(images), tuple(backgrounds), background_of, factor, shift, channels)


@compiled_once
def _fill(out, images, backgrounds, background_of, factor, shift, channels):
    size = out.shape[1]
    image_row, background_row = np.empty(size, np.uint64), np.empty(size, np.uint64)
    for n in range(len(out)):
        image, behind = _cut(images, n, size), background_of[n]
        background = _cut(backgrounds, behind, size) if behind >= 0 else image
        for i in range(size):
            _resize_row(image, i, image_row)
            row = out[n, i].reshape(-1)
            if behind >= 0:
                _resize_row(background, i, background_row)
                _blend(image_row, background_row, factor, shift, channels, row)
            else:
                _blend(image_row, image_row, factor, shift, channels, row)


class _Cut(NamedTuple):
    """One of ``crops.Cuts`` with its vertical and horizontal weights, and a buffer for one row."""

    data: np.ndarray
    origin: int  # first byte
    stride: int  # bytes from one row to the next
    last: int  # index of the last row
    tops: np.ndarray
    down: np.ndarray
    lefts: np.ndarray
    across: np.ndarray
    line: np.ndarray


@compiled
def _cut(cuts, n, size):
    data, offsets, sizes, boxes, flips = cuts
    top, left, height, width = boxes[n]
    stride = 4 * sizes[n, 1]
    origin = offsets[n] + stride * top + 4 * left
    tops, down = _weights(height, size, False)
    lefts, across = _weights(width, size, flips[n])
    # Padded beyond the last pixel, because the loops also read there, with weight zero.
    line = np.zeros(4 * (width + len(across)), np.uint16)
    return _Cut(data, origin, stride, height - 1, tops, down, lefts, across, line)


@compiled
def _weights(length, size, mirrored):
    """Where each of ``size`` outputs starts to read, uint64 (S,), and its weights from there, uint16 (K, S).

    Triangle filters, as wide as one output pixel but at least one input pixel, centred on the output pixel.
    """
    scale = length / size
    reach = max(scale, 1.0)
    exact = np.empty(int(np.ceil(2 * reach)))
    first, weights = np.empty(size, np.uint64), np.empty((len(exact), size), np.uint16)
    for i in range(size):
        centre = (i + 0.5) * scale
        begin = max(int(centre - reach + 0.5), 0)
        for k in range(len(exact)):
            inside = begin + k < length
            exact[k] = max(reach - abs(begin + k + 0.5 - centre), 0.0) if inside else 0.0
        place = size - 1 - i if mirrored else i
        first[place], total, so_far, given = begin, exact.sum(), 0.0, 0
        for k in range(len(exact)):
            so_far += exact[k]
            weights[k, place] = int(_UNIT * so_far / total + 0.5) - given
            given += weights[k, place]
    return first, weights


@compiled
def _resize_row(cut, i, out):
    """Row ``i`` of the resized crop: four lanes of 256 · value per pixel, uint64 (S,)."""
    # ``cut`` is unpacked outside the loops (a tenth faster); 16-bit weights allow 16-bit multiplications.
    down, lefts, across, line = cut.down, cut.lefts, cut.across, cut.line
    top, width = int(cut.tops[i]), len(line) - 4 * len(across)
    row, below = _row(cut, top, width), _row(cut, top + 1, width)
    upper, lower = down[0, i], down[1, i]
    for x in range(width):
        line[x] = upper * row[x] + lower * below[x] + np.uint64(_UNIT // 2)
    for k in range(2, len(down)):
        row, weight = _row(cut, top + k, width), down[k, i]
        for x in range(width):
            line[x] += weight * row[x]
    for x in range(width):
        line[x] = line[x] >> np.uint16(8)
    pixels = line.view(np.uint64)
    # Unsigned indices, because signed ones are checked for wraparound.
    if len(across) == 2:
        for j in range(len(out)):
            left, right = pixels[lefts[j]], pixels[lefts[j] + np.uint64(1)]
            out[j] = (right << np.uint64(8)) + across[0, j] * (left - right)  # the weights add up to 256
        return
    for j in range(len(out)):
        first = lefts[j]
        left, middle, right = pixels[first], pixels[first + np.uint64(1)], pixels[first + np.uint64(2)]
        out[j] = across[0, j] * left + across[1, j] * middle + across[2, j] * right
    for k in range(3, len(across)):
        for j in range(len(out)):
            out[j] += across[k, j] * pixels[lefts[j] + np.uint64(k)]


@compiled
def _row(cut, y, width):
    begin = cut.origin + cut.stride * min(y, cut.last)
    return cut.data[begin : begin + width]


@compiled
def _blend(image, background, factor, shift, channels, out):
    # Written in place: through a plane per colour it takes a fifth longer.
    unit = np.float32(1 / _UNIT)
    first, second, third = factor[0] * unit, factor[1] * unit, factor[2] * unit
    for j in range(len(image)):
        x, b = image[j], background[j]
        m = _lane(x, 3) * np.float32(1 / (255 * _UNIT))
        out[3 * j] = first * _between(_lane(b, channels[0]), _lane(x, channels[0]), m) + shift[0]
        out[3 * j + 1] = second * _between(_lane(b, channels[1]), _lane(x, channels[1]), m) + shift[1]
        out[3 * j + 2] = third * _between(_lane(b, channels[2]), _lane(x, channels[2]), m) + shift[2]


@compiled
def _lane(pixel, number):
    return np.float32((pixel >> np.uint64(16 * number)) & np.uint64(0xFFFF))


@compiled
def _between(b, x, m):
    return b + (x - b) * m
