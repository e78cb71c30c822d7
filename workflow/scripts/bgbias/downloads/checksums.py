"""Verify that a file is the published one."""

import hashlib
import os
from functools import partial
from pathlib import Path


def file_problem(path: Path, size: int | None = None, checksums: dict[str, str] | None = None) -> str | None:
    """How ``path`` differs from the expected file, in a few words; None if it does not.

    ``size`` in bytes and ``checksums`` (algorithm -> hexadecimal digest, or its first digits) are compared
    if known.
    """
    found = os.path.getsize(path)
    if size is not None and found != size:
        return f"it has {found:,} bytes instead of {size:,}{_page(path)}"
    for algorithm, expected in (checksums or {}).items():
        digest = file_digest(path, algorithm)
        if not digest.startswith(expected.lower()):
            return f"its {algorithm} is {digest} instead of {expected.lower()}{_page(path)}"
    return None


def file_digest(path: Path, algorithm: str = "sha256") -> str:
    """The hexadecimal digest of the file ``path``."""
    # Some publishers provide only MD5, which some systems reject for security purposes.
    new = partial(hashlib.new, algorithm, usedforsecurity=False)
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, new).hexdigest()


def _page(path: Path) -> str:
    """A hint for the most common case: a login or error page saved under the archive's name."""
    with open(path, "rb") as stream:
        start = stream.read(512).lstrip().lower()
    return "; it is a web page" if start.startswith((b"<!doctype html", b"<html")) else ""
