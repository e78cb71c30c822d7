"""Retrieval metrics against a literal loop of their definition and against pytorch-metric-learning."""

import tracemalloc
from functools import partial

import numpy as np
import pytest
import torch
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator

from bgbias.retrieval import all_pairs, metrics, search
from bgbias.retrieval.all_pairs import nearest_others
from bgbias.retrieval.nearest import on_cpu, on_device

# A GPU's search on PyTorch's CPU; 30 kB hold the products with 50 rows, so that blocks have to be merged.
SEARCHES = {"faiss": on_cpu, "torch": partial(on_device, device="cpu", device_bytes=30_000)}
PML = {
    "map_at_r": "mean_average_precision_at_r",
    "precision_at_1": "precision_at_1",
    "r_precision": "r_precision",
}


def unit(rng, n, size=16):
    vectors = rng.normal(size=(n, size))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def exact(rng, n):
    """Vectors of length exactly 1 whose products are multiples of 1/4: ties are exact on every machine."""
    return rng.choice([-0.5, 0.5], size=(n, 4)).astype(np.float32)


def naive(query, labels, reference, reference_labels, own, ks):
    """The definition, one query and one rank at a time."""
    rows = []
    for q in range(len(query)):
        others = [j for j in range(len(reference)) if j != own[q]]
        order = sorted(others, key=lambda j: (-float(query[q] @ reference[j]), j))
        hits = [bool(reference_labels[j] == labels[q]) for j in order]
        r = sum(hits)
        if r:
            precision = [sum(hits[: i + 1]) / (i + 1) for i in range(r)]
            rows.append(
                [
                    sum(p for p, hit in zip(precision, hits, strict=False) if hit) / r,
                    hits[0],
                    sum(hits[:r]) / r,
                ]
                + [any(hits[:k]) for k in ks]
            )
    names = [*PML, *(f"recall_at_{k}" for k in ks)]
    return {**dict(zip(names, np.mean(rows, axis=0), strict=True)), "n_queries": len(rows)}


def by_pml(query, labels, reference=None, reference_labels=None):
    tensors = [
        None if a is None else torch.from_numpy(a) for a in (query, labels, reference, reference_labels)
    ]
    got = AccuracyCalculator(include=list(PML.values()), device=torch.device("cpu")).get_accuracy(*tensors)
    return {ours: got[theirs] for ours, theirs in PML.items()}


def nearest(query, reference, own, k, search_in=on_cpu):
    """The ``k`` nearest rows of each query, as the metrics get them."""
    rows, depths = np.arange(len(query)), np.full(len(query), k)
    return search.searcher(query, reference, np.array(own), rows, depths, search_in, 2**30)(rows, k)


@pytest.fixture(params=[*SEARCHES, "each pair once"])
def search_in(request, monkeypatch):
    if request.param in SEARCHES:
        return SEARCHES[request.param]
    monkeypatch.setattr(search, "PAIRS_ONCE", 1)
    return on_cpu


@pytest.mark.parametrize("seed", range(4))
def test_random_cases_equal_the_loop_and_pml(seed, search_in):
    rng = np.random.default_rng(seed)
    embeddings, labels = unit(rng, 150), rng.integers(0, 30, 150)  # some classes have one image
    got = metrics.measure(embeddings, labels, ks=(1, 3, 500), search_in=search_in)
    expected = naive(embeddings, labels, embeddings, labels, np.arange(150), (1, 3, 500))
    assert got == pytest.approx(expected, abs=1e-9)
    assert by_pml(embeddings, labels) == pytest.approx({name: got[name] for name in PML}, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_query_and_gallery_equal_the_loop_and_pml(seed, search_in):
    rng = np.random.default_rng(seed)
    query, gallery = unit(rng, 60), unit(rng, 90)
    labels, gallery_labels = rng.integers(0, 25, 60), rng.integers(5, 30, 90)  # labels 0 to 4 have no partner
    got = metrics.measure(query, labels, gallery, gallery_labels, ks=(2,), search_in=search_in)
    expected = naive(query, labels, gallery, gallery_labels, [-1] * 60, (2,))
    assert got == pytest.approx(expected, abs=1e-9)
    assert by_pml(query, labels, gallery, gallery_labels) == pytest.approx(
        {name: got[name] for name in PML}, abs=1e-6
    )


def test_the_metrics_of_every_query_are_those_of_a_set_of_one_query(search_in):
    rng = np.random.default_rng(0)
    embeddings, labels = unit(rng, 80), rng.integers(0, 30, 80)
    per_query = {}
    metrics.measure(embeddings, labels, ks=(3,), search_in=search_in, per_query=per_query)
    partners = np.array([(labels == label).sum() - 1 for label in labels])
    for q in range(80):
        found = {name: values[q] for name, values in per_query.items()}
        if partners[q]:
            alone = naive(embeddings[[q]], labels[[q]], embeddings, labels, [q], (3,))
            assert found | {"n_queries": 1} == pytest.approx(alone, abs=1e-9)
        else:
            assert np.isnan(list(found.values())).all()


@pytest.mark.parametrize("seed", range(6))
def test_ties_are_ordered_by_row(seed, search_in):
    # 16 possible vectors for 130 images: most lists are decided by the rule for ties, also at their end.
    rng = np.random.default_rng(seed)
    embeddings, labels = exact(rng, 130), rng.integers(0, 12, 130)
    got = metrics.measure(embeddings, labels, ks=(1, 5), search_in=search_in)
    expected = naive(embeddings, labels, embeddings, labels, np.arange(130), (1, 5))
    assert got == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("k", [9, 149])
def test_ties_inside_a_list_are_ordered_by_row(k, search_in):
    # The products with (1, 0) are the first coordinates, each there twice; the list ends between two pairs.
    # From 100 neighbours on faiss gathers them in another way, hence the second k.
    rng = np.random.default_rng(0)
    first = rng.permutation(np.repeat(rng.random(200, np.float32), 2))
    reference = np.stack([first, np.sqrt(1 - first**2)], axis=1)
    query = np.tile(np.array([[1, 0]], np.float32), (30, 1))
    rows = nearest(query, reference, [-1] * 30, k, search_in)
    assert (rows == sorted(range(400), key=lambda j: (-first[j], j))[:k]).all()


def test_ties_equal_pml_where_pml_orders_them_by_row():
    # PML searches squared distances, where faiss keeps the smaller row number; its lists are shorter than 100
    # here, beyond which faiss gathers candidates in another way that promises no order.
    rng = np.random.default_rng(0)
    embeddings, labels = exact(rng, 90), rng.integers(0, 9, 90)
    got = metrics.measure(embeddings, labels)
    assert by_pml(embeddings, labels) == pytest.approx({name: got[name] for name in PML}, abs=1e-6)


def test_a_duplicate_is_a_neighbour_and_the_query_is_not():
    # Two copies of each of 40 vectors under one label: the copy is the one and only right answer.
    rng = np.random.default_rng(0)
    embeddings = np.repeat(unit(rng, 40), 2, axis=0)
    got = metrics.measure(embeddings, np.repeat(np.arange(40), 2))
    assert (got["map_at_r"], got["precision_at_1"], got["r_precision"]) == (1, 1, 1)
    # The copies under labels of their own: the query's partner is never first, because its copy is.
    labels = np.concatenate([[i, i + 40] for i in range(40)])
    pairs = np.concatenate([labels, labels])
    spread = np.concatenate([embeddings, unit(rng, 80)])
    got = metrics.measure(spread, pairs)
    assert nearest(spread[:80], spread, range(80), 1)[:, 0].tolist() == [row ^ 1 for row in range(80)]
    assert by_pml(spread, pairs) == pytest.approx({name: got[name] for name in PML}, abs=1e-6)


def test_all_embeddings_equal_is_the_order_of_rows(search_in):
    # A collapsed model: every list is 0, 1, 2, … without the query, whatever faiss kept.
    embeddings = np.tile(np.array([[1, 0, 0, 0]], np.float32), (300, 1))
    rows = nearest(embeddings, embeddings, range(300), 3, search_in)
    assert rows[0].tolist() == [1, 2, 3]
    assert rows[1].tolist() == [0, 2, 3]
    assert (rows[3:] == [0, 1, 2]).all()


def test_one_large_class_and_small_blocks_change_nothing(search_in):
    # 150 images of one class put its lists into the reservoir that faiss uses from 100 neighbours on.
    rng = np.random.default_rng(1)
    embeddings = unit(rng, 260)
    labels = np.concatenate([np.zeros(150, int), rng.integers(1, 20, 110)])
    whole = metrics.measure(embeddings, labels, ks=(1, 10), search_in=search_in)
    assert whole == pytest.approx(
        naive(embeddings, labels, embeddings, labels, np.arange(260), (1, 10)), abs=1e-9
    )
    for size in (200_000, 0):  # the least is one list
        parts = metrics.measure(embeddings, labels, ks=(1, 10), search_in=search_in, block_bytes=size)
        assert parts == pytest.approx(whole, abs=1e-9)


def test_lists_that_do_not_fit_are_searched_for_block_by_block(monkeypatch):
    monkeypatch.setattr(search, "PAIRS_ONCE", 1)
    called = []
    monkeypatch.setattr(all_pairs, "nearest_others", lambda *of: called.append(of) or nearest_others(*of))
    rng = np.random.default_rng(1)
    embeddings, labels = unit(rng, 100), rng.integers(0, 8, 100)
    needed = 2 * all_pairs.memory_needed(np.full(100, 10))
    results = [
        metrics.measure(embeddings, labels, ks=(10,), block_bytes=size) for size in (needed // 4, needed * 4)
    ]
    assert len(called) == 1
    assert results[0] == pytest.approx(results[1], abs=1e-9)


@pytest.mark.parametrize("what", ["other vectors", "another row is one's own"])
def test_only_a_set_in_itself_is_searched_pair_by_pair(what, monkeypatch):
    # As many queries as images in the gallery, and yet not the same ones.
    monkeypatch.setattr(search, "PAIRS_ONCE", 1)
    rng = np.random.default_rng(1)
    query, own = unit(rng, 90), np.arange(90)
    gallery = query.copy()
    half = rng.integers(0, 8, 45)
    labels = np.concatenate([half, half[::-1]])  # the same from either end: one's own row has one's own label
    if what == "other vectors":
        gallery[3] = query[4]
    else:
        own = own[::-1].copy()
    got = metrics.measure(query, labels, gallery, labels, ks=(1, 4), own=own)
    assert got == pytest.approx(naive(query, labels, gallery, labels, own, (1, 4)), abs=1e-9)


def test_an_image_that_is_query_and_gallery_at_once_does_not_find_itself():
    rng = np.random.default_rng(2)
    embeddings, labels = unit(rng, 80), rng.integers(0, 10, 80)
    own = np.arange(-20, 20).clip(
        -1
    )  # the first 20 queries are not in the gallery, the others are rows 0 to 19
    query = np.concatenate([embeddings[60:], embeddings[:20]])
    query_labels = np.concatenate([labels[60:], labels[:20]])
    got = metrics.measure(query, query_labels, embeddings[:60], labels[:60], own=own)
    expected = naive(query, query_labels, embeddings[:60], labels[:60], own, (1,))
    assert got == pytest.approx(expected, abs=1e-9)


def test_every_class_of_one_image_has_no_answer():
    rng = np.random.default_rng(0)
    got = metrics.measure(unit(rng, 30), np.arange(30))
    assert got["n_queries"] == 0
    assert np.isnan(got["map_at_r"])
    assert np.isnan(by_pml(unit(rng, 30), np.arange(30))["map_at_r"])


def test_neighbours_of_chosen_queries_and_beyond_the_end(search_in):
    rng = np.random.default_rng(3)
    embeddings = unit(rng, 30)
    rows = nearest(embeddings[[7, 3]], embeddings, [7, 3], 5, search_in)
    similarity = embeddings @ embeddings.T
    np.fill_diagonal(similarity, -np.inf)
    assert (rows == np.argsort(-similarity[[7, 3]], axis=1)[:, :5]).all()
    rows = nearest(embeddings[:3], embeddings[:3], range(3), 5, search_in)
    assert (rows[:, 2:] == -1).all()
    assert sorted(rows[0, :2]) == [1, 2]


def test_labels_beyond_single_precision_stay_apart():
    # 2^24 and 2^24 + 1 are one number in float32, which is where pytorch-metric-learning loses them.
    embeddings = unit(np.random.default_rng(0), 40)
    labels = np.repeat([2**24, 2**24 + 1], 20)
    small = metrics.measure(embeddings, labels - 2**24)
    assert metrics.measure(embeddings, labels) == small


def test_no_more_products_are_held_than_a_device_may(monkeypatch):
    embeddings, sizes, real = unit(np.random.default_rng(0), 200), [], torch.Tensor.topk
    monkeypatch.setattr(
        torch.Tensor, "topk", lambda products, *of: sizes.append(products.numel()) or real(products, *of)
    )
    on_device(embeddings, "cpu", device_bytes=4 * 200 * 50)(embeddings, 3)
    assert max(sizes) <= 200 * 50


def test_measuring_holds_no_more_than_it_may():
    rng, may = np.random.default_rng(0), 8 * 2**20
    embeddings, labels = unit(rng, 6000), rng.integers(0, 60, 6000)  # at once: 6,000 · 130 · 64 B, 50 MB
    metrics.measure(embeddings[:100], labels[:100])  # imports faiss
    tracemalloc.start()
    try:
        metrics.measure(embeddings, labels, block_bytes=may)
        assert tracemalloc.get_traced_memory()[1] < may
    finally:
        tracemalloc.stop()
