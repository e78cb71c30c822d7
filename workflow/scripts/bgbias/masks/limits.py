"""Check a dataset's masks against the study's limits. Every training job does, so imports are kept light."""

import os
from pathlib import Path

from bgbias.configuration.keywords import READY
from bgbias.errors import StudyError
from bgbias.files import read_rows
from bgbias.masks.tree import flagged


def check_limits(
    summary: str | os.PathLike, on_bad_image: str, minimum_iou: float, maximum_empty: float
) -> None:
    """Raise StudyError if images of a dataset were left out although ``on_bad_image`` is "fail", or if the
    mean IoU or the share of empty or failed masks violates its limit.

    ``summary``: the dataset's file with one row of :data:`bgbias.masks.quality.SUMMARY_COLUMNS`, in the same
    folder as its other lists. Without hand labels only the share is checked.
    """
    if on_bad_image == "fail":
        _check_left_out(summary)
    (quality,) = read_rows(summary)
    _check_quality(quality, Path(summary).with_name("masks.csv"), minimum_iou, maximum_empty)


def _check_left_out(summary: str | os.PathLike) -> None:
    """The jobs that exclude images check this too, but may have run with another ``on_bad_image``."""
    problems, table = (Path(summary).with_name(name) for name in ("problems.csv", "masks.csv"))
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
        raise StudyError(
            f"{bad} of the {masks} masks of {dataset} are empty or failed, a share of {bad / masks:.3f}, "
            f"allowed {maximum_empty}. {remedy}, remove images without an object, or raise "
            f"`mask_quality.maximum_empty` if this is acceptable. Values per image: {table}."
        )
