"""What stands above a figure of examples: of which model or dataset, and how many of how many."""

from collections.abc import Sequence

from bgbias.axes import FROZEN
from bgbias.results.names import human, model_name


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
