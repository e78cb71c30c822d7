"""Photographs for the measurements: real ones if they are next to the project, generated ones otherwise."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from bgbias.demo_world import make_backgrounds, make_dataset
from bgbias.images import read_mask, read_rgb
from bgbias.index import COLUMNS, read_index
from bgbias.input_pipeline.packing import background_row, pack_image, write_store
from bgbias.input_pipeline.pixels import PixelStore

REAL = Path(os.environ.get("BGBIAS_REAL", Path(__file__).resolve().parents[2] / "shared" / "real"))


@dataclass(frozen=True)
class Photographs:
    """Images with their masks and index columns, and background photographs."""

    name: str
    images: list[Path]
    masks: list[Path]
    rows: list[dict]
    backgrounds: list[Path]

    def sizes(self) -> dict:
        """The median width × height of images and of backgrounds."""
        return {kind: _median_size(getattr(self, kind)) for kind in ("images", "backgrounds")}


def photographs(folder: Path, limit: int) -> list[Photographs]:
    """Up to ``limit`` photographs of each available kind; if there is none, generated ones in ``folder``."""
    kinds = {"hand_labels": study_photographs, "waterbirds": waterbirds}
    here = [name for name in kinds if (REAL / name).is_dir() and (REAL / "backgrounds" / "val").is_dir()]
    return [kinds[name](limit) for name in here] or [generated(folder, limit)]


def study_photographs(limit: int) -> Photographs:
    """Test images of Cars196, CUB200 and SOP as published, with the study's own masks."""
    images = sorted(REAL.glob("hand_labels/*/*_image.jpeg"))[:limit]
    masks = [path.with_name(path.name.replace("_image.jpeg", "_mask_pred.png")) for path in images]
    rows = [{**background_row(path.name), "split": "test"} for path in images]
    return Photographs("photographs of Cars196, CUB200 and SOP", images, masks, rows, _backgrounds())


def waterbirds(limit: int) -> Photographs:
    root, index = REAL / "waterbirds", read_index(REAL / "waterbirds" / "index.csv")
    rows = [
        {"path": path, "label": label, "class_name": name, "split": split}
        for path, label, name, split in zip(
            index.paths, index.labels.tolist(), index.class_names, index.splits, strict=True
        )
    ]
    rows = rows[:: max(1, len(rows) // limit)][:limit]
    masks = [(root / "masks" / Path(*Path(row["path"]).parts[1:])).with_suffix(".png") for row in rows]
    return Photographs("Waterbirds", [root / row["path"] for row in rows], masks, rows, _backgrounds())


def generated(folder: Path, limit: int, size: int = 320) -> Photographs:
    rows = make_dataset(folder / "raw", "birds", 0.5, max(12, limit // 16), 16, size, seed=0)[:limit]
    make_backgrounds(folder / "photos", 40, size, seed=0, role="train")
    images = [folder / "raw" / row["path"] for row in rows]
    masks = [folder / "raw" / row["path"].replace("images", "exact_masks", 1) for row in rows]
    masks = [path.with_suffix(".png") for path in masks]
    return Photographs("generated images", images, masks, rows, sorted((folder / "photos").iterdir()))


def pack(
    photographs: Photographs, folder: Path, short_side: int, compressed: bool = False
) -> tuple[PixelStore, PixelStore]:
    """The stores of images and of backgrounds as the workflow would pack these photographs."""
    columns = [{name: row[name] for name in COLUMNS} for row in photographs.rows]
    images = (
        (pack_image(rgb, _mask(mask, rgb), short_side), row)
        for rgb, mask, row in zip(map(read_rgb, photographs.images), photographs.masks, columns, strict=True)
    )
    backgrounds = (
        (pack_image(read_rgb(path), None, short_side), background_row(path.name))
        for path in photographs.backgrounds
    )
    return _store(folder / "images", images, compressed), _store(folder / "backgrounds", backgrounds)


def _store(folder: Path, images, compressed: bool = False) -> PixelStore:
    folder.mkdir(parents=True, exist_ok=True)
    write_store(folder / "rgba.bin", folder / "layout.csv", images, COLUMNS, compressed)
    return PixelStore.open(folder / "layout.csv")


def _mask(path: Path, rgb: np.ndarray) -> np.ndarray:
    return read_mask(path, rgb.shape[:2], path)


def _backgrounds() -> list[Path]:
    return sorted((REAL / "backgrounds" / "val").iterdir())


def _median_size(paths: list[Path]) -> str:
    sizes = []
    for path in paths:
        with Image.open(path) as image:
            sizes.append(image.size)
    width, height = np.median(sizes, axis=0)
    return f"{width:g} × {height:g}"
