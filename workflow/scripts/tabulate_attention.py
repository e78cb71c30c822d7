"""The attention table in its three formats, from the collected results."""

from bgbias.files import read_rows
from bgbias.logs import job_log
from bgbias.results.summaries import ATTENTION_COLUMNS, summarise_attention
from bgbias.results.table_formats import save
from bgbias.results.tables import attention_table


def tabulate_attention(results: str, tex: str, csv: str, md: str, *, method: str) -> None:
    """Write the table of ``results``, the collected attention.csv: in ``tex`` and ``md`` the scores by
    ``method``, in ``csv`` those of all methods. StudyError if a value is missing or not finite.
    """
    summary = summarise_attention(read_rows(results))
    table = attention_table(summary, method)
    save(table, summary, ATTENTION_COLUMNS, tex, csv, md)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        tabulate_attention(**snakemake.input, **snakemake.output, method=snakemake.params.method)
