"""Which images make up each batch: m of a class, drawn by pytorch-metric-learning's sampler."""

import numpy as np

from bgbias.configuration.batch_size import check_batch_size
from bgbias.randomness import integer_seed
from bgbias.training.metric_learning import common_functions, sampler_class


def epoch_batches(
    labels: np.ndarray, *, batch_size: int, images_per_class: int, iterations: int, seed: int, epoch: int
) -> np.ndarray:
    """The batches of one epoch: int64 (iterations, batch_size), positions in ``labels`` (N,).

    Each batch holds ``batch_size // images_per_class`` classes with ``images_per_class`` images each; a
    class with fewer images repeats some. A pure function of its arguments, whatever was drawn before.
    """
    check_batch_size(batch_size, images_per_class, classes=len(np.unique(labels)))
    before = common_functions.NUMPY_RANDOM
    # The sampler draws from this module-wide source and from nothing else.
    common_functions.NUMPY_RANDOM = np.random.RandomState(integer_seed(seed, "batches", epoch) % 2**32)
    try:
        sampler = sampler_class()(labels, images_per_class, batch_size, iterations * batch_size)
        return np.fromiter(sampler, dtype=np.int64).reshape(iterations, batch_size)
    finally:
        common_functions.NUMPY_RANDOM = before
