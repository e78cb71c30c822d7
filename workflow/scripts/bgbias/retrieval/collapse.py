"""Whether a model sees any difference between images at all."""

import numpy as np

# ASSUME: above this the model has collapsed: all images look alike to it, whatever its score.
COLLAPSED = 0.95


def mean_similarity(embeddings: np.ndarray, others: np.ndarray | None = None) -> float:
    """Mean inner product over all pairs of rows (N, E) of length 1, self-pairs included: 1 = all equal.

    With ``others`` (M, E) the pairs have one row of each.
    """
    mean = embeddings.mean(axis=0, dtype=np.float64)
    return float((mean * (mean if others is None else others.mean(axis=0, dtype=np.float64))).sum())
