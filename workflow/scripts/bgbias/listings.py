"""Which files below a folder are images, and whether any came, went or changed."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from bgbias.errors import StudyError
from bgbias.hashes import fingerprint_file

# The last two Pillow cannot read: they are listed so that their reader says so, instead of missing silently.
_SUFFIXES = "jpg jpeg jpe jfif png webp avif bmp tif tiff gif jp2 ppm heic heif"
IMAGE_SUFFIXES = frozenset(f".{suffix}" for suffix in _SUFFIXES.split())


def list_images(folder: str | os.PathLike) -> list[Path]:
    """All images below ``folder``, sorted by posix path; hidden files, other suffixes and
    what may not be read are left out.

    Links are followed, but not to a folder that they lie in.
    """
    return sorted((Path(entry.path) for entry in _images_below(folder)), key=Path.as_posix)


def _images_below(folder: str | os.PathLike) -> Iterator[os.DirEntry]:
    # Not os.walk, which knows of each entry what it is and does not say: asking again takes twice the time.
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, PermissionError):
        return  # a lost+found, which every disk has
    for entry in entries:
        if entry.name.startswith("."):
            continue
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
    """An image of each of two folders with the same bytes; None where there are none.

    Only those of a length that both folders have are read, each once.
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
    """A short text that changes with the names and sizes of the images below ``folder``.

    Not with their dates: a copy of a folder is the same folder. No image is opened, so that planning a study
    of a hundred thousand takes a second more.
    """
    begin = len(os.path.join(folder, ""))
    sizes = {entry.path[begin:]: entry.stat().st_size for entry in _images_below(folder)}
    total = hashlib.sha256("".join(f"{path}\0{sizes[path]}\0" for path in sorted(sizes)).encode())
    return total.hexdigest()[:16]
