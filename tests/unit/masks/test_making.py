"""Masks of many images: what is written, what the rows say of it, and what an image that is bad does."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bgbias.errors import StudyError
from bgbias.images import read_mask
from bgbias.masks.making import SEAL, masks_of, masks_there
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


def made(folder, paths=tuple(GREYS), on_bad_image="skip", made_by=None):
    return list(masks_of(paths, masker, folder / "raw", folder / "masks", on_bad_image, made_by))


def there(folder, made_by="this masker", paths=tuple(GREYS)):
    return list(masks_there(paths, folder / "raw", folder / "masks", made_by))


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


def test_masks_that_were_made_are_there_with_the_same_rows_and_failed_ones_are_not(folder):
    rows = made(folder, made_by="this masker")
    assert there(folder) == [row for row in rows if not row["failed"]]


@pytest.mark.parametrize(
    ("made_by", "asked"), [("this masker", "another"), ("this masker", None), (None, None)]
)
def test_masks_of_another_masker_or_of_none_that_is_known_are_not_there(folder, made_by, asked):
    made(folder, made_by=made_by)
    assert there(folder, asked) == []


def without_its_text(mask):
    Image.open(mask).save(mask, pnginfo=PngInfo())


def painted_over(mask):
    """As by an editor that keeps the text of a file."""
    with Image.open(mask) as image:
        text = PngInfo()
        text.add_text(SEAL, image.info[SEAL])
        image.point(lambda value: value - 1).save(mask, pnginfo=text)


def turned(mask):
    """All pixels of this one are alike."""
    with Image.open(mask) as image:
        text = PngInfo()
        text.add_text(SEAL, image.info[SEAL])
        image.transpose(Image.Transpose.ROTATE_90).save(mask, pnginfo=text)


@pytest.mark.parametrize(
    "change",
    [
        Path.unlink,
        without_its_text,
        painted_over,
        turned,
        lambda mask: mask.write_bytes(mask.read_bytes()[:-26]),
        lambda mask: mask.write_bytes(mask.read_bytes()[:40]),
        lambda mask: mask.write_bytes(b""),
        lambda mask: mask.write_bytes(b"no image"),
        lambda mask: Image.open(mask).save(mask, "JPEG"),
        lambda mask: (mask.unlink(), mask.mkdir()),
    ],
    ids=["gone", "no text", "painted", "turned", "torn", "torn early", "empty", "nothing", "jpeg", "folder"],
)
def test_a_mask_that_is_not_as_it_was_made_is_not_there(folder, change):
    made(folder, made_by="this masker")
    change(folder / "masks/a/x.jpg.png")
    assert [row["path"] for row in there(folder)] == ["s p.png", "b/x.jpg", "empty.png"]


@pytest.mark.parametrize(
    "change",
    [
        Path.unlink,
        lambda image: image.write_bytes(image.read_bytes() + b"\0"),  # the same pixels: nobody looks at them
        lambda image: Image.new("L", (8, 6), 91).save(image),
        lambda image: image.write_bytes(b""),
    ],
    ids=["gone", "longer", "another", "empty"],
)
def test_the_mask_of_an_image_that_has_changed_is_not_there(folder, change):
    made(folder, made_by="this masker")
    change(folder / "raw/a/x.jpg")
    assert [row["path"] for row in there(folder)] == ["s p.png", "b/x.jpg", "empty.png"]


def test_an_image_replaced_while_its_mask_is_made_has_no_mask_there(folder):
    def replacing_masker(path, rgb):
        Image.new("L", (8, 6), 91).save(folder / "raw" / path)
        return masker(path, rgb)

    list(masks_of(["a/x.jpg"], replacing_masker, folder / "raw", folder / "masks", "fail", "this masker"))
    assert there(folder) == []


def test_what_was_made_before_an_interruption_is_there(folder):
    rows = masks_of(["s p.png", "a/x.jpg", "b/x.jpg"], masker, folder / "raw", folder / "masks", "fail", "m")
    first = next(rows)
    rows.close()
    assert first in there(folder, "m")
    assert {f"{row['path']}.png" for row in there(folder, "m")} == files(folder / "masks")
