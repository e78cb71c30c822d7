"""The packed store: every image resized once, with its mask as fourth channel, in one memory-mapped file.

A store is a folder with two files. ``rgba.bin``: uint8, one image after the other, each height × width × 4 in
C order: red, green, blue and the soft mask (0 in a store of backgrounds). ``layout.csv``: one line per image,
with its offset, size and checksum, then the columns of the index. Reading needs numpy only.

In a compressed store, for large datasets, ``rgba.bin`` holds the same pixels as one lossless WebP file per
image, whose length the layout states as well. They are decoded on every access.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bgbias.errors import StudyError
from bgbias.files import read_numbered_rows
from bgbias.index import Index, index_of
from bgbias.input_pipeline import webp
from bgbias.prefetching import prefetch

PLACE = ("offset", "height", "width")  # in bytes, pixels, pixels
CHECKSUM = "crc32"  # of an image's pixels, so that layouts differ whenever pixels do
LENGTH = "webp_bytes"  # only in the layout of a compressed store
_DECODERS = 4  # threads; decoding releases Python's lock


def stored_image(
    data: np.ndarray, offset: int, height: int, width: int, length: int | None = None
) -> np.ndarray:
    """The image at ``offset`` of a store's bytes ``data``: uint8 (height, width, 4), a view if these are its
    pixels. If compressed, ``length`` is that of its file; OSError if this is damaged."""
    if length is None:
        return data[offset : offset + 4 * height * width].reshape(height, width, 4)
    image = webp.decode(data[offset : offset + length])
    if image.shape[:2] != (height, width):
        raise OSError(f"it has {image.shape[:2]} instead of {(height, width)} pixels")
    return image


@dataclass(frozen=True, eq=False)
class PixelStore:
    """An open store of ``len(store)`` images: ``index`` describes them, ``sizes`` int64 (N, 2) holds height
    and width, ``offsets`` int64 (N,) the position of each image's first byte in ``data``, the bytes of the
    file ``path``; ``lengths`` int64 (N,) the bytes of each image if the store is compressed, otherwise None.
    """

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
        length = self.lengths[row] if self.compressed else None
        try:
            return stored_image(self.data, self.offsets[row], *self.sizes[row], length)
        except OSError as error:
            raise StudyError(
                f"{self.path}: the pixels of {self.index.paths[row]} are damaged. Delete {self.path.parent} "
                "and pack again."
            ) from error

    def pixels(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The images ``rows`` (B,) in one array, uint8 (bytes,), and the offset of each, int64 (B,): the
        whole file, or if that is compressed, what was decoded of it."""
        if not self.compressed:
            return self.data, self.offsets[rows]
        threads = min(_DECODERS, len(os.sched_getaffinity(0)))
        images = [image.ravel() for image in prefetch(self.rgba, rows, depth=2 * threads, threads=threads)]
        data, counts = np.concatenate(images), [len(image) for image in images]
        data.flags.writeable = False  # like the file: numba compiles anew for another type of array
        return data, np.cumsum(counts) - counts
