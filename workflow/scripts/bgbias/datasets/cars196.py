"""Source ``cars196``: Stanford Cars, in the original layout or that of the by-classes mirror."""

import csv
from pathlib import Path

import numpy as np

from bgbias.datasets.official import check_counts, located, numbers, split_of_labels
from bgbias.errors import StudyError
from bgbias.index import Index
from bgbias.listings import list_images

# Song et al., "Deep Metric Learning via Lifted Structured Feature Embedding" (2016), section 6; the paper's
# own validation classes are the last 24 of the first 98.
PUBLISHED = {
    "images": 16_185,
    "train_classes": 74,
    "val_classes": 24,
    "test_classes": 98,
    "development_images": 8_054,
    "test_images": 8_131,
}

_Images = tuple[list[str], np.ndarray, list[str], int]  # paths, labels, class names, number of classes


def rows(root: Path, settings: dict) -> Index:
    """Labels are the official class numbers minus one; the second half of the classes is the test split."""
    mirrored = any(root.rglob("anno_train.csv"))
    paths, labels, class_names, n_classes = _mirror(root) if mirrored else _original(root)
    splits = split_of_labels(labels, labels >= n_classes // 2)
    return check_counts(Index(paths, labels, class_names, splits), PUBLISHED, settings, root)


def _original(root: Path) -> _Images:
    """``car_ims/*.jpg`` next to ``cars_annos.mat`` with its ``annotations`` and ``class_names``."""
    from scipy.io import loadmat

    folder = located(root, ["cars_annos.mat", "car_ims"], "Cars196")
    file = folder / "cars_annos.mat"
    try:
        content = loadmat(file, squeeze_me=True)
        annotations, names = content["annotations"], [str(name) for name in content["class_names"]]
        paths = [str(path) for path in annotations["relative_im_path"]]
        labels = np.array([int(label) for label in annotations["class"]], dtype=np.int64) - 1
    except Exception as error:  # loadmat raises arbitrary exceptions on damaged files
        raise StudyError(
            f"{file} cannot be read ({type(error).__name__}: {error}). Download it again."
        ) from error
    if len(labels) and not 0 <= labels.min() <= labels.max() < len(names):
        raise StudyError(f"{file} has labels outside its {len(names)} class names. Download it again.")
    return _below(root, folder, paths), labels, [names[label] for label in labels], len(names)


def _mirror(root: Path) -> _Images:
    """``car_data/car_data/{train,test}/<class>/*.jpg``; the class numbers are in ``anno_*.csv``."""
    annotations = min(root.rglob("anno_train.csv")).parent
    paths, labels, class_names = [], [], []
    for part in ("train", "test"):
        file = annotations / f"anno_{part}.csv"
        label_of = _annotations(file)
        images = min((path for path in root.rglob(part) if path.is_dir()), default=None)
        if images is None:
            raise StudyError(
                f"{root} has {file.name} but no folder {part}. Unpack the mirror's archive again."
            )
        for image in list_images(images):
            if image.name not in label_of:
                raise StudyError(f"{image} is not listed in {file}. Unpack the mirror's archive again.")
            paths.append(image.relative_to(root).as_posix())
            labels.append(label_of[image.name])
            class_names.append(image.parent.name)
    labels = numbers(labels, annotations) - 1
    names = annotations / "names.csv"
    n_classes = len(_csv(names)) if names.is_file() else len(np.unique(labels))
    return paths, labels, class_names, n_classes


def _annotations(file: Path) -> dict[str, str]:
    """File name -> class number, from lines ``name,x1,y1,x2,y2,class`` without a header."""
    return {row[0]: row[-1] for row in _csv(file) if row[-1].strip().isdigit()}


def _csv(file: Path) -> list[list[str]]:
    try:
        with open(file, newline="", encoding="utf-8") as stream:
            return [row for row in csv.reader(stream) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise StudyError(f"{file} cannot be read: {error}. Unpack the mirror's archive again.") from error


def _below(root: Path, folder: Path, paths: list[str]) -> list[str]:
    return [(folder.relative_to(root) / path).as_posix() for path in paths]
