"""Source ``index``: an index file written by the user."""

from pathlib import Path

from bgbias.index import Index, index_name, read_index


def rows(root: Path, settings: dict) -> Index:
    """The index in the file ``settings["index"]`` (default ``index.csv``), relative to ``root``.

    With ``test_only`` its ``split`` column may be missing.
    """
    return read_index(root / index_name(settings), "test" if settings.get("test_only") else None)
