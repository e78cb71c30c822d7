"""Published and measured values of one of the three tables, and their difference."""

from bgbias.files import read_rows
from bgbias.logs import job_log
from bgbias.results.published import COLUMNS, KEYS, compare, comparison_table, measures_as_rows
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
    known = read_rows(published)
    summarise, scale = SUMMARIES[kind]
    if kind == "mask_quality":
        known = measures_as_rows(known)
    known = [row for row in known if row["dataset"] in datasets.values()]
    measured = [
        row | {"dataset": datasets[row["dataset"]]}
        for row in summarise(read_rows(results))
        if row["dataset"] in datasets
    ]
    rows = compare(known, measured, KEYS[kind], scale)
    table = comparison_table(rows, kind, sd_words(measured) if kind == "retrieval" else "")
    save(table, rows, (*KEYS[kind], *COLUMNS), tex, csv, md)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        tabulate_published(
            **snakemake.input,
            **snakemake.output,
            kind=snakemake.params.kind,
            datasets=snakemake.params.datasets,
        )
