"""Small packed stores for tests: discs whose colour is the class, before noise, with exact masks."""

from pathlib import Path

import numpy as np

from bgbias.input_pipeline.packing import background_row, write_store
from bgbias.input_pipeline.pixels import PixelStore
from bgbias.randomness import generator

COLUMNS = ["path", "label", "class_name", "split"]


def write_images(
    folder: Path, classes: dict[str, int], images: int = 6, size: int = 24, seed: int = 0
) -> Path:
    """A dataset with ``classes`` = classes per split and ``images`` a class; gives its layout's path."""
    rows, label = [], 0
    for split, count in classes.items():
        for _ in range(count):
            for image in range(images):
                row = {
                    "path": f"{split}/{label}/{image}.png",
                    "label": label,
                    "class_name": f"c{label}",
                    "split": split,
                }
                rows.append((_disc(seed, label, image, size), row))
            label += 1
    write_store(folder / "rgba.bin", folder / "layout.csv", rows, COLUMNS)
    return folder / "layout.csv"


def write_backgrounds(folder: Path, count: int = 5, size: int = 24, seed: int = 0) -> Path:
    """``count`` plain-coloured backgrounds with a little noise; gives the layout's path."""
    rows = []
    for image in range(count):
        rgba = np.zeros((size, size, 4), dtype=np.uint8)
        rng = generator(seed, "test background", image)
        rgba[..., :3] = np.clip(rng.integers(0, 256, 3) + rng.normal(0, 10, (size, size, 3)), 0, 255)
        rows.append(
            (rgba, {"path": f"{image}.png", "label": image, "class_name": "background", "split": "test"})
        )
    write_store(folder / "rgba.bin", folder / "layout.csv", rows, COLUMNS)
    return folder / "layout.csv"


def compressed_copy(store: PixelStore, folder: Path) -> PixelStore:
    """The images of ``store`` in a compressed one, in a new ``folder``."""
    folder.mkdir()
    rows = [(store.rgba(row), background_row(f"{row}.png")) for row in range(len(store))]
    write_store(folder / "rgba.bin", folder / "layout.csv", rows, COLUMNS, compressed=True)
    return PixelStore.open(folder / "layout.csv")


def _disc(seed: int, label: int, image: int, size: int) -> np.ndarray:
    colour = generator(seed, "test class", label).integers(0, 256, 3)
    rng = generator(seed, "test image", label, image)
    radius, centre = rng.uniform(0.25, 0.4) * size, size / 2 + rng.uniform(-2, 2, 2)
    y, x = np.mgrid[:size, :size]
    inside = (y - centre[0]) ** 2 + (x - centre[1]) ** 2 < radius**2
    rgba = np.zeros((size, size, 4), dtype=np.uint8)
    rgba[..., :3] = rng.integers(0, 256, (size, size, 3))
    rgba[inside, :3] = np.clip(colour + rng.normal(0, 15, (inside.sum(), 3)), 0, 255)
    rgba[..., 3] = 255 * inside
    return rgba
