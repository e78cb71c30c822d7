"""Whether a study may be made with a dataset's masks. Every training asks, so nothing heavy is imported."""

import os
from pathlib import Path

from bgbias.configuration.keywords import READY
from bgbias.errors import StudyError
from bgbias.files import read_rows
from bgbias.masks.tree import flagged


def check_limits(
    summary: str | os.PathLike, on_bad_image: str, minimum_iou: float, maximum_empty: float
) -> None:
    """StudyError when images of a dataset are left out and ``on_bad_image`` is "fail", or the mean IoU or the
    share of empty or failed masks breaks a limit.

    ``summary``: the file with its row of :data:`bgbias.masks.quality.SUMMARY_COLUMNS`, beside which the
    dataset's other lists lie. Without hand labels the share alone is looked at.
    """
    if on_bad_image == "fail":
        _check_left_out(summary)
    (quality,) = read_rows(summary)
    _check_quality(quality, Path(summary).with_name("masks.csv"), minimum_iou, maximum_empty)


def _check_left_out(summary: str | os.PathLike) -> None:
    """The jobs that leave images out say so themselves, but theirs may have been another ``on_bad_image``."""
    problems, table = (Path(summary).with_name(name) for name in ("problems.csv", "masks.csv"))
    unusable = [row["path"] for row in read_rows(problems)] if problems.exists() else []
    bad = unusable + flagged(read_rows(table), "failed")
    if bad:
        raise StudyError(
            f"{len(bad)} images are unusable or have no mask, {bad[0]!r} is one of them ({problems}, "
            f"{table}). Fix them and delete index.csv beside these lists, or set on_bad_image: skip."
        )


def _check_quality(quality: dict[str, str], table: Path, minimum_iou: float, maximum_empty: float) -> None:
    dataset, iou = quality["dataset"], quality["iou_mean"]
    if quality["masker"] == READY:
        remedy = f"Look at `datasets.{dataset}.masks`: what is brighter than half is object"
    else:
        remedy = "Choose another `masker.model`"
    if iou and float(iou) < minimum_iou:
        raise StudyError(
            f"The masks of {dataset} agree too little with its {quality['n']} hand labels: mean IoU "
            f"{float(iou):.3f}, wanted {minimum_iou}. {remedy}, or lower `mask_quality.minimum_iou` if you "
            f"can live with that. Each image: {table} and mask_quality_images.csv beside it."
        )
    bad, masks = int(quality["empty"]), int(quality["masks"])
    if bad > maximum_empty * masks:
        raise StudyError(
            f"{bad} of the {masks} masks of {dataset} are empty or failed, a share of {bad / masks:.3f}, "
            f"allowed {maximum_empty}. {remedy}, take images without an object out, or raise "
            f"`mask_quality.maximum_empty` if you can live with that. Each image: {table}."
        )
