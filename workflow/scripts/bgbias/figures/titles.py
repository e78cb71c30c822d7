"""Which runs a figure of examples shows, and how it says so."""

from collections.abc import Sequence

from bgbias.names import human
from bgbias.runs import FROZEN


def one_run_a_variant(runs: Sequence[dict]) -> dict[str, int]:
    """The place of each variant's first run in ``runs``: a figure of examples shows one model a variant.

    A model that was not trained has no variant: it is shown as it comes.
    """
    places: dict[str, int] = {}
    for place, run in enumerate(runs):
        places.setdefault(FROZEN if run["loss"] == FROZEN else run["variant"], place)
    return places


def title(runs: Sequence[dict]) -> str:
    """Dataset, loss and backbone of the runs in a figure."""
    run = runs[0]
    return f"{human(run['dataset'])}: {human(run['loss'])}, {human(run['backbone'])}"
