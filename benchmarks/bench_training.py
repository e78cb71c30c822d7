"""Training steps: what background replacement adds, and how far from a model that never waits for data.

base, bgaugment: an epoch's loop as the workflow trains it, batches made from packed photographs in a thread
ahead of the model. constant: the same model and loss on one batch that is already there, as often. On one
core CPU seconds are compared, which is elapsed time where nothing else runs; on two cores, elapsed time.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import measuring

os.environ.update(measuring.ONE_THREAD)
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))

import material
import torch

from bgbias.checkpoints import stopping
from bgbias.training import Progress, Training

BACKGROUND_COST, THROUGHPUT = 1.15, 0.95  # of the CPU; a GPU's are 1.05 and 0.90
CASES = {  # backbone: weights, side, short side, batch, steps a round
    "squeezenet1_1 at 224 px": ("squeezenet1_1", 224, 256, 32, 4),
    "squeezenet1_1 at 112 px": ("squeezenet1_1", 112, 128, 32, 8),
    "small_cnn at 64 px": ("small_cnn", 64, 72, 48, 30),
}
QUICK = ("squeezenet1_1 at 112 px", "small_cnn at 64 px")


def settings(backbone: str, size: int, batch: int, steps: int, probability: float) -> dict:
    """A run's settings as the workflow resolves them."""
    return {
        "backbone": {"model": backbone, "weights": None},
        "embedding_size": 128,
        "loss": {"type": "triplet", "images_per_class": 4, "margin": 0.1},
        "variant": {"probability": probability, "selection": "clean"},
        "transform": {
            "train_size": size,
            "eval_size": size,
            "scale": [0.16, 1.0],
            "ratio": [0.75, 4 / 3],
            "flip": True,
        },
        "training": {
            "optimizer": "rmsprop",
            "learning_rate": 1e-6,
            "weight_decay": 1e-4,
            "momentum": 0.9,
            "batch_size": batch,
            "iterations_per_epoch": steps,
            "max_epochs": 1,
            "patience": 1,
            "freeze_batchnorm": True,
        },
    }


def epoch(training: Training) -> None:
    """The steps of the first epoch, from whatever weights there are."""
    training.progress = Progress()
    with stopping() as stop:
        training._train_epoch(stop)


def constant(training: Training, steps: int) -> None:
    """As many steps on one batch."""
    size, batch = training.settings["transform"]["train_size"], training.options["batch_size"]
    images = torch.rand(batch, 3, size, size).contiguous(memory_format=torch.channels_last)
    labels = torch.arange(batch) // 4
    for _ in range(steps):
        training._step(images, labels).tolist()


def measure(name: str, photographs: material.Photographs, folder: Path, rounds: int) -> tuple[list, dict]:
    backbone, size, short_side, batch, steps = CASES[name]
    store, backgrounds = material.pack(photographs, folder / name, short_side)
    base, bgaugment = (
        Training(store, settings(backbone, size, batch, steps, probability), 0, backgrounds)
        for probability in (0.0, 1.0)
    )
    for training in (base, bgaugment):
        training._set_training_mode()
    methods = {
        "base": lambda _: epoch(base),
        "bgaugment": lambda _: epoch(bgaugment),
        "constant": lambda _: constant(base, steps),
    }
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    one = measuring.alternate(methods, rounds)
    os.sched_setaffinity(0, cores)
    rows = [
        measuring.verdict(
            f"{name}: bgaugment step / base step, one core",
            measuring.ratio(one, "bgaugment", "base"),
            at_most=BACKGROUND_COST,
        ),
        measuring.verdict(
            f"{name}: bgaugment throughput / constant batch, one core",
            measuring.ratio(one, "constant", "bgaugment"),
            at_least=THROUGHPUT,
        ),
    ]
    details = {"images": photographs.name, "steps a round": steps}
    details["ms a round, one core"] = measuring.milliseconds(one)
    if len(cores) > 1:
        two = measuring.alternate(methods, rounds, time.perf_counter)
        details["ms a round, two cores"] = measuring.milliseconds(two)
        rows.append(
            measuring.verdict(
                f"{name}: bgaugment throughput / constant batch, two cores",
                measuring.ratio(two, "constant", "bgaugment"),
                at_least=THROUGHPUT,
            )
        )
    return rows, details


def main() -> None:
    options = measuring.options(__doc__).parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    rows, details = [], {}
    with tempfile.TemporaryDirectory() as folder:
        photographs = material.photographs(Path(folder), limit=400)[-1]
        for name in CASES if options.full else QUICK:
            found, details[name] = measure(name, photographs, Path(folder), 9 if options.full else 3)
            rows += found
            measuring.print_table(found)
    measuring.report(rows, details, options.out)


if __name__ == "__main__":
    main()
