"""Published and measured values of one of the three tables, and their difference."""

from bgbias.files import read_rows
from bgbias.logs import job_log
from bgbias.results.published import (
    COLUMNS,
    KEYS,
    compare,
    comparison_table,
    label_words,
    measures_as_rows,
)
from bgbias.results.summaries import sd_words, summarise_attention, summarise_retrieval
from bgbias.results.table_formats import save

# How the collected rows become one row per cell, and the factor from their unit to the published one.
SUMMARIES = {
    "retrieval": (summarise_retrieval, 100),
    "attention": (summarise_attention, 1),
    "mask_quality": (measures_as_rows, 1),
}


def tabulate_published(
    published: str, results: str, tex: str, csv: str, md: str, *, kind: str, datasets: dict[str, str]
) -> None:
    """Write the cells of ``published`` (resources/published/{kind}.csv) for ``datasets`` next to those of
    ``results`` (the collected {kind}.csv), in the published unit; empty if nothing was measured.

    ``kind``: retrieval, attention or mask_quality; ``datasets``: those that are compared, their names in
    ``results`` → the published names. StudyError if a value is missing or not finite.
    """
    summarise, scale = SUMMARIES[kind]
    known = [row for row in read_rows(published) if row["dataset"] in datasets.values()]
    collected = read_rows(results)
    measured = _under_published_names(summarise(collected), datasets)
    note = ""
    if kind == "retrieval" and sd_words(measured):
        note = f"measured: {sd_words(measured)}"
    if kind == "mask_quality":
        note = label_words(known, _under_published_names(collected, datasets))
        known = measures_as_rows(known)
    rows = compare(known, measured, KEYS[kind], scale)
    save(comparison_table(rows, kind, note), rows, (*KEYS[kind], *COLUMNS), tex, csv, md)


def _under_published_names(rows: list[dict], datasets: dict[str, str]) -> list[dict]:
    return [row | {"dataset": datasets[row["dataset"]]} for row in rows if row["dataset"] in datasets]


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        tabulate_published(
            **snakemake.input,
            **snakemake.output,
            kind=snakemake.params.kind,
            datasets=snakemake.params.datasets,
        )
