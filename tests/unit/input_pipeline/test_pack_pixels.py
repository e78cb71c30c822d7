"""Packing a dataset: each image with its own mask, in the order of the index."""

import pytest
from pack_pixels import pack_pixels
from PIL import Image

from bgbias.errors import StudyError
from bgbias.files import write_rows
from bgbias.index import Index, write_index
from bgbias.input_pipeline.pixels import PixelStore

PATHS = ["c/b.png", "a.png", "c/c.png", "d.png"]


@pytest.fixture
def dataset(tmp_path):
    """Four grey images with masks of other greys; that of d.png failed, an older one is still there."""
    for number, path in enumerate(PATHS):
        for name, value in ((f"raw/{path}", 10 * number), (f"masks/{path}.png", 100 + number)):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (8, 6), value).save(tmp_path / name)
    write_index(tmp_path / "index.csv", Index(PATHS, [0, 0, 1, 1], ["x", "x", "y", "y"], ["test"] * 4))
    rows = [{"path": path, "coverage": 0.5, "empty": 0, "failed": int(path == "d.png")} for path in PATHS]
    write_rows(tmp_path / "masks.csv", rows, list(rows[0]))
    return tmp_path


def pack(folder, compressed=False, squash=False):
    pack_pixels(
        *(folder / name for name in ("index.csv", "masks.csv")),
        folder / "pixels/layout.csv",
        folder / "pixels/rgba.bin",
        root=str(folder / "raw"),
        masks=str(folder / "masks"),
        short_side=6,
        squash=squash,
        compressed=compressed,
        threads=2,
    )
    return PixelStore.open(folder / "pixels/layout.csv")


@pytest.mark.parametrize("compressed", [False, True])
def test_each_image_is_packed_with_its_own_mask_in_the_order_of_the_index(dataset, compressed):
    store = pack(dataset, compressed=compressed)
    assert store.compressed == compressed
    assert store.index.paths == PATHS[:3]
    assert store.index.labels.tolist() == [0, 0, 1]
    for row in range(3):
        assert (store.rgba(row) == (10 * row,) * 3 + (100 + row,)).all()


@pytest.mark.parametrize(("squash", "size"), [(False, (6, 8)), (True, (6, 6))])
def test_whole_images_can_be_stretched_to_squares(dataset, squash, size):
    assert pack(dataset, squash=squash).sizes.tolist() == [list(size)] * 3


def test_what_a_killed_job_wrote_takes_no_room(dataset):
    half = dataset / "pixels/.aside-killed.bin"
    half.parent.mkdir()
    half.write_bytes(b"half a store")
    pack(dataset)
    assert not half.exists()


def test_a_mask_of_another_size_is_not_stretched_over_its_image(dataset):
    Image.new("L", (6, 8), 255).save(dataset / "masks/a.png.png")
    with pytest.raises(StudyError, match=r"a\.png\.png"):
        pack(dataset)
