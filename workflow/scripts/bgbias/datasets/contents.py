"""What a packed dataset consists of: classes and images per split, images left out, exact copies."""

import os
from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path

from bgbias.files import read_rows
from bgbias.index import SPLITS
from bgbias.input_pipeline.pixels import CHECKSUM, PixelStore


def contents(layout: str | os.PathLike, index: str | os.PathLike, problems: str | os.PathLike) -> dict:
    """Describe the packed store of ``layout``.

    ``classes`` and ``images``: their numbers per split. ``left_out``: how many images are in ``index`` or in
    ``problems``, a file that may be missing, but not in the store. ``copies``: see :func:`copies`.
    StudyError when a file is torn.
    """
    rows = read_rows(layout)
    by_split = {split: [row for row in rows if row["split"] == split] for split in SPLITS}
    named = {row["path"] for row in read_rows(index)}
    if Path(problems).exists():
        named |= {row["path"] for row in read_rows(problems)}
    return {
        "classes": {split: len({row["label"] for row in found}) for split, found in by_split.items()},
        "images": {split: len(found) for split, found in by_split.items()},
        # Not the number of problems: an image that is listed may only be no longer a query.
        "left_out": len(named - {row["path"] for row in rows}),
        "copies": copies(rows, equal_images(rows, layout)),
    }


def equal_images(rows: Sequence[dict], layout: str | os.PathLike) -> list[list[int]]:
    """Groups of two or more ``rows`` of ``layout`` whose pixels and masks are equal to the last byte."""
    alike = _groups(
        range(len(rows)), lambda row: tuple(rows[row][key] for key in ("height", "width", CHECKSUM))
    )
    if not alike:
        return []
    store = PixelStore.open(layout)
    # Checksums have 32 bits: among 100,000 images, two different ones are likely to share one.
    return [equal for group in alike for equal in _groups(group, lambda row: store.rgba(row).tobytes())]


def copies(rows: Sequence[dict], groups: Iterable[Sequence[int]]) -> dict[str, list[tuple[str, str]]]:
    """Paths of test images, each with the path of an exact copy, by what the copy does to the test.

    ``own_class``: retrieval finds the copy as a match; ``other_class``: it finds the copy as a mistake;
    ``training``: the copy is a training or validation image. ``groups``: equal images, as numbers of
    ``rows``. An image appears at most once under each key.
    """
    found = {"own_class": [], "other_class": [], "training": []}
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
                found["training"].append((path, rows[seen[0]]["path"]))
            if rows[image].get("is_query", "1") == "1":
                own = [row for row in gallery.get(label, [])[:2] if row != image]
                other = next((alike[0] for other, alike in gallery.items() if other != label), None)
                found["own_class"].extend((path, rows[row]["path"]) for row in own[:1])
                if other is not None:
                    found["other_class"].append((path, rows[other]["path"]))
    return found


def _groups(rows: Iterable[int], key: Callable[[int], Hashable]) -> list[list[int]]:
    """The ``rows`` that share their key with another, in groups, in order."""
    groups: dict[Hashable, list[int]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return [group for group in groups.values() if len(group) > 1]
