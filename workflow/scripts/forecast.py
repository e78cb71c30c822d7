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
from bgbias.devices import choose_device, describe_device, prepare_cpu
from bgbias.downloads.sources import load_sources
from bgbias.errors import StudyError
from bgbias.forecasting import arithmetic, timing
from bgbias.models.backbones import build_backbone

ROOT = Path(__file__).parents[2]
HEADINGS = (
    ("", "", "", "training", "training", "test", "attribution", "masks", "pixels", "results"),
    ("dataset", "images", "runs", "least h", "most h", "h", "h", "CPU h", "GB", "GB"),
)
LEGEND = """h: hours of one device, for all runs of the row; CPU h: hours of one CPU core; GB: on the disk.
Masks and pixels are made once, whatever the number of runs and backbones.
"""


def read_config(path: str) -> dict:
    """The study of a config file laid over config/config.yaml, checked and settled as the workflow does."""
    from snakemake.utils import update_config

    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    update_config(config, read_mapping(path))
    schema = (ROOT / "workflow/schemas/config.schema.yaml").read_text()
    checks.check(config, yaml.safe_load(schema))
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


def aligned(rows: list[tuple[str, ...]]) -> str:
    """Columns of one width, two spaces apart; the first is flush left, the others right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def costs(
    config: dict, runs: int, masks: dict[str, float | None], seconds: arithmetic.Seconds, parameters: int
) -> tuple[list[tuple[str, ...]], list[str]]:
    """The table's row of each dataset, for all its ``runs``, and those whose size only an index can tell.

    ``masks``: what :func:`masking` gives; ``seconds`` and ``parameters``: what the measurement gives.
    """
    rows, unknown = [], []
    for dataset in config["grid"]["dataset"]:
        counts = arithmetic.counts(config["datasets"][dataset], Path(f"data/{dataset}/index.csv"))
        if counts is None:
            unknown.append(dataset)
            continue
        values = [
            *arithmetic.hours(counts, runs, config, seconds, masks[dataset]).values(),
            arithmetic.packed_bytes(counts.images, config["pixels"]["short_side"]) / 1e9,
            arithmetic.result_bytes(counts, runs, config, parameters) / 1e9,
        ]
        rows.append((dataset, f"{counts.images:,}", str(runs), *map(shown, values)))
    return rows, unknown


def report(
    config: dict, backbone: str, runs: int, masks: dict[str, float | None], device: torch.device
) -> list[str]:
    """Measure ``backbone``, print what its ``runs`` a dataset cost; give the datasets of unknown size."""
    with tempfile.TemporaryDirectory() as folder:
        seconds, parameters = timing.run_seconds(config, backbone, Path(folder), device)
    trains = config["training"]["max_epochs"] > 0
    step = f"{seconds.step:.3g} s a training step" if trains else "as it comes, no training"
    images = f"{seconds.embed:.3g} s embedding, {seconds.attribute:.3g} s attribution"
    print(f"{backbone}: {step}; per image {images}\n")
    rows, unknown = costs(config, runs, masks, seconds, parameters)
    print(aligned([*HEADINGS, *rows]), end="\n\n")
    return unknown


def as_it_comes(config: dict, backbone: str) -> dict:
    """``config`` for a backbone that is only evaluated."""
    settings = study.backbone_settings(config, backbone) | {"weights": None}
    return arithmetic.untrained(config, backbone, build_backbone(backbone, settings, seed=0).features)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("config", help="laid over config/config.yaml")
    path = parser.parse_args().config
    config = read_config(path)
    grid, device = config["grid"], available_device(config["device"])
    prepare_cpu(threads=1)  # as every job of the workflow
    print(f"Measured on {describe_device(device)}\n")
    masks = masking(config)
    unknown = []
    for backbone in grid["backbone"] if grid["loss"] else []:
        runs = len(grid["loss"]) * len(grid["variant"]) * len(grid["seed"])
        unknown += report(config, backbone, runs, masks, device)
    for backbone in config["frozen"]:
        unknown += report(as_it_comes(config, backbone), backbone, 1, masks, device)
    for dataset in dict.fromkeys(unknown):
        print(
            f"{dataset}: how many images there are its index will tell; make it:\n"
            f"    snakemake --cores 2 data/{dataset}/index.csv --configfile {path}\n"
        )
    print(LEGEND)
    fetched = arithmetic.download_gigabytes(config, load_sources(ROOT / "resources/sources.yaml"))
    print(
        "Download, GB (kept, and unpacked once more):",
        ", ".join(f"{name} {shown(size)}" for name, size in fetched.items()) or "none",
    )


if __name__ == "__main__":
    try:
        main()
    except StudyError as error:
        raise SystemExit(f"ERROR: {error}") from None
