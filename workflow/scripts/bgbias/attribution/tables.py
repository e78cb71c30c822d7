"""The scores of a run as the rows of its two tables: one an image and method, and one a method."""

from collections.abc import Sequence

import numpy as np

from bgbias.errors import StudyError


def image_rows(scores: dict[str, np.ndarray], rows: np.ndarray, paths: Sequence[str]) -> list[dict]:
    """``row``, ``path``, ``method`` and ``score``, empty where it is undefined.

    ``scores``: method → (n,) in the order of ``rows`` (n,), NaN where undefined. ``paths``: of all rows.
    """
    return [
        {"row": row, "path": paths[row], "method": method, "score": "" if np.isnan(score) else score}
        for method, values in scores.items()
        for row, score in zip(rows, values, strict=True)
    ]


def method_rows(scores: dict[str, np.ndarray]) -> list[dict]:
    """``method``, ``mean``, ``sd`` and ``n`` of each method's defined scores.

    ``sd`` is over the images, of the population (divided by n): how far images differ, not how sure the mean
    is. A method without any defined score has n = 0 and no mean; StudyError when that is so of all.
    """
    defined = {method: values[~np.isnan(values)] for method, values in scores.items()}
    if not any(map(len, defined.values())):
        raise StudyError(
            f"No image has a defined attention score (methods: {', '.join(scores)}): every mask is empty or "
            "covers its whole image, or the model does not react to its input."
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
