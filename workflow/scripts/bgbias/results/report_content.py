"""The report's content besides its findings: grid, variants, other metrics, runs, code and settings."""

import json
import os
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from bgbias.axes import trained
from bgbias.results.names import enumeration, human, method_name
from bgbias.results.rows import unique, variants_of
from bgbias.results.summaries import retrieval_metrics, summarise_retrieval
from bgbias.results.table_formats import Table
from bgbias.results.tables import retrieval_table


def scope(summary: Sequence[dict]) -> str:
    """The grid as a sentence: datasets, backbones, and the losses and variants that were trained."""
    trainings = trained(summary)
    axes = {
        ("dataset", "datasets"): unique(summary, "dataset"),
        ("loss", "losses"): unique(trainings, "loss"),
        ("variant", "variants"): variants_of(trainings),
        ("backbone", "backbones"): unique(summary, "backbone"),
    }
    parts = [
        f"{names[len(keys) > 1]} {enumeration([*map(human, keys)])}" for names, keys in axes.items() if keys
    ]
    return f"{'; '.join(parts)}."


def variants(summary: Sequence[dict], settings: dict) -> list[tuple[str, str]]:
    """The variants that were trained, and what each of them is trained on."""
    return [
        (human(name), variant_words(settings["variants"][name])) for name in variants_of(trained(summary))
    ]


def variant_words(settings: dict) -> str:
    """What a variant (an entry of the configuration's ``variants``) trains on, and what selects its epoch."""
    share, selection = settings["probability"], settings["selection"]
    replaced = "always replaced by another one"
    if share < 1:
        replaced = f"replaced by another one with a probability of {_plain(share)}"
    images = f"images whose background is {replaced}" if share else "the original images"
    picked = "clean" if selection == "clean" else "background-swapped"
    return f"{images}; its epoch is chosen on {picked} validation images"


def selection_words(summary: Sequence[dict], settings: dict) -> str:
    """Which validation images the training curves are measured on; empty if nothing was trained."""
    selections = {settings["variants"][name]["selection"] for name in variants_of(trained(summary))}
    if len(selections) > 1:
        return (
            "Each variant is judged, and its epoch chosen, by its own validation score (clean or "
            "background-swapped images, see the settings), so the curves of a panel are not measured on the "
            "same images."
        )
    if not selections:
        return ""
    kinds = {"clean": "the original validation images", "swapped": "background-swapped validation images"}
    return f"Measured on {kinds[selections.pop()]}; the epoch with the best score is kept."


def other_metrics(measured: Sequence[dict]) -> list[tuple[str, Table]]:
    """The tables of all metrics except MAP@R, by name, and without Recall@1, which equals Precision@1."""
    metrics = [name for name in retrieval_metrics(measured) if name not in ("map_at_r", "recall_at_1")]
    return [(human(name), retrieval_table(summarise_retrieval(measured, name))) for name in metrics]


def other_methods(attention: Sequence[dict], shown: str) -> str:
    """The attribution methods that were computed but are not shown, as a phrase; empty if there are none."""
    others = [method_name(method) for method in unique(attention, "method") if method != shown]
    return enumeration(others) if others else ""


def run_facts(runs: Sequence[dict]) -> list[tuple[str, str]]:
    """The cost of training, if there was any, backbones and package versions, from the run.yaml contents."""
    facts = [
        ("models", str(len(runs))),
        *_training_facts(trained(runs)),
        *_backbone_facts(runs),
    ]
    versions: dict[str, dict] = {}
    for run in runs:
        for package, version in run["versions"].items():
            versions.setdefault(package, {})[str(version)] = None  # a set that keeps its order
    return facts + [(package, ", ".join(found)) for package, found in versions.items()]


def code_facts(provenance: str | os.PathLike) -> list[tuple[str, str]]:
    """Which code and settings the numbers were computed with, from provenance.json."""
    found = json.loads(Path(provenance).read_text(encoding="utf-8"))
    changed = ", with changes that are not committed" if found["dirty"] else ""
    commit = f"commit {found['commit'][:12]}{changed}" if found["commit"] else "not under version control"
    return [
        ("code", commit),
        ("hash of the settings", found["config_hash"]),
        ("processor", f"{found['machine']['processor']}, {found['machine']['cores']} cores"),
    ]


def settings_lines(settings: dict, prefix: str = "") -> Iterator[tuple[str, str]]:
    """(key, value) of nested settings with dotted keys; absolute paths are cut to their last part, so that a
    report names no folders of the machine."""
    for key, value in settings.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and value:
            yield from settings_lines(value, f"{name}.")
        else:
            absolute = isinstance(value, str) and os.path.isabs(value)
            yield name, os.path.basename(value.rstrip("/")) if absolute else _plain(value)


def _training_facts(runs: Sequence[dict]) -> list[tuple[str, str]]:
    if not runs:
        return []
    seconds, epochs = [float(run["seconds"]) for run in runs], [run["epochs"] for run in runs]
    return [
        ("training time, all models", str(timedelta(seconds=round(sum(seconds))))),
        ("training time, one model", f"{_range(list(map(round, seconds)))} s"),
        ("epochs", _range(epochs)),
        ("device", ", ".join(dict.fromkeys(str(run["device"]) for run in runs))),
    ]


def _backbone_facts(runs: Sequence[dict]) -> Iterator[tuple[str, str]]:
    """How each backbone's images were normalised, and the size of its embeddings."""
    for backbone in unique(runs, "backbone"):
        # A run.yaml of an older version, kept with --touch, does not have it.
        of_backbone = [run for run in runs if run["backbone"] == backbone and "input" in run]
        if not of_backbone:
            continue
        taken = of_backbone[0]["input"]
        mean, std = (", ".join(map(_plain, taken[key])) for key in ("mean", "std"))
        yield (
            f"{human(backbone)}, input",
            f"{taken['order']} from 0 to {_plain(taken['maximum'])}, mean {mean}, std {std}",
        )
        lengths = dict.fromkeys(str(run["embedding_size"]) for run in of_backbone)
        yield f"{human(backbone)}, embedding", f"{' or '.join(lengths)} dimensions"


def _range(values: Sequence[int]) -> str:
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low} to {high}"


def _plain(value) -> str:
    """``value`` as YAML writes it; floats with at most six significant digits."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_plain, value))}]"
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) else json.dumps(value)
