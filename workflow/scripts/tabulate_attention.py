"""The attention table in its three forms, from the collected results.

input: ``results`` (results/{study}/attention.csv); output: ``tex``, ``csv``, ``md``;
params: ``method``: the one in ``tex`` and ``md``; ``csv`` has them all.
"""

from bgbias.files import read_rows
from bgbias.logs import job_log
from bgbias.results.summaries import ATTENTION_COLUMNS, summarise_attention
from bgbias.results.table_formats import save
from bgbias.results.tables import attention_table


def tabulate_attention(results: str, method: str, tex: str, csv: str, md: str) -> None:
    summary = summarise_attention(read_rows(results))
    table = attention_table(summary, method)
    save(table, summary, ATTENTION_COLUMNS, tex, csv, md)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        tabulate_attention(
            snakemake.input.results,
            snakemake.params.method,
            snakemake.output.tex,
            snakemake.output.csv,
            snakemake.output.md,
        )
