"""A folder of real life: what can be read is read the same by every stage, what cannot is on one list."""

import io
import zlib

import numpy as np
import pytest
from conftest import Project
from fresh_copy import fresh_copy
from PIL import Image

from bgbias.files import read_rows, write_rows
from bgbias.images import read_mask, read_rgb
from bgbias.input_pipeline.packing import pack_image
from bgbias.input_pipeline.pixels import PixelStore

pytestmark = pytest.mark.slow

CONFIG = """
study: mine
device: cpu
on_bad_image: skip
background_set: mine
grid: {dataset: [mine], loss: [triplet], variant: [base]}
datasets: {mine: {source: index, root: photos}}
backgrounds: {mine: {source: folders, train: backdrops, validation: backdrops, test: unseen}}
masker: {weights: masker.onnx, shards: 2}
mask_quality: {minimum_iou: 0, maximum_empty: 1}
pixels: {short_side: 24}
transform: {train_size: 16, eval_size: 16}
training: {batch_size: 8}
"""
ROTATED = Image.Exif()
ROTATED[0x0112] = 6


def picture(mode="RGB", size=(40, 30)):
    width, height = size
    y, x = np.mgrid[:height, :width]
    rgb = np.stack([5 * x, 8 * y, 255 - 5 * x], axis=-1).clip(0, 255).astype(np.uint8)
    disc = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (height / 3) ** 2
    rgb[disc] = (220, 30, 30)
    image = Image.fromarray(rgb)
    if mode == "I;16":
        return Image.fromarray(np.asarray(image.convert("L"), dtype=np.uint16) * 257)
    if mode in ("LA", "RGBA"):
        image.putalpha(Image.fromarray((255 * (y < height - 4)).astype(np.uint8)))
    return image.convert(mode)


def encoded(form, mode="RGB", size=(40, 30), **options):
    stream = io.BytesIO()
    picture(mode, size).save(stream, form, **options)
    return stream.getvalue()


PNG, JPEG = encoded("PNG"), encoded("JPEG")
GOOD = {
    "class0/plain.png": PNG,
    "class0/cmyk.jpg": encoded("JPEG", "CMYK"),
    "class0/sixteen bit.png": encoded("PNG", "I;16"),
    "class0/palette.png": encoded("PNG", "P"),
    "class0/grey.jpg": encoded("JPEG", "L"),
    "class1/alpha.png": encoded("PNG", "RGBA"),
    "class1/grey alpha.png": encoded("PNG", "LA"),
    "class1/turned.jpg": encoded("JPEG", exif=ROTATED),
    "class1/gif inside.jpg": encoded("GIF", "P"),
    "class1/same.png": PNG,
    "class1/same.jpg": JPEG,
    "class2/same.png": PNG,
    'class2/it\'s "quoted".png': PNG,
    "class2/ünï 名前 😀.png": PNG,
    "class2/new\nline.png": PNG,
    "class2/carriage\rreturn.png": PNG,
    "class3/$(touch hacked); `touch hacked`.png": PNG,
    "class3/{dataset} %s *?[a] \\ & | > x.png": PNG,
    "class3/-rf, comma.png": PNG,
    "class3/black.png": encoded("PNG", "1", (2, 2)),
    "class4/same.png": PNG,
    "class4/same.jpg": JPEG,
    "class5/same.png": PNG,
    "class5/same.jpg": JPEG,
}
ENORMOUS = bytearray(PNG)
ENORMOUS[16:24] = (50_000).to_bytes(4, "big") * 2  # width and height in the header, then its checksum
ENORMOUS[29:33] = zlib.crc32(ENORMOUS[12:29]).to_bytes(4, "big")
BAD = {
    "class0/truncated.png": PNG[:200],
    "class0/truncated.jpg": JPEG[: len(JPEG) // 2],
    "class1/empty.png": b"",
    "class1/text.jpg": b"<html>404</html>",
    "class2/one pixel wide.png": encoded("PNG", size=(1, 30)),
    "class2/enormous.png": bytes(ENORMOUS),
    "class3/missing.png": None,
}
SPLITS = {
    "class0": "train",
    "class1": "train",
    "class2": "val",
    "class3": "test",
    "class4": "val",
    "class5": "test",
}


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """The project after one run through the packing of pixels, over all the files above."""
    project = Project(fresh_copy(tmp_path_factory.mktemp("life") / "project"))
    rows = []
    for path, content in (GOOD | BAD).items():
        file = project.root / "photos" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if content is not None:
            file.write_bytes(content)
        name = path.partition("/")[0]
        rows.append({"path": path, "label": name[-1], "class_name": name, "split": SPLITS[name]})
    write_rows(project.root / "photos" / "index.csv", rows, ["path", "label", "class_name", "split"])
    for folder, size in (("backdrops", (40, 30)), ("unseen", (30, 40))):
        (project.root / folder).mkdir()
        picture(size=size).save(project.root / folder / "0.png")
    (project.root / "life.yaml").write_text(CONFIG)
    done = project.snakemake("data/mine/pixels/layout.csv", config="life.yaml")
    assert done.returncode == 0, done.stdout
    return project.root


def test_what_cannot_be_read_is_on_the_list_and_nothing_else(packed):
    problems = {row["path"]: row["problem"] for row in read_rows(packed / "data/mine/problems.csv")}
    assert set(problems) == set(BAD)
    assert all(problems.values())
    assert "empty" in problems["class1/empty.png"]
    assert "1×30" in problems["class2/one pixel wide.png"]
    assert "million pixels" in problems["class2/enormous.png"]


def test_a_study_that_is_to_leave_nothing_out_is_refused_these_images(packed):
    settings = ("--config", "study=strict", "on_bad_image=fail")
    done = Project(packed).snakemake("results/strict/masks_accepted/mine", *settings, config="life.yaml")
    assert done.returncode == 1
    assert f"{len(BAD)} images are unusable or have no mask" in done.stdout
    assert "rule index_dataset" not in done.stdout, "nothing was made again for another on_bad_image"


def test_every_stage_sees_the_same_pictures(packed):
    store = PixelStore.open(packed / "data/mine/pixels/layout.csv")
    assert set(store.index.paths) == set(GOOD)
    for row, path in enumerate(store.index.paths):
        rgb = read_rgb(packed / "photos" / path)
        mask = read_mask(packed / "data/mine/masks" / f"{path}.png")
        assert mask.shape == rgb.shape[:2], path  # masks were made of the upright picture
        assert (store.rgba(row) == pack_image(rgb, mask, 24)).all(), path


def test_no_mask_is_silently_full(packed):
    rows = {row["path"]: row for row in read_rows(packed / "data/mine/masks.csv")}
    assert set(rows) == set(GOOD)
    assert all(float(row["coverage"]) < 0.99 for row in rows.values())
    for path, row in rows.items():
        mask = read_mask(packed / "data/mine/masks" / f"{path}.png")
        assert (row["empty"] == "1") == (not (mask >= 128).any())


def test_no_name_was_run_as_a_command(packed):
    assert not list(packed.rglob("hacked"))
    assert {path.name for path in packed.iterdir()} <= {
        "Snakefile",
        "config",
        "workflow",
        "profiles",
        "envs",
        "resources",
        "tests",
        "photos",
        "backdrops",
        "unseen",
        "masker.onnx",
        "life.yaml",
        "data",
        "results",
        ".snakemake",
    }
