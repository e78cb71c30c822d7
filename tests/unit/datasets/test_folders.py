"""Source ``folders``: one folder per class, split by share or by the folders above them."""

import pytest
from class_folders import classes_of, folder_classes

from bgbias.datasets import dataset_index
from bgbias.datasets.shares import SHARES, split_classes
from bgbias.errors import StudyError


def test_folders_are_split_by_share_seeded_and_disjoint(tmp_path):
    folder_classes(tmp_path, [f"class {i:02d}" for i in range(20)])
    (tmp_path / "class 00" / "notes.txt").write_text("no image")
    (tmp_path / "class 00" / ".hidden.jpg").write_text("no image")
    settings = {"source": "folders", "splits": {"train": 0.5, "val": 0.15, "test": 0.35}, "seed": 3}
    index = dataset_index(tmp_path, settings)
    assert [len(classes_of(index, split)) for split in ("train", "val", "test")] == [10, 3, 7]
    assert len(index) == 60
    assert index.paths == sorted(index.paths)
    assert index.class_names[0] == "class 00"
    assert dataset_index(tmp_path, settings).splits == index.splits
    assert dataset_index(tmp_path, settings | {"seed": 4}).splits != index.splits


def test_a_class_more_or_renamed_leaves_nearly_all_others_in_their_split():
    names = [f"class {i:02d}" for i in range(40)]
    before = split_classes(names, SHARES, seed=0)
    for changed in ([*names, "new"], ["new", *names[1:]], names[1:]):
        after = split_classes(changed, SHARES, seed=0)
        moved = [name for name in names if name in after and after[name] != before[name]]
        assert len(moved) <= 2, "at most one over each of the two borders"


def test_train_val_test_folders_are_the_splits(tmp_path):
    for split, names in (("train", "ab"), ("val", "cd"), ("test", "ef")):
        folder_classes(tmp_path / split, names)
    index = dataset_index(tmp_path, {"source": "folders"})
    assert [classes_of(index, split) for split in ("train", "val", "test")] == [[0, 1], [2, 3], [4, 5]]
    folder_classes(tmp_path / "test", ["a"])
    with pytest.raises(StudyError, match=r"class 'a' .* is in split train here and in test"):
        dataset_index(tmp_path, {"source": "folders"})


@pytest.mark.parametrize("extra", ["empty", "texts", "__MACOSX", ".thumbnails"])
@pytest.mark.parametrize("seed", range(4))
def test_a_folder_without_images_is_no_class(tmp_path, extra, seed):
    folder_classes(tmp_path, "abcdef")
    settings = {"source": "folders", "seed": seed}
    expected = dataset_index(tmp_path, settings)
    (tmp_path / extra).mkdir()
    if extra != "empty":
        name = {"texts": "notes.txt", "__MACOSX": "._0.jpg", ".thumbnails": "0.jpg"}[extra]
        (tmp_path / extra / name).write_text("no image")
    found = dataset_index(tmp_path, settings)
    assert (found.paths, found.splits) == (expected.paths, expected.splits)
    assert (found.labels == expected.labels).all()


def test_folders_of_queries_and_gallery_are_not_taken_for_classes(tmp_path):
    for name in ("Query", "gallery"):
        folder_classes(tmp_path / name, "ab")
    with pytest.raises(StudyError, match="look like queries and gallery, not classes"):
        dataset_index(tmp_path, {"source": "folders", "test_only": True})


@pytest.mark.parametrize(
    "names", [("train", "test"), ("Train", "Val", "Test"), ("train", "val", "test", "x")]
)
@pytest.mark.parametrize("test_only", [False, True])
def test_folders_like_splits_are_not_taken_for_classes(tmp_path, names, test_only):
    for name in names:
        folder_classes(tmp_path / name, "ab")
    with pytest.raises(StudyError, match=r"which look like splits.*three folders train, val and test"):
        dataset_index(tmp_path, {"source": "folders", "test_only": test_only})


def test_images_right_below_the_splits_are_no_classes(tmp_path):
    folder_classes(tmp_path, ["train", "val", "test"])
    for test_only in (False, True):
        with pytest.raises(StudyError, match=r"class folders .* contain no images"):
            dataset_index(tmp_path, {"source": "folders", "test_only": test_only})


def test_where_there_is_no_file_of_lines_the_image_is_named(tmp_path):
    folder_classes(tmp_path, "abcdef")
    for name in "abcdef":
        for i in (1, 2):
            (tmp_path / name / f"{i}.jpg").unlink()
    with pytest.raises(
        StudyError, match=r"as source folders reads it, image '\w/0\.jpg': class '\w' .* no other"
    ):
        dataset_index(tmp_path, {"source": "folders"})


@pytest.mark.parametrize(
    ("names", "splits", "reason"),
    [
        ([], None, "contains no folders"),
        (["a", "b", "c", "d", "e"], None, "5 classes cannot be split"),
        (["a", "b", "c", "d", "e", "f"], {"train": 0.5, "val": 0.5, "test": 0.5}, "1 in total"),
    ],
)
def test_folders_that_cannot_be_split_are_refused(tmp_path, names, splits, reason):
    folder_classes(tmp_path, names)
    with pytest.raises(StudyError, match=reason):
        dataset_index(tmp_path, {"source": "folders", "splits": splits})


def test_six_classes_give_two_to_each_split(tmp_path):
    folder_classes(tmp_path, "abcdef")
    index = dataset_index(tmp_path, {"source": "folders"})
    assert [len(classes_of(index, split)) for split in ("train", "val", "test")] == [2, 2, 2]
    seven = list(split_classes("abcdefg", SHARES, seed=0).values())
    assert seven.count("train") == 3, "three eighths of 7 are 2.625"


def test_where_nothing_is_trained_all_images_are_test_images(tmp_path):
    folder_classes(tmp_path / "plain", "ab")
    for split, names in (("train", "ab"), ("val", "c"), ("test", "ad")):
        folder_classes(tmp_path / "split" / split, names)
    lines = [
        "path,label,class_name,split",
        *(f"{name}/{i}.jpg,{name == 'b':d},{name},train" for name in "ab" for i in (0, 1)),
    ]
    (tmp_path / "plain/index.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "no splits").mkdir()
    (tmp_path / "no splits/index.csv").write_text("\n".join(line.rpartition(",")[0] for line in lines) + "\n")
    for root, source, classes in (
        ("plain", "folders", 2),
        ("split", "folders", 4),  # what the folders call a split is no longer one: class a is whole again
        ("plain", "index", 2),
        ("no splits", "index", 2),
    ):
        index = dataset_index(tmp_path / root, {"source": source, "test_only": True})
        assert set(index.splits) == {"test"}
        assert len(classes_of(index, "test")) == classes


def test_one_class_among_which_all_is_right_is_no_test(tmp_path):
    folder_classes(tmp_path, "a")
    with pytest.raises(StudyError, match=r"has only one class in split test, 'a'"):
        dataset_index(tmp_path, {"source": "folders", "test_only": True})


def test_one_folder_may_be_called_like_a_split(tmp_path):
    folder_classes(tmp_path, ["bus", "car", "plane", "ship", "train", "tram"])
    assert len(set(dataset_index(tmp_path, {"source": "folders"}).class_names)) == 6


@pytest.mark.parametrize("largest", ["train", "val", "test"])
def test_a_large_share_leaves_two_classes_to_each_other_split(largest):
    found = list(split_classes("abcdefgh", dict.fromkeys(SHARES, 0.05) | {largest: 0.9}, seed=0).values())
    assert {split: found.count(split) for split in SHARES} == dict.fromkeys(SHARES, 2) | {largest: 4}


def test_equal_file_names_in_different_folders_stay_apart(tmp_path):
    folder_classes(tmp_path, "abcdef")
    assert len(set(dataset_index(tmp_path, {"source": "folders"}).paths)) == 18
