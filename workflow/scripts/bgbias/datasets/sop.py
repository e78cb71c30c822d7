"""Source ``sop``: Stanford Online Products."""

from pathlib import Path

import numpy as np

from bgbias.datasets.official import check_counts, located, numbers, read_table, split_of_labels
from bgbias.index import Index

# Song et al. (2016), section 4.1; the paper's own validation classes are the last 2,829 of the training list.
PUBLISHED = {
    "images": 120_053,
    "train_classes": 8_489,
    "val_classes": 2_829,
    "test_classes": 11_316,
    "development_images": 59_551,
    "test_images": 60_502,
}


def rows(root: Path, settings: dict) -> Index:
    """Labels are the official class numbers minus one; the test split is the official test list."""
    folder = located(root, ["Ebay_train.txt", "Ebay_test.txt"], "Stanford Online Products")
    development, test = (read_table(folder / f"Ebay_{part}.txt", 4, skip=1) for part in ("train", "test"))
    entries = development + test
    labels = numbers([number for _, number, _, _ in entries], folder) - 1
    inside = folder.relative_to(root)
    return check_counts(
        Index(
            paths=[(inside / path).as_posix() for _, _, _, path in entries],
            labels=labels,
            # Products have no names; in a figure, the kind of product is more informative than the number.
            class_names=[f"{path.split('_final')[0]} {number}" for _, number, _, path in entries],
            splits=split_of_labels(labels, np.arange(len(entries)) >= len(development)),
        ),
        PUBLISHED,
        settings,
        root,
    )
