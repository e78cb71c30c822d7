"""Download and verify the archives of a published dataset, or verify those that the user placed."""

from pathlib import Path

from bgbias.downloads.fetching import obtain
from bgbias.downloads.sources import available_layout, by_hand, checksums, load_sources
from bgbias.files import write_rows
from bgbias.logs import job_log

COLUMNS = ["archive", "into", "bytes", "origin", "verified"]


def download_dataset(source: dict, folder: str, receipt_path: str) -> None:
    """Ensure that ``folder`` holds one layout's archives of ``source``; list them in ``receipt_path``.

    The archives are not outputs of the rule: Snakemake would delete a hand-placed or partly downloaded file.
    """
    folder = Path(folder)
    rows = []
    for archive in available_layout(source, folder):
        path = folder / archive["name"]
        known = checksums(archive)
        origin = obtain(path, archive.get("urls", []), archive.get("bytes"), known, by_hand(source, folder))
        if not known:
            print(f"{path}: no published checksum; the counts of images and classes will be checked instead.")
        rows.append(
            {
                "archive": archive["name"],
                "into": archive.get("into", ""),
                "bytes": path.stat().st_size,
                "origin": origin,
                "verified": " ".join(known),
            }
        )
    write_rows(receipt_path, rows, COLUMNS)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        source = load_sources(snakemake.params.sources)[snakemake.params.source]
        download_dataset(source, snakemake.params.folder, snakemake.output.receipt)
