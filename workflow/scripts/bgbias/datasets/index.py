"""Source ``index``: an index file written by the user."""

from dataclasses import replace
from pathlib import Path

from bgbias.datasets.shares import split_classes
from bgbias.errors import StudyError
from bgbias.files import read_numbered_rows
from bgbias.index import Index, index_name, index_of


def rows(root: Path, settings: dict) -> Index:
    """The index in the file ``settings["index"]`` (default ``index.csv``), relative to ``root``.

    With ``test_only`` the column ``split`` may be missing. With ``splits``, shares of the classes, it must
    be: classes are then split like those of source folders, with ``settings["seed"]``.
    """
    path, shares = root / index_name(settings), settings.get("splits")
    numbered = read_numbered_rows(path)
    test_only = settings.get("test_only")
    index = index_of(numbered, path, "test" if test_only or shares else None)
    if test_only or not shares:
        return index
    columns = numbered[0][1]
    if "split" in columns:
        raise StudyError(f"{path} has a column split. Remove it, or leave out the dataset's splits.")
    # Classes are known by what the file gives: numbers counted from names change with every new class.
    classes = list(map(str, index.labels)) if "label" in columns else index.class_names
    split_of = split_classes(sorted(set(classes)), shares, int(settings.get("seed", 0)))
    return replace(index, splits=[split_of[name] for name in classes])
