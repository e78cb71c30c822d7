"""Published and measured values of one of the three tables, and their difference."""

from bgbias.files import read_rows
from bgbias.logs import job_log
from bgbias.results.published import COLUMNS, KEYS, comparison
from bgbias.results.table_formats import save


def tabulate_published(
    published: str, results: str, tex: str, csv: str, md: str, *, kind: str, datasets: dict[str, str]
) -> None:
    """Write :func:`~bgbias.results.published.comparison` of the files ``published`` and ``results``."""
    rows, table = comparison(kind, read_rows(published), read_rows(results), datasets)
    save(table, rows, (*KEYS[kind], *COLUMNS), tex, csv, md)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        tabulate_published(
            **snakemake.input,
            **snakemake.output,
            kind=snakemake.params.kind,
            datasets=snakemake.params.datasets,
        )
