"""Lists of nearest neighbours against the definition: all products sorted, by row number where equal."""

import tracemalloc

import numpy as np
import pytest

from bgbias.retrieval.all_pairs import _GROUPS, _SIDE, _least_wanted, memory_needed, nearest_others


def defined(vectors, i):
    """The other rows in order of distance from row i. Products are taken one by one, so equal rows tie."""
    products = [float(vectors[i] @ vectors[j]) for j in range(len(vectors))]
    return sorted((j for j in range(len(vectors)) if j != i), key=lambda j: (-products[j], j))


def coarse(rng, n, values):
    """Products are sums of a few multiples of 1/4: exact on every machine, and tied again and again."""
    return rng.choice(values, size=(n, 4)).astype(np.float32)


@pytest.mark.parametrize("n", [2, 3, _SIDE - 1, _SIDE, _SIDE + 1, 2 * _SIDE + 57])
def test_lists_of_every_width_are_the_nearest_in_order(n):
    rng = np.random.default_rng(n)
    vectors = rng.standard_normal((n, 8)).astype(np.float32)
    widths = rng.integers(0, min(n, 40), n)
    widths[[0, -1]] = n - 1, 1  # the whole set, and the least
    rows, starts = nearest_others(vectors, widths)
    assert np.diff(starts).tolist() == widths.tolist()
    for i in {0, 1, n // 2, n - 1, *rng.integers(0, n, 20).tolist()}:
        assert rows[starts[i] : starts[i + 1]].tolist() == defined(vectors, i)[: widths[i]]


@pytest.mark.parametrize("values", [[-0.5, 0.5], [0.5]])
def test_equal_products_are_ordered_by_row(values):
    # With two values a product is one of five; with one, as of a collapsed model, all products are the same.
    n = _SIDE + 90
    rng = np.random.default_rng(0)
    vectors, widths = coarse(rng, n, values), rng.integers(0, 60, n)
    rows, starts = nearest_others(vectors, widths)
    for i in range(0, n, 7):
        assert rows[starts[i] : starts[i + 1]].tolist() == defined(vectors, i)[: widths[i]]


@pytest.mark.parametrize("n", [3, _GROUPS, _GROUPS + 6, 200])
@pytest.mark.parametrize("values", [None, [-0.5, 0.5]])
def test_a_list_begins_with_a_product_that_enough_others_reach(n, values):
    rng = np.random.default_rng(n)
    vectors = rng.standard_normal((n, 8)).astype(np.float32) if values is None else coarse(rng, n, values)
    products = vectors @ vectors.T
    widths = np.arange(n) % (_GROUPS + 16) % n
    least = _least_wanted(products, widths)
    np.fill_diagonal(products, -np.inf)
    reach = (products >= least[:, None]).sum(1)
    assert (reach[widths > 0] >= widths[widths > 0]).all()
    assert (least[widths == 0] == np.inf).all()
    assert (least[widths >= _GROUPS] == -np.inf).all()
    if n == 200 and values is None:  # it says something: four in 200, where the best rarely share a group
        assert np.median(reach[widths == 4]) <= 8


def test_padded_lists_end_in_minus_one():
    vectors = np.random.default_rng(0).standard_normal((6, 3)).astype(np.float32)
    lists = nearest_others(vectors, np.array([2, 0, 5, 1, 0, 0]))
    of = np.array([2, 1, 0, 5])
    expected = [defined(vectors, 2)[:4], [-1] * 4, [*defined(vectors, 0)[:2], -1, -1], [-1] * 4]
    assert lists.padded(of, 4).tolist() == expected


def test_the_memory_that_is_foretold_is_what_the_lists_take():
    vectors = np.random.default_rng(0).standard_normal((3000, 8)).astype(np.float32)
    widths = np.full(3000, 200)
    nearest_others(vectors[:10], widths[:10] // 50)  # compiles
    tracemalloc.start()
    try:
        nearest_others(vectors, widths)
        assert 0.5 < tracemalloc.get_traced_memory()[1] / memory_needed(widths) < 1.1
    finally:
        tracemalloc.stop()
