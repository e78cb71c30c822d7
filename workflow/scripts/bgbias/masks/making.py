"""Making the masks of many images: read, mask, write, and what becomes of images that cannot be masked."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from bgbias.errors import StudyError
from bgbias.files import replacing
from bgbias.images import read_rgb
from bgbias.masks.maskers import Masker, is_empty
from bgbias.masks.tree import mask_path
from bgbias.prefetching import prefetch


def masks_of(
    paths: Sequence[str],
    masker: Masker,
    root: str | os.PathLike,
    masks: str | os.PathLike,
    on_bad_image: str,
) -> Iterator[dict]:
    """Write the masks of ``paths``, images below ``root``, to the tree ``masks``; yields their rows of the
    table, over :data:`bgbias.masks.tree.COLUMNS`, in order.

    An image that cannot be read or masked is a StudyError when ``on_bad_image`` is "fail", else a warning and
    a row that says so. Reading the next and writing the last image happens while the network works on this
    one.
    """
    pictures = prefetch(lambda path: (path, _read(Path(root) / path, on_bad_image)), paths, depth=4)
    predictions = _predictions(masker, pictures, on_bad_image)
    return prefetch(lambda prediction: _write(masks, *prediction), predictions, depth=4)


def _read(path: Path, on_bad_image: str) -> np.ndarray | None:
    try:
        return read_rgb(path)
    except StudyError as error:
        return _bad(error, on_bad_image)


def _predictions(
    masker: Masker, pictures: Iterable[tuple[str, np.ndarray | None]], on_bad_image: str
) -> Iterator[tuple[str, np.ndarray | None]]:
    for path, rgb in pictures:
        try:
            yield path, None if rgb is None else masker(path, rgb)
        except StudyError as error:
            yield path, _bad(error, on_bad_image)


def _bad(error: StudyError, on_bad_image: str) -> None:
    if on_bad_image == "fail":
        raise error
    print(f"WARNING: {error}")


def _write(masks: str | os.PathLike, path: str, mask: np.ndarray | None) -> dict:
    file = mask_path(masks, path)
    if mask is None:
        file.unlink(missing_ok=True)  # an earlier mask, perhaps of another image of this name
        return {"path": path, "coverage": "0", "empty": 0, "failed": 1}
    with replacing(file) as aside:
        Image.fromarray(mask).save(aside, "PNG", compress_level=1)
    return {"path": path, "coverage": f"{mask.mean() / 255:.6f}", "empty": int(is_empty(mask)), "failed": 0}
