"""The retrieval table in its three formats, from the collected results."""

from bgbias.files import read_rows
from bgbias.logs import job_log
from bgbias.results.summaries import RETRIEVAL_COLUMNS, retrieval_metrics, summarise_retrieval
from bgbias.results.table_formats import save
from bgbias.results.tables import retrieval_table


def tabulate_retrieval(results: str, tex: str, csv: str, md: str) -> None:
    """Write the table of ``results``, the collected retrieval.csv: in ``tex`` and ``md`` MAP@R in percent, in
    ``csv`` every metric as a fraction.

    StudyError if a value is missing or not finite, or a draw occurs twice.
    """
    rows = read_rows(results)
    summaries = {metric: summarise_retrieval(rows, metric) for metric in retrieval_metrics(rows)}
    every = [row for summary in summaries.values() for row in summary]
    save(retrieval_table(summaries["map_at_r"]), every, RETRIEVAL_COLUMNS, tex, csv, md)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        tabulate_retrieval(**snakemake.input, **snakemake.output)
