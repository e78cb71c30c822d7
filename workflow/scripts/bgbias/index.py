"""The index: one CSV per dataset that says which image is what. Everybody's data comes in through it."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import PurePosixPath

import numpy as np

from bgbias.errors import StudyError
from bgbias.files import read_rows, write_rows

SPLITS = ("train", "val", "test")
COLUMNS = ("path", "label", "class_name", "split")


@dataclass(frozen=True, eq=False)
class Index:
    """N images in a fixed order; row numbers are positions in it.

    ``paths``: posix, relative to the dataset's image root. ``labels``: int64 (N,), any non-negative numbers.
    ``masks``: hand label of the image, relative to the same root, "" where there is none. ``groups``: free
    text (a background, a camera), "" where unknown. ``is_query``, ``is_gallery``: bool (N,), for the test
    split; both None when every test image is a query against all others.
    """

    paths: list[str]
    labels: np.ndarray
    class_names: list[str]
    splits: list[str]
    masks: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    is_query: np.ndarray | None = None
    is_gallery: np.ndarray | None = None

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
        rows = [int(row) for row in rows]

        def pick(values):
            return [values[row] for row in rows]

        return Index(
            pick(self.paths),
            self.labels[rows],
            pick(self.class_names),
            pick(self.splits),
            pick(self.masks),
            pick(self.groups),
            None if self.is_query is None else self.is_query[rows],
            None if self.is_gallery is None else self.is_gallery[rows],
        )


def read_index(path: str | os.PathLike) -> Index:
    """Read an index file. StudyError names the line of a missing column or an entry of the wrong form.

    What needs all rows at once (duplicates, classes across splits) is :func:`check_index`'s.
    """
    rows = read_rows(path)
    if not rows:
        raise StudyError(f"{path} has no rows. It needs a header {','.join(COLUMNS)} and one line per image.")
    missing = [name for name in COLUMNS if name not in rows[0]]
    if missing:
        raise StudyError(
            f"{path} has no column {' and no column '.join(missing)}; found {', '.join(rows[0])}. "
            f"The header must be {','.join(COLUMNS)} (and optionally is_query,is_gallery,mask,group)."
        )
    line = _lines(row.values() for row in rows)

    def column(name, parse):
        values = []
        for number, row in enumerate(rows):
            try:
                values.append(parse(row[name]))
            except ValueError as error:
                raise StudyError(f"{path}, line {line(number)}: {name} is {row[name]!r}; {error}.") from error
        return values

    def optional(name, parse, absent):
        return column(name, parse) if name in rows[0] else absent

    return Index(
        paths=[row["path"] for row in rows],
        labels=np.array(column("label", _label), dtype=np.int64),
        class_names=[row["class_name"] for row in rows],
        splits=[row["split"] for row in rows],
        masks=optional("mask", str, []),
        groups=optional("group", str, []),
        is_query=optional("is_query", _flag, None),
        is_gallery=optional("is_gallery", _flag, None),
    )


def write_index(path: str | os.PathLike, index: Index) -> None:
    """Write ``index``, atomically. Columns that say nothing (no masks, groups or queries) are left out."""
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


def check_index(index: Index, path: str | os.PathLike) -> None:
    """Raise StudyError with file, line and reason when the study cannot be run on ``index``.

    ``path`` is the file that the message points at. A check either names one line or, where something is
    missing altogether, the file.
    """
    line = _lines(zip(index.paths, index.class_names, index.masks, index.groups, strict=True))

    def refuse(row, reason):
        raise StudyError(f"{path}, line {line(row)}: {reason}.")

    _check_rows(index, line, refuse)
    _check_classes(index, line, refuse)
    for split in SPLITS:
        if not len(index.rows(split)):
            raise StudyError(
                f"{path} has no rows with split {split}. The study trains on train, selects the epoch on "
                "val and measures on test: give whole classes to each."
            )
    _check_queries(index, path, refuse)
    for row in partnerless_rows(index)[:1]:
        refuse(
            row,
            f"class {index.class_names[row]!r} (label {index.labels[row]}) has no other image in the test "
            "split that could be retrieved. Add one or leave this image out",
        )
    val_labels = index.labels[index.rows("val")]
    if len(np.unique(val_labels)) == len(val_labels):
        raise StudyError(
            f"{path}: every class of the val split has one image only, so that nothing can be retrieved "
            "there. Give val classes of at least two images."
        )


def partnerless_rows(index: Index) -> np.ndarray:
    """Row numbers, int64, of test queries for which the test gallery holds no other image of their class."""
    test = index.rows("test")
    labels = index.labels[test]
    query = np.ones(len(test), bool) if index.is_query is None else index.is_query[test]
    gallery = np.ones(len(test), bool) if index.is_gallery is None else index.is_gallery[test]
    classes, inverse = np.unique(labels, return_inverse=True)
    in_gallery = np.bincount(inverse, weights=gallery, minlength=len(classes))
    return test[query & (in_gallery[inverse] - gallery < 1)]


def _check_rows(index: Index, line, refuse) -> None:
    first: dict[str, int] = {}
    for row, name in enumerate(index.paths):
        reason = _path_problem(name)
        if reason:
            refuse(row, f"path {name!r} {reason}. Paths are relative to the dataset's image folder, with /")
        if name in first:
            refuse(row, f"path {name!r} stands in line {line(first[name])} already. Remove one of the two")
        first[name] = row
        if index.masks[row] and _path_problem(index.masks[row]):
            refuse(
                row,
                f"mask {index.masks[row]!r} {_path_problem(index.masks[row])}. Masks are relative to the "
                "dataset's image folder, with /",
            )
        if index.splits[row] not in SPLITS:
            refuse(row, f"split is {index.splits[row]!r}. It must be one of {', '.join(SPLITS)}")


def _check_classes(index: Index, line, refuse) -> None:
    first: dict[int, int] = {}
    for row, label in enumerate(index.labels.tolist()):
        before = first.setdefault(label, row)
        if index.class_names[before] != index.class_names[row]:
            refuse(
                row,
                f"label {label} is class {index.class_names[row]!r} here and {index.class_names[before]!r} "
                f"in line {line(before)}. Give each class a label of its own",
            )
        if index.splits[before] != index.splits[row]:
            refuse(
                row,
                f"class {index.class_names[row]!r} (label {label}) is in split {index.splits[row]} here and "
                f"in {index.splits[before]} in line {line(before)}. Splits must not share classes: give the "
                "whole class to one split",
            )


def _check_queries(index: Index, path, refuse) -> None:
    if (index.is_query is None) != (index.is_gallery is None):
        raise StudyError(
            f"{path} has only one of the columns is_query and is_gallery. Give both, or neither when "
            "every test image is a query against all others."
        )
    if index.is_query is None:
        return
    test = np.zeros(len(index), bool)
    test[index.rows("test")] = True
    either = index.is_query | index.is_gallery
    for row in np.flatnonzero(test & ~either)[:1]:
        refuse(row, "a test image is neither query nor gallery. Set is_query or is_gallery to 1")
    for row in np.flatnonzero(~test & either)[:1]:
        refuse(
            row, f"an image of split {index.splits[row]} is marked query or gallery. Only test images may be"
        )
    for name, flags in (("is_query", index.is_query), ("is_gallery", index.is_gallery)):
        if not flags.any():
            raise StudyError(f"{path}: no row has {name} 1. Mark some, or leave both columns out.")


def _path_problem(path: str) -> str | None:
    parts = path.split("/")
    if not path:
        return "is empty"
    if path.startswith("/"):
        return "is absolute"
    if ".." in parts:
        return "leaves the folder"
    if "\0" in path:
        return "contains a NUL character"
    if str(PurePosixPath(path)) != path:
        return f"should be written {str(PurePosixPath(path))!r}"
    return None


def _label(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) >= 2**63:
        raise ValueError("it must be an integer from 0 to 2^63 - 1")
    return int(text)


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError("it must be 0 or 1")
    return text == "1"


def _lines(records: Iterable[Iterable[str]]):
    """A function from row number to line number in the file: file names may contain newlines of their own."""
    records = list(map(tuple, records))
    return lambda row: 2 + int(row) + sum(text.count("\n") for text in chain.from_iterable(records[:row]))
