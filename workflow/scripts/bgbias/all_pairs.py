"""The nearest other rows of every row of a large set, on the CPU, each pair's inner product computed once.

A product says how near i is to j and j to i: half the work of a search for every row by itself. For that all
lists grow at once, 8 bytes a neighbour.
"""

from typing import NamedTuple

import numpy as np

from bgbias.compiling import compiled, compiled_once

# The products of so many rows with as many others are looked at while they are in the processor's cache.
_SIDE = 512


class Lists(NamedTuple):
    """The neighbours of row i are ``rows[starts[i] : starts[i + 1]]``.

    ``rows`` is int32 (sum of widths,), ``starts`` int64 (N + 1,).
    """

    rows: np.ndarray
    starts: np.ndarray

    def padded(self, of: np.ndarray, depth: int) -> np.ndarray:
        """The first neighbours of the rows ``of`` (B,), −1 where there are no more: int32 (B, depth)."""
        at = self.starts[of, None] + np.arange(depth)
        inside = at < self.starts[of + 1, None]
        return np.where(inside, self.rows[np.where(inside, at, 0)], -1)


def memory_needed(widths: np.ndarray) -> int:
    """Bytes that :func:`nearest_others` holds at most."""
    return 8 * int(widths.sum()) + 12 * len(widths) + 8 * _SIDE**2


def nearest_others(vectors: np.ndarray, widths: np.ndarray) -> Lists:
    """For each of ``vectors`` (N, E) float32 the ``widths`` (N,) int64, 0 to N − 1, nearest other rows.

    Largest product first, equal products by row number. BLAS takes as many threads as the environment says,
    the rest is done by one.
    """
    starts = np.concatenate([[0], np.cumsum(widths)])
    products = np.full(starts[-1], -np.inf, np.float32)
    rows = np.full(starts[-1], np.iinfo(np.int32).max, np.int32)
    worst = np.where(widths > 0, -np.inf, np.inf).astype(np.float32)
    # Along the diagonal first: images of a class often follow each other, and a list that holds them at once
    # refuses most of the others.
    for apart in range(0, len(vectors), _SIDE):
        for top in range(0, len(vectors) - apart, _SIDE):
            left = top + apart
            block = vectors[top : top + _SIDE] @ vectors[left : left + _SIDE].T
            _offer_block(block, top, left, worst, products, rows, starts)
    _sort(products, rows, starts)
    return Lists(rows, starts)


# A list is a heap while it grows: its first entry is the worst, of smallest product and, of these, last row.


@compiled_once
def _offer_block(block, top, left, worst, products, rows, starts):
    """Offer column j to row i and row i to column j, for the pairs of ``block`` with i < j."""
    for i in range(top, top + block.shape[0]):
        first = max(i + 1 - left, 0)
        line, worst_across = block[i - top, first:], worst[left + first : left + block.shape[1]]
        for k in range(len(line)):
            product, j = line[k], left + first + k
            if product >= worst[i]:
                _offer(i, product, j, worst, products, rows, starts)
            if product >= worst_across[k]:
                _offer(j, product, i, worst, products, rows, starts)


@compiled
def _offer(to, product, row, worst, products, rows, starts):
    begin, end = starts[to], starts[to + 1]
    if product > products[begin] or row < rows[begin]:
        _replace_worst(product, row, products[begin:end], rows[begin:end])
        worst[to] = products[begin]


@compiled
def _replace_worst(product, row, products, rows):
    """Let (product, row) take the place of a heap's first entry."""
    at, child = 0, 1
    while child < len(rows):
        if child + 1 < len(rows) and _before(
            products[child], rows[child], products[child + 1], rows[child + 1]
        ):
            child += 1
        if not _before(product, row, products[child], rows[child]):
            break
        products[at], rows[at] = products[child], rows[child]
        at, child = child, 2 * child + 1
    products[at], rows[at] = product, row


@compiled
def _before(product, row, other_product, other_row):
    """Whether (product, row) is nearer than the other."""
    return product > other_product or (product == other_product and row < other_row)


@compiled_once
def _sort(products, rows, starts):
    """Turn every heap into a list, nearest first."""
    for i in range(len(starts) - 1):
        heap_products, heap_rows = products[starts[i] : starts[i + 1]], rows[starts[i] : starts[i + 1]]
        for last in range(len(heap_rows) - 1, 0, -1):
            product, row = heap_products[last], heap_rows[last]
            heap_products[last], heap_rows[last] = heap_products[0], heap_rows[0]
            _replace_worst(product, row, heap_products[:last], heap_rows[:last])
