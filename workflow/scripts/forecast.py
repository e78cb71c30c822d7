"""Estimate the cost of a study before running it, from a short measurement on this machine.

    python workflow/scripts/forecast.py config/paper.yaml

Measures a training step, embedding, attribution and masking at the study's sizes on noise images, and
multiplies. Nothing is downloaded, except that rembg downloads its model if it is missing.
"""

import argparse
import tempfile
from pathlib import Path

import torch
import yaml

from bgbias.configuration import checks, presets, study
from bgbias.configuration.repeated_keys import check_repeated_keys
from bgbias.devices import choose_device, describe_device, prepare_cpu
from bgbias.downloads.sources import load_sources
from bgbias.errors import StudyError
from bgbias.forecasting import arithmetic, table, timing
from bgbias.models.backbones import build_backbone
from bgbias.preflight import check_files

ROOT = Path(__file__).parents[2]


def read_config(path: str) -> dict:
    """A config file merged into config/config.yaml, checked and completed as the workflow does it."""
    from snakemake.utils import update_config

    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    update_config(config, read_mapping(path))
    schema = (ROOT / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8")
    checks.check(config, yaml.safe_load(schema))
    check_files(config)
    return presets.settled(config)


def read_mapping(path: str) -> dict:
    """The YAML file of a study; StudyError if it is not a configuration."""
    try:
        check_repeated_keys(path)
        found = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise StudyError(f"{path} cannot be read as a configuration: {error}.") from error
    if not isinstance(found, dict):
        raise StudyError(f"{path} is not a configuration: it has no `key: value` at the top level.")
    return found


def available_device(name: str) -> torch.device:
    """The study's device, or the CPU if it requests a GPU that is not available: also a useful estimate."""
    if name == "cuda" and not torch.cuda.is_available():
        print("The study requests a GPU, but none is available: measuring on the CPU.")
        name = "cpu"
    return choose_device(name)


def measured(config: dict, backbone: str, device: torch.device) -> tuple[arithmetic.Seconds, int]:
    """The result of :func:`bgbias.forecasting.timing.run_seconds`, which is also printed."""
    with tempfile.TemporaryDirectory() as folder:
        seconds, parameters = timing.run_seconds(config, backbone, Path(folder), device)
    trains = config["training"]["max_epochs"] > 0
    step = f"{seconds.step:.3g} s per training step" if trains else "evaluated as is, no training"
    images = f"{seconds.embed:.3g} s embedding"
    if config["attribution"]["methods"]:
        images += f", {seconds.attribute:.3g} s attribution"
    print(f"{backbone}: {step}; per image {images}\n")
    return seconds, parameters


def without_training(config: dict, backbone: str) -> dict:
    """``config`` for a backbone that is only evaluated."""
    settings = study.backbone_settings(config, backbone) | {"weights": None}
    features = build_backbone(settings["model"], settings, seed=0).features
    return arithmetic.untrained(config, backbone, features)


def index(dataset: str) -> Path:
    return Path(f"data/{dataset}/index.csv")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("config", help="merged into config/config.yaml")
    path = parser.parse_args().config
    config = read_config(path)
    grid, device = config["grid"], available_device(config["device"])
    prepare_cpu(threads=1)  # like every job of the workflow
    print(f"Measured on {describe_device(device)}\n")
    masks = timing.seconds_per_mask(config)
    counts = {name: arithmetic.counts(config["datasets"][name], index(name)) for name in grid["dataset"]}
    trainings = len(grid["loss"]) * len(grid["variant"]) * len(grid["seed"])
    of_backbones = [(config, backbone, trainings) for backbone in study.trained_backbones(config)]
    of_backbones += [(without_training(config, backbone), backbone, 1) for backbone in config["frozen"]]
    for settings, backbone, runs in of_backbones:
        rows = table.costs(settings, runs, counts, masks, *measured(settings, backbone, device))
        print(table.aligned([*table.HEADINGS, *rows]), end="\n\n")
    for dataset in (name for name, found in counts.items() if found is None):
        print(
            f"{dataset}: the number of images is unknown; build the index first:\n"
            f"    snakemake --cores 2 {index(dataset)} --configfile {path}\n"
        )
    print(table.LEGEND)
    if jobs := table.mask_jobs(counts, masks, config["masker"]["shards"]):
        print(jobs)
    fetched = arithmetic.download_gigabytes(config, load_sources(ROOT / "resources/sources.yaml"))
    print(
        "Download, GB (archives need twice that: they are kept after unpacking):",
        ", ".join(f"{name} {table.shown(size)}" for name, size in fetched.items()) or "none",
    )


if __name__ == "__main__":
    try:
        main()
    except StudyError as error:
        raise SystemExit(f"ERROR: {error}") from None
