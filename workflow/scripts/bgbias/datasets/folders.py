"""Source ``folders``: one folder per class, with or without train/val/test folders above them."""

import os
from pathlib import Path

import numpy as np

from bgbias.datasets.shares import SHARES, split_classes
from bgbias.errors import StudyError
from bgbias.index import SPLITS, Index
from bgbias.listings import IMAGE_SUFFIXES, list_images

_LIKE_SPLITS = {"train", "training", "val", "valid", "validation", "test", "testing"}
_LIKE_SIDES = {"query", "queries", "probe", "gallery", "database"}


def rows(root: Path, settings: dict) -> Index:
    """Every image below a class folder, at any depth, belongs to the class named by the folder.

    If ``root`` contains exactly the folders train, val and test, these are the splits; folders that look like
    other splits, or like queries and gallery, are rejected. Otherwise all classes are test classes with
    ``settings["test_only"]``, or are shuffled with ``settings["seed"]`` and split by ``settings["splits"]``
    (default :data:`~bgbias.datasets.shares.SHARES`). Labels number the classes in the sorted order of their
    names.
    """
    top = _folders(root)
    if not top:
        raise StudyError(
            f"{root} contains no folders. Source folders needs one folder of images per class in it."
        )
    is_split = set(top) == set(SPLITS)
    if is_split:
        places = [(split, name) for split in SPLITS for name in _folders(root / split)]
    else:
        _refuse_other_parts(root, top)
        places = [("", name) for name in top]
    images = {place: list_images(root.joinpath(*place)) for place in places}
    # A folder without images is not a class: it would shift the labels and splits of all others.
    names = sorted({name for (_, name), found in images.items() if found})
    if not names:
        raise StudyError(
            f"The class folders in {root} contain no images. Known suffixes: "
            f"{', '.join(sorted(IMAGE_SUFFIXES))}."
        )
    if is_split or settings.get("test_only"):
        split_of = dict.fromkeys(names, "test")
    else:
        split_of = split_classes(names, settings.get("splits") or SHARES, int(settings.get("seed", 0)))
    label_of = {name: label for label, name in enumerate(names)}
    entries = [
        (image.relative_to(root).as_posix(), label_of[name], name, split or split_of[name])
        for (split, name), found in images.items()
        for image in found
    ]
    paths, labels, class_names, splits = map(list, zip(*sorted(entries), strict=True))
    return Index(paths, np.array(labels), class_names, splits)


def _refuse_other_parts(root: Path, top: list[str]) -> None:
    names = {name.lower() for name in top}
    if len(names & _LIKE_SIDES) > 1:
        raise StudyError(
            f"{root} contains the folders {', '.join(top)}, which look like queries and gallery, not "
            "classes. Write an index with the columns is_query and is_gallery (source: index; see "
            "data/README.md)."
        )
    if len(names & _LIKE_SPLITS) > 1:
        raise StudyError(
            f"{root} contains the folders {', '.join(top)}, which look like splits, not classes. Splits must "
            "be exactly the three folders train, val and test; or name one of these folders as root."
        )


def _folders(root: Path) -> list[str]:
    return sorted(
        entry.name for entry in os.scandir(root) if entry.is_dir() and not entry.name.startswith(".")
    )
