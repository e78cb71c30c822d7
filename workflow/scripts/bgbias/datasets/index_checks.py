"""Consistency checks of a whole index, so that the study's tables mean what they say."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

import numpy as np

from bgbias.errors import StudyError
from bgbias.index import SPLITS, Index


def check_index(
    index: Index, path: str | os.PathLike, splits: Sequence[str] = SPLITS, alone: str = "fail"
) -> None:
    """Raise StudyError with file, line (or image) and reason if the study cannot be run on ``index``.

    ``path`` is the file named in messages, ``splits`` are those that the study needs. A test image that is
    the only one of its class is accepted if ``alone`` is skip. A message names one line, or only the file if
    something is missing altogether.
    """

    def refuse(row, reason):
        raise StudyError(f"{path}, {index.place(row)}: {reason}.")

    _check_rows(index, refuse)
    _check_classes(index, refuse)
    _check_splits(index, path, splits)
    _check_queries(index, path, refuse)
    rows = partnerless_rows(index)
    if len(rows) and alone == "fail":
        names = list(dict.fromkeys(index.class_names[row] for row in rows))
        more = f"; likewise {len(names) - 1} more: {', '.join(map(repr, names[1:4]))}" if names[1:] else ""
        refuse(
            rows[0],
            f"class {names[0]!r} (label {index.labels[rows[0]]}) has no other image in the test split that "
            f"could be retrieved{more}{', …' if len(names) > 4 else ''}. Add one, or set on_bad_image: skip, "
            "which excludes such images, or the dataset's distractors: true, which keeps them in the gallery",
        )
    val_labels = index.labels[index.rows("val")]
    if "val" in splits and len(np.unique(val_labels)) == len(val_labels):
        raise StudyError(
            f"{path}: every class of the val split has only one image, so nothing can be retrieved there. "
            "Give val classes of at least two images."
        )


def partnerless_rows(index: Index) -> np.ndarray:
    """Row numbers, int64, of test queries without another image of their class in the test gallery."""
    test = index.rows("test")
    labels = index.labels[test]
    query = np.ones(len(test), bool) if index.is_query is None else index.is_query[test]
    gallery = np.ones(len(test), bool) if index.is_gallery is None else index.is_gallery[test]
    classes, inverse = np.unique(labels, return_inverse=True)
    in_gallery = np.bincount(inverse, weights=gallery, minlength=len(classes))
    return test[query & (in_gallery[inverse] - gallery < 1)]


def with_distractors(index: Index, path: str | os.PathLike) -> Index:
    """``index`` with its :func:`partnerless_rows` in the gallery only, where they can be found by mistake.

    StudyError, naming ``path``, if the index itself says which images are queries, or if no query is left.
    """
    if index.is_query is not None:
        raise StudyError(
            f"{path} has the columns is_query and is_gallery, which already say what is searched in what. "
            "Give distractors is_query 0 and is_gallery 1 there, and leave out the dataset's distractors."
        )
    gallery = np.array([split == "test" for split in index.splits], dtype=bool)
    query = gallery.copy()
    query[partnerless_rows(index)] = False
    if not query.any():
        raise StudyError(
            f"{path}: every test image is alone in its class, so none can be a query. Add images, or, if the "
            "dataset has a limit, raise it."
        )
    return replace(index, is_query=query, is_gallery=gallery)


def _check_rows(index: Index, refuse) -> None:
    first: dict[str, int] = {}
    for row, name in enumerate(index.paths):
        reason = _path_problem(name)
        if reason:
            refuse(row, f"path {name!r} {reason}. Paths are relative to the dataset's image folder, with /")
        if name in first:
            refuse(row, f"path {name!r} duplicates {index.place(first[name])}. Remove one of the two")
        first[name] = row
        if index.masks[row] and _path_problem(index.masks[row]):
            refuse(
                row,
                f"mask {index.masks[row]!r} {_path_problem(index.masks[row])}. Masks are relative to the "
                "dataset's image folder, with /",
            )
        if index.splits[row] not in SPLITS:
            refuse(row, f"split is {index.splits[row]!r}. It must be one of {', '.join(SPLITS)}")


def _check_classes(index: Index, refuse) -> None:
    first: dict[int, int] = {}
    for row, label in enumerate(index.labels.tolist()):
        before = first.setdefault(label, row)
        if label < 0:
            refuse(row, f"label {label} of {index.paths[row]!r} is negative. Number classes from 0")
        if index.class_names[before] != index.class_names[row]:
            refuse(
                row,
                f"label {label} is class {index.class_names[row]!r} here and {index.class_names[before]!r} "
                f"in {index.place(before)}. Give each class a label of its own",
            )
        if index.splits[before] != index.splits[row]:
            refuse(
                row,
                f"class {index.class_names[row]!r} (label {label}) is in split {index.splits[row]} here and "
                f"in {index.splits[before]} in {index.place(before)}. Splits must not share classes: give "
                "the whole class to one split",
            )


def _check_splits(index: Index, path: str | os.PathLike, splits: Sequence[str]) -> None:
    """Each split needs two classes: with one, no loss learns and every retrieved image is correct."""
    for split in splits:
        classes = np.unique(index.labels[index.rows(split)])
        if not len(classes):
            raise StudyError(
                f"{path} has no rows with split {split}. The study trains on train, selects the epoch on "
                "val and measures on test: assign whole classes to each. If nothing is to be trained, set "
                "the dataset's test_only: true."
            )
        if len(classes) < 2:
            name = index.class_names[index.rows(split)[0]]
            raise StudyError(
                f"{path} has only one class in split {split}, {name!r}, so there is nothing to distinguish "
                "it from. Give each split at least two classes."
            )


def _check_queries(index: Index, path, refuse) -> None:
    if (index.is_query is None) != (index.is_gallery is None):
        raise StudyError(
            f"{path} has only one of the columns is_query and is_gallery. Give both, or neither if every "
            "test image is a query against all others."
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
            raise StudyError(f"{path}: no row has {name} 1. Mark some, or omit both columns.")


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
    if "" in parts or "." in parts:
        return f"should be written {str(PurePosixPath(path))!r}"
    return None
