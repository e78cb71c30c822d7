"""Make the foreground masks of one shard of a dataset's images."""

from bgbias.files import write_rows
from bgbias.index import read_index
from bgbias.logs import job_log, progress_bar
from bgbias.masks.making import masks_of
from bgbias.masks.maskers import build_masker
from bgbias.masks.tree import COLUMNS


def mask_images(
    index: str,
    table: str,
    *,
    root: str,
    masks: str,
    masker: dict,
    shard: int,
    shards: int,
    on_bad_image: str,
    threads: int = 1,
) -> None:
    """Write the masks of every ``shards``-th image from the ``shard``-th on, and the table that says so."""
    everything = read_index(index).paths
    paths = everything[shard::shards]
    results = masks_of(paths, build_masker(masker, everything, threads), root, masks, on_bad_image)
    rows = list(progress_bar(results, f"masks, shard {shard + 1} of {shards}", "images", len(paths)))
    write_rows(table, rows, COLUMNS)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        mask_images(
            snakemake.input.index,
            snakemake.output.table,
            root=snakemake.params.root,
            masks=snakemake.params.masks,
            masker=snakemake.params.masker,
            shard=snakemake.params.shard,
            shards=snakemake.params.shards,
            on_bad_image=snakemake.params.on_bad_image,
            threads=snakemake.threads,
        )
