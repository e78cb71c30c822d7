"""Which images make up each batch, as pytorch-metric-learning's MPerClassSampler chooses them."""

import numpy as np

from bgbias.configuration.batch_size import check_batch_size
from bgbias.randomness import integer_seed


def epoch_batches(
    labels: np.ndarray, *, batch_size: int, images_per_class: int, iterations: int, seed: int, epoch: int
) -> np.ndarray:
    """The batches of one epoch: int64 (iterations, batch_size), positions in ``labels`` (N,).

    Each batch holds ``batch_size // images_per_class`` random classes with ``images_per_class`` images each;
    a class with fewer images repeats some. A pure function of its arguments, independent of earlier draws.
    """
    _, first, class_of, counts = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    check_batch_size(batch_size, images_per_class, classes=len(first))
    images = np.split(np.argsort(class_of, kind="stable"), np.cumsum(counts)[:-1])
    classes = np.argsort(first)  # in order of first appearance, as in pytorch-metric-learning
    # Its generator too, instead of `randomness.generator`: the same random numbers give the same batches.
    random = np.random.RandomState(integer_seed(seed, "batches", epoch) % 2**32)
    batches = []
    for _ in range(iterations):
        random.shuffle(classes)
        for chosen in classes[: batch_size // images_per_class]:
            few = len(images[chosen]) < images_per_class
            batches.append(random.choice(images[chosen], images_per_class, replace=few))
    return np.concatenate(batches).reshape(iterations, batch_size)
