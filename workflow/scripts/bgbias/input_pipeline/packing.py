"""Packing: images resized once, with their masks, written as a store that ``pixels`` reads, and verified."""

import os
import shutil
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from bgbias.errors import StudyError
from bgbias.files import replacing, write_rows
from bgbias.input_pipeline import webp
from bgbias.input_pipeline.pixels import CHECKSUM, LENGTH, PLACE, stored_image
from bgbias.logs import progress_bar
from bgbias.prefetching import prefetch

# ASSUME: photographs and their masks shrink to less than this (docs/performance.md).
COMPRESSED_SHARE = 0.4


def background_row(path: str) -> dict:
    """The index columns of one image in a store of backgrounds, which has no classes or splits."""
    return {"path": path, "label": 0, "class_name": "background", "split": "train"}


def write_store(
    rgba_path: str | os.PathLike,
    layout_path: str | os.PathLike,
    images: Iterable[tuple[np.ndarray, dict]],
    columns: Sequence[str],
    compressed: bool = False,
    threads: int = 1,
) -> int:
    """Write ``images``, pairs of uint8 (h, w, 4) and that row's index columns; return how many were written.

    In ``threads`` threads, which also read back every image and compare its checksum. An old layout is
    removed first and the new one is renamed into place last, so a folder with a layout is a complete store.
    StudyError if there is nothing to write, if the disk returns something else than what was written, or if
    an image has more than 16,383 pixels on a side and cannot be compressed.
    """
    Path(layout_path).unlink(missing_ok=True)
    layout, offset = [], 0

    def stored(image: tuple[np.ndarray, dict]) -> tuple[bytes | memoryview, dict]:
        pixels, row = np.ascontiguousarray(image[0], dtype=np.uint8), image[1]
        place = {"height": pixels.shape[0], "width": pixels.shape[1], CHECKSUM: zlib.crc32(pixels)}
        if not compressed:
            return pixels.data, place | row
        try:
            file = webp.encode(pixels)
        except ValueError as error:
            raise StudyError(
                f"{row['path']} cannot be compressed: {error}. Set pixels.compressed: false, or take this "
                "image out."
            ) from error
        return file, place | {LENGTH: len(file)} | row

    with replacing(rgba_path) as aside:
        with open(aside, "wb") as stream:
            for file, row in prefetch(stored, images, depth=2 * threads, threads=threads):
                layout.append({"offset": offset} | row)
                offset += stream.write(file)
        if not layout:
            raise StudyError(
                f"{Path(rgba_path).parent}: there is no readable image to pack. See this dataset's list of "
                "problems."
            )
        _verify(aside, layout, threads)
    write_rows(layout_path, layout, [*PLACE, CHECKSUM, *([LENGTH] if compressed else []), *columns])
    return len(layout)


def _verify(path: Path, layout: list[dict], threads: int) -> None:
    data = np.memmap(path, dtype=np.uint8, mode="r")

    def intact(row: dict) -> bool:
        try:
            image = stored_image(data, *(row[name] for name in PLACE), row.get(LENGTH))
        except OSError:
            return False
        return zlib.crc32(image) == row[CHECKSUM]

    checked = prefetch(intact, layout, depth=2 * threads, threads=threads)
    if len(layout) > 10_000:  # a progress bar only for what takes a while
        checked = progress_bar(checked, "verification", "images", len(layout))
    for row, right in zip(layout, checked, strict=True):
        if not right:
            raise StudyError(
                f"{path.parent}: {row['path']} was not stored as written. Check the disk, then run again."
            )


def resized_size(size: tuple[int, int], short_side: int, squash: bool = False) -> tuple[int, int]:
    """(height, width) once the short side, or with ``squash`` each side, is ``short_side`` pixels.

    The long side is truncated to an integer, as by torchvision's ``Resize(int)``.
    """
    if squash:
        return short_side, short_side
    height, width = size
    if height <= width:
        return short_side, int(short_side * width / height)
    return int(short_side * height / width), short_side


def pack_image(rgb: np.ndarray, mask: np.ndarray | None, short_side: int, squash: bool = False) -> np.ndarray:
    """Resize uint8 (h, w, 3) and its mask (h, w), None for a background, into one RGBA array (H, W, 4).

    The size is :func:`resized_size`'s. Pillow's antialiased bilinear filter on each separately: the colours
    are not weighted by the mask.
    """
    from PIL import Image

    height, width = resized_size(rgb.shape[:2], short_side, squash)
    rgba = np.zeros((height, width, 4), dtype=np.uint8)

    def resized(array):
        if array.shape[:2] == (height, width):
            return array
        return Image.fromarray(array).resize((width, height), Image.Resampling.BILINEAR)

    rgba[..., :3] = resized(rgb)
    if mask is not None:
        rgba[..., 3] = resized(mask)
    return rgba


def check_room(folder: str | os.PathLike, sizes: Iterable[tuple[int, int]], compressed: bool = False) -> None:
    """StudyError if the disk has less room than a store of images of these sizes (once resized) will take."""
    needed = sum(4 * height * width for height, width in sizes)
    needed *= COMPRESSED_SHARE if compressed else 1
    Path(folder).mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise StudyError(
            f"{folder}: the packed images need {needed / 1e9:.3g} GB, but {free / 1e9:.3g} GB "
            f"are free. Make room, {'' if compressed else 'set pixels.compressed: true, '}or lower "
            "pixels.short_side."
        )
