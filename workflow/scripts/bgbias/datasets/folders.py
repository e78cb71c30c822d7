"""Source ``folders``: one folder per class, with or without train/val/test folders above them."""

import os
from pathlib import Path

import numpy as np

from bgbias.errors import StudyError
from bgbias.index import SPLITS, Index
from bgbias.listings import IMAGE_SUFFIXES, list_images
from bgbias.randomness import generator

# ASSUME: as in the paper's datasets, half of the classes are test and a quarter of the rest validation.
SHARES = {"train": 0.375, "val": 0.125, "test": 0.5}


def rows(root: Path, settings: dict) -> Index:
    """Every image below a class folder, at any depth, is of the class that the folder names.

    When ``root`` holds exactly the folders train, val and test, these are the splits. Otherwise all classes
    are test with ``settings["test_only"]``, or they are shuffled by ``settings["seed"]`` and split by
    ``settings["splits"]`` (shares of the classes, default :data:`SHARES`). Labels number the classes in the
    sorted order of their names.
    """
    top = _folders(root)
    if not top:
        raise StudyError(f"{root} has no folders. Source folders needs one folder of images per class in it.")
    if set(top) == set(SPLITS):
        classes = {(split, name): root / split / name for split in SPLITS for name in _folders(root / split)}
        names = sorted({name for _, name in classes})
        found = [(split, name, folder) for (split, name), folder in classes.items()]
    else:
        names = top
        if settings.get("test_only"):
            split_of = dict.fromkeys(names, "test")
        else:
            split_of = split_classes(names, settings.get("splits") or SHARES, int(settings.get("seed", 0)))
        found = [(split_of[name], name, root / name) for name in names]
    label_of = {name: label for label, name in enumerate(names)}
    entries = [
        (image.relative_to(root).as_posix(), label_of[name], name, split)
        for split, name, folder in found
        for image in list_images(folder)
    ]
    if not entries:
        raise StudyError(
            f"The class folders in {root} hold no images. Known suffixes: "
            f"{', '.join(sorted(IMAGE_SUFFIXES))}."
        )
    paths, labels, class_names, splits = map(list, zip(*sorted(entries), strict=True))
    return Index(paths, np.array(labels), class_names, splits)


def split_classes(names: list[str], shares: dict[str, float], seed: int) -> dict[str, str]:
    """Give each class to a split: shuffled by ``seed``, each split its share rounded, test the remainder.

    Every split gets at least two classes; StudyError when there are too few, or the shares do not add up.
    """
    if set(shares) != set(SPLITS) or min(shares.values()) <= 0 or abs(sum(shares.values()) - 1) > 1e-6:
        raise StudyError(
            f"splits must give train, val and test each a share above 0, 1 in total; found {shares}."
        )
    if len(names) < 2 * len(SPLITS):
        raise StudyError(
            f"{len(names)} classes cannot be split into train, val and test; each needs two, 6 in all. Where "
            "nothing is to be trained, set the dataset's test_only: true."
        )
    order = [names[i] for i in generator(seed, "split classes").permutation(len(names))]
    n_train = min(max(2, round(shares["train"] * len(order))), len(order) - 4)
    n_val = min(max(2, round(shares["val"] * len(order))), len(order) - n_train - 2)
    bounds = {
        "train": order[:n_train],
        "val": order[n_train : n_train + n_val],
        "test": order[n_train + n_val :],
    }
    return {name: split for split, members in bounds.items() for name in members}


def _folders(root: Path) -> list[str]:
    return sorted(
        entry.name for entry in os.scandir(root) if entry.is_dir() and not entry.name.startswith(".")
    )
