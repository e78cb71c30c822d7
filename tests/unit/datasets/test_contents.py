"""How many images a dataset's numbers rest on, and which pictures of it come twice."""

import numpy as np
import pytest
from tiny_stores import write_images

from bgbias.datasets import contents as module
from bgbias.datasets.contents import contents, copies, equal_images
from bgbias.files import read_rows, write_rows
from bgbias.input_pipeline.packing import write_store


def expected(own_class, other_class, training):
    return {"own_class": own_class, "other_class": other_class, "training": training}


def rows(*images, **columns):
    """Rows of a layout from (split, label); paths are their numbers."""
    return [
        {"path": str(number), "split": split, "label": label}
        | {name: values[number] for name, values in columns.items()}
        for number, (split, label) in enumerate(images)
    ]


@pytest.fixture
def data(tmp_path):
    """The files of a dataset of 2 training and 3 test classes with 4 images each, without any problem."""
    layout = write_images(tmp_path / "pixels", {"train": 2, "test": 3}, images=4)
    write_rows(tmp_path / "index.csv", [{"path": row["path"]} for row in read_rows(layout)], ["path"])
    return {"layout": layout, "index": tmp_path / "index.csv", "problems": tmp_path / "problems.csv"}


def test_classes_and_images_of_every_split(data):
    found = contents(**data)
    assert found["classes"] == {"train": 2, "val": 0, "test": 3}
    assert found["images"] == {"train": 8, "val": 0, "test": 12}
    assert found["left_out"] == 0
    assert found["copies"] == expected([], [], [])


def test_left_out_is_what_has_no_place_in_the_store(data):
    indexed = read_rows(data["index"])
    write_rows(data["index"], [*indexed, {"path": "no_mask.png"}], ["path"])
    assert contents(**data)["left_out"] == 1
    listed = ["torn.png", "no_mask.png", indexed[0]["path"]]  # the last is no query, and there
    write_rows(
        data["problems"], [{"path": path, "problem": "is bad"} for path in listed], ["path", "problem"]
    )
    assert contents(**data)["left_out"] == 2


def test_a_picture_of_one_class_is_one_that_is_found():
    images = rows(("test", "0"), ("test", "0"), ("test", "0"), ("test", "1"))
    assert copies(images, [[0, 1, 2]]) == expected([("0", "1"), ("1", "0"), ("2", "0")], [], [])
    assert copies(images, [[2, 3]]) == expected([], [("2", "3"), ("3", "2")], [])
    both = copies(images, [[0, 1, 3]])
    assert both == expected([("0", "1"), ("1", "0")], [("0", "3"), ("1", "3"), ("3", "0")], [])


def test_a_picture_of_training_is_no_match_and_may_have_been_learned():
    images = rows(("train", "0"), ("val", "1"), ("test", "2"), ("test", "2"), ("train", "0"))
    assert copies(images, [[0, 4]]) == expected([], [], [])
    assert copies(images, [[1, 3]]) == expected([], [], [("3", "1")])
    assert copies(images, [[0, 1, 2]]) == expected([], [], [("2", "0")])


def test_only_the_gallery_is_found_and_only_by_queries():
    sides = {"is_query": "1100", "is_gallery": "0011"}
    images = rows(("test", "0"), ("test", "0"), ("test", "0"), ("test", "1"), **sides)
    assert copies(images, [[0, 1]]) == expected([], [], [])  # neither can be found
    assert copies(images, [[2, 3]]) == expected([], [], [])  # neither looks for anything
    assert copies(images, [[0, 2, 3]]) == expected([("0", "2")], [("0", "3")], [])


def pictures(*images):
    """Images uint8 (h, w, 4) with index rows."""
    columns = {"label": 0, "class_name": "c", "split": "test"}
    return [(image, {"path": f"{number}.png"} | columns) for number, image in enumerate(images)]


def test_images_are_equal_to_the_last_byte(tmp_path, monkeypatch):
    first = np.arange(96, dtype=np.uint8).reshape(4, 6, 4)
    other = first.copy()
    other[-1, -1, -1] ^= 1  # the mask only
    turned = first.reshape(6, 4, 4)  # the same bytes in another shape
    layout = tmp_path / "layout.csv"

    def groups():
        images = pictures(first, other, turned, first.copy(), other.copy(), first.copy())
        write_store(tmp_path / "rgba.bin", layout, images, ["path", "label", "class_name", "split"])
        return equal_images(read_rows(layout), layout)

    assert groups() == [[0, 3, 5], [1, 4]]
    # As if their checksums were the same by chance.
    monkeypatch.setattr("bgbias.input_pipeline.packing.zlib.crc32", lambda pixels: 7)
    assert groups() == [[0, 3, 5], [1, 4]]


def test_without_equal_checksums_no_pixels_are_read(data, monkeypatch):
    monkeypatch.delattr(module, "PixelStore")
    assert contents(**data)["copies"] == expected([], [], [])
