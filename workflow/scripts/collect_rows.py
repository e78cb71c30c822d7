"""Concatenate the tables of all runs."""

from bgbias.errors import StudyError
from bgbias.files import read_rows, write_rows
from bgbias.logs import job_log


def collect_rows(tables: list[str], out: str) -> None:
    """Write the rows of the CSV files ``tables`` to ``out``, in the given order, which tables and figures
    keep.

    StudyError if a file has no rows, different columns or a different number of rows.
    """
    collected, first = [], []
    for table in tables:
        rows = read_rows(table)
        if not rows:
            raise StudyError(f"{table} has no rows; delete it and run again.")
        first = first or rows
        if list(rows[0]) != list(first[0]):
            raise StudyError(
                f"{table} has the columns {', '.join(rows[0])}, but other tables have {', '.join(first[0])}: "
                "it was written by another version or with other settings. Delete it and run again."
            )
        if len(rows) != len(first):
            raise StudyError(
                f"{tables[0]} and {table} have {len(first)} and {len(rows)} rows: one of them was measured "
                "with other settings. Delete that one and run again."
            )
        collected += rows
    write_rows(out, collected, list(first[0]))


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        collect_rows(snakemake.input.tables, snakemake.output[0])
