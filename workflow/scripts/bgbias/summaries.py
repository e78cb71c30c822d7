"""One row a cell: the collected tidy tables, averaged over draws and seeds, the best variants marked."""

import math
from collections.abc import Iterable, Sequence

import numpy as np

from bgbias.errors import StudyError
from bgbias.statistics import mean_and_sd

RUN = ("dataset", "backbone", "loss", "variant")
RETRIEVAL_COLUMNS = (*RUN, "protocol", "metric", "mean", "sd", "seeds", "draws", "best")
ATTENTION_COLUMNS = (*RUN, "method", "mean", "sd", "seeds", "best")


def summarise_retrieval(rows: Iterable[dict], metric: str = "map_at_r") -> list[dict]:
    """One row a cell of the retrieval table from the collected rows (one a run, protocol and draw).

    Each gives :data:`RETRIEVAL_COLUMNS`: ``mean`` and ``sd`` as fractions (``sd`` None with only one
    value), ``best`` 1 for the best variant of a dataset, backbone, loss and protocol, where variants compete.
    """
    summary = []
    for key, members in _cells(rows, (*RUN, "protocol")).items():
        by_seed: dict[str, dict[str, float]] = {}
        for row in members:
            draws = by_seed.setdefault(row["seed"], {})
            if row["draw"] in draws:
                raise StudyError(
                    f"retrieval table: draw {row['draw']} of {'/'.join(key)}, seed {row['seed']} is there "
                    "twice; remove one of the two and collect again."
                )
            draws[row["draw"]] = finite(row, metric, key)
        seed_means = [float(np.mean(list(draws.values()))) for draws in by_seed.values()]
        # ASSUME: with one seed the spread is the sample sd over the background draws, as in the paper; with
        # several it is that over the seeds' means: draws of one model are no independent repetitions.
        spread = seed_means if len(by_seed) > 1 else list(next(iter(by_seed.values())).values())
        summary.append(
            dict(
                zip((*RUN, "protocol"), key, strict=True),
                metric=metric,
                mean=float(np.mean(seed_means)),
                sd=mean_and_sd(spread)[1] if len(spread) > 1 else None,
                seeds=len(by_seed),
                draws=max(map(len, by_seed.values())),
            )
        )
    return _mark_best(summary, ("dataset", "backbone", "loss", "protocol"), scale=100)


def summarise_attention(rows: Iterable[dict]) -> list[dict]:
    """One row a cell of the attention table: :data:`ATTENTION_COLUMNS`; ``sd`` is the spread over images."""
    summary = []
    for key, members in _cells(rows, (*RUN, "method")).items():
        # ASSUME: several seeds: the mean of their means, and the root mean square of their sds over images.
        mean = float(np.mean([finite(row, "mean", key) for row in members]))
        sd = math.sqrt(np.mean([finite(row, "sd", key) ** 2 for row in members]))
        summary.append(dict(zip((*RUN, "method"), key, strict=True), mean=mean, sd=sd, seeds=len(members)))
    return _mark_best(summary, ("dataset", "backbone", "loss", "method"), scale=1)


def _mark_best(summary: list[dict], family: Sequence[str], scale: float) -> list[dict]:
    """Set ``best``: 1 where no other variant of the family prints a higher number; nothing is best alone."""

    def printed(row: dict) -> float:
        return round(scale * row["mean"], 2)  # what reads as a tie is a tie

    for row in summary:
        rivals = [other for other in summary if pick(other, family) == pick(row, family)]
        row["best"] = int(len(rivals) > 1 and printed(row) == max(map(printed, rivals)))
    return summary


def _cells(rows: Iterable[dict], keys: Sequence[str]) -> dict[tuple[str, ...], list[dict]]:
    """The rows of each cell, cells in the order in which they first appear (the order of the grid)."""
    cells: dict[tuple[str, ...], list[dict]] = {}
    for row in rows:
        missing = {*keys, "seed"} - set(row)
        if missing:
            raise StudyError(f"A collected table lacks the column {min(missing)!r}; collect it again.")
        cells.setdefault(pick(row, keys), []).append(row)
    return cells


def finite(row: dict, column: str, key: Sequence[str]) -> float:
    """The number in ``column``; StudyError naming the cell ``key`` where there is none."""
    try:
        value = float(row[column])
    except (KeyError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise StudyError(
            f"{'/'.join(key)}: '{column}' is {row.get(column, 'missing')!r}, which is no finite number; "
            "run that cell again."
        )
    return value


def pick(row: dict, keys: Sequence[str]) -> tuple[str, ...]:
    """The values of several columns: what identifies a run or a cell."""
    return tuple(row[key] for key in keys)


def seen(rows: Iterable[dict], key: str) -> list[str]:
    """The values of ``key`` in the order of first appearance."""
    return list(dict.fromkeys(row[key] for row in rows))
