"""Source ``index``: the user wrote the index file."""

from pathlib import Path

from bgbias.index import Index, read_index


def rows(root: Path, settings: dict) -> Index:
    """The index in the file ``settings["index"]`` (default ``index.csv``), relative to ``root``."""
    return read_index(root / name(settings))


def name(settings: dict) -> str:
    """The index file's name, relative to the root."""
    return settings.get("index", "index.csv")
