"""How well a predicted mask agrees with a hand label, as the background-bias study counts it."""

from collections.abc import Sequence

import numpy as np

from bgbias.errors import StudyError
from bgbias.maskers import HALF

MEASURES = ("iou", "overlap")
STATISTICS = {
    "mean": np.mean,
    "sd": np.std,  # of the population, as in the published table
    "median": np.median,
    "min": np.min,
    "q25": lambda values: np.quantile(values, 0.25),
    "q75": lambda values: np.quantile(values, 0.75),
    "max": np.max,
}


def agreement(label: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    """IoU |A∧B| / |A∨B| and overlap |A∧B| / |A| of a hand label A and a mask B, uint8 (h, w), cut at 128.

    Two empty masks agree wholly: 1, 1. An empty label covered by some mask: IoU 0, overlap 1.
    """
    a, b = label >= HALF, mask >= HALF
    both, either, labelled = (int(np.count_nonzero(region)) for region in (a & b, a | b, a))
    return {"iou": both / either if either else 1.0, "overlap": both / labelled if labelled else 1.0}


def summary(scores: Sequence[dict[str, float]]) -> dict[str, float | int | str]:
    """``n`` and, for each measure, mean, population sd, median, min, quartiles, max; "" where n = 0."""
    row = {"n": len(scores)}
    for measure in MEASURES:
        values = [score[measure] for score in scores]
        row |= {f"{measure}_{name}": float(f(values)) if values else "" for name, f in STATISTICS.items()}
    return row


SUMMARY_COLUMNS = (
    "dataset",
    "masker",
    "masks",
    "empty",
    "n",
    *(f"{m}_{s}" for m in MEASURES for s in STATISTICS),
)


def check_limits(quality: dict[str, str], minimum_iou: float, maximum_empty: float) -> None:
    """StudyError when the mean IoU or the share of empty or failed masks of a dataset breaks a limit.

    ``quality``: its row of :data:`SUMMARY_COLUMNS`. Without hand labels the share alone is looked at.
    """
    dataset, iou = quality["dataset"], quality["iou_mean"]
    if quality["masker"] == "ready":
        remedy = f"Look at `datasets.{dataset}.masks`: what is brighter than {HALF - 1} of 255 is object"
    else:
        remedy = "Choose another `masker.model`"
    table = f"data/{dataset}/masks.csv"
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
            f"allowed {maximum_empty}. {remedy}, or raise `mask_quality.maximum_empty` if you can live with "
            f"that. Each image: {table}."
        )
