"""A photograph more, or a changed one, costs one mask: those of all others are kept."""

import shutil

import pytest
from PIL import Image

pytestmark = pytest.mark.slow

CONFIG = """
study: mine
device: cpu
background_set: offices
grid: {dataset: [mine], loss: []}
frozen: [small_cnn]
datasets: {mine: {source: folders, root: mine, test_only: true}}
backgrounds: {offices: {source: folders, test: unseen}}
masker: {shards: 2, weights: mine.onnx}
"""
TABLE = "data/mine/masks.csv"


def photograph(project, name, grey):
    path = project.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (50, 40), (grey, 90, 20)).save(path)


def made(project):
    """Run to the table of the masks; the table, and when each mask was written."""
    done = project.snakemake(TABLE, config="mine.yaml")
    assert done.returncode == 0, done.stdout
    folder = project.root / "data/mine/masks"
    written = {path.relative_to(folder).as_posix(): path.stat().st_mtime_ns for path in folder.rglob("*.png")}
    return (project.root / TABLE).read_text(), written


def test_only_the_masks_of_new_and_changed_images_are_made(project):
    (project.root / "mine.yaml").write_text(CONFIG)
    shutil.copy(project.root / "masker.onnx", project.root / "mine.onnx")
    for number, name in enumerate(("a/1.png", "a/2.png", "b/1.png", "b/2.png")):
        photograph(project, f"mine/{name}", 20 * number)
    photograph(project, "unseen/1.png", 90)
    table, before = made(project)
    photograph(project, "mine/a/0.png", 200)  # before all others, which so change shards
    photograph(project, "mine/b/2.png", 220)
    _, after = made(project)
    assert {name for name in after if after[name] != before.get(name)} == {"a/0.png.png", "b/2.png.png"}
    logs = [(project.root / f"data/mine/logs/mask_images_{shard}.log").read_text() for shard in (0, 1)]
    assert "1 of 3 masks already exist" in logs[0]
    assert "2 of 2 masks already exist" in logs[1]

    (project.root / "mine/a/0.png").unlink()
    photograph(project, "mine/b/2.png", 60)
    assert made(project)[0] == table
