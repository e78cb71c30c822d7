"""Make the foreground masks of one shard of a dataset's images."""

from bgbias.files import write_rows
from bgbias.index import read_index
from bgbias.logs import job_log, progress_bar
from bgbias.masks.making import masks_of, masks_there
from bgbias.masks.maskers import build_masker, fingerprint_masker
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
    code: str,
    threads: int = 1,
) -> None:
    """Write the masks of every ``shards``-th image from the ``shard``-th on, and the table that lists them.

    Existing masks of the same images, made by the same masker and the same ``code``, are kept.
    """
    everything = read_index(index).paths
    paths = everything[shard::shards]
    made_by = fingerprint_masker(masker, code)
    there = masks_there(paths, root, masks, made_by)
    looked = progress_bar(there, "existing masks", "images", len(paths))
    rows = {row["path"]: row for row in looked}
    print(f"{len(rows)} of {len(paths)} masks already exist")
    missing = [path for path in paths if path not in rows]
    if missing:  # otherwise the network need not be loaded, or even downloaded
        network = build_masker(masker, everything, threads)
        made = masks_of(missing, network, root, masks, on_bad_image, made_by)
        bar = progress_bar(made, f"masks, shard {shard + 1} of {shards}", "images", len(missing))
        rows |= {row["path"]: row for row in bar}
    write_rows(table, [rows[path] for path in paths], COLUMNS)


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
            on_bad_image=snakemake.config["on_bad_image"],
            code=snakemake.params.code,
            threads=snakemake.threads,
        )
