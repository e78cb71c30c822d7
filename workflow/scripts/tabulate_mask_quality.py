"""The mask-quality table in its three forms.

input: ``results`` (results/{study}/mask_quality.csv, a row a dataset); output: ``tex``, ``csv``, ``md``.
"""

from bgbias.files import read_rows
from bgbias.logs import job_log
from bgbias.results.table_formats import save
from bgbias.results.tables import mask_quality_table


def tabulate_mask_quality(results: str, tex: str, csv: str, md: str) -> None:
    rows = read_rows(results)
    table = mask_quality_table(rows)
    save(table, rows, list(rows[0]) if rows else ["dataset"], tex, csv, md)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        tabulate_mask_quality(
            snakemake.input.results,
            snakemake.output.tex,
            snakemake.output.csv,
            snakemake.output.md,
        )
