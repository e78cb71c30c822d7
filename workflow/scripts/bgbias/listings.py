"""Which files below a folder are images, and whether any came, went or changed."""

import hashlib
import os
from pathlib import Path

from bgbias.errors import StudyError
from bgbias.hashes import fingerprint_file

# The last two Pillow cannot read: they are listed so that their reader says so, instead of missing silently.
_SUFFIXES = "jpg jpeg jpe jfif png webp avif bmp tif tiff gif jp2 ppm heic heif"
IMAGE_SUFFIXES = frozenset(f".{suffix}" for suffix in _SUFFIXES.split())


def list_images(folder: str | os.PathLike) -> list[Path]:
    """All images below ``folder``, sorted by posix path; hidden files and other suffixes are left out.

    Links are followed, but not to a folder that they lie in.
    """
    found = []
    for parent, folders, files in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(".") and not _leads_back(parent, name)]
        found += [
            Path(parent, name)
            for name in files
            if not name.startswith(".") and Path(name).suffix.lower() in IMAGE_SUFFIXES
        ]
    for path in found:
        try:
            str(path).encode("utf-8")
        except UnicodeEncodeError as error:
            raise StudyError(f"The name of {str(path)!r} is not valid UTF-8. Rename the file.") from error
    return sorted(found, key=lambda path: path.as_posix())


def _leads_back(parent: str, name: str) -> bool:
    link = Path(parent, name)
    return link.is_symlink() and Path(parent).resolve().is_relative_to(link.resolve())


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
    total = hashlib.sha256()
    for path in list_images(folder):
        total.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
    return total.hexdigest()[:16]
