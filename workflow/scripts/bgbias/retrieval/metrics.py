"""The metrics of retrieval: MAP@R, Precision@1, R-precision, Recall@k.

R is the number of reference images that share the query's label, not counting the query itself; ``rel(i)`` is
1 if the i-th neighbour shares the label. The definitions are those of Musgrave et al., A Metric Learning
Reality Check:

    MAP@R = 1/R · Σ_{i≤R} rel(i) · (hits among the first i) / i
    R-precision = (hits among the first R) / R;   Precision@1 = rel(1);   Recall@k = 1 if any rel(i), i ≤ k

The neighbours are those of :mod:`bgbias.retrieval.search`.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from bgbias.retrieval.nearest import Search, on_cpu
from bgbias.retrieval.search import searcher

BLOCK_BYTES = 64 * 2**20  # memory that a search may use for neighbours
# A block is searched as deep as its deepest query needs, so a few large classes should not share one with the
# rest: with blocks of 40,000 the search takes a tenth longer. Much smaller ones slow the matrix product down.
BLOCK_QUERIES = 4096


def measure(
    query: np.ndarray,
    query_labels: np.ndarray,
    reference: np.ndarray | None = None,
    reference_labels: np.ndarray | None = None,
    ks: Sequence[int] = (1,),
    own: np.ndarray | None = None,
    search_in: Callable[[np.ndarray], Search] = on_cpu,
    block_bytes: int = BLOCK_BYTES,
    per_query: dict[str, np.ndarray] | None = None,
) -> dict[str, float]:
    """Retrieve every query's neighbours and average the metrics over the queries that have a partner.

    ``query`` (Q, E) and ``reference`` (N, E) are float32 with rows of length 1, as ``embed`` gives them, so
    that the order by inner product is the order by Euclidean and by cosine distance; labels are integers (Q,)
    and (N,). Without ``reference``, each query is searched among the other queries. With it, ``own`` (Q,) may
    give the reference row that *is* the query, or −1 for none (the default). ``search_in`` builds the search
    of a reference set (:mod:`bgbias.retrieval.nearest`). ``per_query``, if given, receives every query's own
    metrics, each float64 (Q,) by name, NaN for a query that is left out.

    Returns ``map_at_r``, ``precision_at_1``, ``r_precision`` and ``recall_at_{k}`` for each of ``ks``, in
    [0, 1], and ``n_queries``, the number of queries averaged: a query whose label no other reference image
    has is left out, as in pytorch-metric-learning; with none left, the metrics are NaN. Extra memory is at
    most about ``block_bytes``, whatever Q and N are, besides ``per_query``.
    """
    if reference is None:
        reference, reference_labels, own = query, query_labels, np.arange(len(query))
    query_labels, reference_labels = np.asarray(query_labels), np.asarray(reference_labels)
    own = np.full(len(query), -1) if own is None else np.asarray(own)
    partners = _partners(query_labels, reference_labels, own)
    valid = np.flatnonzero(partners)
    # Sorted by depth, so that one large class does not force its depth on all other queries.
    valid = valid[np.argsort(-partners[valid], kind="stable")]
    depths = np.maximum(partners[valid], max(ks, default=1))

    names = ["map_at_r", "precision_at_1", "r_precision", *(f"recall_at_{k}" for k in ks)]
    totals = np.zeros(len(names))
    if per_query is not None:
        per_query |= {name: np.full(len(query), np.nan) for name in names}
    half = block_bytes // 2  # one half for the lists that are kept, the other for the current block
    neighbours_of = searcher(query, reference, own, valid, depths, search_in, half)
    for part in _blocks(depths, query.shape[1], half):
        rows = valid[part]
        neighbours = neighbours_of(rows, int(depths[part][0]))
        hits = (reference_labels[neighbours] == query_labels[rows, None]) & (neighbours >= 0)
        scores = _scores(hits, partners[rows], ks)
        totals += [values.sum() for values in scores]
        if per_query is not None:
            for name, values in zip(names, scores, strict=True):
                per_query[name][rows] = values
    means = totals / len(valid) if len(valid) else np.full(len(names), np.nan)
    return {**dict(zip(names, map(float, means), strict=True)), "n_queries": len(valid)}


def means(results: list[dict]) -> dict:
    """The mean of each metric over the galleries, all of which have the same number of queries."""
    found = {name: float(np.mean([result[name] for result in results])) for name in results[0]}
    return found | {"n_queries": results[0]["n_queries"]}


def _scores(hits: np.ndarray, partners: np.ndarray, ks: Sequence[int]) -> list[np.ndarray]:
    """Per query: MAP@R, Precision@1, R-precision, Recall@k…, from hits (B, depth) in order of rank.

    Hits beyond rank max(partners, ks) must not be used: how deep they go depends on the block.
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


def _partners(query_labels: np.ndarray, reference_labels: np.ndarray, own: np.ndarray) -> np.ndarray:
    """R of each query: (Q,) int64."""
    labels, counts = np.unique(reference_labels, return_counts=True)
    at = np.minimum(np.searchsorted(labels, query_labels), len(labels) - 1)
    return np.where(labels[at] == query_labels, counts[at], 0) - (own >= 0)


def _blocks(depths: np.ndarray, embedding_size: int, block_bytes: int) -> Iterator[slice]:
    """Cut queries, deepest first, into slices whose vectors and neighbours fit into ``block_bytes``."""
    start = 0
    while start < len(depths):
        # About 64 bytes per neighbour: row and product (12), twice that inside the search, and the scores.
        size = int(block_bytes // (4 * embedding_size + 64 * (depths[start] + 2)))
        size = max(1, min(size, BLOCK_QUERIES))
        yield slice(start, start + size)
        start += size
