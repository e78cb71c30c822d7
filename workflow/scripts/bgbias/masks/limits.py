"""Check a dataset's masks against the study's limits. Every training job does, so imports are kept light."""

import os
from pathlib import Path

from bgbias.configuration.keywords import READY
from bgbias.errors import StudyError
from bgbias.files import read_rows
from bgbias.masks.tree import flagged


def check_limits(quality: str | os.PathLike, config: dict) -> None:
    """Raise StudyError if images of a dataset were left out although ``config`` has ``on_bad_image: fail``,
    or if the mean IoU or the share of empty or failed masks violates its limit in ``mask_quality``.

    ``quality``: the dataset's file with one row of :data:`bgbias.masks.quality.SUMMARY_COLUMNS`, in the same
    folder as its other lists. Without hand labels only the share is checked.
    """
    if config["on_bad_image"] == "fail":
        _check_left_out(quality)
    (row,) = read_rows(quality)
    _check_quality(row, Path(quality).with_name("masks.csv"), **config["mask_quality"])


def _check_left_out(quality: str | os.PathLike) -> None:
    """The jobs that exclude images check this too, but may have run with another ``on_bad_image``."""
    problems, table = (Path(quality).with_name(name) for name in ("problems.csv", "masks.csv"))
    unusable = [row["path"] for row in read_rows(problems)] if problems.exists() else []
    bad = unusable + flagged(read_rows(table), "failed")
    if bad:
        raise StudyError(
            f"{len(bad)} images are unusable or have no mask, for example {bad[0]!r} ({problems}, {table}). "
            "Fix them and delete index.csv next to these lists, or set on_bad_image: skip."
        )


def _check_quality(quality: dict[str, str], table: Path, minimum_iou: float, maximum_empty: float) -> None:
    dataset, iou = quality["dataset"], quality["iou_mean"]
    if quality["masker"] == READY:
        remedy = f"Check `datasets.{dataset}.masks`: pixels brighter than half are object"
    else:
        remedy = "Choose another `masker.model`"
    if iou and float(iou) < minimum_iou:
        raise StudyError(
            f"The masks of {dataset} agree too little with its {quality['n']} hand labels: mean IoU "
            f"{float(iou):.3f}, required {minimum_iou}. {remedy}, or lower `mask_quality.minimum_iou` if "
            f"this is acceptable. Values per image: {table} and mask_quality_images.csv next to it."
        )
    bad, masks = int(quality["empty"]), int(quality["masks"])
    if bad > maximum_empty * masks:
        failed = len(flagged(read_rows(table), "failed"))
        reasons = f" ({failed} are missing or unreadable: see the logs of mask_images)" if failed else ""
        raise StudyError(
            f"{bad} of the {masks} masks of {dataset} are empty or failed{reasons}, a share of "
            f"{bad / masks:.3f}, allowed {maximum_empty}. {remedy}, remove images without an object, or "
            f"raise `mask_quality.maximum_empty` if this is acceptable. Values per image: {table}."
        )
