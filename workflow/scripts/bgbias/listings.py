"""List the images below a folder, and detect whether any were added, removed or changed."""

import hashlib
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from bgbias.errors import StudyError
from bgbias.hashes import fingerprint_file

# Pillow cannot read the last two; they are listed so that they cause an error instead of missing silently.
_SUFFIXES = "jpg jpeg jpe jfif png webp avif bmp tif tiff gif jp2 ppm heic heif"
IMAGE_SUFFIXES = frozenset(f".{suffix}" for suffix in _SUFFIXES.split())


def list_images(folder: str | os.PathLike) -> list[Path]:
    """All images below ``folder``, sorted by posix path, except hidden files and other suffixes.

    Links are followed, except to a folder that contains the link. Raises StudyError for a link to nothing and
    for a folder without read permission, whose images would be missing silently.
    """
    return sorted((Path(entry.path) for entry in _images_below(folder)), key=Path.as_posix)


def has_images(folder: str | os.PathLike) -> bool:
    """Whether :func:`list_images` would find any; stops at the first."""
    return next(_images_below(folder), None) is not None


def _images_below(folder: str | os.PathLike) -> Iterator[os.DirEntry]:
    # Not os.walk, which does not return the type of each entry: looking it up again doubles the time.
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return
    except OSError as error:
        raise StudyError(f"The folder {folder} cannot be read: {error.strerror}.") from error
    for entry in entries:
        if entry.name.startswith(".") or entry.name == "lost+found":  # which every disk has
            continue
        if entry.is_symlink() and not os.path.exists(entry.path):
            raise StudyError(
                f"{entry.path} is a link to {os.readlink(entry.path)}, which is not there. Is its disk "
                "mounted? Otherwise remove the link."
            )
        if entry.is_dir():
            if not (entry.is_symlink() and _leads_back(entry.path)):
                yield from _images_below(entry.path)
        elif os.path.splitext(entry.name)[1].lower() in IMAGE_SUFFIXES:
            _check_name(entry.path)
            yield entry


def _check_name(path: str) -> None:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError as error:
        raise StudyError(f"The name of {path!r} is not valid UTF-8. Rename the file.") from error


def _leads_back(link: str) -> bool:
    return Path(link).parent.resolve().is_relative_to(Path(link).resolve())


def shared_image(one: str | os.PathLike, other: str | os.PathLike) -> tuple[Path, Path] | None:
    """A pair of identical images, one from each of two folders; None if there is none.

    Only files whose length occurs in both folders are read, each once.
    """
    lengths = [{path: path.stat().st_size for path in list_images(folder)} for folder in (one, other)]
    common = set(lengths[0].values()) & set(lengths[1].values())
    candidates = [[path for path, length in found.items() if length in common] for found in lengths]
    known = {fingerprint_file(path): path for path in candidates[0]}
    for path in candidates[1]:
        seen = known.get(fingerprint_file(path))
        if seen:
            return seen, path
    return None


def fingerprint(folder: str | os.PathLike) -> str:
    """A fingerprint of the names and sizes of the images below ``folder``.

    Dates do not count: a copy of a folder is the same folder. No image is opened, so planning a study with a
    hundred thousand images takes only a second longer.
    """
    begin = len(os.path.join(folder, ""))
    sizes = {entry.path[begin:]: entry.stat().st_size for entry in _images_below(folder)}
    total = hashlib.sha256("".join(f"{path}\0{sizes[path]}\0" for path in sorted(sizes)).encode())
    return total.hexdigest()[:16]


@cache
def fingerprint_once(folder: str) -> str:
    """:func:`fingerprint` as it was when this process first asked."""
    return fingerprint(folder)
