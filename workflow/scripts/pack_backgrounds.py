"""Pack a folder of background photos of any size for training or evaluation."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from bgbias.errors import StudyError
from bgbias.images import read_rgb
from bgbias.index import COLUMNS
from bgbias.input_pipeline.packing import background_row, pack_image, write_store
from bgbias.listings import IMAGE_SUFFIXES, list_images
from bgbias.logs import job_log
from bgbias.prefetching import prefetch


def pack_backgrounds(
    folder: str, layout: str, rgba: str, *, short_side: int, half: int | None = None
) -> None:
    """Write the store of all photos below ``folder``, sorted by path; with ``half`` (0 or 1), of every second
    one, starting there. In the layout, ``enlarged`` is 1 for photos smaller than ``short_side``.

    StudyError if there are no photos.
    """
    root = Path(folder)
    if not root.is_dir():
        raise StudyError(f"The folder of backgrounds {folder} does not exist. Fix `backgrounds`.")
    paths = [path.relative_to(root).as_posix() for path in list_images(root)]
    if half is not None and len(paths) == 1:
        raise StudyError(
            f"The folder of backgrounds {folder} has one photo, which training and validation cannot share. "
            "Put more there, or set background_roles: shared."
        )
    if half is not None:
        paths = paths[half::2]
    if not paths:
        raise StudyError(
            f"The folder of backgrounds {folder} has no photo ({', '.join(sorted(IMAGE_SUFFIXES))}). "
            "Put some there, or fix `backgrounds`."
        )

    def pack(path: str) -> tuple[np.ndarray, dict] | StudyError:
        try:
            rgb = read_rgb(root / path)
            enlarged = {"enlarged": int(min(rgb.shape[:2]) < short_side)}
            return pack_image(rgb, None, short_side), background_row(path) | enlarged
        except StudyError as error:
            return error

    packed = without_errors(prefetch(pack, paths, depth=4))
    count = write_store(rgba, layout, packed, [*COLUMNS, "enlarged"])
    print(f"packed {count} backgrounds of {folder} with a short side of {short_side} pixels")


def without_errors(packed: Iterable) -> Iterator:
    """``packed`` without its errors; at the end, StudyError with the first of them if there are any."""
    errors = []
    for item in packed:
        if isinstance(item, StudyError):
            errors.append(item)
        else:
            yield item
    if errors:
        more = f" The same applies to {len(errors) - 3} more." if len(errors) > 3 else ""
        raise StudyError(" ".join(map(str, errors[:3])) + more)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        pack_backgrounds(
            snakemake.params.folder,
            snakemake.output.layout,
            snakemake.output.rgba,
            short_side=snakemake.params.short_side,
            half=snakemake.params.half,
        )
