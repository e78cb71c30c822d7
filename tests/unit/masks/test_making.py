"""Masks of many images: what is written, what the rows say of it, and what an image that is bad does."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bgbias.errors import StudyError
from bgbias.images import read_mask
from bgbias.masks.making import masks_of
from bgbias.masks.tree import COLUMNS

GREYS = {"s p.png": 255, "broken.jpg": 0, "a/x.jpg": 204, "refused.png": 0, "b/x.jpg": 153, "empty.png": 127}


def masker(path, rgb):
    assert (rgb == 90).all()
    if path == "refused.png":
        raise StudyError(f"nothing is to be made of {path}")
    return np.full(rgb.shape[:2], GREYS[path], np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Six grey images, the second of them broken; the masker refuses the fourth."""
    for path in GREYS:
        place = tmp_path / "raw" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 6), 90).save(place, quality=100)
    (tmp_path / "raw/broken.jpg").write_bytes(b"")
    return tmp_path


def made(folder, paths=tuple(GREYS), on_bad_image="skip"):
    return list(masks_of(paths, masker, folder / "raw", folder / "masks", on_bad_image))


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_each_image_gets_its_own_mask_and_a_row_in_order(folder):
    rows = made(folder)
    assert {tuple(row) for row in rows} == {COLUMNS}
    assert [tuple(row.values()) for row in rows] == [
        ("s p.png", "1.000000", 0, 0),
        ("broken.jpg", "0", 0, 1),
        ("a/x.jpg", "0.800000", 0, 0),
        ("refused.png", "0", 0, 1),
        ("b/x.jpg", "0.600000", 0, 0),
        ("empty.png", "0.498039", 1, 0),
    ]
    good = set(GREYS) - {"broken.jpg", "refused.png"}
    assert files(folder / "masks") == {f"{path}.png" for path in good}
    for path in good:
        mask = read_mask(folder / f"masks/{path}.png")
        assert mask.shape == (6, 8)
        assert (mask == GREYS[path]).all()


def test_a_warning_names_each_image_that_is_left_out(folder, capsys):
    made(folder)
    warnings = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in warnings] == ["WARNING"] * 2
    assert "broken.jpg" in warnings[0] + warnings[1]
    assert "refused.png" in warnings[0] + warnings[1]


@pytest.mark.parametrize("path", ["broken.jpg", "refused.png"])
def test_a_bad_image_stops_the_work_when_asked_to(folder, path):
    with pytest.raises(StudyError, match=path.replace(".", r"\.")):
        made(folder, ["s p.png", path, "a/x.jpg"], on_bad_image="fail")


@pytest.mark.parametrize("path", ["broken.jpg", "refused.png"])
def test_a_mask_that_failed_leaves_no_earlier_one_there(folder, path):
    earlier = folder / f"masks/{path}.png"
    earlier.parent.mkdir()
    Image.new("L", (3, 3)).save(earlier)
    made(folder, [path])
    assert not earlier.exists()


def test_a_mask_that_cannot_be_written_whole_is_not_there(folder, monkeypatch):
    def torn(image, path, *arguments, **settings):
        Path(path).write_bytes(b"half of a mask")
        raise StudyError("the disk is full")

    monkeypatch.setattr(Image.Image, "save", torn)
    with pytest.raises(StudyError, match="full"):
        made(folder)
    assert files(folder / "masks") == set()
