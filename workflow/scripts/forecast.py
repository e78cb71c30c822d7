"""Say what a study will cost before anything of it is run, from a short measurement on this machine.

    python workflow/scripts/forecast.py config/paper.yaml

Measures a training step, embedding, attribution and masking at the study's sizes on pictures of noise, and
multiplies. Nothing is fetched, but rembg fetches its model when it has not got it.
"""

import argparse
import tempfile
from pathlib import Path

import torch
import yaml

from bgbias.configuration import checks, protocol, study
from bgbias.configuration.repeated_keys import check_repeated_keys
from bgbias.devices import choose_device, describe_device, prepare_cpu
from bgbias.downloads.sources import load_sources
from bgbias.errors import StudyError
from bgbias.forecasting import arithmetic, table, timing
from bgbias.models.backbones import build_backbone
from bgbias.preflight import check_files

ROOT = Path(__file__).parents[2]


def read_config(path: str) -> dict:
    """The study of a config file laid over config/config.yaml, checked and settled as the workflow does."""
    from snakemake.utils import update_config

    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    update_config(config, read_mapping(path))
    schema = (ROOT / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8")
    checks.check(config, yaml.safe_load(schema))
    check_files(config)
    return protocol.settled(config)


def read_mapping(path: str) -> dict:
    """The YAML file of a study; StudyError when it is none."""
    try:
        check_repeated_keys(path)
        found = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise StudyError(f"{path} cannot be read as a configuration: {error}.") from error
    if not isinstance(found, dict):
        raise StudyError(f"{path} is no configuration: it has no `key: value` at the top.")
    return found


def available_device(name: str) -> torch.device:
    """The study's device; where it asks for a GPU and none is here, the CPU: that, too, is worth knowing."""
    if name == "cuda" and not torch.cuda.is_available():
        print("The study asks for a GPU, and there is none here.")
        name = "cpu"
    return choose_device(name)


def measured(config: dict, backbone: str, device: torch.device) -> tuple[arithmetic.Seconds, int]:
    """What :func:`bgbias.forecasting.timing.run_seconds` finds, which is also printed."""
    with tempfile.TemporaryDirectory() as folder:
        seconds, parameters = timing.run_seconds(config, backbone, Path(folder), device)
    trains = config["training"]["max_epochs"] > 0
    step = f"{seconds.step:.3g} s a training step" if trains else "as it comes, no training"
    images = f"{seconds.embed:.3g} s embedding, {seconds.attribute:.3g} s attribution"
    print(f"{backbone}: {step}; per image {images}\n")
    return seconds, parameters


def as_it_comes(config: dict, backbone: str) -> dict:
    """``config`` for a backbone that is only evaluated."""
    settings = study.backbone_settings(config, backbone) | {"weights": None}
    features = build_backbone(settings["model"], settings, seed=0).features
    return arithmetic.untrained(config, backbone, features)


def index(dataset: str) -> Path:
    return Path(f"data/{dataset}/index.csv")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("config", help="laid over config/config.yaml")
    path = parser.parse_args().config
    config = read_config(path)
    grid, device = config["grid"], available_device(config["device"])
    prepare_cpu(threads=1)  # as every job of the workflow
    print(f"Measured on {describe_device(device)}\n")
    masks = timing.seconds_per_mask(config)
    counts = {name: arithmetic.counts(config["datasets"][name], index(name)) for name in grid["dataset"]}
    trainings = len(grid["loss"]) * len(grid["variant"]) * len(grid["seed"])
    of_backbones = [(config, backbone, trainings) for backbone in study.trained_backbones(config)]
    of_backbones += [(as_it_comes(config, backbone), backbone, 1) for backbone in config["frozen"]]
    for settings, backbone, runs in of_backbones:
        rows = table.costs(settings, runs, counts, masks, *measured(settings, backbone, device))
        print(table.aligned([*table.HEADINGS, *rows]), end="\n\n")
    for dataset in (name for name, found in counts.items() if found is None):
        print(
            f"{dataset}: how many images there are its index will tell; make it:\n"
            f"    snakemake --cores 2 {index(dataset)} --configfile {path}\n"
        )
    print(table.LEGEND)
    fetched = arithmetic.download_gigabytes(config, load_sources(ROOT / "resources/sources.yaml"))
    print(
        "Download, GB (kept, and unpacked once more):",
        ", ".join(f"{name} {table.shown(size)}" for name, size in fetched.items()) or "none",
    )


if __name__ == "__main__":
    try:
        main()
    except StudyError as error:
        raise SystemExit(f"ERROR: {error}") from None
