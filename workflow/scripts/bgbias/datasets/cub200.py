"""Source ``cub200``: Caltech-UCSD Birds 200-2011."""

from pathlib import Path

from bgbias.datasets.official import check_counts, located, numbers, read_table, split_of_labels
from bgbias.errors import StudyError
from bgbias.index import Index

# Song et al. (2016), section 6; the paper's own validation classes are the last 25 of the first 100.
PUBLISHED = {
    "images": 11_788,
    "train_classes": 75,
    "val_classes": 25,
    "test_classes": 100,
    "development_images": 5_864,
    "test_images": 5_924,
}


def rows(root: Path, settings: dict) -> Index:
    """Labels are the official class numbers minus one; the second half of the classes is the test split."""
    folder = located(root, ["images", "images.txt", "image_class_labels.txt", "classes.txt"], "CUB200-2011")
    path_of = dict(read_table(folder / "images.txt", 2))
    names = dict(read_table(folder / "classes.txt", 2))
    label_file = folder / "image_class_labels.txt"
    labelled = read_table(label_file, 2)
    for image, number in labelled:
        if image not in path_of or number not in names:
            raise StudyError(
                f"{label_file}: image {image} of class {number} is not in images.txt or classes.txt. "
                "Unpack the archive again."
            )
    labels = numbers([number for _, number in labelled], label_file) - 1
    inside = folder.relative_to(root) / "images"
    return check_counts(
        Index(
            paths=[(inside / path_of[image]).as_posix() for image, _ in labelled],
            labels=labels,
            class_names=[names[number].split(".", 1)[-1] for _, number in labelled],
            splits=split_of_labels(labels, labels >= len(names) // 2),
        ),
        PUBLISHED,
        settings,
        root,
    )
