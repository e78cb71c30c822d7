"""The packed store: every image resized once, with its mask as fourth channel, in one memory-mapped file.

A store is a folder with two files. ``rgba.bin``: uint8, one image after the other, each height × width × 4 in
C order: red, green, blue and the soft mask (0 in a store of backgrounds). ``layout.csv``: one line per image,
with its offset, size and checksum, then the columns of the index. Reading needs numpy only.

In a compressed store, for large datasets, ``rgba.bin`` holds the same pixels as one lossless WebP file per
image, whose length the layout states as well. They are decoded on every access.
"""

import os
import shutil
import zlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bgbias.errors import StudyError
from bgbias.files import read_numbered_rows, replacing, write_rows
from bgbias.index import Index, index_of
from bgbias.input_pipeline import webp
from bgbias.logs import progress_bar
from bgbias.prefetching import prefetch

PLACE = ("offset", "height", "width")  # in bytes, pixels, pixels
CHECKSUM = "crc32"  # of an image's pixels, so that layouts differ whenever pixels do
LENGTH = "webp_bytes"  # only in the layout of a compressed store
_DECODERS = 4  # threads; decoding releases Python's lock
# ASSUME: photographs and their masks shrink to less than this (docs/performance.md).
COMPRESSED_SHARE = 0.4


def background_row(path: str) -> dict:
    """The index columns of one image in a store of backgrounds, which has no classes or splits."""
    return {"path": path, "label": 0, "class_name": "background", "split": "train"}


@dataclass(frozen=True, eq=False)
class PixelStore:
    """An open store of ``len(store)`` images: ``index`` describes them, ``sizes`` int64 (N, 2) holds height
    and width, ``offsets`` int64 (N,) the position of each image's first byte in ``data``, ``lengths`` int64
    (N,) the bytes of each image's file if the store is compressed."""

    path: Path
    index: Index
    sizes: np.ndarray
    offsets: np.ndarray
    data: np.ndarray
    lengths: np.ndarray | None

    @classmethod
    def open(cls, layout: str | os.PathLike) -> "PixelStore":
        """The store of this layout.csv; nothing else is read. StudyError if file and layout disagree."""
        folder, numbered = Path(layout).parent, read_numbered_rows(layout)
        compressed = bool(numbered) and LENGTH in numbered[0][1]
        names = (*PLACE, LENGTH) if compressed else PLACE
        try:
            place = np.array([[int(row[name]) for name in names] for _, row in numbered], dtype=np.int64)
            place = place.reshape(-1, len(names))
            ends = np.cumsum(place[:, 3] if compressed else 4 * place[:, 1] * place[:, 2])
            actual = (folder / "rgba.bin").stat().st_size
        except (KeyError, ValueError, OSError) as error:
            raise StudyError(
                f"{folder} is not a packed store ({error}). Delete it and pack again."
            ) from error
        if not numbered or actual != ends[-1] or (place[1:, 0] != ends[:-1]).any() or place[0, 0] != 0:
            raise StudyError(
                f"{folder / 'rgba.bin'} has {actual} bytes, which does not match its layout of "
                f"{len(numbered)} images. Delete {folder} and pack again."
            )
        # A plain array over the map: slicing a numpy.memmap takes ten times as long.
        data = np.asarray(np.memmap(folder / "rgba.bin", dtype=np.uint8, mode="r"))
        lengths = place[:, 3] if compressed else None
        return cls(folder / "rgba.bin", index_of(numbered, layout), place[:, 1:3], place[:, 0], data, lengths)

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def compressed(self) -> bool:
        return self.lengths is not None

    def rgba(self, row: int) -> np.ndarray:
        """Image ``row``: uint8 (height, width, 4), read-only; a view of the file unless it is compressed."""
        height, width = self.sizes[row]
        offset = self.offsets[row]
        if not self.compressed:
            return self.data[offset : offset + 4 * height * width].reshape(height, width, 4)
        try:
            image = webp.decode(self.data[offset : offset + self.lengths[row]])
        except OSError:
            image = None
        if image is None or image.shape[:2] != (height, width):
            raise StudyError(
                f"{self.path}: the pixels of {self.index.paths[row]} are damaged. Delete {self.path.parent} "
                "and pack again."
            )
        return image

    def pixels(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The images ``rows`` (B,) in one array, uint8 (bytes,), and the offset of each, int64 (B,): the
        whole file, or if that is compressed, what was decoded of it."""
        if not self.compressed:
            return self.data, self.offsets[rows]
        with ThreadPoolExecutor(min(_DECODERS, len(os.sched_getaffinity(0)))) as pool:
            images = [image.ravel() for image in pool.map(self.rgba, rows)]
        data, counts = np.concatenate(images), [len(image) for image in images]
        data.flags.writeable = False  # like the file: numba compiles anew for another type of array
        return data, np.cumsum(counts) - counts


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
        end = row["offset"] + row.get(LENGTH, 4 * row["height"] * row["width"])
        try:
            pixels = webp.decode(data[row["offset"] : end]) if LENGTH in row else data[row["offset"] : end]
        except OSError:
            return False
        return zlib.crc32(pixels) == row[CHECKSUM]

    checked = prefetch(intact, layout, depth=2 * threads, threads=threads)
    if len(layout) > 10_000:  # a progress bar only for what takes a while
        checked = progress_bar(checked, "verification", "images", len(layout))
    for row, right in zip(layout, checked, strict=True):
        if not right:
            raise StudyError(
                f"{path.parent}: {row['path']} was not stored as written. Check the disk, then run again."
            )


def resized_size(size: tuple[int, int], short_side: int) -> tuple[int, int]:
    """(height, width) once the short side is ``short_side`` pixels; the long side is truncated to an integer.

    The rounding is torchvision's ``Resize(int)``.
    """
    height, width = size
    if height <= width:
        return short_side, int(short_side * width / height)
    return int(short_side * height / width), short_side


def pack_image(rgb: np.ndarray, mask: np.ndarray | None, short_side: int) -> np.ndarray:
    """Resize uint8 (h, w, 3) and its mask (h, w), None for a background, into one RGBA array (H, W, 4).

    Pillow's antialiased bilinear filter on each separately: the colours are not weighted by the mask.
    """
    from PIL import Image

    height, width = resized_size(rgb.shape[:2], short_side)
    rgba = np.zeros((height, width, 4), dtype=np.uint8)

    def resized(array):
        if array.shape[:2] == (height, width):
            return array
        return Image.fromarray(array).resize((width, height), Image.Resampling.BILINEAR)

    rgba[..., :3] = resized(rgb)
    if mask is not None:
        rgba[..., 3] = resized(mask)
    return rgba


def check_room(
    folder: str | os.PathLike, sizes: Iterable[tuple[int, int]], short_side: int, compressed: bool = False
) -> None:
    """StudyError if the disk has less room than a store of images of these sizes will take."""
    needed = sum(4 * h * w for h, w in (resized_size(size, short_side) for size in sizes))
    needed *= COMPRESSED_SHARE if compressed else 1
    Path(folder).mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise StudyError(
            f"{folder}: the packed images need {needed / 1e9:.3g} GB, but {free / 1e9:.3g} GB "
            f"are free. Make room, {'' if compressed else 'set pixels.compressed: true, '}or lower "
            "pixels.short_side."
        )
