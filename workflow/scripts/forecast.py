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

from bgbias import forecast, protocol, study, study_checks, timing
from bgbias.devices import choose_device, describe_device, prepare_cpu
from bgbias.errors import StudyError
from bgbias.sources import load_sources

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


def available_device(name: str) -> torch.device:
    """The study's device; where it asks for a GPU and none is here, the CPU: that, too, is worth knowing."""
    if name == "cuda" and not torch.cuda.is_available():
        print("The study asks for a GPU, and there is none here.")
        name = "cpu"
    return choose_device(name)


def masking(config: dict) -> dict[str, float | None]:
    """Seconds per mask of each dataset; a masker of several datasets is measured once."""
    maskers = {dataset: study.masker_settings(config, dataset) for dataset in config["grid"]["dataset"]}
    measured = {}
    for settings in maskers.values():
        if settings["model"] not in measured:
            measured[settings["model"]] = measured_mask(settings, config["pixels"]["short_side"])
    return {dataset: measured[settings["model"]] for dataset, settings in maskers.items()}


def measured_mask(settings: dict, short_side: int) -> float | None:
    """Seconds per mask; 0 for ready masks, None where the masker is not here."""
    if settings["model"] == "ready":
        return 0.0
    try:
        seconds = timing.mask_seconds(settings, short_side)
    except StudyError as error:
        print(f"Masks were not measured. {error}\n")
        return None
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
            report(config, backbone, masks, *timing.run_seconds(config, backbone, Path(folder), device))
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
