"""Sources of data: the exact layout of each archive, small, with the splits that the paper's rule gives."""

import csv
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from class_folders import classes_of, folder_classes
from layouts import LAYOUTS, cars_original, cub, inshop, vehicleid
from PIL import Image

from bgbias.datasets import cars196, cub200, dataset_index, sop
from bgbias.datasets import inshop as inshop_source
from bgbias.datasets.index_checks import partnerless_rows
from bgbias.datasets.limit import limited
from bgbias.datasets.official import split_of_labels
from bgbias.datasets.shares import split_classes
from bgbias.datasets.verify import find_problems, without_problems
from bgbias.errors import StudyError
from bgbias.files import write_rows
from bgbias.index import Index, write_index
from bgbias.retrieval.gallery import one_per_class

REAL = Path(os.environ.get("BGBIAS_REAL", Path(__file__).parents[3] / "../shared/real"))


def all_exist(index: Index, root: Path) -> bool:
    return all((root / path).is_file() for path in index.paths)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_layout_is_read_with_its_official_splits(tmp_path, layout):
    make, first = LAYOUTS[layout]
    make(tmp_path)
    settings = {"source": layout.split()[0], "counts": {"images": 32, "train_classes": 6, "test_classes": 8}}
    index = dataset_index(tmp_path, settings)
    assert [classes_of(index, split) for split in ("train", "val", "test")] == [
        [first + label for label in labels] for labels in (range(6), (6, 7), range(8, 16))
    ]
    assert all_exist(index, tmp_path)
    assert len(set(index.paths)) == 32


@pytest.mark.parametrize("layout", LAYOUTS)
def test_counts_that_are_not_the_published_ones_are_refused_with_both_numbers(tmp_path, layout):
    make, _ = LAYOUTS[layout]
    make(tmp_path)
    source = layout.split()[0]
    with pytest.raises(StudyError, match=r"is not the published set: .* instead of .*key counts to any"):
        dataset_index(tmp_path, {"source": source})
    with pytest.raises(StudyError, match="images 32 instead of 17"):
        dataset_index(tmp_path, {"source": source, "counts": {"images": 17}})
    with pytest.raises(StudyError, match=r"counts\.pictures is unknown"):
        dataset_index(tmp_path, {"source": source, "counts": {"pictures": 17}})
    assert len(dataset_index(tmp_path, {"source": source, "counts": "any"})) == 32


@pytest.mark.parametrize("source", sorted({layout.split()[0] for layout in LAYOUTS}))
def test_a_folder_of_something_else_is_refused(tmp_path, source):
    (tmp_path / "holiday").mkdir()
    with pytest.raises(StudyError, match="does not look like"):
        dataset_index(tmp_path, {"source": source})


def test_the_split_rule_gives_the_studys_numbers_of_classes():
    # FACTS of the study: 74/24/98, 75/25/100 and 8,489/2,829/11,316 classes.
    for n_classes, n_test, expected in (
        (196, 98, (74, 24)),
        (200, 100, (75, 25)),
        (22_634, 11_316, (8489, 2829)),
    ):
        labels = np.arange(n_classes)
        splits = split_of_labels(labels, labels >= n_classes - n_test)
        assert (splits.count("train"), splits.count("val")) == expected
        assert splits[: expected[0]] == ["train"] * expected[0]  # counted from label 0


def test_published_counts_add_up():
    for source in (cars196, cub200, sop):
        known = source.PUBLISHED
        assert known["images"] == known["development_images"] + known["test_images"]
    known = inshop_source.PUBLISHED
    parts = ("development_images", "query_images", "gallery_images")
    assert known["images"] == sum(known[part] for part in parts)


def test_class_names_of_each_source(tmp_path):
    expected = {
        "cars196 by classes": "Zeta C-V Van 2012",
        "cars196": "Maker Model 1 2012",
        "cub200": "Bird_1",
        "sop": "bicycle 1",
        "inshop": "id_00000001",
        "vehicleid": "1",
    }
    for layout, name in expected.items():
        root = tmp_path / layout
        root.mkdir()
        make, first = LAYOUTS[layout]
        make(root)
        index = dataset_index(root, {"source": layout.split()[0], "counts": "any"})
        assert index.class_names[index.labels.tolist().index(first)] == name


CUB = {"source": "cub200", "counts": "any"}


@pytest.mark.parametrize("place", ["segmentations", "CUB_200_2011/segmentations"])
def test_segmentations_of_cub_are_its_hand_labels_wherever_they_were_unpacked(tmp_path, place):
    cub(tmp_path)
    (tmp_path / "segmentations").rename(tmp_path / place)
    index = dataset_index(tmp_path, CUB)
    assert index.paths[3] == "CUB_200_2011/images/002.Bird_2/Bird_1.jpg"
    assert index.masks[3] == f"{place}/002.Bird_2/Bird_1.png"
    assert find_problems(index, tmp_path) == {}


def test_cub_without_segmentations_has_no_hand_labels(tmp_path):
    cub(tmp_path)
    shutil.rmtree(tmp_path / "segmentations")
    assert dataset_index(tmp_path, CUB).masks == [""] * 32


def test_a_segmentation_of_another_size_or_a_missing_one_leaves_its_image_unlabelled(tmp_path):
    cub(tmp_path)
    labels, first = tmp_path / "segmentations", tmp_path / "CUB_200_2011/images/001.Bird_1"
    Image.new("L", (6, 8)).save(labels / "001.Bird_1/Bird_0.png")
    (labels / "001.Bird_1/Bird_1.png").unlink()
    (first.parent / "002.Bird_2/Bird_0.jpg").write_bytes(b"damaged")
    (labels / "002.Bird_2/Bird_1.png").write_bytes(b"damaged")
    index = dataset_index(tmp_path, CUB)
    assert [bool(label) for label in index.masks[:5]] == [False, False, True, True, True]
    # What cannot be opened is reported like any other file.
    problems = find_problems(index, tmp_path)
    assert list(problems) == [2, 3]
    assert problems[3].startswith("has a bad hand label")


def test_in_shop_marks_queries_and_gallery_in_the_test_split_only(tmp_path):
    inshop(tmp_path)
    index = dataset_index(tmp_path, {"source": "inshop", "counts": {"query_images": 8, "gallery_classes": 8}})
    test = index.rows("test")
    assert index.is_query[test].tolist() == [True, False] * 8
    assert index.is_gallery[test].tolist() == [False, True] * 8
    assert not index.is_query[index.rows("train")].any()


def test_in_shop_finds_a_torn_list(tmp_path):
    inshop(tmp_path)
    listing = tmp_path / "Eval/list_eval_partition.txt"
    lines = listing.read_text().splitlines()
    listing.write_text("\n".join(lines[:-1]) + "\n")
    with pytest.raises(StudyError, match="announces 32 images and lists 31"):
        dataset_index(tmp_path, {"source": "inshop"})
    listing.write_text("\n".join([*lines[:-1], "img/torn.jpg id_0000"]) + "\n")
    with pytest.raises(StudyError, match=r"list_eval_partition\.txt, line 34: expected 3 words"):
        dataset_index(tmp_path, {"source": "inshop"})
    listing.write_text("")
    with pytest.raises(StudyError, match="announces no images and lists 0"):
        dataset_index(tmp_path, {"source": "inshop"})


def test_vehicleid_takes_the_test_list_that_is_asked_for(tmp_path):
    vehicleid(tmp_path)
    shorter = tmp_path / "VehicleID_V1.0/train_test_split/test_list_2400.txt"
    shorter.write_text("\n".join(shorter.read_text().splitlines()[:4]) + "\n")
    settings = {"source": "vehicleid", "counts": "any"}
    assert classes_of(dataset_index(tmp_path, settings | {"test_list": 2400}), "test") == [9, 10]
    assert classes_of(dataset_index(tmp_path, settings), "test") == [*range(9, 17)]


def test_vehicleid_tests_on_800_vehicles_unless_told_otherwise(tmp_path):
    vehicleid(tmp_path)
    shorter = tmp_path / "VehicleID_V1.0/train_test_split/test_list_800.txt"
    shorter.write_text("\n".join(shorter.read_text().splitlines()[:4]) + "\n")
    assert classes_of(dataset_index(tmp_path, {"source": "vehicleid", "counts": "any"}), "test") == [9, 10]


def test_a_gallery_draw_takes_one_image_of_each_class_uniformly():
    labels = np.array([9, 4, 9, 4, 9, 2**60])
    drawn = np.array([one_per_class(labels, seed=1, draw=draw) for draw in range(600)])
    for label in (4, 9, 2**60):
        assert (drawn[:, labels == label].sum(axis=1) == 1).all()
    # Class 9 has three images: each is the gallery in a third of the draws, ± 4 sd of a binomial (0.077).
    np.testing.assert_allclose(drawn[:, labels == 9].mean(axis=0), 1 / 3, atol=0.077)
    np.testing.assert_array_equal(one_per_class(labels, 1, 5), drawn[5])


def test_cars_annotations_that_are_no_mat_file_are_named(tmp_path):
    cars_original(tmp_path)
    (tmp_path / "cars_annos.mat").write_bytes(b"MATLAB 5.0 MAT-file" + bytes(200))
    with pytest.raises(StudyError, match=r"cars_annos\.mat cannot be read"):
        dataset_index(tmp_path, {"source": "cars196"})


def test_a_limit_takes_a_seeded_share(tmp_path):
    folder_classes(tmp_path, [f"c{i}" for i in range(16)], n=5)
    settings = {"source": "folders", "limit": {"classes": 2, "images": 3}}
    index = dataset_index(tmp_path, settings)
    assert [len(classes_of(index, split)) for split in ("train", "val", "test")] == [2, 2, 2]
    assert len(index) == 2 * 3 * 3
    assert index.paths == sorted(index.paths)
    assert dataset_index(tmp_path, settings).paths == index.paths
    assert dataset_index(tmp_path, settings | {"seed": 1}).paths != index.paths
    by_split = dataset_index(tmp_path, settings | {"limit": {"classes": {"test": 1}}})
    assert len(classes_of(by_split, "test")) == 1
    assert len(classes_of(by_split, "train")) == 6  # three eighths of 16: no limit named for train


@pytest.mark.parametrize("limit", [{"classes": 3}, {"images": 2}])
def test_what_a_limit_leaves_is_drawn_by_the_seed(tmp_path, limit):
    for split in ("train", "val", "test"):  # the folders are the splits: nothing but the limit is drawn
        folder_classes(tmp_path / split, [f"{split} {i}" for i in range(8)], n=6)
    one, other = (
        dataset_index(tmp_path, {"source": "folders", "limit": limit, "seed": seed}).paths for seed in (0, 1)
    )
    assert one != other
    if "images" in limit:
        assert len({Path(path).name for path in one}) > 2, "not always the first two of a class"


def test_a_limit_keeps_queries_and_gallery(tmp_path):
    inshop(tmp_path)
    settings = {"source": "inshop", "counts": "any", "limit": {"classes": 2, "images": 2}}
    index = dataset_index(tmp_path, settings)
    assert index.is_query.sum() == 2
    assert index.is_gallery.sum() == 2


def test_a_limit_leaves_every_query_its_gallery(tmp_path):
    # Each class has 20 images: all are queries, and the two that are also the gallery find each other.
    flags = [True, True] + [False] * 18
    index = Index(
        [f"{label}/{image}.jpg" for label in range(10) for image in range(20)],
        np.repeat(np.arange(10), 20),
        [f"c{label}" for label in range(10) for _ in range(20)],
        ["test"] * 200,
        is_query=[True] * 200,
        is_gallery=flags * 10,
    )
    found = limited(index, {"images": 5}, seed=0)
    assert (len(found), found.is_gallery.sum()) == (10 * (2 + 5), 20)
    assert len(partnerless_rows(found)) == 0


@pytest.mark.parametrize("column", ["label", "class_name"])
def test_an_index_without_splits_is_split_by_shares_like_folders(tmp_path, column):
    classes = [str(number) for number in range(20) for _ in range(2)]
    rows = [{"path": f"{n}.jpg", column: name} for n, name in enumerate(classes)]
    write_rows(tmp_path / "index.csv", rows, ["path", column])
    with pytest.raises(StudyError, match=r"no column split.*key splits can assign"):
        dataset_index(tmp_path, {"source": "index"})
    settings = {"source": "index", "splits": {"train": 0.5, "val": 0.15, "test": 0.35}, "seed": 3}
    index = dataset_index(tmp_path, settings)
    expected = split_classes(sorted(set(classes)), settings["splits"], seed=3)
    assert index.splits == [expected[name] for name in classes]
    assert [len(classes_of(index, split)) for split in ("train", "val", "test")] == [10, 3, 7]
    assert set(dataset_index(tmp_path, settings | {"test_only": True}).splits) == {"test"}
    write_rows(tmp_path / "index.csv", [row | {"split": "test"} for row in rows], ["path", column, "split"])
    with pytest.raises(StudyError, match=r"has a column split\. Remove it, or leave out"):
        dataset_index(tmp_path, settings)


def test_distractors_are_found_and_never_ask(tmp_path):
    settings = {"source": "index", "test_only": True}
    classes = [0, 0, 1, 2, 2, 2, 3]
    write_rows(
        tmp_path / "index.csv",
        [{"path": f"{n}.jpg", "label": label, "class_name": f"c{label}"} for n, label in enumerate(classes)],
        ["path", "label", "class_name"],
    )
    with pytest.raises(StudyError, match="distractors: true"):
        dataset_index(tmp_path, settings)
    index = dataset_index(tmp_path, settings | {"distractors": True})
    assert index.is_query.tolist() == [True, True, False, True, True, True, False]
    assert index.is_gallery.all()
    for images, queries in ((1, None), (2, 4)):
        limit = {"distractors": True, "limit": {"images": images}}
        if queries is None:
            with pytest.raises(StudyError, match="every test image is alone in its class"):
                dataset_index(tmp_path, settings | limit)
        else:
            assert dataset_index(tmp_path, settings | limit).is_query.sum() == queries

    marked = replace(index, splits=["test"] * 7)
    write_index(tmp_path / "index.csv", marked)
    with pytest.raises(StudyError, match="already say what is searched in what"):
        dataset_index(tmp_path, settings | {"distractors": True})


def test_a_column_of_ones_own_is_not_overwritten_by_distractors(tmp_path):
    rows = [
        {"path": f"{n}.jpg", "label": n // 2, "class_name": n // 2, "is_gallery": n > 0} for n in range(5)
    ]
    write_rows(tmp_path / "index.csv", rows, list(rows[0]))
    with pytest.raises(StudyError, match="only one of the columns"):
        dataset_index(tmp_path, {"source": "index", "test_only": True, "distractors": True})


def test_an_image_that_is_left_alone_by_a_damaged_one_is_a_distractor(tmp_path):
    for n in range(6):
        path = tmp_path / f"class{n // 2}/{n}.png"
        path.parent.mkdir(exist_ok=True)
        path.touch()
    index = dataset_index(tmp_path, {"source": "folders", "test_only": True, "distractors": True})
    rest, problems = without_problems(index, {0: "cannot be read"})
    assert rest.paths[0] == "class0/1.png"
    assert (rest.is_query.tolist(), rest.is_gallery.all()) == ([False, True, True, True, True], True)
    assert problems[1].startswith("is not a query")


def test_a_missing_root_is_named(tmp_path):
    with pytest.raises(StudyError, match="does not exist"):
        dataset_index(tmp_path / "nowhere", {"source": "index"})


@pytest.mark.real
@pytest.mark.parametrize(("name", "classes"), [("waterbirds", (26, 8, 20)), ("grocery", (40, 10, 31))])
def test_the_real_indices_have_their_documented_classes(name, classes):
    if not (REAL / name).is_dir():
        pytest.skip("the real photographs are not on this machine")
    index = dataset_index(REAL / name, {"source": "index"})
    assert tuple(len(classes_of(index, split)) for split in ("train", "val", "test")) == classes
    with open(REAL / name / "index.csv", newline="") as stream:
        assert len(index) == len(list(csv.reader(stream))) - 1
