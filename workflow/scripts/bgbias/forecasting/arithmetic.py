"""Arithmetic of a forecast: from counts of images and measured seconds to hours and bytes."""

import math
from dataclasses import dataclass
from pathlib import Path

from bgbias.configuration.keywords import IMAGENET
from bgbias.configuration.study import backbone_settings, is_subset, trained_backbones
from bgbias.datasets import cars196, cub200, dataset_index, inshop, sop
from bgbias.demo_world.classes import split_sizes
from bgbias.files import read_rows
from bgbias.input_pipeline.packing import COMPRESSED_SHARE

PUBLISHED = {
    "cars196": cars196.PUBLISHED,
    "cub200": cub200.PUBLISHED,
    "sop": sop.PUBLISHED,
    "inshop": inshop.PUBLISHED,
}
ASPECT = 4 / 3  # ASSUME: long side / short side of an average photograph; the index does not contain sizes
FLOAT = 4  # bytes


@dataclass(frozen=True)
class Counts:
    """Numbers of images of a dataset: total, validation split, test split."""

    images: int
    validation: int
    test: int


@dataclass(frozen=True)
class Seconds:
    """Measured with one backbone: a training step (one batch), and embedding and attribution per image."""

    step: float
    embed: float
    attribute: float


def counts(settings: dict, index: Path) -> Counts | None:
    """How many images a dataset has: according to its ``index`` if that exists, else as published or
    configured, or according to the user's own files. These are listed, not read: unusable images count too.

    None if only the index can tell and it does not exist yet, as for part of a dataset that has not been
    downloaded: which images are kept depends on how many each class has.
    """
    if index.is_file():
        return _of_splits([row["split"] for row in read_rows(index)])
    known = None if is_subset(settings) else _whole(settings)
    if known is None and "root" in settings:
        known = _of_splits(dataset_index(settings["root"], settings, alone="skip").splits)
    return known


def _whole(settings: dict) -> Counts | None:
    """All images of a dataset that is yet to be generated or downloaded; None if their number is unknown."""
    source = settings["source"]
    if source == "demo_world":
        images = settings["images_per_class"]
        _, validation, test = split_sizes(settings["classes"])
        return Counts(images * settings["classes"], images * validation, images * test)
    if source in PUBLISHED:
        known = PUBLISHED[source]
        test = known.get("test_images") or known["query_images"] + known["gallery_images"]
        # A quarter of the classes that are not test classes.
        return Counts(known["images"], known["development_images"] // 4, test)
    return None


def _of_splits(splits: list[str]) -> Counts:
    return Counts(len(splits), splits.count("val"), splits.count("test"))


def untrained(config: dict, backbone: str, features: int) -> dict:
    """``config`` for the forecast of ``backbone``, with ``features`` pooled features, without training.

    It has no epochs, but still what the measurement needs for one small training step.
    """
    return config | {
        "grid": config["grid"] | {"backbone": [backbone], "loss": ["triplet"]},
        "losses": {"triplet": {"images_per_class": 4, "margin": 0.1}},
        "embedding_size": features,
        # A study without training does not set this size, and not every network accepts the demo's.
        "transform": config["transform"] | {"train_size": config["transform"]["eval_size"]},
        "training": config["training"] | {"batch_size": 8, "max_epochs": 0, "compile": False},
    }


def hours(
    counts: Counts, runs: int, config: dict, seconds: Seconds, mask: float | None
) -> dict[str, float | None]:
    """Device hours for all ``runs`` of a dataset; masks are made once, on a CPU, in ``mask`` seconds each
    (None: unknown).

    Training ends after ``patience`` + 1 to ``max_epochs`` epochs: ``train_least`` and ``train_most``.
    """
    training, evaluation = config["training"], config["evaluation"]
    epoch = training["iterations_per_epoch"] * seconds.step + counts.validation * seconds.embed
    scored = min(config["attribution"]["images"] or math.inf, counts.test)
    most = training["max_epochs"]
    return {
        "train_least": runs * min(most, training["patience"] + 1) * epoch / 3600,
        "train_most": runs * most * epoch / 3600,
        "test": runs * counts.test * (1 + evaluation["draws"]) * seconds.embed / 3600,
        "attribute": runs * scored * seconds.attribute / 3600,
        "masks": mask_hours(counts, mask),
    }


def mask_hours(counts: Counts, mask: float | None) -> float | None:
    """Hours of one core for all masks of a dataset, in ``mask`` seconds each (None: unknown)."""
    return None if mask is None else counts.images * mask / 3600


def packed_bytes(images: int, short_side: int, squash: bool = False, compressed: bool = False) -> float:
    """Red, green, blue and mask of ``images`` with the assumed aspect ratio, or square; compressed, what
    packing expects at most."""
    pixels = images * short_side**2 * (1 if squash else ASPECT)
    return 4 * pixels * (COMPRESSED_SHARE if compressed else 1)


def result_bytes(counts: Counts, runs: int, config: dict, parameters: int) -> float:
    """Models and embeddings of all ``runs`` of a dataset."""
    vectors = counts.test * (1 + config["evaluation"]["draws"])
    copies = 2 if config["grid"]["loss"] else 1  # a checkpoint keeps the trained model once more
    return runs * FLOAT * (copies * parameters + vectors * config["embedding_size"])


def download_gigabytes(config: dict, sources: dict) -> dict[str, float]:
    """What the study downloads, by name: datasets' preferred archives, weights, backgrounds.

    Datasets with their own ``root`` are already there; only backbones that are used count.
    """
    found = {}
    for name in config["grid"]["dataset"]:
        settings = config["datasets"][name]
        if settings["source"] in sources and "root" not in settings:
            archives = sources[settings["source"]]["layouts"][0]["archives"]
            found[name] = sum(archive["gigabytes"] for archive in archives)
    for name in dict.fromkeys([*trained_backbones(config), *config["frozen"]]):
        settings = backbone_settings(config, name)
        if settings.get("weights") == IMAGENET and settings["model"] in sources["weights"]:
            found[f"weights of {name}"] = sources["weights"][settings["model"]]["gigabytes"]
    if config["backgrounds"][config["background_set"]]["source"] == "study":
        files = read_rows(sources["study_backgrounds"]["files"])
        found["backgrounds"] = sum(int(row["bytes"]) for row in files) / 1e9
    return found
