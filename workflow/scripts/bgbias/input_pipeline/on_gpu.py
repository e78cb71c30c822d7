"""Crop, resize, mirror, composite and normalise a whole batch on a GPU; see ``on_cpu`` for the CPU.

Launching an operation holds Python's lock for some microseconds, during which the training thread waits. So
there are few launches: images and backgrounds are resized together, and uploaded in large pieces. An image
and its mask are one RGBA array, so that they are always cropped alike.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from bgbias.input_pipeline.crops import Cuts
from bgbias.input_pipeline.pixels import PixelStore
from bgbias.input_pipeline.preprocessing import Preprocessing, normalise

# ASSUME: a set of backgrounds may take a quarter of the GPU memory that is free when it is first used.
_SHARE = 4
_PIECE = 2**26  # bytes per copy
# ASSUME: on a GPU pictures may be resized in half precision, which has its own circuits and takes half the
# bytes. Pixels are exact in it, and results are off by three eighths of one of the 255 levels at most
# (weights and rounding, twice): less than what packing rounds.
_HALF = {"cuda": torch.float16}


@lru_cache(maxsize=2)  # the backgrounds of training and of validation
def resident(store: PixelStore, device: torch.device) -> Tensor | np.ndarray:
    """All pixels of ``store`` for :class:`Cuts`: uint8 (bytes,) on ``device``; if there is no room, the
    store's own array, from which each batch uploads what it needs."""
    data = store.data
    if device.type == "cuda" and _SHARE * len(data) > torch.cuda.mem_get_info(device)[0]:
        return data
    held = torch.empty(len(data), dtype=torch.uint8, device=device)
    for begin in range(0, len(data), _PIECE):
        piece = data[begin : begin + _PIECE].copy()  # PyTorch warns about read-only memory
        held[begin : begin + len(piece)].copy_(torch.from_numpy(piece))
    return held


def assemble(
    images: Cuts,
    backgrounds: Cuts | None,
    background_of: np.ndarray,
    size: int,
    preprocessing: Preprocessing,
    device: torch.device,
) -> Tensor:
    """x·m + b·(1 − m), normalised: float32 (B, 3, size, size) on ``device``, channels_last.

    x is the red, green and blue of an image cropped and resized, m its alpha / 255, and b the background
    number ``background_of`` (int64 (B,)), or x itself if that is negative.
    """
    numbers = _HALF.get(device.type, torch.float32)
    if backgrounds is None:
        rgb = crop_resize([images], size, device, numbers)[:, :3].float()
    else:
        count = len(background_of)
        pictures = crop_resize([images, backgrounds], size, device, numbers)
        behind = uploaded(np.where(background_of < 0, np.arange(count), count + background_of), device)
        rgba, colours = pictures[:count].float(), pictures[:, :3].index_select(0, behind).float()
        rgb = torch.lerp(colours, rgba[:, :3], rgba[:, 3:] / 255)
    return normalise(rgb, preprocessing).contiguous(memory_format=torch.channels_last)


def crop_resize(
    parts: Sequence[Cuts], size: int, device: torch.device, numbers: torch.dtype = torch.float32
) -> Tensor:
    """The pictures of all ``parts`` cropped, resized and mirrored: ``numbers`` (N, 4, size, size), 0 to 255.

    Antialiased bilinear, as in torchvision's ``resized_crop``, as two batched matrix products.
    """
    pixels, lengths, mirrored, longest = _cut(parts, device)
    height, _, width = pixels.shape[1:]
    pixels = pixels.to(numbers, memory_format=torch.contiguous_format)
    taps = 2 * math.ceil(max(1, longest / size)) + 1
    weights = _resampling_weights(lengths, mirrored, max(height, width), size, taps, numbers)
    down, across = weights[:, 0, :, :height], weights[:, 1, :, :width]
    lines = pixels.view(-1, 4 * height, width).bmm(across.transpose(1, 2))
    side = weights.shape[2]
    resized = down.bmm(lines.view(-1, height, 4 * side)).view(-1, side, 4, side)
    return resized[:, :size, :, :size].transpose(1, 2)


def _cut(parts: Sequence[Cuts], device: torch.device) -> tuple[Tensor, Tensor, Tensor, int]:
    """All crops, padded to one size: uint8 (N, H, 4, W), a view. Their heights and widths, and whether they
    are mirrored vertically and horizontally: int64 (N, 2) each. The largest height or width."""
    sources, tables = zip(*(_pixels(cuts, device) for cuts in parts), strict=True)
    table = np.concatenate(tables)
    most = table[:, 2:4].max(axis=0)
    # A multiple of eight, as tensor cores want it, and one more than any crop has, which the weights need.
    height, width = (8 * (most // 8 + 1)).tolist()
    first, stride, lengths, mirrored = uploaded(table, device).split([1, 1, 2, 2], dim=1)
    # Padding repeats a crop's last row and column; its weight is zero.
    rows = torch.minimum(torch.arange(height, device=device), lengths[:, :1] - 1)
    columns = torch.minimum(torch.arange(width, device=device), lengths[:, 1:] - 1)
    places = (first + stride * rows)[:, :, None] + columns[:, None]
    pixels = torch.empty(places.shape, dtype=torch.int32, device=device)
    counts = [len(rows) for rows in tables]
    for source, own, into in zip(sources, places.split(counts), pixels.split(counts), strict=True):
        torch.take(source, own, out=into)
    pixels = pixels.view(torch.uint8).view(-1, height, width, 4).transpose(2, 3)
    return pixels, lengths, mirrored, int(most.max())


def _pixels(cuts: Cuts, device: torch.device) -> tuple[Tensor, np.ndarray]:
    """int32 pixels on the device, and for each crop the index of its first pixel, the row stride in pixels,
    its height and width, and whether it is mirrored vertically (never) and horizontally: int64 (B, 6)."""
    tops, lefts, heights, widths = cuts.boxes.T
    strides = cuts.sizes[:, 1]
    if isinstance(cuts.data, Tensor):
        pixels, starts = cuts.data, cuts.offsets // 4 + strides * tops
    else:
        pixels = rows_of(cuts, pinned=device.type == "cuda").to(device, non_blocking=True)
        starts = np.cumsum(strides * heights) - strides * heights
    never = np.zeros_like(tops)
    table = np.column_stack([starts + lefts, strides, heights, widths, never, cuts.flips])
    return pixels.view(torch.int32), table


def rows_of(cuts: Cuts, pinned: bool) -> Tensor:
    """All that the host does with pixels: copy the crops' whole rows, one piece per crop, uint8 (bytes,).

    ``pinned`` memory is uploaded while the host continues.
    """
    strides = 4 * cuts.sizes[:, 1]
    begins = cuts.offsets + strides * cuts.boxes[:, 0]
    ends = begins + strides * cuts.boxes[:, 2]
    host = torch.empty(int((ends - begins).sum()), dtype=torch.uint8, pin_memory=pinned)
    pieces = [cuts.data[begin:end] for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]
    np.concatenate(pieces, out=host.numpy())
    return host


def uploaded(numbers: np.ndarray, device: torch.device) -> Tensor:
    """``numbers`` on the device, without waiting for it."""
    host = torch.from_numpy(numbers)
    # Otherwise the driver waits for copies of more than 64 kB.
    host = host.pin_memory() if device.type == "cuda" else host
    return host.to(device, non_blocking=True)


def _resampling_weights(
    lengths: Tensor, mirrored: Tensor, padded: int, size: int, taps: int, numbers: torch.dtype
) -> Tensor:
    """``numbers`` (N, 2, S, padded): rows of triangle filters, as wide as one output pixel but at least one
    input pixel, centred on the output pixel; inputs beyond ``lengths`` (N, 2) have weight zero. S is ``size``
    and the rows of zeros that make it a multiple of eight.

    Only ``taps`` weights of a row are computed, as many as the widest filter has; ``padded`` > lengths.
    """
    lengths, mirrored = lengths[:, :, None, None], mirrored[:, :, None, None]
    scale = lengths / size
    outputs = torch.arange(0.5, size, device=lengths.device)[:, None]
    centres = torch.where(mirrored > 0, size - outputs, outputs) * scale
    reach = scale.clamp(min=1)
    inputs = (centres - reach).floor() + torch.arange(float(taps), device=lengths.device)
    weights = (1 - (inputs + 0.5 - centres).abs_() / reach).clamp_(min=0)
    inside = (inputs >= 0) & (inputs < lengths)
    weights *= inside
    weights /= weights.sum(dim=3, keepdim=True)
    # Those outside go to the last column, which no picture has, instead of overwriting others.
    places = torch.where(inside, inputs, padded - 1).long()
    rows = torch.zeros(len(lengths), 2, 8 * math.ceil(size / 8), padded, dtype=numbers, device=lengths.device)
    rows[:, :, :size].scatter_(3, places, weights.to(numbers))
    return rows
