"""Whether a model sees any difference between images at all."""

import numpy as np

# ASSUME: a mean similarity above this is a collapse: all images look alike to the model, whatever it scores.
COLLAPSED = 0.95


def mean_similarity(embeddings: np.ndarray) -> float:
    """Mean inner product over all pairs of rows (N, E) of length 1, each with itself too: 1 = all equal."""
    return float(np.square(embeddings.mean(axis=0, dtype=np.float64)).sum())
