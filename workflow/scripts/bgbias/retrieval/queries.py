"""How well each single query is answered, as the rows of retrieval_images.csv."""

from collections.abc import Mapping

import numpy as np

from bgbias.index import Index

WRITTEN = ("map_at_r", "precision_at_1")


class QueryMeans:
    """Each metric of N test images, averaged over the searches in which they are queries with a partner."""

    def __init__(self, n: int) -> None:
        self._sums = {metric: np.zeros(n) for metric in WRITTEN}
        self._searches = np.zeros(n, dtype=np.int64)

    def add(self, queries: np.ndarray, per_query: Mapping[str, np.ndarray]) -> None:
        """Add a search: positions ``queries`` (Q,) and their metrics, from ``measure``."""
        answered = ~np.isnan(per_query[WRITTEN[0]])
        self._searches[queries[answered]] += 1
        for metric, sums in self._sums.items():
            sums[queries[answered]] += per_query[metric][answered]

    def means(self) -> dict[str, np.ndarray]:
        """Metric → float64 (N,); NaN for an image that is never a query with a partner."""
        with np.errstate(invalid="ignore"):
            return {metric: sums / self._searches for metric, sums in self._sums.items()}


def query_rows(scores: Mapping[str, QueryMeans], rows: np.ndarray, index: Index) -> list[dict]:
    """``row``, ``path``, ``class_name`` and, per protocol, ``map_at_r_…`` and ``precision_at_1_…``, for the
    test images that are queries.

    ``scores``: of each protocol; ``rows`` (N,): the test images' rows in ``index``.
    """
    columns = {
        f"{metric}_{protocol}": values
        for protocol, means in scores.items()
        for metric, values in means.means().items()
    }
    asked = np.flatnonzero(~np.isnan(next(iter(columns.values()))))
    return [
        {"row": rows[n], "path": index.paths[rows[n]], "class_name": index.class_names[rows[n]]}
        | {name: values[n] for name, values in columns.items()}
        for n in asked
    ]
