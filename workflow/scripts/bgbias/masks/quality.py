"""Agreement of a predicted mask with a hand label, measured as in the background-bias study."""

from collections.abc import Sequence

import numpy as np

from bgbias.images import HALF

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
    """IoU |A∧B| / |A∨B| and overlap |A∧B| / |A| of a hand label A and a mask B, uint8 (h, w), threshold 128.

    Two empty masks agree completely: 1, 1. An empty label and a non-empty mask: IoU 0, overlap 1.
    """
    a, b = label >= HALF, mask >= HALF
    both, either, labelled = (int(np.count_nonzero(region)) for region in (a & b, a | b, a))
    return {"iou": both / either if either else 1.0, "overlap": both / labelled if labelled else 1.0}


def summary(scores: Sequence[dict[str, float]]) -> dict[str, float | int | str]:
    """``n`` and, for each measure, mean, population sd, median, min, quartiles, max; "" if n = 0."""
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
