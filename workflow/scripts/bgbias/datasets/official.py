"""Shared code for published datasets: locate the archive's layout, split it, check the published counts."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bgbias.errors import StudyError
from bgbias.index import SPLITS, Index


def located(root: Path, markers: Sequence[str], dataset: str) -> Path:
    """``root``, or the folder directly below it, that contains all ``markers`` (files or folders).

    Both are tried because archives may be unpacked with or without their top folder. StudyError if neither
    matches.
    """
    for folder in [root, *sorted(path for path in root.iterdir() if path.is_dir())]:
        if all((folder / marker).exists() for marker in markers):
            return folder
    raise StudyError(
        f"{root} does not look like {dataset}: no folder there contains {' and '.join(markers)}. "
        "Unpack the archive there, or correct the dataset's root (see data/README.md for each layout)."
    )


def split_of_labels(labels: np.ndarray, is_test: np.ndarray) -> list[str]:
    """The split of each of N rows: ``is_test`` rows are test; the last quarter of the other classes is val.

    ``labels`` int64 (N,), ``is_test`` bool (N,). Classes are ordered by label, as in the paper's study: 98
    classes give 74 + 24, 100 give 75 + 25, 11,318 give 8,489 + 2,829.
    """
    development = np.unique(labels[~is_test])
    first_val = development[len(development) - max(1, len(development) // 4)] if len(development) else 0
    return [
        "test" if test else "val" if label >= first_val else "train"
        for label, test in zip(labels.tolist(), is_test.tolist(), strict=True)
    ]


def counts(index: Index) -> dict[str, int]:
    """Images and classes in total, per split, and of queries and gallery if the index has them."""
    parts = {split: index.rows(split) for split in SPLITS}
    parts["development"] = np.concatenate([parts["train"], parts["val"]])
    if index.is_query is not None:
        parts |= {"query": np.flatnonzero(index.is_query), "gallery": np.flatnonzero(index.is_gallery)}
    found = {"images": len(index), "classes": len(np.unique(index.labels))}
    for part, rows in parts.items():
        found |= {f"{part}_images": len(rows), f"{part}_classes": len(np.unique(index.labels[rows]))}
    return found


def check_counts(index: Index, published: dict[str, int], settings: dict, root: Path) -> Index:
    """Return ``index`` if its counts match ``published``; otherwise raise StudyError with both numbers.

    The key ``counts`` of ``settings`` overrides this: ``any`` checks nothing, a mapping replaces
    ``published``.
    """
    expected = settings.get("counts", "published")
    if expected == "any":
        return index
    expected = published if expected == "published" else expected
    found = counts(index)
    unknown = [name for name in expected if name not in found]
    if unknown:
        raise StudyError(f"counts.{unknown[0]} is unknown. Known: {', '.join(found)}.")
    wrong = [
        f"{name} {found[name]:,} instead of {number:,}"
        for name, number in expected.items()
        if found[name] != number
    ]
    if wrong:
        raise StudyError(
            f"The data in {root} is not the published set: {', '.join(wrong)}. Remove the folder and "
            "download the archive again, or, for an intentional subset, set the dataset's key counts to any."
        )
    return index


def read_table(path: Path, columns: int, skip: int = 0) -> list[list[str]]:
    """The non-blank lines of a text file after ``skip`` header lines, as lists of ``columns`` words.

    StudyError names a line with too few words. The last word takes the rest of its line.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{path} cannot be read: {error}. Unpack the archive again.") from error
    rows = []
    for number, line in enumerate(lines[skip:], start=skip + 1):
        words = line.split(maxsplit=columns - 1)
        if words and len(words) != columns:
            raise StudyError(f"{path}, line {number}: expected {columns} words, found {line!r}.")
        if words:
            rows.append([word.strip() for word in words])
    return rows


def numbers(words: Sequence[str], path: Path) -> np.ndarray:
    """``words`` as int64 (N,); StudyError naming ``path`` if one is not an integer."""
    try:
        return np.array([int(word) for word in words], dtype=np.int64)
    except ValueError as error:
        raise StudyError(f"{path}: {error}. Unpack the archive again.") from error
