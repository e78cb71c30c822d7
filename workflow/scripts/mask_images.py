"""Make the foreground masks of one shard of a dataset's images."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from bgbias.errors import StudyError
from bgbias.files import replacing, write_rows
from bgbias.images import read_rgb
from bgbias.index import read_index
from bgbias.input_pipeline.prefetching import prefetch
from bgbias.logs import job_log, progress_bar
from bgbias.masks.maskers import Masker, build_masker, is_empty

COLUMNS = ("path", "coverage", "empty", "failed")


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


def masks_of(
    paths: Sequence[str], masker: Masker, root: str, masks: str, on_bad_image: str
) -> Iterator[dict]:
    """Write the masks of ``paths`` below ``masks``; yields their rows of the table, in order.

    Reading the next and writing the last image happens while the network works on this one.
    """
    pictures = prefetch(lambda path: (path, _read(Path(root) / path, on_bad_image)), paths, depth=4)
    predictions = _predictions(masker, pictures, on_bad_image)
    return prefetch(lambda prediction: _write(masks, *prediction), predictions, depth=4)


def _read(path: Path, on_bad_image: str) -> np.ndarray | None:
    try:
        return read_rgb(path)
    except StudyError as error:
        return _bad(error, on_bad_image)


def _predictions(masker: Masker, pictures, on_bad_image: str) -> Iterator[tuple[str, np.ndarray | None]]:
    for path, rgb in pictures:
        try:
            yield path, None if rgb is None else masker(path, rgb)
        except StudyError as error:
            yield path, _bad(error, on_bad_image)


def _bad(error: StudyError, on_bad_image: str) -> None:
    if on_bad_image == "fail":
        raise error
    print(f"WARNING: {error}")


def _write(folder: str, path: str, mask: np.ndarray | None) -> dict:
    file = Path(folder) / f"{path}.png"
    if mask is None:
        file.unlink(missing_ok=True)  # an earlier mask, perhaps of another image of this name
        return {"path": path, "coverage": "0", "empty": 0, "failed": 1}
    with replacing(file) as aside:
        Image.fromarray(mask).save(aside, "PNG", compress_level=1)
    return {"path": path, "coverage": f"{mask.mean() / 255:.6f}", "empty": int(is_empty(mask)), "failed": 0}


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
