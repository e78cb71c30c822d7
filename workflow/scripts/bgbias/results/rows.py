"""Access to the columns of rows: dictionaries that describe runs or their measurements."""

import math
from collections.abc import Iterable, Sequence

from bgbias.axes import FROZEN
from bgbias.errors import StudyError


def finite(row: dict, column: str, key: Sequence[str]) -> float:
    """The number in ``column``; StudyError naming the cell ``key`` if it is missing or not finite."""
    try:
        value = float(row[column])
    except (KeyError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise StudyError(
            f"{'/'.join(key)}: '{column}' is {row.get(column, 'missing')!r}, which is not a finite number; "
            "run that cell again."
        )
    return value


def pick(row: dict, keys: Sequence[str]) -> tuple[str, ...]:
    """The values of several columns: what identifies a run or a cell."""
    return tuple(row[key] for key in keys)


def unique(rows: Iterable[dict], key: str) -> list[str]:
    """The values of ``key`` in the order of first appearance."""
    return list(dict.fromkeys(row[key] for row in rows))


def variants_of(rows: Iterable[dict]) -> list[str]:
    """The variants, base first: the others are compared with it."""
    return sorted(unique(rows, "variant"), key=lambda variant: variant != "base")


def shown_side_by_side(runs: Sequence[dict]) -> dict[str, int]:
    """The models that a figure of examples shows, by the key that distinguishes them, with their positions in
    ``runs``: the first run of each variant.

    A model evaluated as is has no variant: its key is its loss, or its backbone if there are several.
    """
    key_as_is = "backbone" if len(unique(runs, "backbone")) > 1 else "loss"
    places: dict[str, int] = {}
    for place, run in enumerate(runs):
        places.setdefault(run[key_as_is if run["loss"] == FROZEN else "variant"], place)
    return places
