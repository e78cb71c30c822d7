"""One row per cell: the collected tidy tables, averaged over draws and seeds, with best variants marked."""

import math
from collections.abc import Iterable, Sequence

import pandas as pd

from bgbias.axes import AXES, FAMILY_AXES, MODEL_AXES
from bgbias.errors import StudyError
from bgbias.results.rows import finite, pick

RETRIEVAL_COLUMNS = (*MODEL_AXES, "protocol", "metric", "mean", "sd", "seeds", "draws", "best")
ATTENTION_COLUMNS = (*MODEL_AXES, "method", "mean", "sd", "sd_over_seeds", "seeds", "best")


def retrieval_metrics(rows: Sequence[dict]) -> list[str]:
    """The metrics in the collected retrieval rows, in their order."""
    others = (*AXES, "protocol", "draw", "n_queries", "mean_similarity")
    return [name for name in rows[0] if name not in others]


def summarise_retrieval(rows: Iterable[dict], metric: str = "map_at_r") -> list[dict]:
    """One row per cell of the retrieval table from the collected rows (one per run, protocol and draw).

    The columns are :data:`RETRIEVAL_COLUMNS`: ``mean`` and ``sd`` as fractions (``sd`` None with only one
    value), ``best`` 1 for the best variant of a dataset, backbone, loss and protocol if there are several.
    """
    cell = [*MODEL_AXES, "protocol"]
    frame = _frame(rows, cell, ["draw"], [metric])
    twice = frame[frame.duplicated([*cell, "seed", "draw"])]
    if len(twice):
        row = twice.iloc[0]
        raise StudyError(
            f"retrieval table: draw {row['draw']} of {'/'.join(row[cell])}, seed {row['seed']} occurs "
            "twice; remove one of the two and collect again."
        )
    draws = frame.groupby([*cell, "seed"], sort=False)[metric]
    seeds = draws.mean().groupby(cell, sort=False)
    # ASSUME: with one seed it is the sample sd over the background draws, as in the paper; with several, the
    # sample sd over the seeds' means: draws of one model are not independent repetitions.
    sd = seeds.std().where(seeds.size() > 1, frame.groupby(cell, sort=False)[metric].std())
    summary = pd.DataFrame(
        {
            "metric": metric,
            "mean": seeds.mean(),
            "sd": sd,
            "seeds": seeds.size(),
            "draws": draws.size().groupby(cell, sort=False).max(),
        }
    )
    return _marked(summary.reset_index(), [*FAMILY_AXES, "protocol"], scale=100)


def sd_words(summary: Sequence[dict]) -> str:
    """What ``sd`` of a retrieval summary is taken over; empty if nothing was measured more than once."""
    seeds = max((row["seeds"] for row in summary), default=1)
    swapped = [row for row in summary if row["seeds"] == 1 and row["protocol"] == "swapped"]
    draws = max((row["draws"] for row in swapped), default=1)
    counts = {"seeds": seeds, "background draws": draws}
    words = [f"over {count} {what}" for what, count in counts.items() if count > 1]
    return " or, with one seed, ".join(words)


def summarise_attention(rows: Iterable[dict]) -> list[dict]:
    """One row per cell of the attention table: :data:`ATTENTION_COLUMNS`; ``sd`` is the sd over images,
    ``sd_over_seeds`` the sample sd of the seeds' means, None with one seed.

    A method that found nothing in any image of a run has no score for that run, which is then ignored.
    """
    cell = [*MODEL_AXES, "method"]
    scored = [row for row in rows if row.get("n") != "0"]
    seeds = _frame(scored, cell, [], ["mean", "sd"]).groupby(cell, sort=False)
    # ASSUME: with several seeds, the mean of their means and the root mean square of their sds over images.
    sd = seeds["sd"].agg(lambda sds: math.sqrt((sds**2).mean()))
    means = seeds["mean"]
    summary = pd.DataFrame(
        {"mean": means.mean(), "sd": sd, "sd_over_seeds": means.std(), "seeds": seeds.size()}
    )
    return _marked(summary.reset_index(), [*FAMILY_AXES, "method"], scale=1)


def _marked(summary: pd.DataFrame, family: list[str], scale: float) -> list[dict]:
    """The rows with ``best``: 1 if no other variant of the family prints a higher number; a single variant is
    never best."""
    printed = (scale * summary["mean"]).map("{:.2f}".format).astype(float)  # a printed tie is a tie
    rivals = printed.groupby([summary[key] for key in family])
    best = (printed == rivals.transform("max")) & (rivals.transform("size") > 1)
    summary = summary.assign(best=best.astype(int)).astype(object)
    return summary.where(summary.notna(), None).to_dict("records")


def _frame(
    rows: Iterable[dict], cell: Sequence[str], others: Sequence[str], numbers: Sequence[str]
) -> pd.DataFrame:
    """The columns ``cell``, ``seed`` and ``others`` unchanged, and ``numbers``, which must be finite."""
    columns, kept = [*cell, "seed", *others], []
    for row in rows:
        missing = set(columns) - set(row)
        if missing:
            raise StudyError(f"A collected table lacks the column {min(missing)!r}; collect it again.")
        key = pick(row, cell)
        kept.append([*pick(row, columns), *(finite(row, column, key) for column in numbers)])
    return pd.DataFrame(kept, columns=[*columns, *numbers])
