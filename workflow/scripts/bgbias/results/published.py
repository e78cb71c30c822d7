"""Published numbers next to measured ones. A cell that was not run stays empty: nothing is guessed."""

import os
from collections.abc import Sequence

import pandas as pd

from bgbias.axes import MODEL_AXES
from bgbias.files import read_rows
from bgbias.results.names import human
from bgbias.results.rows import finite, pick, unique
from bgbias.results.summaries import sd_words, summarise_attention, summarise_retrieval
from bgbias.results.table_formats import Cell, Table, number

# What identifies a cell of each table.
KEYS = {
    "retrieval": (*MODEL_AXES, "protocol"),
    "attention": (*MODEL_AXES, "method"),
    "mask_quality": ("dataset", "masker", "measure"),
}
# Which keys name a row of the printed table (the blocks are datasets), and which one is spread over columns.
LAYOUT = {
    "retrieval": (("loss", "variant"), "protocol"),
    "attention": (("loss",), "variant"),
    "mask_quality": (("measure",), "masker"),
}
COLUMNS = ("published", "published_sd", "measured", "measured_sd", "difference", "source")
_MEASURES = ("iou_mean", "iou_sd", "iou_median", "overlap_mean")


def comparison(
    kind: str, published: Sequence[dict], collected: Sequence[dict], datasets: dict[str, str]
) -> tuple[list[dict], Table]:
    """The rows of :func:`compare` in the published unit, and the table that prints them.

    ``kind``: retrieval, attention or mask_quality; ``published``: the rows of resources/published/{kind}.csv;
    ``collected``: those of the study's {kind}.csv; ``datasets``: those that are compared, their names in
    ``collected`` → the published names. StudyError if a value is missing or not finite.
    """
    summarise, scale = SUMMARIES[kind]
    published = [row for row in published if row["dataset"] in datasets.values()]
    measured = _renamed(summarise(collected), datasets)
    note = ""
    if kind == "retrieval" and sd_words(measured):
        note = f"measured: {sd_words(measured)}"
    if kind == "mask_quality":
        note = label_words(published, _renamed(collected, datasets))
        published = measures_as_rows(published)
    rows = compare(published, measured, KEYS[kind], scale)
    return rows, comparison_table(rows, kind, note)


def _renamed(rows: Sequence[dict], datasets: dict[str, str]) -> list[dict]:
    return [row | {"dataset": datasets[row["dataset"]]} for row in rows if row["dataset"] in datasets]


def compare(
    published: Sequence[dict], measured: Sequence[dict], keys: Sequence[str], scale: float = 1
) -> list[dict]:
    """One row per published cell: ``keys``, then :data:`COLUMNS`; None if the cell was not run or there is no
    standard deviation.

    ``measured`` rows hold ``mean`` and may hold ``sd``; multiplied by ``scale`` they have the unit of the
    published ones.
    """
    found = {pick(row, keys): row for row in measured}
    rows = []
    for row in published:
        key = pick(row, keys)
        value, ours = finite(row, "mean", key), found.get(key)
        mean = None if ours is None else scale * finite(ours, "mean", key)
        sd = None if ours is None else ours.get("sd")
        rows.append(
            dict(
                zip(keys, key, strict=True),
                published=value,
                published_sd=float(row["sd"]) if row.get("sd") else None,
                measured=mean,
                measured_sd=None if sd is None else scale * sd,
                difference=None if mean is None else mean - value,
                source=row["source"],
            )
        )
    return rows


def read_comparison(path: str | os.PathLike) -> list[dict]:
    """The rows of :func:`compare`, read from their CSV file: numbers as numbers, empty cells as None."""
    numbers = COLUMNS[:-1]
    return [
        row | {name: float(row[name]) if row[name] else None for name in numbers} for row in read_rows(path)
    ]


def measures_as_rows(rows: Sequence[dict]) -> list[dict]:
    """The wide rows of a mask-quality table as one row per measure, to be compared like the others.

    A dataset without hand labels has no rows.
    """
    return [
        {
            "dataset": row["dataset"],
            "masker": row["masker"],
            "measure": measure,
            "mean": row[measure],
            "source": row.get("source", ""),
        }
        for row in rows
        for measure in _MEASURES
        if row.get(measure)
    ]


# How the collected rows become one row per cell, and the factor from their unit to the published one.
SUMMARIES = {
    "retrieval": (summarise_retrieval, 100),
    "attention": (summarise_attention, 1),
    "mask_quality": (measures_as_rows, 1),
}


def closeness(rows: Sequence[dict]) -> dict | None:
    """``n`` cells that were run, their ``mean_absolute_difference`` and their ``spearman`` (rank correlation,
    NaN if either side is constant); None if no cell was run."""
    sides = ["published", "measured"]
    run = pd.DataFrame([row for row in rows if row["measured"] is not None], columns=sides)
    if run.empty:
        return None
    return {
        "n": len(run),
        "spearman": run["published"].rank().corr(run["measured"].rank()),
        "mean_absolute_difference": (run["published"] - run["measured"]).abs().mean(),
    }


def label_words(published: Sequence[dict], measured: Sequence[dict]) -> str:
    """How many hand labels the masks were compared with, from the rows of the two mask-quality tables:
    ``hand labels of CUB200-2011: 20 published, 11,788 measured``; "" if no dataset measured has any."""
    known = {row["dataset"]: int(row["n"]) for row in published}
    counts = {row["dataset"]: int(row["n"]) for row in measured if row["dataset"] in known and int(row["n"])}
    return "; ".join(
        f"hand labels of {human(dataset)}: {known[dataset]:,} published, {count:,} measured"
        for dataset, count in counts.items()
    )


def comparison_table(rows: Sequence[dict], kind: str, note: str = "") -> Table:
    """Published, measured and difference side by side, one block per dataset; retrieval in percent.

    ``note``: what the measured values, or their sd, are taken over, for the caption.
    """
    digits = 3 if kind == "mask_quality" else 2
    lines, across = LAYOUT[kind]
    columns = unique(rows, across)
    cells = {(row["dataset"], *pick(row, lines), row[across]): row for row in rows}

    def block(dataset: str) -> list[list[Cell]]:
        found: list[list[Cell]] = []
        families = set()
        for name in dict.fromkeys(pick(row, lines) for row in rows if row["dataset"] == dataset):
            repeated = len(name) > 1 and name[0] in families
            families.add(name[0])
            stub = [Cell("" if repeated else human(name[0])), *(Cell(human(part)) for part in name[1:])]
            values = [cells.get((dataset, *name, column)) for column in columns]
            found.append(stub + [cell for row in values for cell in _three(row, kind, digits)])
        return found

    groups = [(human(column), ["published", "measured", "difference"]) for column in columns]
    return Table(
        [human(line) for line in lines],
        groups,
        [(human(dataset), block(dataset)) for dataset in unique(rows, "dataset")],
        f"{_what(kind, note)}, and their difference. Cells that were not run are empty.",
    )


def _what(kind: str, note: str) -> str:
    noted = f" ({note})" if note else ""
    return {
        "retrieval": f"MAP@R in percent: published and measured, ± standard deviation where known{noted}",
        "attention": "Attention score: published and measured (standard deviation over test images)",
        "mask_quality": f"Agreement of masks with hand labels: published and measured{noted}",
    }[kind]


def _three(row: dict | None, kind: str, digits: int) -> list[Cell]:
    """Published, measured and signed difference; missing values give empty cells."""
    if row is None:
        return [Cell()] * 3
    published, measured = (_with_sd(row, side, kind, digits) for side in ("published", "measured"))
    if row["difference"] is None:
        return [published, measured, Cell()]
    difference = number(row["difference"], digits)
    return [published, measured, Cell(difference if difference.startswith("−") else f"+{difference}")]


def _with_sd(row: dict, side: str, kind: str, digits: int) -> Cell:
    mean, sd = row[side], row[f"{side}_sd"]
    if mean is None:
        return Cell()
    if sd is None:
        return Cell(number(mean, digits))
    # As in the attention table: the spread over images is not an error of the mean.
    spread = f"({number(sd, digits)})" if kind == "attention" else f"± {number(sd, digits)}"
    return Cell(number(mean, digits), spread)
