"""The axes of the grid, which identify a run and are columns of the tables."""

from collections.abc import Iterable

AXES = ("dataset", "backbone", "loss", "variant", "seed")
MODEL_AXES = AXES[:4]  # identify a model, averaged over its seeds
FAMILY_AXES = AXES[:3]  # identify a family, whose variants are compared
FROZEN = "frozen"  # the loss of a backbone that is evaluated without training


def trained(rows: Iterable[dict]) -> list[dict]:
    """The ``rows`` (runs or their measurements) whose model was trained."""
    return [row for row in rows if row["loss"] != FROZEN]
