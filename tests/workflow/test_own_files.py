"""What the user adds or changes in folders and files that no rule makes is noticed by the next command."""

import os
import shutil

import pytest
from PIL import Image

pytestmark = pytest.mark.slow

CONFIG = """
study: mine
device: cpu
background_set: offices
grid: {dataset: [catalogue, plain], loss: []}
frozen: [small_cnn]
datasets:
  catalogue: {source: folders, root: catalogue, test_only: true, masks: ready}
  plain: {source: folders, root: plain, test_only: true}
backgrounds: {offices: {source: folders, test: unseen}}
masker: {shards: 1, weights: mine.onnx}
"""
MADE = (
    "data/catalogue/masks.csv",
    "data/plain/masks.csv",
    "data/backgrounds/offices/test/layout.csv",
)


def picture(path, mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, (50, 40), 200 if mode == "L" else (200, 90, 20)).save(path)


def test_what_the_user_adds_or_changes_is_noticed(project):
    for name in ("a/0", "a/1", "b/0", "b/1"):
        picture(project.root / f"catalogue/{name}.png")
        picture(project.root / f"plain/{name}.png")
        picture(project.root / f"ready/{name}.png", "L")
    picture(project.root / "unseen/0.png")
    shutil.copy(project.root / "masker.onnx", project.root / "mine.onnx")
    (project.root / "mine.yaml").write_text(CONFIG)
    done = project.snakemake(*MADE, config="mine.yaml")
    assert done.returncode == 0, done.stdout
    assert project.planned(*MADE, config="mine.yaml") == {}

    picture(project.root / "unseen/1.png")
    with open(project.root / "ready/a/0.png", "ab") as mask:
        mask.write(b"longer")
    assert project.planned(*MADE, config="mine.yaml") == {
        "pack_backgrounds": 1, "mask_images": 1, "merge_masks": 1,
    }  # fmt: skip
    with open(project.root / "mine.onnx", "ab") as network:
        network.write(b"another")
    picture(project.root / "catalogue/b/2.png")
    planned = project.planned(*MADE, config="mine.yaml")
    assert planned == {"pack_backgrounds": 1, "mask_images": 2, "merge_masks": 2, "index_dataset": 1}


def test_contents_count_and_dates_do_not(project):
    for name in ("a/0", "a/1", "b/0", "b/1"):
        picture(project.root / f"plain/{name}.png")
    picture(project.root / "unseen/0.png")
    lines = ["path,label,class_name", "a/0.png,0,a", "a/1.png,0,a", "b/0.png,1,b", "b/1.png,1,b"]
    index, network = project.root / "plain/index.csv", project.root / "mine.onnx"
    index.write_text("\n".join(lines) + "\n")
    shutil.copy(project.root / "masker.onnx", network)
    config = CONFIG.replace("[catalogue, plain]", "[plain]")
    (project.root / "mine.yaml").write_text(
        config.replace("plain: {source: folders", "plain: {source: index")
    )
    target = "data/plain/masks.csv"
    done = project.snakemake(target, config="mine.yaml")
    assert done.returncode == 0, done.stdout
    for path in (index, network):
        path.touch()
    assert project.planned(target, config="mine.yaml") == {}
    # Replaced by files that are older, as cp -p and unzip leave them.
    lines[1:] = [f"{line},x" for line in lines[1:]]
    index.write_text("\n".join([f"{lines[0]},group", *lines[1:]]) + "\n")
    os.utime(index, (0, 0))
    planned = project.planned(target, config="mine.yaml")
    assert planned == {"index_dataset": 1, "mask_images": 1, "merge_masks": 1}
    done = project.snakemake(target, config="mine.yaml")
    assert done.returncode == 0, done.stdout
    with open(network, "ab") as stream:
        stream.write(b"another")
    os.utime(network, (0, 0))
    assert project.planned(target, config="mine.yaml") == {"mask_images": 1, "merge_masks": 1}
