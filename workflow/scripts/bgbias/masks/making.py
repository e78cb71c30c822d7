"""Create the masks of many images: read, mask, write, and handle images that cannot be masked.

A mask's PNG file carries a seal, a text that identifies its inputs and its pixels. While the seal is valid,
the mask need not be rebuilt.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bgbias.errors import StudyError
from bgbias.files import replacing
from bgbias.hashes import fingerprint_file, hash_settings
from bgbias.images import read_mask, read_rgb
from bgbias.masks.maskers import Masker, is_empty
from bgbias.masks.tree import mask_path
from bgbias.prefetching import prefetch

SEAL = "made of"  # the key of a PNG file's text


def masks_there(
    paths: Iterable[str], root: str | os.PathLike, masks: str | os.PathLike, made_by: str | None
) -> Iterator[dict]:
    """The rows that :func:`masks_of` would yield, for those ``paths`` whose masks are still valid.

    A valid mask was made by the masker with the fingerprint ``made_by`` from the current image file, and its
    pixels are unchanged. With ``made_by`` None there are none. Never raises: an unreadable mask is not valid,
    and problems with an image are reported when its mask is made.
    """
    for path in paths if made_by is not None else ():
        file = mask_path(masks, path)
        with suppress(StudyError, OSError):
            mask = read_mask(file)
            with Image.open(file) as image:
                seal = image.info.get(SEAL)
            made_of = _made_of(Path(root) / path, made_by)
            if made_of is not None and seal == _seal(made_of, mask):
                yield _row(path, mask)


def masks_of(
    paths: Sequence[str],
    masker: Masker,
    root: str | os.PathLike,
    masks: str | os.PathLike,
    on_bad_image: str,
    made_by: str | None = None,
) -> Iterator[dict]:
    """Write the masks of ``paths``, images below ``root``, to the tree ``masks``; yield their rows of the
    table (:data:`bgbias.masks.tree.COLUMNS`) in order.

    An image that cannot be read or masked raises StudyError if ``on_bad_image`` is "fail", otherwise it gives
    a warning and a row marked as failed. With ``made_by``, the masker's fingerprint, :func:`masks_there` will
    recognise the masks. Reading and writing other images overlaps with the network's work.
    """

    def read(path: str) -> tuple[str, str | None, np.ndarray | None]:
        image = Path(root) / path
        # In this order, so that a file replaced in between gets an invalid seal, not a wrong valid one.
        return path, _made_of(image, made_by), _read(image, on_bad_image)

    predictions = _predictions(masker, prefetch(read, paths, depth=4), on_bad_image)
    return prefetch(lambda prediction: _write(masks, *prediction), predictions, depth=4)


def _made_of(image: Path, made_by: str | None) -> str | None:
    """A fingerprint of everything that a mask depends on; None if that is unknown."""
    if made_by is not None:
        with suppress(OSError):  # read_rgb reports what is wrong
            return hash_settings([made_by, fingerprint_file(image)])
    return None


def _seal(made_of: str, mask: np.ndarray) -> str:
    # Includes the pixels, because some image editors keep a file's text chunks.
    return hash_settings([made_of, mask.shape, hashlib.sha256(mask.tobytes()).hexdigest()])


def _read(path: Path, on_bad_image: str) -> np.ndarray | None:
    try:
        return read_rgb(path)
    except StudyError as error:
        return _bad(error, on_bad_image)


def _predictions(
    masker: Masker, pictures: Iterable[tuple[str, str | None, np.ndarray | None]], on_bad_image: str
) -> Iterator[tuple[str, str | None, np.ndarray | None]]:
    for path, made_of, rgb in pictures:
        try:
            yield path, made_of, None if rgb is None else masker(path, rgb)
        except StudyError as error:
            yield path, made_of, _bad(error, on_bad_image)


def _bad(error: StudyError, on_bad_image: str) -> None:
    if on_bad_image == "fail":
        raise error
    print(f"WARNING: {error}")


def _write(masks: str | os.PathLike, path: str, made_of: str | None, mask: np.ndarray | None) -> dict:
    file = mask_path(masks, path)
    if mask is None:
        file.unlink(missing_ok=True)  # an earlier mask, possibly of another image with this name
        return {"path": path, "coverage": "0", "empty": 0, "failed": 1}
    texts = PngInfo()
    if made_of is not None:
        texts.add_text(SEAL, _seal(made_of, mask))
    with replacing(file) as aside:
        Image.fromarray(mask).save(aside, "PNG", compress_level=1, pnginfo=texts)
    return _row(path, mask)


def _row(path: str, mask: np.ndarray) -> dict:
    return {"path": path, "coverage": f"{mask.mean() / 255:.6f}", "empty": int(is_empty(mask)), "failed": 0}
