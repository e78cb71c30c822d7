"""Source ``inshop``: DeepFashion In-Shop Clothes Retrieval, whose test images are queries or gallery."""

from pathlib import Path

import numpy as np

from bgbias.datasets.official import check_counts, numbers, read_table, split_of_labels
from bgbias.errors import StudyError
from bgbias.index import Index

# Liu et al., "DeepFashion" (2016), and the header of its list_eval_partition.txt.
PUBLISHED = {
    "images": 52_712,
    "development_images": 25_882,
    "development_classes": 3_997,
    "query_images": 14_218,
    "query_classes": 3_985,
    "gallery_images": 12_612,
    "gallery_classes": 3_985,
}
STATUSES = ("train", "query", "gallery")


def rows(root: Path, settings: dict) -> Index:
    """Labels are the numbers in the item ids (``id_00000002`` is 2).

    ASSUME: the dataset has no validation items; the last quarter of its training items is used, as in the
    paper's other datasets.
    """
    listing = _first(root, ["Eval/list_eval_partition.txt", "list_eval_partition.txt"])
    head = read_table(listing, 1)
    announced = head[0][0] if head else "no"
    entries = read_table(listing, 3, skip=2)
    if announced != str(len(entries)):
        raise StudyError(
            f"{listing} announces {announced} images and lists {len(entries)}. Download it again."
        )
    for image, item, status in entries:
        if status not in STATUSES or not item.startswith("id_"):
            raise StudyError(
                f"{listing}: {image} has item {item!r} and status {status!r}; expected id_<number> and "
                f"one of {', '.join(STATUSES)}. Download it again."
            )
    inside = _first(root, ["Img/img", "img"]).parent.relative_to(root)
    labels = numbers([item.removeprefix("id_") for _, item, _ in entries], listing)
    status = np.array([status for _, _, status in entries])
    return check_counts(
        Index(
            paths=[(inside / image).as_posix() for image, _, _ in entries],
            labels=labels,
            class_names=[item for _, item, _ in entries],
            splits=split_of_labels(labels, status != "train"),
            is_query=status == "query",
            is_gallery=status == "gallery",
        ),
        PUBLISHED,
        settings,
        root,
    )


def _first(root: Path, candidates: list[str]) -> Path:
    for candidate in candidates:
        if (root / candidate).exists():
            return root / candidate
    raise StudyError(
        f"{root} does not look like In-Shop Clothes: it has neither {' nor '.join(candidates)}. "
        "Unpack the archives there (see data/README.md for the layout)."
    )
