"""The mask-quality table in its three formats, from the collected results."""

from bgbias.files import read_rows
from bgbias.logs import job_log
from bgbias.results.table_formats import save
from bgbias.results.tables import mask_quality_table


def tabulate_mask_quality(results: str, tex: str, csv: str, md: str) -> None:
    """Write the table of ``results``, the collected mask_quality.csv with one row per dataset: in ``csv`` all
    of its columns. StudyError if a value of a dataset with hand labels is missing or not finite.
    """
    rows = read_rows(results)
    save(mask_quality_table(rows), rows, list(rows[0]), tex, csv, md)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        tabulate_mask_quality(**snakemake.input, **snakemake.output)
