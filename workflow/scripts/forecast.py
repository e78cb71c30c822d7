"""Say what a study will cost before anything of it is run, from a short measurement on this machine.

    python workflow/scripts/forecast.py config/paper.yaml

Measures a training step, embedding, attribution and masking at the study's sizes on pictures of noise, and
multiplies. Nothing is fetched, but rembg fetches its model when it has not got it.
"""

import argparse
import contextlib
import io
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import yaml

from bgbias import forecast, protocol, study, study_checks
from bgbias.attribution import Target, attribution_maps
from bgbias.attribution.images import black_image, images_and_masks
from bgbias.devices import choose_batch_size, choose_device, describe_device, prepare_cpu
from bgbias.embedding import embed, evaluation_batches, evaluation_view
from bgbias.errors import StudyError
from bgbias.index import COLUMNS
from bgbias.maskers import build_masker
from bgbias.pixels import PixelStore, write_store
from bgbias.randomness import generator
from bgbias.sources import load_sources
from bgbias.training import Training

ROOT = Path(__file__).parents[2]


def read_config(path: str) -> dict:
    """The study of a config file laid over config/config.yaml, checked and settled as the workflow does."""
    from snakemake.utils import update_config

    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    update_config(config, read_mapping(path))
    schema = (ROOT / "workflow/schemas/config.schema.yaml").read_text()
    study_checks.check(config, yaml.safe_load(schema))
    return protocol.settled(config)


def read_mapping(path: str) -> dict:
    """The YAML file of a study; StudyError when it is none."""
    try:
        found = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise StudyError(f"{path} cannot be read as a configuration: {error}.") from error
    if not isinstance(found, dict):
        raise StudyError(f"{path} is no configuration: it has no `key: value` at the top.")
    return found


def noise_store(folder: Path, classes: dict[str, int], images: int, short_side: int) -> PixelStore:
    """Pictures of noise with half masks, ``images`` a class; ``classes``: how many in each split."""
    size = (short_side, round(short_side * forecast.ASPECT), 4)
    picture = generator(0, "forecast").integers(0, 256, size, dtype=np.uint8)
    splits = [split for split, count in classes.items() for _ in range(count)]
    rows = [
        {"path": f"{label}/{image}", "label": label, "class_name": f"{label}", "split": split}
        for label, split in enumerate(splits)
        for image in range(images)
    ]
    write_store(folder / "rgba.bin", folder / "layout.csv", ((picture, row) for row in rows), COLUMNS)
    return PixelStore.open(folder)


def measure(config: dict, backbone: str, folder: Path, device: torch.device) -> tuple[forecast.Seconds, int]:
    """Seconds of each kind of work with ``backbone`` on ``device``, and the model's number of parameters."""
    # A CPU takes seconds for a step of a real network, and little to warm up.
    steps, images = (20, 512) if device.type == "cuda" else (1, 8)
    batch, short_side = config["training"]["batch_size"], config["pixels"]["short_side"]
    store = noise_store(folder / "images", {"train": batch, "val": 2, "test": 2}, 4, short_side)
    behind = noise_store(folder / "backgrounds", {"train": 4}, 1, short_side)
    # ASSUME: all losses cost the same; the network is nearly all of a step.
    dataset, loss = config["grid"]["dataset"][0], config["grid"]["loss"][0]
    settings = {
        "backbone": study.backbone_settings(config, backbone) | {"weights": None},
        "embedding_size": config["embedding_size"],
        "loss": study.loss_settings(config, loss, dataset),
        "variant": {"probability": 1.0, "selection": "clean"},
        "transform": config["transform"],
        # The second epoch is counted; the first warms up. Validation of 8 images is part of it.
        "training": config["training"] | {"iterations_per_epoch": steps, "max_epochs": 2, "patience": 2},
    }
    trained = Training(store, settings, 0, behind, behind, device=device)
    said = io.StringIO()  # an epoch of noise tells nothing
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        trained.run(folder / "checkpoint", {})
    model, preprocessing = trained.model, trained.preprocessing

    rows = np.resize(store.index.rows("test"), images)
    size, evaluation = config["transform"]["eval_size"], config["evaluation"]

    def embedding() -> None:
        view = evaluation_view(config["transform"], evaluation["background_crop"])
        batches = evaluation_batches(
            store, rows, behind, seed=0, draw=0, view=view, preprocessing=preprocessing, device=device,
            batch_size=evaluation.get("batch_size"),
        )  # fmt: skip
        embed(model, batches)

    scored = rows[: max(1, images // 64)]
    target = Target(model, trained.loss.distance.to(device), black_image(size, preprocessing, device))

    explaining = config["attribution"]
    explaining = explaining | {"batch_size": choose_batch_size(explaining.get("batch_size"), size, device)}

    def attribution() -> None:
        pictures, _ = images_and_masks(store, scored, size, preprocessing, device)
        for method in explaining["methods"]:
            attribution_maps(method, target, pictures, scored.tolist(), explaining).cpu()

    seconds = forecast.Seconds(
        step=trained.progress.history[-1]["seconds"] / steps,
        embed=second_time(embedding) / len(rows),
        attribute=second_time(attribution) / len(scored),
    )
    return seconds, sum(parameter.numel() for parameter in model.parameters())


def available_device(name: str) -> torch.device:
    """The study's device; where it asks for a GPU and none is here, the CPU: that, too, is worth knowing."""
    if name == "cuda" and not torch.cuda.is_available():
        print("The study asks for a GPU, and there is none here.")
        name = "cpu"
    return choose_device(name)


def second_time(work) -> float:
    """Seconds that ``work`` takes once it is warm."""
    work()
    started = time.monotonic()
    work()
    return time.monotonic() - started


def masking(config: dict) -> dict[str, float | None]:
    """Seconds per mask of each dataset; a masker of several datasets is measured once."""
    maskers = {dataset: study.masker_settings(config, dataset) for dataset in config["grid"]["dataset"]}
    models = {settings["model"]: settings for settings in maskers.values()}
    measured = {model: mask_seconds(settings, config) for model, settings in models.items()}
    return {dataset: measured[settings["model"]] for dataset, settings in maskers.items()}


def mask_seconds(settings: dict, config: dict) -> float | None:
    """Seconds per mask on one thread of this CPU; 0 for ready masks, None where the masker is not here."""
    if settings["model"] == "ready":
        return 0.0
    try:
        masker = build_masker(settings)
    except StudyError as error:
        print(f"Masks were not measured. {error}\n")
        return None
    short_side = config["pixels"]["short_side"]
    picture = generator(0, "forecast").integers(0, 256, (short_side, short_side, 3), dtype=np.uint8)
    seconds = second_time(lambda: masker("noise", picture))
    print(f"{settings['model']}: {shown(seconds)} s a mask (CPU)\n")
    return seconds


def shown(value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"{value:.2g}" if value < 10 else f"{value:,.0f}"


def report(
    config: dict, backbone: str, masks: dict[str, float | None], seconds: forecast.Seconds, parameters: int
) -> None:
    """Print a line per dataset for all its runs with ``backbone``; ``masks``: what :func:`masking` gives."""
    grid = config["grid"]
    runs = len(grid["loss"]) * len(grid["variant"]) * len(grid["seed"])
    print(
        f"{backbone}: {seconds.step:.3g} s a training step, per image {seconds.embed:.3g} s embedding, "
        f"{seconds.attribute:.3g} s attribution\n"
    )
    head = "hours: training (least – most), test, attribution, masks (CPU); GB: pixels, results"
    print(f"{'dataset':16} {'images':>9} {'runs':>5}   {head}")
    for dataset in grid["dataset"]:
        try:
            counts = forecast.counts(config["datasets"][dataset], Path(f"data/{dataset}/index.csv"))
        except StudyError as error:
            print(f"{dataset:16} {error}")
            continue
        hours = forecast.hours(counts, runs, config, seconds, masks[dataset])
        cost = {name: shown(value) for name, value in hours.items()}
        pixels = forecast.packed_bytes(counts.images, config["pixels"]["short_side"]) / 1e9
        results = forecast.result_bytes(counts, runs, config, parameters) / 1e9
        print(
            f"{dataset:16} {counts.images:>9,} {runs:>5}   {cost['train_least']} – {cost['train_most']}, "
            f"{cost['test']}, {cost['attribute']}, {cost['masks']}; {shown(pixels)}, {shown(results)}"
        )
    print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("config", help="laid over config/config.yaml")
    config = read_config(parser.parse_args().config)
    device = available_device(config["device"])
    prepare_cpu(threads=1)  # as every job of the workflow
    print(f"Measured on {describe_device(device)}\n")
    if not config["grid"]["loss"]:
        raise StudyError("This study trains nothing (grid.loss is empty); a forecast measures trainings.")
    masks = masking(config)
    for backbone in config["grid"]["backbone"]:
        with tempfile.TemporaryDirectory() as folder:
            report(config, backbone, masks, *measure(config, backbone, Path(folder), device))
    fetched = forecast.download_gigabytes(config, load_sources(ROOT / "resources/sources.yaml"))
    print(
        "Download, GB (kept, and unpacked once more):",
        ", ".join(f"{name} {shown(size)}" for name, size in fetched.items()) or "none",
    )


if __name__ == "__main__":
    try:
        main()
    except StudyError as error:
        raise SystemExit(f"ERROR: {error}") from None
