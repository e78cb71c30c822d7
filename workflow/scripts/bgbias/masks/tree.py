"""A dataset's masks on disk, a tree that mirrors its images, and their table, ``masks.csv``.

Kept light, because every script that reads a mask imports this.
"""

import os
from collections.abc import Iterable
from pathlib import Path

# One row per image: the mask's mean from 0 to 1, whether no object was found, and whether masking failed.
COLUMNS = ("path", "coverage", "empty", "failed")
FLAGS = COLUMNS[2:]  # each 0 or 1; if one is 1 the mask is unusable


def mask_path(folder: str | os.PathLike, path: str) -> Path:
    """Path below ``folder`` of the mask of the image ``path`` (as in the index)."""
    # Appended to the image's suffix, because a/b.jpg and a/b.png are two images.
    return Path(folder) / f"{path}.png"


def flagged(rows: Iterable[dict[str, str]], *flags: str) -> list[str]:
    """The paths of the table's ``rows`` with at least one of ``flags`` set, in order."""
    return [row["path"] for row in rows if any(row[flag] == "1" for flag in flags)]
