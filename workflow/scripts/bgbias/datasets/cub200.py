"""Source ``cub200``: Caltech-UCSD Birds 200-2011, with its segmentations as hand labels."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from bgbias.datasets.official import check_counts, located, numbers, read_table, split_of_labels
from bgbias.errors import StudyError
from bgbias.images import image_size
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
    """Labels are the official class numbers minus one; the second half of the classes is the test split.

    Hand labels are the segmentations, an archive of its own; without its folder there are none.
    """
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
    inside = (folder / "images").relative_to(root)
    images = [path_of[image] for image, _ in labelled]
    return check_counts(
        Index(
            paths=[(inside / image).as_posix() for image in images],
            labels=labels,
            class_names=[names[number].split(".", 1)[-1] for _, number in labelled],
            splits=split_of_labels(labels, labels >= len(names) // 2),
            masks=_segmentations(root, folder, images),
        ),
        PUBLISHED,
        settings,
        root,
    )


def _segmentations(root: Path, folder: Path, images: Sequence[str]) -> list[str]:
    """The hand label of each of ``images``, paths below ``folder``/images: relative to ``root``, "" if it has
    none.

    Their greys say how sure a pixel is bird. Like any label, they are cut at half where masks are compared.
    """
    places = (root / "segmentations", folder / "segmentations")
    found = next((place for place in places if place.is_dir()), None)
    if found is None:
        return [""] * len(images)
    labels = [found / PurePosixPath(image).with_suffix(".png") for image in images]
    usable = [
        label.is_file() and _may_belong(label, folder / "images" / image)
        for label, image in zip(labels, images, strict=True)
    ]
    print(f"{found}: hand labels of {sum(usable):,} of {len(images):,} images")
    return [
        label.relative_to(root).as_posix() if use else "" for label, use in zip(labels, usable, strict=True)
    ]


def _may_belong(label: Path, image: Path) -> bool:
    # ASSUME: a segmentation of another size than its image as displayed (one rotated by EXIF, say) belongs to
    # another version of it. The image counts as unlabelled: what works without labels must not stop for one.
    try:
        return image_size(label) == image_size(image)
    except StudyError:
        return True  # the check of all files reports it
