"""Packing: a store is written whole and verified, or not at all; sizes are torchvision's and foretold."""

import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from bgbias.errors import StudyError
from bgbias.index import COLUMNS
from bgbias.input_pipeline.packing import (
    background_row,
    check_room,
    pack_image,
    resized_size,
    write_store,
)

IMAGE = np.random.default_rng(0).integers(0, 256, (6, 9, 4), dtype=np.uint8)


def write(folder, images, compressed=False):
    write_store(folder / "rgba.bin", folder / "layout.csv", images, COLUMNS, compressed)


def test_an_image_that_is_too_long_to_be_compressed_is_named(tmp_path):
    long = np.zeros((1, 16_384, 4), dtype=np.uint8)
    with pytest.raises(StudyError, match=r"a/b\.png cannot be compressed.*16383.*pixels\.compressed: false"):
        write(tmp_path, [(long, background_row("a/b.png"))], compressed=True)
    assert not list(tmp_path.iterdir())


def test_packing_that_fails_midway_leaves_nothing_that_looks_finished(tmp_path):
    write(tmp_path, [(IMAGE, background_row("a"))])

    def broken():
        yield IMAGE, background_row("a")
        raise StudyError("the second is broken")

    with pytest.raises(StudyError, match="second"):
        write(tmp_path, broken())
    assert not (tmp_path / "layout.csv").exists()
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("damage", ["a bit", "everything"])
def test_what_the_disk_did_not_keep_is_found_at_once(tmp_path, compressed, damage, monkeypatch):
    def damaged(path, *args, **kwargs):
        data = np.fromfile(path, dtype=np.uint8)
        if damage == "a bit":
            data[len(data) // 2] ^= 16
        else:
            data[:] = 0
        return data

    monkeypatch.setattr(np, "memmap", damaged)
    with pytest.raises(StudyError, match=r"a\.png was not stored as written\. Check the disk"):
        write(tmp_path, [(IMAGE, background_row("a.png"))], compressed)
    assert not list(tmp_path.iterdir())


def test_packing_nothing_is_an_error(tmp_path):
    with pytest.raises(StudyError, match="no readable image"):
        write(tmp_path, [])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("size", [(480, 640), (640, 480), (333, 500), (256, 256), (100, 37), (7, 400)])
def test_sizes_are_torchvisions(size):
    functional = pytest.importorskip("torchvision.transforms.functional")
    expected = functional.resize(Image.new("L", size[::-1]), 256).size[::-1]
    assert resized_size(size, 256) == expected


@pytest.mark.parametrize("squash", [False, True])
def test_colour_and_mask_are_resized_apart_by_pillows_filter(squash):
    rng = np.random.default_rng(0)
    rgb, mask = (
        rng.integers(0, 256, (40, 60, 3), dtype=np.uint8),
        rng.integers(0, 256, (40, 60), dtype=np.uint8),
    )
    packed = pack_image(rgb, mask, 20, squash)
    height, width = (20, 20) if squash else (20, 30)
    assert packed.shape == (height, width, 4)
    for channel, source in ((slice(3), rgb), (3, mask)):
        expected = Image.fromarray(source).resize((width, height), Image.Resampling.BILINEAR)
        assert (packed[..., channel] == np.asarray(expected)).all()
    assert (pack_image(rgb, None, 20)[..., 3] == 0).all()


def test_bytes_are_foretold_and_a_full_disk_is_seen_before_the_work(tmp_path, monkeypatch):
    sizes = [(256, 341), (256, 256)]

    def free(room):
        monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=room))

    free(4 * (256 * 341 + 256 * 256))
    check_room(tmp_path, sizes)
    free(4 * (256 * 341 + 256 * 256) - 1)
    with pytest.raises(StudyError, match=r"Make room, set pixels\.compressed: true, or lower pixels\.short"):
        check_room(tmp_path, sizes)
    check_room(tmp_path, sizes, compressed=True)
    free(0.39 * 4 * (256 * 341 + 256 * 256))
    with pytest.raises(StudyError, match=r"are free\. Make room, or lower pixels\.short_side"):
        check_room(tmp_path, sizes, compressed=True)
