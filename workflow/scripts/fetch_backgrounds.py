"""Download and verify the background photos of the published study, with the user's explicit consent."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bgbias.downloads.fetching import obtain
from bgbias.downloads.sources import load_sources
from bgbias.errors import StudyError
from bgbias.files import read_rows, write_rows
from bgbias.logs import job_log, progress_bar

COLUMNS = ["folder", "name", "bytes", "sha256", "origin"]
CONNECTIONS = 4  # enough for small files without overloading the server


def fetch_backgrounds(
    source: dict, files_path: str, accept_terms: bool, folder: str, receipt_path: str
) -> None:
    """Download the photos that ``files_path`` lists (folder, name, bytes, sha256) into ``folder``.

    ``source`` has the pattern of the ``address``, the pinned ``commit`` and the ``terms``. Without
    ``accept_terms`` a StudyError states the terms, and nothing is downloaded.
    """
    if accept_terms is not True:
        raise StudyError(
            f"The {source['title']} are downloaded only with your explicit consent. {source['terms']}. Set "
            "accept_terms: true for this background set in the config, or name folders of your own photos "
            "(source: folders)."
        )

    def fetch(row):
        url = source["address"].format(commit=source["commit"], **row)
        path = Path(folder, row["folder"], row["name"])
        instructions = f"Put the folders val and test of the paper's repository into {folder}."
        origin = obtain(path, [url], int(row["bytes"]), {"sha256": row["sha256"]}, instructions)
        return row | {"origin": origin}

    rows = read_rows(files_path)
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        fetched = list(progress_bar(pool.map(fetch, rows), "fetching photos", "photos", len(rows)))
    write_rows(receipt_path, fetched, COLUMNS)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        fetch_backgrounds(
            load_sources(snakemake.params.sources)["study_backgrounds"],
            snakemake.input.files,
            snakemake.config["backgrounds"][snakemake.wildcards.set]["accept_terms"],
            snakemake.params.folder,
            snakemake.output.receipt,
        )
