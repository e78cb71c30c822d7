"""Source ``vehicleid``: PKU VehicleID with one of its test lists.

The gallery image of a vehicle is drawn at random, and results are averaged over draws. The index therefore
holds the test list only; :func:`bgbias.retrieval.gallery.one_per_class` draws at retrieval.
"""

from pathlib import Path

import numpy as np

from bgbias.datasets.official import check_counts, located, numbers, read_table, split_of_labels
from bgbias.index import Index

# Liu et al., "Deep Relative Distance Learning" (2016), table 1.
PUBLISHED = {"development_images": 113_346, "development_classes": 13_164}
TEST_LIST = 800  # default; the settings may name the list of 1600 or 2400 vehicles


def rows(root: Path, settings: dict) -> Index:
    """Labels are the vehicle ids; ``settings["test_list"]`` (800, 1600 or 2400 ids) names the test split.

    ASSUME: the dataset has no validation vehicles; the last quarter of its training vehicles is used, as in
    the paper's datasets.
    """
    size = settings.get("test_list", TEST_LIST)
    folder = located(root, ["image", "train_test_split"], "VehicleID")
    lists = folder / "train_test_split"
    development, test = (read_table(lists / f"{name}.txt", 2) for name in ("train_list", f"test_list_{size}"))
    entries = development + test
    labels = numbers([vehicle for _, vehicle in entries], lists)
    inside = folder.relative_to(root) / "image"
    return check_counts(
        Index(
            paths=[(inside / f"{image}.jpg").as_posix() for image, _ in entries],
            labels=labels,
            class_names=[vehicle for _, vehicle in entries],
            splits=split_of_labels(labels, np.arange(len(entries)) >= len(development)),
        ),
        PUBLISHED | {"test_classes": size},
        settings,
        root,
    )
