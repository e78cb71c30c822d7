"""Expand a configuration into training runs and resolve the settings of each run."""

from collections.abc import Callable, Mapping
from importlib import import_module
from itertools import product
from pathlib import Path

import yaml

from bgbias.axes import AXES, FROZEN
from bgbias.configuration.keywords import CUSTOM, READY
from bgbias.index import index_name

# From config.yaml; they stay in effect unless a study overrides them.
DEMO_STUDY, DEMO_MASKER, DEMO_BACKGROUNDS = "demo", "resources/demo_masker.onnx", "demo"
# What the numbers in resources/published/ cover.
PUBLISHED_DATASETS = ("cars196", "cub200", "sop")
PUBLISHED_MODELS = {
    "backbone": ("bninception",),
    "loss": ("contrastive", "triplet", "multi_similarity", "arcface", "normalized_softmax"),
    "variant": ("base", "bgaugment"),
}
PUBLISHED_METHOD, PUBLISHED_MASKER = "study", "u2net"
SECTION_OF_AXIS = {"dataset": "datasets", "backbone": "backbones", "loss": "losses", "variant": "variants"}


def typed(value):
    """``value`` from --config with numbers, booleans and null parsed.

    Snakemake reads every scalar inside a mapping or a list as text.
    """
    return _with_scalars(value, _parsed)


def plain_numbers(value):
    """``value`` with whole floats as int: 20.0 is 20, although Snakemake compares parameters as text."""
    return _with_scalars(value, _whole)


def _with_scalars(value, changed: Callable):
    """Nested mappings and lists with every scalar replaced by ``changed(scalar)``."""
    if isinstance(value, Mapping):
        return {key: _with_scalars(entry, changed) for key, entry in value.items()}
    if isinstance(value, list):
        return [_with_scalars(entry, changed) for entry in value]
    return changed(value)


def _parsed(scalar):
    try:
        return yaml.safe_load(scalar) if isinstance(scalar, str) else scalar
    except yaml.YAMLError:
        return scalar


def _whole(scalar):
    whole = isinstance(scalar, float) and scalar.is_integer() and abs(scalar) < 2**53
    return int(scalar) if whole else scalar


def runs(config: dict) -> list[dict]:
    """Every training run of the grid and the frozen backbones, as dictionaries with the keys :data:`AXES`."""
    grid = config["grid"]
    trained = [dict(zip(AXES, values, strict=True)) for values in product(*(grid[axis] for axis in AXES))]
    frozen = [
        {"dataset": dataset, "backbone": backbone, "loss": FROZEN, "variant": "base", "seed": grid["seed"][0]}
        for dataset, backbone in product(grid["dataset"], config["frozen"])
    ]
    return trained + frozen


def trained_backbones(config: dict) -> list[str]:
    """The backbones that are trained; those under ``frozen`` are measured without training."""
    return config["grid"]["backbone"] if config["grid"]["loss"] else []


def backbone_settings(config: dict, backbone: str) -> dict:
    """The backbone's settings with ``model`` (its name in the registry) and ``weights`` filled in."""
    return {"model": backbone, "weights": None, **config["backbones"][backbone]}


def loss_settings(config: dict, loss: str, dataset: str) -> dict:
    """The loss's settings with ``type`` filled in and the dataset's own values overriding the general ones.

    A published dataset under another name gets the values of its source, because its numbers are compared
    with the paper's.
    """
    settings = {"type": loss, **config["losses"][loss]}
    per_dataset = settings.pop("per_dataset", {})
    source = config["datasets"][dataset]["source"]
    of_source = per_dataset.get(source, {}) if source in PUBLISHED_DATASETS else {}
    return settings | per_dataset.get(dataset, of_source)


def masker_settings(config: dict, dataset: str) -> dict:
    """Where the masks of ``dataset`` come from: its folder of ready masks, or the study's masker."""
    ready = config["datasets"][dataset].get("masks")
    if ready is not None:
        return {"model": READY, "folder": ready}
    masker = config["masker"]
    used = ("model", "weights") if takes_weights(masker["model"]) else ("model",)
    return {key: masker[key] for key in used if key in masker}


def accepted_masks(results: str | Path) -> list[Path]:
    """One file per dataset whose masks a study has accepted; none before its first run."""
    return sorted((Path(results) / "masks_accepted").glob("*"))


def index_file(settings: dict) -> Path:
    """Path of the user's index of a dataset with ``source: index``."""
    return Path(settings["root"]) / index_name(settings)


def published_datasets(config: dict) -> dict[str, str]:
    """The datasets of the grid for which the paper has numbers: their names here → in the paper.

    A subset is excluded, and so are galleries of one image per class: retrieval among fewer images is easier,
    so the numbers are not comparable.
    """
    found: dict[str, str] = {}
    for name in config["grid"]["dataset"]:
        settings = config["datasets"][name]
        source, other = settings["source"], "gallery_draws" in settings or is_subset(settings)
        if source in PUBLISHED_DATASETS and not other and source not in found.values():
            found[name] = source
    return found


def is_subset(dataset: dict) -> bool:
    """Whether a dataset's settings say that it is, or may be, only a part of what its source has."""
    counts = dataset.get("counts", "published")
    if "limit" in dataset or counts == "any":
        return True
    if counts == "published":
        return False
    published = import_module(f"bgbias.datasets.{dataset['source']}").PUBLISHED
    return any(published.get(name) != number for name, number in counts.items())


def published_tables(config: dict) -> tuple[str, ...]:
    """The paper's tables of which the study measures a cell; using one of its datasets is not enough."""
    datasets, grid = published_datasets(config), config["grid"] | {"backbone": trained_backbones(config)}
    models = datasets and all(set(grid[axis]) & set(names) for axis, names in PUBLISHED_MODELS.items())
    measured = {
        "retrieval": models,
        "attention": models and PUBLISHED_METHOD in config["attribution"]["methods"],
        "mask_quality": PUBLISHED_MASKER in [masker_settings(config, name)["model"] for name in datasets],
    }
    return tuple(table for table, there in measured.items() if there)


def shown_method(config: dict) -> str | None:
    """The attribution method of panels, printed tables and sentences; attention.csv has them all. None: the
    study has no attribution."""
    methods = config["attribution"]["methods"]
    return PUBLISHED_METHOD if PUBLISHED_METHOD in methods else next(iter(methods), None)


def same_folder(one: str, other: str) -> bool:
    """Whether two paths, however written, are the same folder."""
    return Path(one).resolve() == Path(other).resolve()


def takes_weights(model: str) -> bool:
    """Whether this rembg model has no weights of its own and needs the user's."""
    return model.endswith(CUSTOM)
