"""Which test images are queries and which form the gallery."""

from collections.abc import Mapping

import numpy as np

from bgbias.randomness import generator


def one_per_class(labels: np.ndarray, seed: int, draw: int) -> np.ndarray:
    """Bool (N,): the gallery, one image of each class, drawn uniformly; the other images are queries.

    ``labels`` int64 (N,) of the test images. VehicleID's protocol averages over several draws; draw number
    ``draw`` depends on (seed, draw) and the labels only.
    """
    in_gallery = np.zeros(len(labels), dtype=np.bool_)
    in_gallery[first_of_each_class(labels, generator(seed, "gallery", draw))] = True
    return in_gallery


def first_of_each_class(labels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Positions of one image of each class, int64, in random order: each class's first of a permutation."""
    order = random.permutation(len(labels))
    _, first = np.unique(labels[order], return_index=True)
    return order[np.sort(first)]


def sides_of_search(
    data: Mapping[str, np.ndarray], gallery_draws: int | None, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Positions of queries and gallery, one pair per gallery to search.

    Without ``gallery_draws`` there is one pair: the index's queries and gallery, or all images against all.
    With it, as many galleries of one image per class. ``data``: ``labels`` int64 (N,), and bool (N,)
    ``is_query`` and ``is_gallery`` if the index has them.
    """
    everything = np.ones(len(data["labels"]), dtype=np.bool_)
    if gallery_draws is None:
        sides = [(data.get("is_query", everything), data.get("is_gallery", everything))]
    else:
        drawn = [one_per_class(data["labels"], seed, draw) for draw in range(gallery_draws)]
        sides = [(~in_gallery, in_gallery) for in_gallery in drawn]
    return [(np.flatnonzero(query), np.flatnonzero(gallery)) for query, gallery in sides]


def positions(query: np.ndarray, gallery: np.ndarray) -> np.ndarray:
    """The position of each query in the sorted ``gallery``, or −1."""
    at = np.searchsorted(gallery, query)
    inside = np.minimum(at, len(gallery) - 1)
    return np.where(gallery[inside] == query, inside, -1)


def embeddings_at(embeddings: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """The rows at the ascending ``positions``, without a copy if these are all rows."""
    return embeddings if len(positions) == len(embeddings) else embeddings[positions]
