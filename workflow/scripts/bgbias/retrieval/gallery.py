"""Drawing one test image of each class: as the gallery, or as the queries that a figure shows."""

import numpy as np

from bgbias.randomness import generator


def one_per_class(labels: np.ndarray, seed: int, draw: int) -> np.ndarray:
    """Bool (N,): one image of each class, drawn uniformly; the others are the queries.

    ``labels`` int64 (N,) of the test images. The protocol of VehicleID averages over several draws; draw
    number ``draw`` depends on (seed, draw) and the labels only.
    """
    in_gallery = np.zeros(len(labels), dtype=np.bool_)
    in_gallery[first_of_each_class(labels, generator(seed, "gallery", draw))] = True
    return in_gallery


def first_of_each_class(labels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Positions of one image of each class, int64, in random order: each class's first of a permutation."""
    order = random.permutation(len(labels))
    _, first = np.unique(labels[order], return_index=True)
    return order[np.sort(first)]
