"""Unpack the archives of a dataset into its folder of raw images."""

from pathlib import Path

from bgbias.downloads.archives import COLUMNS, unpack_all
from bgbias.errors import StudyError
from bgbias.files import read_rows, write_rows
from bgbias.logs import job_log


def extract_dataset(archives_path: str, folder: str, raw: str, receipt_path: str) -> None:
    """Unpack the archives that the table ``archives_path`` lists, from ``folder`` into ``raw``."""
    archives = [(Path(folder) / row["archive"], row["into"]) for row in read_rows(archives_path)]
    for archive, _ in archives:
        if not archive.exists():
            raise StudyError(
                f"{archive} is missing. Put it back, or remove {archives_path} to download it again."
            )
    write_rows(receipt_path, unpack_all(archives, Path(raw)), COLUMNS)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        extract_dataset(
            snakemake.input.archives, snakemake.params.folder, snakemake.params.raw, snakemake.output.receipt
        )
