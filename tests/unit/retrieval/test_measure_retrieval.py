"""The per-run tables of retrieval, and how they are put together."""

import csv
import subprocess
import sys

import numpy as np
import pytest
import torch
from collect_rows import collect_rows
from measure_retrieval import configured_search, measure_retrieval

from bgbias.errors import StudyError
from bgbias.files import read_rows
from bgbias.index import Index, write_index
from bgbias.retrieval import nearest
from bgbias.retrieval.gallery import one_per_class, positions
from bgbias.retrieval.metrics import measure
from bgbias.retrieval.protocols import PROTOCOLS, array_name, conditions, conditions_of, searches

RUN = {"dataset": "d", "backbone": "b", "loss": "l", "variant": "v", "seed": 0}
SETTINGS = {"run": RUN, "ks": [1, 2], "seed": 0}


def run_script(tmp_path, arrays, settings=SETTINGS, **changes):
    np.savez(tmp_path / "embeddings.npz", **{**arrays, **changes})
    names = [f"{n:03}" for n in range(140)]  # those of 100 to 139 are in the arrays
    index = Index(names, np.zeros(140, int), [f"of {name}" for name in names], ["test"] * 140)
    write_index(tmp_path / "layout.csv", index)
    paths = [tmp_path / name for name in ("embeddings.npz", "layout.csv", "retrieval.csv", "images.csv")]
    measure_retrieval(*paths, **settings)
    return read_rows(tmp_path / "retrieval.csv")


def test_one_row_per_protocol_and_draw(tmp_path, arrays):
    table = run_script(tmp_path, arrays)
    assert [(row["protocol"], row["draw"]) for row in table] == [
        ("clean", "0"),
        ("swapped", "0"),
        ("swapped", "1"),
    ]
    for row, vectors in zip(table, [arrays["clean"], arrays["swapped0"], arrays["swapped1"]], strict=True):
        for name, value in measure(vectors, arrays["labels"], ks=(1, 2)).items():
            assert float(row[name]) == value  # the file keeps every digit
        assert float(row["mean_similarity"]) == pytest.approx((vectors @ vectors.T).mean())
    assert list(table[0])[:5] == list(RUN)


def test_a_protocol_more_is_a_line_and_an_array_more(tmp_path, arrays, monkeypatch):
    for name, swaps in (("grey2", False), ("blurred", True)):  # a number in a name is no draw
        monkeypatch.setitem(PROTOCOLS, name, swaps)
    table = run_script(
        tmp_path, arrays, grey2=arrays["clean"], blurred0=arrays["clean"], is_query=np.ones(40, bool),
        is_gallery=np.ones(40, bool), something_else=np.ones(3),
    )  # fmt: skip
    found = [(row["protocol"], row["draw"]) for row in table]
    assert found == [("clean", "0"), ("swapped", "0"), ("swapped", "1"), ("grey2", "0"), ("blurred", "0")]


def test_the_arrays_of_all_conditions_are_found_again(monkeypatch):
    monkeypatch.setitem(PROTOCOLS, "grey2", True)
    pairs = list(conditions(2))
    assert pairs == [("clean", 0), ("swapped", 0), ("swapped", 1), ("grey2", 0), ("grey2", 1)]
    assert list(conditions_of(["rows", "cleaned", *(array_name(*pair) for pair in pairs)])) == pairs


def test_one_side_is_swapped_and_the_other_clean(tmp_path, arrays):
    table = run_script(tmp_path, arrays, SETTINGS | {"one_sided": ["gallery", "queries"]})
    swaps = ["swapped", "swapped_gallery", "swapped_queries"]
    found = [(row["protocol"], row["draw"]) for row in table]
    assert found == [("clean", "0"), *((protocol, draw) for protocol in swaps for draw in "01")]
    clean, labels = arrays["clean"], arrays["labels"]
    for row in table[3:]:
        swapped = arrays[f"swapped{row['draw']}"]
        query, gallery = (swapped, clean) if row["protocol"] == "swapped_queries" else (clean, swapped)
        # The image itself, which the other side has with its other background, is no match.
        nearest = (query @ gallery.T - 9 * np.eye(40)).argmax(1)
        assert float(row["precision_at_1"]) == pytest.approx((labels[nearest] == labels).mean())
        assert float(row["mean_similarity"]) == pytest.approx((query @ gallery.T).mean())
        assert row["n_queries"] == "40"
    assert "map_at_r_swapped_queries" in read_rows(tmp_path / "images.csv")[0]


def test_what_is_searched_in_what():
    arrays = ["rows", "clean", "swapped0", "swapped1"]
    both = [("clean", 0, "clean", "clean"), *(("swapped", n, f"swapped{n}", f"swapped{n}") for n in (0, 1))]
    assert list(searches(arrays)) == both
    queries = [("swapped_queries", n, f"swapped{n}", "clean") for n in (0, 1)]
    assert list(searches(arrays, ["queries"])) == both + queries


def test_query_and_gallery(tmp_path, arrays):
    is_query = np.arange(40) % 5 < 3
    is_gallery = np.arange(40) % 5 > 1  # one image in five is both
    table = run_script(tmp_path, arrays, is_query=is_query, is_gallery=is_gallery)
    query, gallery = np.flatnonzero(is_query), np.flatnonzero(is_gallery)
    own = positions(query, gallery)
    assert (gallery[own[own >= 0]] == query[own >= 0]).all()
    assert (own >= 0).sum() == 8
    labels = arrays["labels"]
    sides = arrays["clean"][query], labels[query], arrays["clean"][gallery], labels[gallery]
    assert float(table[0]["map_at_r"]) == measure(*sides, own=own)["map_at_r"]


def test_a_gallery_of_fewer_images_than_a_list_has_places(tmp_path, arrays):
    is_gallery = np.arange(40) < 3  # all of one class, of which two queries are
    table = run_script(tmp_path, arrays, is_query=~is_gallery, is_gallery=is_gallery)
    assert float(table[0]["map_at_r"]) == 1


def test_drawn_galleries_are_averaged_and_the_same_for_every_run(tmp_path, arrays):
    table = run_script(tmp_path, arrays, SETTINGS | {"gallery_draws": 4})
    assert [(row["protocol"], row["draw"]) for row in table] == [
        ("clean", "0"),
        ("swapped", "0"),
        ("swapped", "1"),
    ]
    labels, expected = arrays["labels"], []
    for draw in range(4):
        gallery = one_per_class(labels, 0, draw)
        # With one image of its class in the gallery, a query's average precision is 1 at rank one, else 0.
        nearest = (arrays["clean"][~gallery] @ arrays["clean"][gallery].T).argmax(axis=1)
        expected.append((labels[gallery][nearest] == labels[~gallery]).mean())
    assert len(set(expected)) > 1
    assert float(table[0]["map_at_r"]) == pytest.approx(np.mean(expected))
    assert table[0]["n_queries"] == "32"  # 8 classes of 5 images, one of each in the gallery


def test_one_row_per_query_with_the_mean_over_draws(tmp_path, arrays):
    table = run_script(tmp_path, arrays)
    images = read_rows(tmp_path / "images.csv")
    assert list(images[0])[:3] == ["row", "path", "class_name"]
    assert [(row["row"], row["path"]) for row in images] == [(str(n), str(n)) for n in range(100, 140)]
    assert images[7]["class_name"] == "of 107"
    for metric in ("map_at_r", "precision_at_1"):
        # Every query counts the same, so the means over the queries are those of the other table.
        clean, *draws = (float(row[metric]) for row in table)
        found = {key: np.mean([float(row[f"{metric}_{key}"]) for row in images]) for key in PROTOCOLS}
        assert found == pytest.approx({"clean": clean, "swapped": np.mean(draws)})
    one, other = (
        (vectors @ vectors.T - 9 * np.eye(40)).argmax(1) // 5 == np.arange(40) // 5
        for vectors in (arrays["swapped0"], arrays["swapped1"])
    )
    assert [float(row["precision_at_1_swapped"]) for row in images] == pytest.approx((one + 0.0 + other) / 2)


def test_images_that_only_the_gallery_has_and_queries_without_partner_have_no_row(tmp_path, arrays):
    labels = np.r_[arrays["labels"][:-1], 99]
    run_script(tmp_path, arrays, labels=labels, is_query=np.arange(40) > 9, is_gallery=np.ones(40, bool))
    images = read_rows(tmp_path / "images.csv")
    assert [row["row"] for row in images] == [str(n) for n in range(110, 139)]


def test_a_query_is_averaged_over_the_drawn_galleries_that_it_is_not_in(tmp_path, arrays):
    run_script(tmp_path, arrays, SETTINGS | {"gallery_draws": 4})
    hits = np.full((4, 40), np.nan)
    for draw in range(4):
        gallery = one_per_class(arrays["labels"], 0, draw)
        nearest = (arrays["clean"][~gallery] @ arrays["clean"][gallery].T).argmax(axis=1)
        hits[draw, ~gallery] = arrays["labels"][gallery][nearest] == arrays["labels"][~gallery]
    found = [float(row["precision_at_1_clean"]) for row in read_rows(tmp_path / "images.csv")]
    assert found == pytest.approx(np.nanmean(hits, axis=0))


def test_every_search_is_the_one_that_is_asked_for(tmp_path, arrays, monkeypatch):
    searched = []

    def search_in(reference):
        searched.append(len(reference))
        return nearest.on_cpu(reference)

    run_script(tmp_path, arrays, SETTINGS | {"search_in": search_in})
    assert len(searched) == 3  # clean and two draws
    assert configured_search("cpu") is nearest.on_cpu
    monkeypatch.setattr("bgbias.devices.choose_device", torch.device)
    found = configured_search("cuda")
    assert (found.func, found.keywords) == (nearest.on_device, {"device": torch.device("cuda")})


def test_no_partner_at_all_is_an_error(tmp_path, arrays):
    with pytest.raises(StudyError, match="no query has an image of its class"):
        run_script(tmp_path, arrays, labels=np.arange(40))


def test_the_job_starts_without_the_heavy_libraries():
    code = "import sys, measure_retrieval, find_matches, collect_rows; print(*sys.modules)"
    path = next(folder for folder in sys.path if folder.endswith("scripts"))
    run = subprocess.run([sys.executable, "-c", code], cwd=path, capture_output=True, text=True, check=True)
    assert not {"torch", "pandas", "matplotlib", "sklearn"} & set(run.stdout.split())


def write(path, header, *rows):
    with open(path, "w", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return path


def test_collected_rows_keep_the_order_given(tmp_path):
    tables = [
        write(tmp_path / "b.csv", "xy", (3, 4), (7, 8)),
        write(tmp_path / "a.csv", "xy", (1, 2), (5, 6)),
    ]
    collect_rows(tables, tmp_path / "all.csv")
    assert (tmp_path / "all.csv").read_text() == "x,y\n3,4\n7,8\n1,2\n5,6\n"


def test_tables_of_fewer_draws_are_refused(tmp_path):
    tables = [write(tmp_path / "b.csv", "xy", (3, 4), (7, 8)), write(tmp_path / "a.csv", "xy", (1, 2))]
    with pytest.raises(StudyError, match=r"b\.csv and \S+a\.csv have 2 and 1 rows"):
        collect_rows(tables, tmp_path / "all.csv")


def test_tables_of_other_columns_are_refused(tmp_path):
    tables = [write(tmp_path / "a.csv", "xy", (1, 2)), write(tmp_path / "b.csv", "xz", (3, 4))]
    with pytest.raises(StudyError, match=r"b\.csv has the columns x, z"):
        collect_rows(tables, tmp_path / "all.csv")
    with pytest.raises(StudyError, match=r"c\.csv has no rows"):
        collect_rows([write(tmp_path / "c.csv", "xy")], tmp_path / "all.csv")
    assert not (tmp_path / "all.csv").exists()
