"""The masks of a dataset on disk, a tree like that of its images, and the table of them, ``masks.csv``.

Light: every script that reads a mask imports this.
"""

import os
from collections.abc import Iterable
from pathlib import Path

# One row an image: the mask's mean from 0 to 1, whether nothing was found, and whether there is no mask.
COLUMNS = ("path", "coverage", "empty", "failed")
FLAGS = COLUMNS[2:]  # each 0 or 1; where one is 1 the mask is no good


def mask_path(folder: str | os.PathLike, path: str) -> Path:
    """The mask, below ``folder``, of the image that the index calls ``path``."""
    # After the image's own suffix: a/b.jpg and a/b.png are two images.
    return Path(folder) / f"{path}.png"


def flagged(rows: Iterable[dict[str, str]], *flags: str) -> list[str]:
    """The paths of those of a table's ``rows`` that have one of ``flags``, or several, in order."""
    return [row["path"] for row in rows if any(row[flag] == "1" for flag in flags)]
