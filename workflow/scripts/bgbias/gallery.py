"""Which test images form the gallery when the dataset draws it at random."""

import numpy as np

from bgbias.randomness import generator


def one_per_class(labels: np.ndarray, seed: int, draw: int) -> np.ndarray:
    """Bool (N,): one image of each class, drawn uniformly; the others are the queries.

    ``labels`` int64 (N,) of the test images. The protocol of VehicleID averages over several draws; draw
    number ``draw`` depends on (seed, draw) and the labels only.
    """
    order = generator(seed, "gallery", draw).permutation(len(labels))
    _, first = np.unique(labels[order], return_index=True)
    in_gallery = np.zeros(len(labels), dtype=np.bool_)
    in_gallery[order[first]] = True
    return in_gallery
