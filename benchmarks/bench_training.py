"""Training steps: the cost of background replacement, and the gap to a model that never waits for data.

base, bgaugment: the loop of an epoch as the workflow trains it, with batches made from packed photographs in
a thread ahead of the model. constant: the same model and loss, as many steps on one batch that is already on
the device. On a GPU also bgaugment with non-default settings: float32, and torch.compile in either number
format. On one core CPU seconds are compared, which equal elapsed time if nothing else runs; on two cores and
on a GPU, elapsed time.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import measuring

os.environ.update(measuring.ONE_THREAD)
os.environ["TQDM_DISABLE"] = "1"  # no progress bars
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))

import material
import torch

from bgbias.devices import choose_device, describe_device, prepare_cpu
from bgbias.training.loop import Training
from bgbias.training.progress import Progress
from bgbias.training.stopping import stopping

BACKGROUND_COST, THROUGHPUT = {"cpu": 1.15, "cuda": 1.05}, {"cpu": 0.95, "cuda": 0.90}
CLASSES_OF_A_BATCH = 8
CASES = {  # backbone, side, short side, batch, steps per round
    "squeezenet1_1 at 224 px": ("squeezenet1_1", 224, 256, 32, 4),
    "squeezenet1_1 at 112 px": ("squeezenet1_1", 112, 128, 32, 8),
    "small_cnn at 64 px": ("small_cnn", 64, 72, 48, 30),
}
GPU_SETTINGS = {
    "float32": {"precision": "float32"},
    "compiled": {"compile": True},
    "float32, compiled": {"precision": "float32", "compile": True},
}
QUICK = ("squeezenet1_1 at 112 px", "small_cnn at 64 px")
GPU_CASES = {
    "bninception at 227 px": ("bninception", 227, 256, 32, 100),
    "squeezenet1_1 at 227 px": ("squeezenet1_1", 227, 256, 32, 100),
    "resnet50 at 224 px, batch 128": ("resnet50", 224, 256, 128, 50),
}


def settings(
    backbone: str, size: int, batch: int, steps: int, probability: float, training: dict | None = None
) -> dict:
    """A run's settings as the workflow resolves them; ``training`` overrides keys of that section."""
    return {
        "backbone": {"model": backbone, "weights": None},
        "embedding_size": 128,
        "loss": {"type": "triplet", "images_per_class": batch // CLASSES_OF_A_BATCH, "margin": 0.1},
        "variant": {"probability": probability, "selection": "clean"},
        "transform": {
            "train_size": size,
            "eval_size": size,
            "scale": [0.16, 1.0],
            "ratio": [0.75, 4 / 3],
            "flip": True,
            "noise": 0.0,
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
        }
        | (training or {}),
    }


def epoch(training: Training) -> None:
    """The steps of the first epoch, from the current weights."""
    training.progress = Progress()
    with stopping() as stop:
        training.train_epoch(stop)


def constant(training: Training, steps: int) -> None:
    """``steps`` steps on one batch; as in training, a step's result is read after the next step."""
    size, batch = training.settings["transform"]["train_size"], training.options["batch_size"]
    images = torch.rand(batch, 3, size, size, device=training.device)
    images = images.contiguous(memory_format=torch.channels_last)
    labels = torch.arange(batch, device=training.device) // training.settings["loss"]["images_per_class"]
    before = None
    for _ in range(steps):
        result = training.step(images, labels)
        if before is not None:
            before()
        before = result
    before()


def verdicts(name: str, seconds: dict, where: str, device: str) -> list[dict]:
    """The two rows of a case: the cost of replacement, and the gap to the limit."""
    cost, throughput = (
        measuring.ratio(seconds, *pair) for pair in (("bgaugment", "base"), ("constant", "bgaugment"))
    )
    return [
        measuring.verdict(
            f"{name}: bgaugment step / base step, {where}", cost, at_most=BACKGROUND_COST[device]
        ),
        measuring.verdict(
            f"{name}: bgaugment throughput / constant batch, {where}", throughput, at_least=THROUGHPUT[device]
        ),
    ]


def measure(case: tuple, name: str, photographs, folder: Path, device: torch.device, rounds: int):
    backbone, size, short_side, batch, steps = case
    store, backgrounds = material.pack(photographs, folder / name, short_side)
    base, bgaugment = (
        Training(store, settings(backbone, size, batch, steps, probability), 0, backgrounds, device=device)
        for probability in (0.0, 1.0)
    )
    for training in (base, bgaugment):
        training.set_training_mode()
    methods = {
        "base": lambda _: epoch(base),
        "bgaugment": lambda _: epoch(bgaugment),
        "constant": lambda _: constant(base, steps),
    }
    for other, changes in GPU_SETTINGS.items() if device.type == "cuda" else ():
        changed = settings(backbone, size, batch, steps, 1.0, changes)
        training = Training(store, changed, 0, backgrounds, device=device)
        training.set_training_mode()
        methods[other] = lambda _, training=training: epoch(training)
    rows, details = [], {"images": photographs.name, "steps per round": steps}
    for where, clock in settings_of_cores(device):
        seconds = measuring.alternate(methods, rounds, clock)
        details[f"ms per round, {where}"] = measuring.milliseconds(seconds)
        rows += verdicts(name, seconds, where, device.type)
        for other in (name for name in GPU_SETTINGS if name in methods):
            gain = measuring.ratio(seconds, "bgaugment", other)
            rows.append(measuring.verdict(f"{name}: bgaugment step / {other} step, {where}", gain))
    return rows, details


def settings_of_cores(device: torch.device):
    """A description of where the work runs, and the clock for it: the GPU, or one core and then all."""
    if device.type == "cuda":
        yield describe_device(device), measuring.clock(device)
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    yield "one core", time.process_time
    os.sched_setaffinity(0, cores)
    if len(cores) > 1:
        yield f"{len(cores)} cores", time.perf_counter


def main() -> None:
    options = measuring.options(__doc__).parse_args()
    prepare_cpu(threads=1)
    device = choose_device("auto")
    cases = GPU_CASES if device.type == "cuda" else CASES
    rows, details = [], {"device": describe_device(device)}
    with tempfile.TemporaryDirectory() as folder:
        photographs = material.photographs(Path(folder), limit=400)[-1]
        for name, case in cases.items():
            if not options.full and cases is CASES and name not in QUICK:
                continue
            rounds = 9 if options.full else 3
            found, details[name] = measure(case, name, photographs, Path(folder), device, rounds)
            rows += found
            # After each case, because the next may fail or take too long.
            measuring.report(rows, details, options.out)


if __name__ == "__main__":
    main()
