"""Source ``index``: the user wrote the index file."""

from pathlib import Path

from bgbias.index import Index, read_index
from bgbias.study import index_name


def rows(root: Path, settings: dict) -> Index:
    """The index in the file ``settings["index"]`` (default ``index.csv``), relative to ``root``."""
    return read_index(root / index_name(settings))
