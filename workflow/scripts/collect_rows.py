"""Put the tables of all runs below each other."""

from bgbias.errors import StudyError
from bgbias.files import read_rows, write_rows
from bgbias.logs import job_log


def collect_rows(tables: list[str], out: str) -> None:
    """Write the rows of the CSV files ``tables`` to ``out``, in the order given, which tables and figures
    keep.

    StudyError when there is no table, or one has no rows, other columns or another number of rows.
    """
    collected, columns, count = [], None, 0
    for table in tables:
        rows = read_rows(table)
        if not rows:
            raise StudyError(f"{table} has no rows; delete it and run again.")
        columns = columns or list(rows[0])
        if list(rows[0]) != columns:
            raise StudyError(
                f"{table} has the columns {', '.join(rows[0])}, the tables before it {', '.join(columns)}: "
                "it was written by another version or with other settings. Delete it and run again."
            )
        count = count or len(rows)
        if len(rows) != count:
            raise StudyError(
                f"{tables[0]} and {table} have {count} and {len(rows)} rows: one of them was measured with "
                "other settings. Delete that one and run again."
            )
        collected += rows
    if columns is None:
        raise StudyError(f"There is no table to collect into {out}; the grid has no runs.")
    write_rows(out, collected, columns)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        collect_rows(snakemake.input.tables, snakemake.output[0])
