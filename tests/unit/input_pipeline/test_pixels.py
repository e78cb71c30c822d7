"""The packed store: what goes in comes out, and a damaged store is not opened."""

import csv
import subprocess
import sys

import numpy as np
import pytest

from bgbias.errors import StudyError
from bgbias.files import read_rows
from bgbias.index import COLUMNS
from bgbias.input_pipeline.packing import background_row, write_store
from bgbias.input_pipeline.pixels import PixelStore

SIZES = [(5, 7), (9, 4), (3, 3)]


def images():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (*size, 4), dtype=np.uint8) for size in SIZES]


@pytest.fixture(params=[False, True], ids=["plain", "compressed"])
def folder(request, tmp_path):
    rows = [(image, background_row(f"a b/{i},ü.png")) for i, image in enumerate(images())]
    written = write_store(tmp_path / "rgba.bin", tmp_path / "layout.csv", rows, COLUMNS, request.param, 2)
    assert written == 3
    return tmp_path


def test_what_was_packed_is_read(folder):
    store = PixelStore.open(folder / "layout.csv")
    assert len(store) == 3
    assert store.sizes.tolist() == [list(size) for size in SIZES]
    for row, image in enumerate(images()):
        assert (store.rgba(row) == image).all()
        assert not store.rgba(row).flags.writeable
    assert store.index.paths == ["a b/0,ü.png", "a b/1,ü.png", "a b/2,ü.png"]


def test_images_are_found_in_the_array_that_batches_read(folder):
    store = PixelStore.open(folder / "layout.csv")
    rows = np.array([2, 0, 2])
    data, offsets = store.pixels(rows)
    assert not data.flags.writeable
    for row, offset in zip(rows, offsets, strict=True):
        image = images()[row]
        assert (data[offset : offset + image.size] == image.ravel()).all()


@pytest.mark.parametrize("alpha", [0, 255])  # colours that nobody sees, and a mask that covers everything
def test_a_compressed_store_keeps_every_pixel_in_fewer_bytes(tmp_path, alpha):
    smooth = np.add.outer(np.arange(60), np.arange(80))[..., None] + np.array([0, 40, 80, 0])
    image = smooth.astype(np.uint8)
    image[..., 3] = alpha
    for name, compressed in (("plain", False), ("compressed", True)):
        folder = tmp_path / name
        folder.mkdir()
        row = [(image, background_row("a.png"))]
        write_store(folder / "rgba.bin", folder / "layout.csv", row, COLUMNS, compressed)
        assert (PixelStore.open(folder / "layout.csv").rgba(0) == image).all()
    plain, compressed = (read_rows(tmp_path / name / "layout.csv") for name in ("plain", "compressed"))
    assert compressed[0]["crc32"] == plain[0]["crc32"]  # of the pixels, by which copies are found
    assert (tmp_path / "compressed/rgba.bin").stat().st_size < image.size / 4


def test_a_damaged_image_of_a_compressed_store_is_named(tmp_path):
    rows = [(image, background_row(f"{i}.png")) for i, image in enumerate(images())]
    write_store(tmp_path / "rgba.bin", tmp_path / "layout.csv", rows, COLUMNS, compressed=True)
    with open(tmp_path / "rgba.bin", "r+b") as stream:
        stream.seek(int(read_rows(tmp_path / "layout.csv")[1]["offset"]))
        stream.write(bytes(30))
    store = PixelStore.open(tmp_path / "layout.csv")
    assert (store.rgba(2) == images()[2]).all()
    with pytest.raises(
        StudyError, match=r"rgba\.bin: the pixels of 1\.png are damaged\. Delete .* pack again"
    ):
        store.pixels(np.array([2, 1]))


def test_the_index_columns_survive(tmp_path):
    row = {"path": "x.jpg", "label": 7, "class_name": "jay", "split": "test", "is_query": 1, "is_gallery": 0}
    write_store(tmp_path / "rgba.bin", tmp_path / "layout.csv", [(images()[0], row)], list(row))
    index = PixelStore.open(tmp_path / "layout.csv").index
    assert (index.labels.tolist(), index.class_names, index.splits) == ([7], ["jay"], ["test"])
    assert (index.is_query.tolist(), index.is_gallery.tolist()) == ([True], [False])


def test_a_file_of_another_length_is_not_opened(folder):
    with open(folder / "rgba.bin", "ab") as stream:
        stream.write(b"\0")
    with pytest.raises(StudyError, match=r"rgba\.bin.*pack again"):
        PixelStore.open(folder / "layout.csv")


@pytest.mark.parametrize("change", [{"offset": "4"}, {"height": "6"}, {"width": "x"}])
def test_a_layout_that_does_not_fit_is_not_read(folder, change):
    with open(folder / "layout.csv", newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    rows[0] |= change
    with open(folder / "layout.csv", "w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(StudyError, match="pack again"):
        PixelStore.open(folder / "layout.csv").rgba(0)


def test_a_layout_of_no_images_is_not_opened(folder):
    (folder / "layout.csv").write_text((folder / "layout.csv").read_text().splitlines()[0] + "\n")
    with pytest.raises(StudyError, match="layout of 0 images"):
        PixelStore.open(folder / "layout.csv")


def test_a_missing_store_is_named(tmp_path):
    with pytest.raises(StudyError, match=r"layout\.csv"):
        PixelStore.open(tmp_path / "layout.csv")


def test_reading_a_store_imports_neither_torch_nor_pillow():
    """Tables and checks that look into a store must not wait four seconds for torch."""
    program = (
        "import sys, bgbias.input_pipeline.pixels; "
        "print([m for m in ('torch', 'PIL', 'pandas') if m in sys.modules])"
    )
    path = str(next(p for p in sys.path if p.endswith("scripts")))
    result = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": path}, capture_output=True, text=True
    )
    assert result.stdout.strip() == "[]", result.stderr
