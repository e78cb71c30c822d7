"""Titles of example figures: which model or dataset they show, and how many of how many examples."""

from collections.abc import Sequence

from bgbias.axes import FROZEN
from bgbias.results.names import human, model_name


def title(runs: Sequence[dict], several_seeds: bool) -> str:
    """Dataset, loss and backbone of the runs in a figure, and their seed if the study has several; only the
    dataset for several frozen models."""
    dataset, backbone, loss = (runs[0][axis] for axis in ("dataset", "backbone", "loss"))
    if len({run["backbone"] for run in runs}) > 1:
        return f"{human(dataset)}: models evaluated as is"
    model = model_name(loss, backbone)
    if loss != FROZEN:  # a frozen model is named by its backbone, and measured once
        model += f", {human(backbone)}" + (f", seed {runs[0]['seed']}" if several_seeds else "")
    return f"{human(dataset)}: {model}"


def some_of(shown: int, total: int, what: str) -> str:
    """How many of how many a figure shows: '12 of 5,924 test images', 'all 9 test images'."""
    if total == 1:
        return f"the only {what.removesuffix('s')}"
    return f"all {total:,} {what}" if shown == total else f"{shown:,} of {total:,} {what}"
