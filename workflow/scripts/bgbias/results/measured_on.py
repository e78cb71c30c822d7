"""What a dataset's numbers rest on: the images of each split, those left out, and exact copies."""

import os
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bgbias.files import read_rows
from bgbias.index import SPLITS
from bgbias.input_pipeline.pixels import CHECKSUM, PixelStore
from bgbias.results.names import human
from bgbias.results.rows import pick
from bgbias.results.table_formats import Cell, Table

_SPLIT_NAMES = dict(zip(SPLITS, ("Training", "Validation", "Test"), strict=True))


@dataclass(frozen=True)
class Copies:
    """The paths of test images, each with that of a copy of it that has the same pixels and the same mask.

    ``own_class``: the copy is found as a match; ``other_class``: it is found, and is none; ``training``: it
    is a training or validation image. An image may be in several of them, and is in each once.
    """

    own_class: list[tuple[str, str]]
    other_class: list[tuple[str, str]]
    training: list[tuple[str, str]]


@dataclass(frozen=True)
class MeasuredOn:
    """Of one dataset: the numbers of ``classes`` and ``images`` by split, of images left out, the copies."""

    dataset: str
    classes: dict[str, int]
    images: dict[str, int]
    left_out: int
    copies: Copies


def measured_on(
    dataset: str, layout: str | os.PathLike, index: str | os.PathLike, problems: str | os.PathLike
) -> MeasuredOn:
    """What there is of ``dataset`` in its packed store, the folder of ``layout``.

    Left out is what ``index`` has and the store has not, for want of a mask, and what ``problems`` lists, a
    file that may be missing. StudyError when one of them is torn.
    """
    rows = read_rows(layout)
    by_split = {split: [row for row in rows if row["split"] == split] for split in SPLITS}
    named = {row["path"] for row in read_rows(index)}
    if Path(problems).exists():
        named |= {row["path"] for row in read_rows(problems)}
    return MeasuredOn(
        dataset,
        classes={split: len({row["label"] for row in found}) for split, found in by_split.items()},
        images={split: len(found) for split, found in by_split.items()},
        # Not all problems: an image that is no query any more is listed, and still there.
        left_out=len(named - {row["path"] for row in rows}),
        copies=copies(rows, equal_images(rows, layout)),
    )


def equal_images(rows: Sequence[dict], layout: str | os.PathLike) -> list[list[int]]:
    """The ``rows`` of ``layout`` whose images are the same to the last byte, in groups of two or more."""
    alike = _groups(range(len(rows)), lambda row: pick(rows[row], ("height", "width", CHECKSUM)))
    if not alike:
        return []
    store = PixelStore.open(layout)
    # A checksum has 32 bits: among 100 000 images two that differ are likely to have the same.
    return [equal for group in alike for equal in _groups(group, lambda row: store.rgba(row).tobytes())]


def copies(rows: Sequence[dict], groups: Iterable[Sequence[int]]) -> Copies:
    """What the ``groups`` of equal images, row numbers of the layout's ``rows``, mean for a test."""
    found = Copies([], [], [])
    for group in groups:
        test = [row for row in group if rows[row]["split"] == "test"]
        seen = [row for row in group if rows[row]["split"] != "test"]
        gallery: dict[str, list[int]] = {}
        for row in test:
            if rows[row].get("is_gallery", "1") == "1":
                gallery.setdefault(rows[row]["label"], []).append(row)
        for image in test:
            path, label = rows[image]["path"], rows[image]["label"]
            if seen:
                found.training.append((path, rows[seen[0]]["path"]))
            if rows[image].get("is_query", "1") == "1":
                own = [row for row in gallery.get(label, [])[:2] if row != image]
                other = next((alike[0] for other, alike in gallery.items() if other != label), None)
                found.own_class.extend((path, rows[row]["path"]) for row in own[:1])
                if other is not None:
                    found.other_class.append((path, rows[other]["path"]))
    return found


def data_table(measured: Sequence[MeasuredOn], backgrounds: int) -> Table:
    """A row a dataset; classes and images of each split that has some, images left out, ``backgrounds``."""
    splits = [split for split in SPLITS if any(data.images[split] for data in measured)]
    lines = [
        [
            human(data.dataset),
            *(str(count[split]) for split in splits for count in (data.classes, data.images)),
            str(data.left_out),
            str(backgrounds),
        ]
        for data in measured
    ]
    return Table(
        ["Dataset"],
        [
            *((_SPLIT_NAMES[split], ["classes", "images"]) for split in splits),
            ("", ["left out", "test backgrounds"]),
        ],
        [("", [[*map(Cell, line)] for line in lines])],
        "Classes and images of each split, images left out, and the backgrounds that the test images are "
        "swapped to.",
    )


def _groups(rows: Iterable[int], key: Callable[[int], Hashable]) -> list[list[int]]:
    """The ``rows`` that share their key with another, in groups, in order."""
    groups: dict[Hashable, list[int]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return [group for group in groups.values() if len(group) > 1]
