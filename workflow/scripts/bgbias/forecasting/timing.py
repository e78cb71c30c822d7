"""How long each kind of work in a run takes on this machine, measured on random images."""

import contextlib
import io
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch

from bgbias.attribution import Target, attribution_maps
from bgbias.attribution.images import black_image, images_and_masks
from bgbias.configuration import study
from bgbias.configuration.keywords import READY
from bgbias.devices import choose_batch_size
from bgbias.errors import StudyError
from bgbias.forecasting.arithmetic import ASPECT, Seconds
from bgbias.forecasting.table import shown
from bgbias.index import COLUMNS
from bgbias.input_pipeline.packing import write_store
from bgbias.input_pipeline.pixels import PixelStore
from bgbias.masks.maskers import build_masker
from bgbias.randomness import generator
from bgbias.retrieval.embedding import embed
from bgbias.retrieval.feeding import EvaluationFeed, evaluation_view
from bgbias.training.loop import Training


def run_seconds(config: dict, backbone: str, folder: Path, device: torch.device) -> tuple[Seconds, int]:
    """Seconds of each kind of work with ``backbone`` on ``device``, and the model's number of parameters.

    ``config``: a study's, with defaults filled in; ``folder``: for temporary packed images and checkpoints.
    """
    # On a CPU one step of a real network takes seconds, and little warm-up is needed.
    steps, images = (20, 512) if device.type == "cuda" else (1, 8)
    batch, short_side = config["training"]["batch_size"], config["pixels"]["short_side"]
    store = _noise_store(folder / "images", {"train": batch, "val": 2, "test": 2}, 4, short_side)
    backgrounds = _noise_store(folder / "backgrounds", {"train": 4}, 1, short_side)
    training = _brief_training(config, backbone, store, backgrounds, steps, folder / "checkpoint", device)
    rows = np.resize(store.index.rows("test"), images)
    scored = rows[: max(1, images // 64)]
    attributes = bool(config["attribution"]["methods"])
    seconds = Seconds(
        step=training.progress.history[-1]["seconds"] / steps,
        embed=_seconds_per_image(partial(_embedding, config, training, backgrounds), rows),
        attribute=_seconds_per_image(partial(_attribution, config, training), scored) if attributes else 0.0,
    )
    return seconds, sum(parameter.numel() for parameter in training.model.parameters())


def seconds_per_mask(config: dict) -> dict[str, float | None]:
    """By dataset, on one thread of this CPU; 0 for ready masks, None if the masker is not available.

    A masker that several datasets use is measured once.
    """
    maskers = {dataset: study.masker_settings(config, dataset) for dataset in config["grid"]["dataset"]}
    measured = {}
    for settings in maskers.values():
        if settings["model"] not in measured:
            measured[settings["model"]] = _measured_mask(settings, config["pixels"]["short_side"])
    return {dataset: measured[settings["model"]] for dataset, settings in maskers.items()}


def _measured_mask(settings: dict, short_side: int) -> float | None:
    if settings["model"] == READY:
        return 0.0
    try:
        seconds = mask_seconds(settings, short_side)
    except StudyError as error:
        print(f"Masks were not measured. {error}\n")
        return None
    print(f"{settings['model']}: {shown(seconds)} s per mask (CPU)\n")
    return seconds


def mask_seconds(settings: dict, short_side: int) -> float:
    """Seconds per mask on one thread of this CPU; StudyError if the masker is not available."""
    masker = build_masker(settings)
    picture = generator(0, "forecast").integers(0, 256, (short_side, short_side, 3), dtype=np.uint8)
    return _second_time(lambda: masker("noise", picture))


def _brief_training(config, backbone, store, backgrounds, steps, checkpoint, device) -> Training:
    # ASSUME: all losses cost the same, because nearly all of a step is the network.
    dataset, loss = config["grid"]["dataset"][0], config["grid"]["loss"][0]
    settings = {
        "backbone": study.backbone_settings(config, backbone) | {"weights": None},
        "embedding_size": config["embedding_size"],
        "loss": study.loss_settings(config, loss, dataset),
        "variant": {"probability": 1.0, "selection": "clean"},
        "transform": config["transform"],
        # The second epoch counts; the first is a warm-up. Validation on 8 images is included.
        "training": config["training"] | {"iterations_per_epoch": steps, "max_epochs": 2, "patience": 2},
    }
    training = Training(store, settings, 0, backgrounds, backgrounds, device=device)
    said = io.StringIO()  # the log of an epoch on random images is useless
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        training.run(checkpoint, {})
    return training


def _embedding(
    config: dict, training: Training, backgrounds: PixelStore, rows: np.ndarray
) -> Callable[[], object]:
    evaluation = config["evaluation"]
    feed = EvaluationFeed(
        training.store,
        rows,
        backgrounds,
        evaluation_view(config["transform"], evaluation["background_crop"]),
        training.preprocessing,
        seed=0,
        device=training.device,
        batch_size=evaluation.get("batch_size"),
    )
    return lambda: embed(training.model, feed.batches("swapped"))


def _attribution(config: dict, training: Training, rows: np.ndarray) -> Callable[[], object]:
    size, device, preprocessing = config["transform"]["eval_size"], training.device, training.preprocessing
    distance, black = training.loss.distance.to(device), black_image(size, preprocessing, device)
    target = Target(training.model, distance, black)
    settings = config["attribution"]
    settings = settings | {"batch_size": choose_batch_size(settings.get("batch_size"), size, device)}

    def attribution():
        images, _ = images_and_masks(training.store, rows, size, preprocessing, device)
        return [
            attribution_maps(method, target, images, rows.tolist(), settings).cpu()
            for method in settings["methods"]
        ]

    return attribution


def _noise_store(folder: Path, classes: dict[str, int], images: int, short_side: int) -> PixelStore:
    """Random images with random masks, ``images`` per class; ``classes``: the number of classes per split."""
    size = (short_side, round(short_side * ASPECT), 4)
    picture = generator(0, "forecast").integers(0, 256, size, dtype=np.uint8)
    splits = [split for split, count in classes.items() for _ in range(count)]
    rows = [
        {"path": f"{label}/{image}", "label": label, "class_name": f"{label}", "split": split}
        for label, split in enumerate(splits)
        for image in range(images)
    ]
    write_store(folder / "rgba.bin", folder / "layout.csv", ((picture, row) for row in rows), COLUMNS)
    return PixelStore.open(folder / "layout.csv")


def _seconds_per_image(prepare: Callable[[np.ndarray], Callable[[], object]], rows: np.ndarray) -> float:
    """Seconds per row of what ``prepare`` makes of ``rows``; with more rows if start-up would dominate."""
    seconds = _second_time(prepare(rows))
    if seconds < 0.2:
        rows = np.tile(rows, 32)
        seconds = _second_time(prepare(rows))
    return seconds / len(rows)


def _second_time(work: Callable[[], object]) -> float:
    """Seconds that ``work`` takes after one warm-up call."""
    work()
    started = time.monotonic()
    work()
    return time.monotonic() - started
