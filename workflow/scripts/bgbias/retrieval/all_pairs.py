"""The nearest other rows of every row of a large set, on the CPU, computing each pair's product only once.

The product of rows i and j serves both, which halves the work of searching for each row separately. In return
all lists are in memory at once, 8 bytes per neighbour.
"""

import math
from typing import NamedTuple

import numpy as np

from bgbias.compiling import compiled, compiled_once

# Products of this many rows with as many others are processed while they are in the processor's cache.
_SIDE = 512
# This many products are compared at once, without a branch: hardly any makes it into a list that has grown.
_COMPARED = 64
# The largest products of this many groups of columns are found before any list grows.
_GROUPS = 64


class Lists(NamedTuple):
    """The neighbours of row i are ``rows[starts[i] : starts[i + 1]]``.

    ``rows`` is int32 (sum of widths,), ``starts`` int64 (N + 1,).
    """

    rows: np.ndarray
    starts: np.ndarray

    def padded(self, queries: np.ndarray, depth: int) -> np.ndarray:
        """The first neighbours of the rows ``queries`` (B,), padded with −1: int32 (B, depth)."""
        at = self.starts[queries, None] + np.arange(depth)
        inside = at < self.starts[queries + 1, None]
        return np.where(inside, self.rows[np.where(inside, at, 0)], -1)


def memory_needed(widths: np.ndarray) -> int:
    """The most bytes that :func:`nearest_others` uses."""
    return 8 * int(widths.sum()) + 12 * len(widths) + 8 * _SIDE**2


def nearest_others(vectors: np.ndarray, widths: np.ndarray) -> Lists:
    """The ``widths`` (N,) int64, 0 to N − 1, nearest other rows of each of ``vectors`` (N, E) float32.

    Largest product first, equal products by row number. BLAS uses as many threads as the environment allows,
    the rest runs in one.
    """
    starts = np.concatenate([[0], np.cumsum(widths)])
    products = np.full(starts[-1], -np.inf, np.float32)
    rows = np.full(starts[-1], np.iinfo(np.int32).max, np.int32)
    worst = np.where(widths > 0, -np.inf, np.inf).astype(np.float32)
    # Equal sizes, because a narrow block at the end would take nearly as long as a full one.
    side = math.ceil(len(vectors) / max(1, math.ceil(len(vectors) / _SIDE)))
    # Along the diagonal first: images of a class often follow each other, and a list that starts with them
    # rejects most of the others.
    for apart in range(0, len(vectors), side):
        for top in range(0, len(vectors) - apart, side):
            left = top + apart
            block = vectors[top : top + side] @ vectors[left : left + side].T
            if apart == 0:
                worst[top : top + side] = _least_wanted(block, widths[top : top + side])
            _offer_block(block, top, left, worst, products, rows, starts)
    _sort(products, rows, starts)
    return Lists(rows, starts)


def _least_wanted(block: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """For each row of the square ``block`` (B, B), a lower bound of the worst product in its list: (B,).

    At least as many other columns as the list is wide reach the bound, each the largest of a group of
    columns; −inf for lists too wide for that. Without it, a list would take and later drop some thirty rows
    of its first block.
    """
    groups = min(_GROUPS, len(block))
    largest = block[:, : len(block) // groups * groups].reshape(len(block), -1, groups).max(1)
    largest.sort(1)
    # One more than the list is wide, because the row itself may be among them.
    reached = np.take_along_axis(largest, np.maximum(groups - 1 - widths, 0)[:, None], 1)[:, 0]
    # Slightly less: BLAS may round the product of i and j differently from that of j and i.
    return np.select([widths == 0, widths < groups], [np.inf, reached - 1e-5], -np.inf).astype(np.float32)


# While it grows, a list is a heap: its first entry is the worst, with the smallest product and the last row.


@compiled_once
def _offer_block(block, top, left, worst, products, rows, starts):
    """Offer column j to row i and row i to column j, for the pairs of ``block`` with i < j."""
    for i in range(top, top + block.shape[0]):
        line, across = block[i - top], worst[left : left + block.shape[1]]
        for first in range(max(i + 1 - left, 0), len(line), _COMPARED):
            last = min(first + _COMPARED, len(line))
            # Naming and reusing the slices would cost four times as much as the comparisons.
            if not _any_wanted(line[first:last], worst[i], across[first:last]):
                continue
            for k in range(first, last):
                product, j = line[k], left + k
                if product >= worst[i]:
                    _offer(i, product, j, worst, products, rows, starts)
                if product >= across[k]:
                    _offer(j, product, i, worst, products, rows, starts)


@compiled
def _any_wanted(products, worst_along, worst_across):
    """Whether any of ``products`` is at least as near as the worst in its row's list or its column's list."""
    wanted = False
    for k in range(len(products)):  # a loop with an early exit would not be vectorised
        wanted |= (products[k] >= worst_along) | (products[k] >= worst_across[k])
    return wanted


@compiled
def _offer(to, product, row, worst, products, rows, starts):
    begin, end = starts[to], starts[to + 1]
    if product > products[begin] or row < rows[begin]:
        _replace_worst(product, row, products[begin:end], rows[begin:end])
        worst[to] = max(worst[to], products[begin])


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
