"""The attention table in its three forms, from the collected results.

input: ``results`` (results/{study}/attention.csv); output: ``tex``, ``csv``, ``md``;
params: ``method``: the one in ``tex`` and ``md``; ``csv`` has them all.
"""

from bgbias.files import read_rows, write_rows, write_text
from bgbias.logs import job_log
from bgbias.summaries import ATTENTION_COLUMNS, summarise_attention
from bgbias.table_formats import to_latex, to_markdown
from bgbias.tables import attention_table


def tabulate_attention(results: str, method: str, tex: str, csv: str, md: str) -> None:
    summary = summarise_attention(read_rows(results))
    table = attention_table(summary, method)
    write_text(tex, to_latex(table))
    write_text(md, to_markdown(table))
    write_rows(csv, summary, ATTENTION_COLUMNS)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        tabulate_attention(
            snakemake.input.results,
            snakemake.params.method,
            snakemake.output.tex,
            snakemake.output.csv,
            snakemake.output.md,
        )
