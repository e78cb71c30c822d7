"""The queries that the retrieval gallery shows, and their neighbours."""

import numpy as np
from find_matches import find_matches

from bgbias.files import read_rows
from bgbias.retrieval.gallery import one_per_class
from bgbias.retrieval.matches import shown_queries
from bgbias.retrieval.protocols import PROTOCOLS


def matches_of(tmp_path, arrays, shown=3, seed=0, gallery_draws=None):
    np.savez(tmp_path / "embeddings.npz", **arrays)
    settings = {"shown": shown, "seed": seed, "gallery_draws": gallery_draws}
    find_matches(tmp_path / "embeddings.npz", tmp_path / "matches.csv", **settings)
    return read_rows(tmp_path / "matches.csv")


def positions_of(matches, column):
    return [int(match[column]) - 100 for match in matches]


def test_matches_are_the_nearest_of_the_same_queries_everywhere(tmp_path, arrays):
    matches = matches_of(tmp_path, arrays)
    others = matches_of(tmp_path, arrays | {"clean": arrays["swapped0"]})
    assert positions_of(matches, "query_row") == positions_of(others, "query_row")
    assert len(matches) == 2 * 3 * 5  # clean and the first draw, three queries, five ranks
    assert {(match["protocol"], match["draw"]) for match in matches} == {("clean", "0"), ("swapped", "0")}
    similarity = arrays["clean"] @ arrays["clean"].T
    np.fill_diagonal(similarity, -1)
    pairs = zip(positions_of(matches, "query_row"), positions_of(matches, "match_row"), strict=True)
    for match, (query, found) in zip(matches[:15], pairs, strict=False):
        assert found == np.argsort(-similarity[query])[int(match["rank"]) - 1]
        assert int(match["hit"]) == (arrays["labels"][query] == arrays["labels"][found])


def test_a_protocol_more_has_matches_too(tmp_path, arrays, monkeypatch):
    monkeypatch.setitem(PROTOCOLS, "blurred", True)
    matches = matches_of(tmp_path, arrays | {"blurred0": arrays["clean"], "something_else": np.ones(3)})
    assert {match["protocol"] for match in matches} == {"clean", "swapped", "blurred"}


def test_queries_are_of_different_classes():
    labels = np.repeat(np.arange(8), 5)
    chosen = shown_queries(labels, 6, seed=0)
    assert len(set(labels[chosen])) == 6
    assert (shown_queries(labels, 6, seed=0) == chosen).all()
    assert (shown_queries(labels, 4, seed=0) == chosen[:4]).all()
    assert len(shown_queries(labels, 20, seed=0)) == 8
    assert set(labels[shown_queries(labels, 4, seed=1)]) != set(labels[chosen[:4]])


def test_queries_find_images_of_the_gallery_but_themselves(tmp_path, arrays):
    is_query = np.arange(40) % 5 < 3
    is_gallery = np.arange(40) % 5 > 1  # one image in five is both
    matches = matches_of(tmp_path, arrays | {"is_query": is_query, "is_gallery": is_gallery}, shown=8)
    assert is_query[positions_of(matches, "query_row")].all()
    assert is_gallery[positions_of(matches, "match_row")].all()
    assert all(match["match_row"] != match["query_row"] for match in matches)
    assert len(matches) == 2 * 8 * 5


def test_a_gallery_of_fewer_images_than_a_list_has_places(tmp_path, arrays):
    is_gallery = np.arange(40) < 3
    matches = matches_of(tmp_path, arrays | {"is_query": ~is_gallery, "is_gallery": is_gallery})
    found = positions_of(matches, "match_row")
    assert [sorted(found[first : first + 3]) for first in range(0, 18, 3)] == [[0, 1, 2]] * 6
    assert len(found) == 18  # clean and the first draw, three queries


def test_the_gallery_is_the_first_of_the_drawn_ones(tmp_path, arrays):
    matches = matches_of(tmp_path, arrays, seed=5, gallery_draws=4)
    gallery = one_per_class(arrays["labels"], 5, 0)
    assert gallery[positions_of(matches, "match_row")].all()
    queries = np.flatnonzero(~gallery)
    shown = queries[shown_queries(arrays["labels"][queries], 3, 5)]
    assert list(dict.fromkeys(positions_of(matches, "query_row"))) == shown.tolist()
