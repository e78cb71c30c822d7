"""Where data comes from: each source turns a folder into an :class:`~bgbias.index.Index`.

A source is a module with ``rows(root, settings) -> Index``; a new one is a new line in ``SOURCES``.
"""

import os
from pathlib import Path

from bgbias.datasets import folders, index_file
from bgbias.datasets.limit import limited
from bgbias.errors import StudyError
from bgbias.index import Index, check_index

SOURCES = {
    "index": index_file.rows,
    "folders": folders.rows,
}


def dataset_index(root: str | os.PathLike, settings: dict) -> Index:
    """The checked index of the dataset under ``root`` as ``settings`` describe it (``source`` and the source's own keys).

    Raises StudyError for an unknown source, a missing folder, or what the source refuses.
    """
    source = settings.get("source")
    if source not in SOURCES:
        raise StudyError(f"source {source!r} of a dataset is unknown. Known: {', '.join(SOURCES)}.")
    root = Path(root)
    if not root.is_dir():
        raise StudyError(f"The image folder {root} does not exist. Make it, or correct the dataset's root.")
    index = SOURCES[source](root, settings)
    check_index(index, root / index_file.name(settings) if source == "index" else f"{root} as source {source} reads it")
    return limited(index, settings.get("limit") or {}, int(settings.get("seed", 0)))
