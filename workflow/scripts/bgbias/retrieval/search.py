"""Exact nearest neighbours in a fixed order.

Neighbours are ordered by inner product, largest first; equal products by row number, so that the result does
not depend on the library that searches. A query never retrieves itself, where "itself" is the row, not the
vector: a duplicate of the query is an ordinary neighbour.
"""

from collections.abc import Callable

import numpy as np

from bgbias.retrieval.nearest import Search, on_cpu

# From this many images on, computing each pair's product only once saves more than the .5 s that numba takes.
PAIRS_ONCE = 10000


def searcher(
    query: np.ndarray,
    reference: np.ndarray,
    own: np.ndarray,
    valid: np.ndarray,
    depths: np.ndarray,
    search_in: Callable[[np.ndarray], Search],
    list_bytes: int,
) -> Callable[[np.ndarray, int], np.ndarray]:
    """A function (rows (B,), depth) → int64 (B, depth): the nearest reference rows of the query's ``rows``.

    ``own`` (Q,): the reference row that is the query, or −1. ``valid``: the rows that will be requested, and
    ``depths`` how deep each. They are searched on request, except that a large set is searched in itself at
    once if all lists fit into ``list_bytes``.
    """
    if search_in is on_cpu and len(query) >= PAIRS_ONCE and _is_in_itself(query, reference, own):
        # Imported here because most sets are smaller and do not need numba.
        from bgbias.retrieval import all_pairs

        widths = np.zeros(len(query), dtype=np.int64)
        widths[valid] = np.minimum(depths, len(query) - 1)
        if all_pairs.memory_needed(widths) <= list_bytes:
            return all_pairs.nearest_others(query, widths).padded
    search = search_in(reference)
    return lambda rows, depth: neighbours(search, query[rows], reference, own[rows], depth)


def _is_in_itself(query: np.ndarray, reference: np.ndarray, own: np.ndarray) -> bool:
    return np.array_equal(own, np.arange(len(reference))) and np.array_equal(query, reference)


def neighbours(
    search: Search, query: np.ndarray, reference: np.ndarray, own: np.ndarray, depth: int
) -> np.ndarray:
    """The ``depth`` nearest reference rows of each query except its own: int64 (B, depth), nearest first,
    padded with −1.

    ``query`` (B, E) and ``reference`` (N, E) float32 with rows of length 1; ``search``: a search of
    ``reference``; ``own`` (B,): the reference row that is the query, or −1.
    """
    # One more for the query itself, and another one to detect a tie across the end of the list.
    wanted = depth + 1
    width = min(wanted + 1, len(reference))
    products, rows = search(query, width)

    tied = np.flatnonzero((products[:, 1:] == products[:, :-1]).any(1))
    order = np.lexsort((rows[tied], -products[tied]))
    rows[tied] = np.take_along_axis(rows[tied], order, 1)
    if width > wanted:
        for row in np.flatnonzero(products[:, wanted] == products[:, wanted - 1]):
            rows[row] = _search_one(query[row], reference, width)

    missing = ((0, 0), (0, max(0, wanted - width)))
    rows = np.pad(rows[:, :wanted], missing, constant_values=-1)
    keep = (rows != own[:, None]) | (rows < 0)
    keep[keep.all(1), -1] = False  # the query's own row is not in the list, which is then one too long
    return rows[keep].reshape(-1, depth)


def _search_one(query: np.ndarray, reference: np.ndarray, width: int) -> np.ndarray:
    """The first ``width`` rows by (largest product, smallest row), for a query with a tie at the end."""
    products = reference @ query
    last = np.partition(products, len(products) - width)[len(products) - width]
    above = np.flatnonzero(products > last)
    rows = np.concatenate([above, np.flatnonzero(products == last)[: width - len(above)]])
    return rows[np.lexsort((rows, -products[rows]))]
