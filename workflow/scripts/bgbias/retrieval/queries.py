"""How well each single query is answered, as the rows of retrieval_images.csv."""

from collections.abc import Mapping

import numpy as np

from bgbias.index import Index

# The metrics of a single query that are written, as their columns in what metrics.measure fills in.
_WRITTEN = {"map_at_r": 0, "precision_at_1": 1}


class QueryMeans:
    """The mean metrics of each of N test images over the searches in which it was a query with a partner."""

    def __init__(self, n: int) -> None:
        self._sums = np.zeros((n, len(_WRITTEN)))
        self._searches = np.zeros(n, dtype=np.int64)

    def add(self, queries: np.ndarray, per_query: np.ndarray) -> None:
        """Add a search: positions ``queries`` (Q,) and their metrics, from ``measure``."""
        scores = per_query[:, list(_WRITTEN.values())]
        answered = ~np.isnan(scores).any(axis=1)
        self._sums[queries[answered]] += scores[answered]
        self._searches[queries[answered]] += 1

    def means(self) -> np.ndarray:
        """(N, metrics); NaN for an image that was never a query with a partner."""
        with np.errstate(invalid="ignore"):
            return self._sums / self._searches[:, None]


def query_rows(scores: Mapping[str, QueryMeans], rows: np.ndarray, index: Index) -> list[dict]:
    """``row``, ``path``, ``class_name`` and, per protocol, ``map_at_r_…`` and ``precision_at_1_…``, for the
    test images that were queries.

    ``scores``: of each protocol; ``rows`` (N,): the test images' rows in ``index``.
    """
    columns = {
        f"{metric}_{protocol}": values
        for protocol, found in scores.items()
        for metric, values in zip(_WRITTEN, found.means().T, strict=True)
    }
    asked = np.flatnonzero(~np.isnan(next(iter(columns.values()))))
    return [
        {"row": rows[n], "path": index.paths[rows[n]], "class_name": index.class_names[rows[n]]}
        | {name: values[n] for name, values in columns.items()}
        for n in asked
    ]
