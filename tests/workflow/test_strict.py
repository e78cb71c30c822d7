"""The strict protocol on placed weights, run to the attention scores of one model."""

import pytest
import torch
import yaml
from PIL import Image

from bgbias.downloads.checksums import file_digest
from bgbias.files import read_rows
from bgbias.models.backbones import build_backbone
from bgbias.runs import read_run

pytestmark = pytest.mark.slow

STRICT = """
study: strict
protocol: strict
device: cpu
grid: {dataset: [tiny_cars], backbone: [squeezenet1_1], loss: [triplet], variant: [bgaugment]}
datasets:
  tiny_cars: {source: demo_world, world: cars, rho: 0.5, classes: 12, images_per_class: 4, size: 64, seed: 1}
background_set: mine
backgrounds: {mine: {source: folders, train: photos, validation: photos, test: unseen}}
masker: {shards: 1}
mask_quality: {minimum_iou: 0, maximum_empty: 1}
pixels: {short_side: 48}
transform: {train_size: 40, eval_size: 40}
training: {batch_size: 6, iterations_per_epoch: 1, max_epochs: 1}
losses: {triplet: {images_per_class: 2}}
attribution: {methods: [study], images: 2, copies: 2}
backbones: {squeezenet1_1: {weights: imagenet}}
"""
ATTENTION = "results/strict/tiny_cars/squeezenet1_1/triplet/bgaugment/seed0/attention.csv"


def place_weights(project):
    """Random weights in the place of the published ones, and their checksum in the list of sources."""
    path = project.root / "data/weights/squeezenet1_1-b8a52dc0.pth"
    path.parent.mkdir(parents=True)
    torch.save(build_backbone("squeezenet1_1", {}, seed=7).module.state_dict(), path)
    sources = project.root / "resources/sources.yaml"
    listed = yaml.safe_load(sources.read_text())
    checksum = file_digest(path)[:8]
    listed["weights"]["squeezenet1_1"] |= {"sha256": checksum, "urls": ["http://127.0.0.1:9/x"]}
    sources.write_text(yaml.safe_dump(listed, default_style='"'))
    return checksum


def test_placed_weights_and_the_strict_protocol(project):
    checksum = place_weights(project)
    for folder in ("photos", "unseen"):
        (project.root / folder).mkdir()
    for number in range(4):
        Image.new("RGB", (60, 50), (60 * number, 80, 90)).save(project.root / f"photos/{number}.png")
    Image.new("RGB", (60, 50), (1, 2, 3)).save(project.root / "unseen/0.png")
    (project.root / "strict.yaml").write_text(STRICT)
    done = project.snakemake(ATTENTION, "--quiet", "rules", config="strict.yaml")
    assert done.returncode == 0, done.stdout

    halves = [
        read_rows(project.root / f"data/backgrounds/mine/{role}_half/layout.csv")
        for role in ("train", "validation")
    ]
    assert [[row["path"] for row in rows] for rows in halves] == [["0.png", "2.png"], ["1.png", "3.png"]]
    run = read_run((project.root / ATTENTION).with_name("run.yaml"))
    assert run["settings"]["variant"] == {"probability": 1.0, "selection": "swapped"}
    assert run["settings"]["model"]["backbone"]["weights"] == "data/weights/squeezenet1_1-b8a52dc0.pth"

    # Nothing is trained again for another way to the same file.
    project.edit_code("workflow/scripts/bgbias/downloads/fetching.py")
    project.edit("resources/sources.yaml", "http://127.0.0.1:9/x", "http://127.0.0.1:9/mirror")
    assert project.planned(ATTENTION, config="strict.yaml") == {}
    project.edit("resources/sources.yaml", checksum, "0123abcd")
    planned = project.planned(ATTENTION, config="strict.yaml")
    assert planned == {"download_weights": 1, "train_model": 1, "attribute_images": 1}
