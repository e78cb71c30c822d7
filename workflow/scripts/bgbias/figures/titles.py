"""Which runs a figure of examples shows, and how it says so."""

from collections.abc import Sequence

from bgbias.results.names import human, model_name
from bgbias.runs import FROZEN


def one_run_a_variant(runs: Sequence[dict]) -> dict[str, int]:
    """The place of each variant's first run in ``runs``: a figure of examples shows one model a variant.

    A model as it comes has no variant.
    """
    places: dict[str, int] = {}
    for place, run in enumerate(runs):
        places.setdefault(FROZEN if run["loss"] == FROZEN else run["variant"], place)
    return places


def title(runs: Sequence[dict]) -> str:
    """Dataset, loss and backbone of the runs in a figure."""
    dataset, backbone, loss = (runs[0][axis] for axis in ("dataset", "backbone", "loss"))
    model = model_name(loss, backbone) + ("" if loss == FROZEN else f", {human(backbone)}")
    return f"{human(dataset)}: {model}"


def some_of(shown: int, total: int, what: str) -> str:
    """How many of how many a figure shows: '12 of 336 test images', 'all 9 test images'."""
    if total == 1:
        return f"the only {what.removesuffix('s')}"
    return f"all {total} {what}" if shown == total else f"{shown} of {total} {what}"
