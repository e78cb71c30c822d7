"""The index: one CSV per dataset with its images, classes and splits. All data are read through it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bgbias.errors import StudyError
from bgbias.files import read_numbered_rows, write_rows

SPLITS = ("train", "val", "test")
COLUMNS = ("path", "label", "class_name", "split")  # of every index written; users may leave out the label
# Including the spellings of pandas; an empty entry is false.
_FLAGS = {"1": True, "1.0": True, "True": True, "0": False, "0.0": False, "False": False, "": False}


@dataclass(frozen=True, eq=False)
class Index:
    """N images in a fixed order; row numbers are positions in it.

    ``paths``: posix, relative to the dataset's image root. ``labels``: int64 (N,), any non-negative numbers.
    ``masks``: hand label of each image, relative to the same root, "" if it has none. ``groups``: free text
    (a background, a camera), "" if unknown. ``is_query``, ``is_gallery``: bool (N,), for the test split; both
    None if every test image is a query against all others. ``lines``: the line on which each row begins in
    the file it was read from, for messages; empty if it was not read from a file.
    """

    paths: list[str]
    labels: np.ndarray
    class_names: list[str]
    splits: list[str]
    masks: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    is_query: np.ndarray | None = None
    is_gallery: np.ndarray | None = None
    lines: list[int] = field(default_factory=list)

    def __post_init__(self):
        object.__setattr__(self, "labels", np.asarray(self.labels, dtype=np.int64))
        for name in ("masks", "groups"):
            object.__setattr__(self, name, list(getattr(self, name)) or [""] * len(self.paths))
        for name in ("is_query", "is_gallery"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=np.bool_))

    def __len__(self) -> int:
        return len(self.paths)

    def rows(self, split: str) -> np.ndarray:
        """Row numbers, int64, ascending, of ``split`` (train, val or test)."""
        return np.flatnonzero(np.array([s == split for s in self.splits], dtype=np.bool_)).astype(np.int64)

    def take(self, rows: Sequence[int] | np.ndarray) -> "Index":
        """The index of these rows, in this order."""
        rows = np.asarray(rows, dtype=np.int64)

        def taken(values):
            if isinstance(values, np.ndarray):
                return values[rows]
            return [values[row] for row in rows] if values else values

        return Index(**{name: taken(values) for name, values in vars(self).items()})

    def place(self, row: int) -> str:
        """Location of ``row`` for error messages."""
        return f"line {self.lines[row]}" if self.lines else f"image {self.paths[row]!r}"


def index_name(settings: dict) -> str:
    """The index file of a dataset with ``source: index``, relative to its root."""
    return settings.get("index", "index.csv")


def read_index(path: str | os.PathLike) -> Index:
    """Read an index file. StudyError names a missing column, or the line of a malformed entry.

    Without labels, classes are numbered in the sorted order of their names; without names, their labels are
    their names. Checks across rows (duplicates, classes in several splits) are in
    :func:`bgbias.datasets.index_checks.check_index`.
    """
    return index_of(read_numbered_rows(path), path)


def index_of(
    numbered: list[tuple[int, dict[str, str]]], path: str | os.PathLike, split: str | None = None
) -> Index:
    """:func:`read_index` for rows already read from the file ``path``.

    ``split``: the split of all rows; overrides the column, which may then be missing.
    """
    if not numbered:
        raise StudyError(
            f"{path} has no rows. It needs a header path,class_name,split and one line per image."
        )
    lines, rows = zip(*numbered, strict=True)
    needed = ["path", "class_name", *(["split"] if split is None else [])]
    given = {*rows[0], *(["class_name"] if "label" in rows[0] else [])}
    missing = [name for name in needed if name not in given]
    if missing:
        (only, *others) = rows[0]
        if not others and any(sign in only for sign in ";\t"):
            raise StudyError(f"{path} is separated by semicolons or tabs. Save it with commas.")
        raise StudyError(
            f"{path} has no column {' and no column '.join(missing)}; found {', '.join(rows[0])}. "
            f"The header must be {','.join(needed)} (and optionally label,is_query,is_gallery,mask,group)."
            f"{' The dataset key splits can assign classes to splits instead.' if 'split' in missing else ''}"
        )

    def column(name, parse):
        values = []
        for line, row in zip(lines, rows, strict=True):
            try:
                values.append(parse(row[name]))
            except ValueError as error:
                raise StudyError(f"{path}, line {line}: {name} is {row[name]!r}; {error}.") from error
        return values

    def optional(name, parse, absent):
        return column(name, parse) if name in rows[0] else absent

    labels = optional("label", _label, None)
    class_names = optional("class_name", str if labels else _name, None) or list(map(str, labels))
    if labels is None:
        labels = np.unique(class_names, return_inverse=True)[1]
    return Index(
        paths=[row["path"] for row in rows],
        labels=np.array(labels, dtype=np.int64),
        class_names=class_names,
        splits=[split or row["split"] for row in rows],
        masks=optional("mask", str, []),
        groups=optional("group", str, []),
        is_query=optional("is_query", _flag, None),
        is_gallery=optional("is_gallery", _flag, None),
        lines=list(lines),
    )


def write_index(path: str | os.PathLike, index: Index) -> None:
    """Write ``index``, atomically. Columns without content (no masks, groups or queries) are left out."""
    columns = {
        "path": index.paths,
        "label": index.labels.tolist(),
        "class_name": index.class_names,
        "split": index.splits,
    }
    for name in ("is_query", "is_gallery"):
        if getattr(index, name) is not None:
            columns[name] = getattr(index, name).astype(int).tolist()
    for name, values in (("mask", index.masks), ("group", index.groups)):
        if any(values):
            columns[name] = values
    write_rows(
        path,
        (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)),
        list(columns),
    )


def _label(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 19) or int(text) >= 2**63:
        raise ValueError("it must be an integer from 0 to 2^63 - 1")
    return int(text)


def _name(text: str) -> str:
    if not text:
        raise ValueError("without labels, it must not be empty")
    return text


def _flag(text: str) -> bool:
    if text not in _FLAGS:
        raise ValueError("it must be 0 or 1")
    return _FLAGS[text]
