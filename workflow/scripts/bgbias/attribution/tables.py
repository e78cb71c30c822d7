"""The scores of a run as the rows of its two tables: one row per image and method, and one per method."""

from collections.abc import Sequence

import numpy as np

from bgbias.errors import StudyError


def image_rows(scores: dict[str, np.ndarray], rows: np.ndarray, paths: Sequence[str]) -> list[dict]:
    """``row``, ``path``, ``method`` and ``score``, which is empty if undefined.

    ``scores``: method → (n,) in the order of ``rows`` (n,), NaN if undefined. ``paths``: of all rows.
    """
    return [
        {"row": row, "path": paths[row], "method": method, "score": "" if np.isnan(score) else score}
        for method, values in scores.items()
        for row, score in zip(rows, values, strict=True)
    ]


def method_rows(scores: dict[str, np.ndarray]) -> list[dict]:
    """``method``, ``mean``, ``sd`` and ``n`` of each method's defined scores.

    ``sd`` is the population standard deviation (divided by n) over the images: how much images differ, not
    how precise the mean is. A method without any defined score has n = 0 and no mean; StudyError if that is
    so for all methods.
    """
    defined = {method: values[~np.isnan(values)] for method, values in scores.items()}
    if not any(map(len, defined.values())):
        raise StudyError(
            f"No image has a defined attention score (methods: {', '.join(scores)}): every mask is empty or "
            "covers its whole image, or the model does not respond to its input."
        )
    return [
        {
            "method": method,
            "mean": values.mean() if len(values) else "",
            "sd": values.std() if len(values) else "",
            "n": len(values),
        }
        for method, values in defined.items()
    ]
