"""Generate one of the demo's datasets: images, exact masks and the index."""

from pathlib import Path

from bgbias.demo_world import INDEX_COLUMNS, make_dataset
from bgbias.files import write_rows
from bgbias.logs import job_log


def make_demo_world(raw: str, index: str, settings: dict) -> None:
    """Write the dataset that ``settings`` (arguments of ``make_dataset``) describe below ``raw``."""
    Path(raw).mkdir(parents=True, exist_ok=True)
    write_rows(index, make_dataset(raw, **settings), INDEX_COLUMNS)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        make_demo_world(snakemake.params.root, snakemake.output.index, snakemake.params.settings)
