"""Folders of images, one a class, and the classes that a split of an index has."""

from pathlib import Path

from layouts import image

from bgbias.index import Index


def folder_classes(root: Path, names, n=3) -> None:
    for name in names:
        for i in range(n):
            image(root / name / f"{i}.jpg")


def classes_of(index: Index, split: str) -> list[int]:
    return sorted(set(index.labels[index.rows(split)].tolist()))
