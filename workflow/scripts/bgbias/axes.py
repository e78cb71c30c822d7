"""What tells the runs of a study apart, and the columns of its tables: the grid's axes."""

from collections.abc import Iterable

AXES = ("dataset", "backbone", "loss", "variant", "seed")
MODEL_AXES = AXES[:4]  # what is averaged over its seeds
FAMILY_AXES = AXES[:3]  # whose variants are compared
FROZEN = "frozen"  # the loss of a backbone that is evaluated as it comes


def trained(rows: Iterable[dict]) -> list[dict]:
    """Those of ``rows``, runs or what was measured of them, whose model was trained."""
    return [row for row in rows if row["loss"] != FROZEN]
