"""Decode each image of a dataset and its mask once and pack them for training, embedding and attribution."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bgbias.files import read_rows, sweep
from bgbias.images import image_size, read_mask, read_rgb
from bgbias.input_pipeline.packing import check_room, pack_image, resized_size, write_store
from bgbias.logs import job_log, progress_bar
from bgbias.masks.limits import check_limits
from bgbias.masks.tree import flagged, mask_path
from bgbias.prefetching import prefetch


def pack_pixels(
    index: str,
    table: str,
    layout: str,
    rgba: str,
    *,
    root: str,
    masks: str,
    short_side: int,
    squash: bool,
    compressed: bool,
    threads: int = 1,
) -> None:
    """Write the store of the images whose mask did not fail, in the order of the index.

    StudyError for an image or a mask that became unreadable since: images are only left out if the lists of
    such images say so.
    """
    rows = read_rows(index)
    failed = set(flagged(read_rows(table), "failed"))
    kept = [row for row in rows if row["path"] not in failed]

    def pack(row: dict) -> tuple[np.ndarray, dict]:
        image = Path(root) / row["path"]
        rgb = read_rgb(image)
        mask = read_mask(mask_path(masks, row["path"]), rgb.shape[:2], image)
        return pack_image(rgb, mask, short_side, squash), row

    def images() -> Iterator[tuple[np.ndarray, dict]]:
        packed = prefetch(pack, kept, depth=4 * threads, threads=threads)
        yield from progress_bar(packed, "pixels", "images", len(kept))

    given = (image_size(mask_path(masks, row["path"])) for row in kept)
    sizes = (resized_size(size, short_side, squash) for size in given)
    sweep(Path(rgba).parent, older_than=0)  # partial files of a killed job take up space
    check_room(Path(rgba).parent, sizes, compressed)
    written = write_store(rgba, layout, images(), list(rows[0]), compressed=compressed, threads=threads)
    print(f"packed {written} of {len(rows)} images with a short side of {short_side} pixels")


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        check_limits(
            snakemake.input.quality, snakemake.config
        )  # nothing may be trained with masks beyond them
        pack_pixels(
            snakemake.input.index,
            snakemake.input.table,
            snakemake.output.layout,
            snakemake.output.rgba,
            root=snakemake.params.root,
            masks=snakemake.params.masks,
            short_side=snakemake.params.short_side,
            squash=snakemake.params.squash,
            compressed=snakemake.params.compressed,
            threads=snakemake.threads,
        )
