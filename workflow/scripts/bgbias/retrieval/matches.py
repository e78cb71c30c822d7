"""The few queries shown in a figure, and their nearest neighbours as rows of matches.csv."""

from collections.abc import Iterator

import numpy as np

from bgbias.index import Index
from bgbias.randomness import generator
from bgbias.retrieval.gallery import first_of_each_class

MATCH_COLUMNS = ("protocol", "draw", "query_row", "rank", "match_row", "hit")


def shown_queries(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """``count`` random positions, each of a different class (fewer if there are fewer classes)."""
    return first_of_each_class(labels, generator(seed, "gallery queries"))[:count]


def match_rows(
    queries: np.ndarray, gallery: np.ndarray, nearest: np.ndarray, labels: np.ndarray, rows: np.ndarray
) -> Iterator[dict]:
    """The rows of matches.csv for the positions ``queries`` (Q,) and their neighbours ``nearest`` (Q, k),
    positions in ``gallery`` padded with −1; ``labels`` and ``rows`` (N,) belong to all positions."""
    for query, neighbours in zip(queries, nearest, strict=True):
        for rank, match in enumerate(gallery[neighbours[neighbours >= 0]], start=1):
            hit = int(labels[query] == labels[match])
            yield {"query_row": rows[query], "rank": rank, "match_row": rows[match], "hit": hit}


def partners(index: Index, query: int) -> int:
    """How many gallery images of its class the test image in row ``query`` can find, not counting itself."""
    rows = index.rows("test")
    alike = rows[(index.labels[rows] == index.labels[query]) & (rows != query)]
    return len(alike) if index.is_gallery is None else int(index.is_gallery[alike].sum())
