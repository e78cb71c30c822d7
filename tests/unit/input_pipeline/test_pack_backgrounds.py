"""Packing photographs of backgrounds: whose they are, what is wrong with them, which were too small."""

import pytest
from pack_backgrounds import pack_backgrounds
from PIL import Image

from bgbias.errors import StudyError
from bgbias.files import read_rows
from bgbias.input_pipeline.pixels import PixelStore


def test_two_halves_are_disjoint_and_together_the_whole(tmp_path):
    (tmp_path / "photos").mkdir()
    for number in range(5):
        Image.new("RGB", (8, 8), (40 * number, 0, 0)).save(tmp_path / f"photos/{number}.png")

    def packed(half):
        folder = tmp_path / str(half)
        pack_backgrounds(
            str(tmp_path / "photos"), folder / "layout.csv", folder / "rgba.bin", short_side=8, half=half
        )
        return PixelStore.open(folder / "layout.csv").index.paths

    assert packed(0) == ["0.png", "2.png", "4.png"]
    assert packed(1) == ["1.png", "3.png"]
    assert packed(None) == sorted(packed(0) + packed(1))


def test_bad_backgrounds_are_told_together_and_nothing_is_left(tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.new("RGB", (8, 8)).save(photos / "b.png")
    for count in (2, 4):
        for number in range(count):
            (photos / f"{number}.jpg").write_text("no picture")
        said = r"photos/0\.jpg .*photos/1\.jpg .*" + (r" The same applies to 1 more\." if count == 4 else "")
        with pytest.raises(StudyError, match=said):
            pack_backgrounds(str(photos), tmp_path / "layout.csv", tmp_path / "rgba.bin", short_side=8)
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_photos_that_had_to_be_enlarged_are_marked(tmp_path):
    (tmp_path / "photos").mkdir()
    for name, size in (("fitting", (9, 8)), ("large", (30, 20)), ("low", (30, 7)), ("narrow", (7, 30))):
        Image.new("RGB", size).save(tmp_path / f"photos/{name}.png")
    pack_backgrounds(str(tmp_path / "photos"), tmp_path / "layout.csv", tmp_path / "rgba.bin", short_side=8)
    marks = {row["path"]: row["enlarged"] for row in read_rows(tmp_path / "layout.csv")}
    assert marks == {"fitting.png": "0", "large.png": "0", "low.png": "1", "narrow.png": "1"}
