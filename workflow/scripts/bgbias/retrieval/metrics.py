"""Exact nearest-neighbour retrieval and its metrics: MAP@R, Precision@1, R-precision, Recall@k.

R is the number of images in the reference set that share the query's label, the query itself not
counted; ``rel(i)`` is 1 where the i-th neighbour shares the label. The definitions are those of
Musgrave et al., A Metric Learning Reality Check:

    MAP@R = 1/R · Σ_{i≤R} rel(i) · (hits among the first i) / i
    R-precision = (hits among the first R) / R;   Precision@1 = rel(1);   Recall@k = 1 if any rel(i), i ≤ k

Neighbours are ordered by inner product, largest first; equal products are ordered by row number, so that the
result does not hang on the order in which a library happens to meet them. A query never retrieves itself, and
"itself" is the row, not the vector: a duplicate of the query is an ordinary neighbour.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from bgbias.errors import StudyError
from bgbias.retrieval.nearest import Search, on_cpu

BLOCK_BYTES = 64 * 2**20  # what a search may hold in neighbours
# A block is searched as deep as its deepest query asks, so a few large classes must not share one with the
# rest: with blocks of 40,000 the search takes a tenth longer. Far smaller ones make the matrix product slow.
BLOCK_QUERIES = 4096
# From so many images on it pays to start numba, .5 s, in order to compute each pair's product only once.
PAIRS_ONCE = 10000


def measure(
    query: np.ndarray,
    query_labels: np.ndarray,
    reference: np.ndarray | None = None,
    reference_labels: np.ndarray | None = None,
    ks: Sequence[int] = (1,),
    own: np.ndarray | None = None,
    search_in: Callable[[np.ndarray], Search] = on_cpu,
    block_bytes: int = BLOCK_BYTES,
) -> dict[str, float]:
    """Retrieve every query's neighbours and average the metrics over the queries that have a partner.

    ``query`` (Q, E) and ``reference`` (N, E) are float32 with rows of length 1, so that the order by
    inner product is the order by Euclidean and by cosine distance; labels are integers (Q,) and (N,).
    Without ``reference`` the queries are searched among themselves, each without itself. With it, ``own``
    (Q,) may give the row of the reference that *is* the query, −1 where there is none (the default).
    ``search_in`` makes the search of a reference set (:mod:`bgbias.retrieval.nearest`).

    Gives ``map_at_r``, ``precision_at_1``, ``r_precision`` and ``recall_at_{k}`` for each of ``ks``, in
    [0, 1], and ``n_queries``, the number of queries averaged: one whose label no other reference image
    carries is left out, as in pytorch-metric-learning; with none left the metrics are NaN. Extra memory is
    at most about ``block_bytes``, whatever Q and N are. Raises StudyError for embeddings that are not finite
    or not of length 1.
    """
    if reference is None:
        reference, reference_labels, own = query, query_labels, np.arange(len(query))
    query, reference = _checked(query), _checked(reference)
    query_labels, reference_labels = np.asarray(query_labels), np.asarray(reference_labels)
    own = np.full(len(query), -1) if own is None else np.asarray(own)
    partners = _partners(query_labels, reference_labels, own)
    valid = np.flatnonzero(partners)
    # In order of depth, one large class does not make every other query search as deep as it needs.
    valid = valid[np.argsort(-partners[valid], kind="stable")]
    depths = np.maximum(partners[valid], max(ks, default=1))

    names = ["map_at_r", "precision_at_1", "r_precision", *(f"recall_at_{k}" for k in ks)]
    totals = np.zeros(len(names))
    half = block_bytes // 2  # the one for lists that are held, the other for the block that is looked at
    neighbours_of = _searcher(query, reference, own, valid, depths, search_in, half)
    for part in _blocks(depths, query.shape[1], half):
        rows = valid[part]
        neighbours = neighbours_of(rows, int(depths[part][0]))
        hits = (reference_labels[neighbours] == query_labels[rows, None]) & (neighbours >= 0)
        totals += [values.sum() for values in _scores(hits, partners[rows], ks)]
    means = totals / len(valid) if len(valid) else np.full(len(names), np.nan)
    return {**dict(zip(names, map(float, means), strict=True)), "n_queries": len(valid)}


def top_matches(
    query: np.ndarray,
    reference: np.ndarray | None = None,
    own: np.ndarray | None = None,
    queries: np.ndarray | None = None,
    k: int = 5,
    search_in: Callable[[np.ndarray], Search] = on_cpu,
) -> tuple[np.ndarray, np.ndarray]:
    """The ``k`` nearest reference rows of the query rows ``queries`` (default: all), and their products.

    Arguments and errors as for :func:`measure`. Gives int64 rows and float32 inner products, nearest first,
    (len(queries), k) each; row −1 and product −inf where the reference has no more rows.
    """
    if reference is None:
        reference, own = query, np.arange(len(query))
    queries = np.arange(len(query)) if queries is None else np.asarray(queries)
    own = np.full(len(query), -1) if own is None else np.asarray(own)
    query, reference = _checked(query[queries]), _checked(reference)
    return _neighbours(search_in(reference), query, reference, own[queries], k)


def _scores(hits: np.ndarray, partners: np.ndarray, ks: Sequence[int]) -> list[np.ndarray]:
    """Per query: MAP@R, Precision@1, R-precision, Recall@k…, from hits (B, depth) in order of rank.

    Nothing may look at a query's hits beyond rank max(partners, ks): how deep they go depends on the block.
    """
    ranks = np.arange(1, hits.shape[1] + 1)
    within_r = hits & (ranks <= partners[:, None])
    precision = within_r.cumsum(1, dtype=np.int32) / ranks
    return [
        np.where(within_r, precision, 0).sum(1) / partners,
        hits[:, 0],
        within_r.sum(1) / partners,
        *(hits[:, :k].any(1) for k in ks),
    ]


def _searcher(
    query: np.ndarray,
    reference: np.ndarray,
    own: np.ndarray,
    valid: np.ndarray,
    depths: np.ndarray,
    search_in: Callable[[np.ndarray], Search],
    list_bytes: int,
) -> Callable[[np.ndarray, int], np.ndarray]:
    """What gives the ``depth`` nearest reference rows of some of the query rows ``valid``, (B, depth).

    They are searched when asked for, but a large set in itself at once if all lists fit into ``list_bytes``.
    """
    if search_in is on_cpu and len(query) >= PAIRS_ONCE and _is_in_itself(query, reference, own):
        # Here and not above: most sets are smaller and do without numba.
        from bgbias.retrieval import all_pairs

        widths = np.zeros(len(query), dtype=np.int64)
        widths[valid] = np.minimum(depths, len(query) - 1)
        if all_pairs.memory_needed(widths) <= list_bytes:
            return all_pairs.nearest_others(query, widths).padded
    search = search_in(reference)
    return lambda rows, depth: _neighbours(search, query[rows], reference, own[rows], depth)[0]


def _is_in_itself(query: np.ndarray, reference: np.ndarray, own: np.ndarray) -> bool:
    return np.array_equal(own, np.arange(len(reference))) and np.array_equal(query, reference)


def _neighbours(
    search: Search, query: np.ndarray, reference: np.ndarray, own: np.ndarray, depth: int
) -> tuple[np.ndarray, np.ndarray]:
    """The ``depth`` nearest reference rows of each query but its own: rows and products, (B, depth) each."""
    # One more for the query itself, and one more to see whether a tie runs across the end of the list.
    wanted = depth + 1
    width = min(wanted + 1, len(reference))
    products, rows = search(query, width)

    tied = np.flatnonzero((products[:, 1:] == products[:, :-1]).any(1))
    order = np.lexsort((rows[tied], -products[tied]))
    rows[tied] = np.take_along_axis(rows[tied], order, 1)
    products[tied] = np.take_along_axis(products[tied], order, 1)
    if width > wanted:
        for row in np.flatnonzero(products[:, wanted] == products[:, wanted - 1]):
            rows[row], products[row] = _search_one(query[row], reference, width)

    missing = ((0, 0), (0, max(0, wanted - width)))
    rows = np.pad(rows[:, :wanted], missing, constant_values=-1)
    products = np.pad(products[:, :wanted], missing, constant_values=-np.inf)
    keep = (rows != own[:, None]) | (rows < 0)
    keep[keep.all(1), -1] = False  # the query's own row is not among them: the list is one too long
    return rows[keep].reshape(-1, depth), products[keep].reshape(-1, depth)


def _search_one(query: np.ndarray, reference: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """The first ``width`` rows by (largest product, smallest row), for a query with a tie at the end."""
    products = reference @ query
    last = np.partition(products, len(products) - width)[len(products) - width]
    above = np.flatnonzero(products > last)
    rows = np.concatenate([above, np.flatnonzero(products == last)[: width - len(above)]])
    rows = rows[np.lexsort((rows, -products[rows]))]
    return rows, products[rows]


def _partners(query_labels: np.ndarray, reference_labels: np.ndarray, own: np.ndarray) -> np.ndarray:
    """R of each query: (Q,) int64."""
    labels, counts = np.unique(reference_labels, return_counts=True)
    at = np.minimum(np.searchsorted(labels, query_labels), len(labels) - 1)
    return np.where(labels[at] == query_labels, counts[at], 0) - (own >= 0)


def _blocks(depths: np.ndarray, embedding_size: int, block_bytes: int) -> Iterator[slice]:
    """Cut queries, deepest first, into slices whose vectors and neighbours fit into ``block_bytes``."""
    start = 0
    while start < len(depths):
        # About 64 bytes a neighbour: row and product (12), twice that inside the search, and the scores.
        size = int(block_bytes // (4 * embedding_size + 64 * (depths[start] + 2)))
        size = max(1, min(size, BLOCK_QUERIES))
        yield slice(start, start + size)
        start += size


def _checked(embeddings: np.ndarray) -> np.ndarray:
    embeddings = np.ascontiguousarray(embeddings, dtype=np.float32)
    squares = np.einsum("ij,ij->i", embeddings, embeddings)
    if len(squares) and not np.isfinite(squares).all():
        raise StudyError(
            f"The embedding in row {np.isfinite(squares).argmin()} is not finite: the model diverged. "
            "Train it with a smaller learning rate."
        )
    if len(squares) and np.abs(squares - 1).max() > 0.01:
        row = np.abs(squares - 1).argmax()
        raise StudyError(
            f"Embeddings must have length 1, but that in row {row} has length {squares[row] ** 0.5:.4g}. "
            "Normalise them first."
        )
    return embeddings
