"""A training job small enough for tests, and what they vary of it."""

import copy
from pathlib import Path

import tiny_stores
import torch
import train_model
from safetensors.torch import load_file

SETTINGS = {
    "backbone": {"model": "small_cnn", "weights": None, "widths": [8, 16]},
    "embedding_size": 8,
    "loss": {"type": "triplet", "images_per_class": 4, "margin": 0.1},
    "variant": {"probability": 1.0, "selection": "swapped"},
    "transform": {
        "train_size": 16,
        "scale": [0.16, 1.0],
        "ratio": [0.75, 4 / 3],
        "flip": True,
        "eval_size": 16,
        "noise": 0.0,
    },
    "training": {
        "optimizer": "rmsprop",
        "learning_rate": 1e-3,
        "weight_decay": 1e-4,
        "momentum": 0.9,
        "batch_size": 16,
        "iterations_per_epoch": 5,
        "max_epochs": 3,
        "patience": 5,
        "freeze_batchnorm": False,
    },
}
LOSS_SETTINGS = {
    "contrastive": {"type": "contrastive", "images_per_class": 4, "pos_margin": 0.2, "neg_margin": 0.5},
    "triplet": {"type": "triplet", "images_per_class": 4, "margin": 0.1},
    "multi_similarity": {
        "type": "multi_similarity",
        "images_per_class": 4,
        "alpha": 8.0,
        "beta": 50.0,
        "base": 0.5,
    },
    "arcface": {
        "type": "arcface",
        "images_per_class": 1,
        "margin": 20.0,
        "scale": 30.0,
        "learning_rate": 0.1,
    },
    "normalized_softmax": {
        "type": "normalized_softmax",
        "images_per_class": 1,
        "temperature": 0.1,
        "learning_rate": 0.1,
    },
}
ARCFACE = {"type": "arcface", "images_per_class": 1, "margin": 20.0, "scale": 30.0, "learning_rate": 0.05}
RUN = {"dataset": "d", "backbone": "small_cnn", "loss": "triplet", "variant": "bgaugment", "seed": 0}


def make_layouts(folder: Path) -> list[Path]:
    """Layout files of a dataset and of its training and validation backgrounds."""
    return [
        tiny_stores.write_images(folder / "images", {"train": 16, "val": 4, "test": 2}),
        tiny_stores.write_backgrounds(folder / "train", seed=1),
        tiny_stores.write_backgrounds(folder / "validation", seed=2),
    ]


def changed(**sections) -> dict:
    """SETTINGS with some keys of some sections replaced."""
    settings = copy.deepcopy(SETTINGS)
    for section, keys in sections.items():
        settings[section] = {**settings[section], **keys} if isinstance(keys, dict) else keys
    return settings


def train(layouts, folder: Path, settings: dict = SETTINGS, run: dict = RUN, device: str = "cpu") -> dict:
    """The whole job into ``folder``; gives the model's tensors."""
    torch.set_num_threads(1)  # as in a job; no more of prepare_cpu, for later tests of this process
    train_model.train_model(
        *map(str, layouts),
        str(folder / "model.safetensors"),
        str(folder / "history.csv"),
        str(folder / "run.yaml"),
        run=run,
        settings=settings,
        device=device,
        checkpoint=str(folder / "checkpoint"),
    )
    return load_file(folder / "model.safetensors")


def same(one: dict, other: dict) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)
