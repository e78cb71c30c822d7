"""The few queries that a figure shows, and their nearest neighbours as the rows of matches.csv."""

from collections.abc import Iterator

import numpy as np

from bgbias.index import Index
from bgbias.randomness import generator
from bgbias.retrieval.gallery import first_of_each_class

MATCH_COLUMNS = ("protocol", "draw", "query_row", "rank", "match_row", "hit")


def shown_queries(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """``count`` positions drawn at random, each of another class (fewer where there are fewer classes)."""
    return first_of_each_class(labels, generator(seed, "gallery queries"))[:count]


def match_rows(
    queries: np.ndarray, gallery: np.ndarray, nearest: np.ndarray, labels: np.ndarray, rows: np.ndarray
) -> Iterator[dict]:
    """What matches.csv says of the positions ``queries`` (Q,) and of ``nearest`` (Q, k), places in
    ``gallery``, −1 where there are no more; ``labels`` and ``rows`` (N,) are of all positions."""
    for query, neighbours in zip(queries, nearest, strict=True):
        for rank, match in enumerate(gallery[neighbours[neighbours >= 0]], start=1):
            hit = int(labels[query] == labels[match])
            yield {"query_row": rows[query], "rank": rank, "match_row": rows[match], "hit": hit}


def partners(index: Index, query: int) -> int:
    """How many images of its class the test image in row ``query`` can find: the gallery's but itself."""
    rows = index.rows("test")
    alike = rows[(index.labels[rows] == index.labels[query]) & (rows != query)]
    return len(alike) if index.is_gallery is None else int(index.is_gallery[alike].sum())
