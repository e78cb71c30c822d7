"""The retrieval table in its three forms, from the collected results.

input: ``results`` (results/{study}/retrieval.csv); output: ``tex``, ``csv``, ``md``.
"""

from bgbias.files import read_rows, write_rows, write_text
from bgbias.logs import job_log
from bgbias.summaries import RETRIEVAL_COLUMNS, summarise_retrieval
from bgbias.table_formats import to_latex, to_markdown
from bgbias.tables import retrieval_table


def tabulate_retrieval(results: str, tex: str, csv: str, md: str) -> None:
    summary = summarise_retrieval(read_rows(results))
    table = retrieval_table(summary)
    write_text(tex, to_latex(table))
    write_text(md, to_markdown(table))
    write_rows(csv, summary, RETRIEVAL_COLUMNS)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        tabulate_retrieval(
            snakemake.input.results,
            snakemake.output.tex,
            snakemake.output.csv,
            snakemake.output.md,
        )
