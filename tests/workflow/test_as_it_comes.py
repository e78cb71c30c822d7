"""Models of one's own on a catalogue of one's own, with nothing trained: the README's second example."""

import os
import re

import numpy as np
import pytest
import torch
from PIL import Image

from bgbias.files import read_rows
from bgbias.models.backbones import build_backbone

pytestmark = pytest.mark.slow

CONFIG = """
study: mine
device: cpu
background_set: offices
grid: {dataset: [catalogue], loss: []}
frozen: [mine, exported]
datasets: {catalogue: {source: folders, root: catalogue, masks: masks, test_only: true, distractors: true}}
backgrounds: {offices: {source: folders, test: unseen}}
backbones:
  mine: {model: small_cnn, widths: [8, 16], weights: mine.pth}
  exported: {model: mine.pt2, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5]}
masker: {shards: 1}
pixels: {short_side: 32, squash: true}
transform: {eval_size: 32}
evaluation: {draws: 2, one_sided: [queries]}
attribution: {methods: [study], images: 2, copies: 2}
"""
# The same network once more, in a form without gradients.
WITHOUT_ATTRIBUTION = (
    CONFIG.replace("study: mine", "study: unattributed")
    .replace("exported", "onnx")
    .replace("mine.pt2", "mine.onnx")
    .replace("methods: [study]", "methods: []")
)
CLASSES, IMAGES = 2, 3  # too few classes for three splits, enough for a test


def picture(seed):
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((50, 40))


def test_every_image_is_a_query_and_the_report_is_made(project):
    for label in range(CLASSES + 1):
        (project.root / f"catalogue/class{label}").mkdir(parents=True)
        for image in range(IMAGES if label < CLASSES else 1):  # one product of one photo
            picture(IMAGES * label + image).save(project.root / f"catalogue/class{label}/{image}.png")
            mask = project.root / f"masks/class{label}/{image}.png"
            mask.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.pad(np.full((20, 25), 255, np.uint8), ((9, 11), (12, 13)))).save(mask)
    (project.root / "unseen").mkdir()
    picture(99).save(project.root / "unseen/office.png")
    network = build_backbone("small_cnn", {"widths": [8, 16]}, seed=7).module.eval()
    torch.save(network.state_dict(), project.root / "mine.pth")
    program = torch.export.export(
        network, (torch.rand(2, 3, 32, 32),), dynamic_shapes=({0: torch.export.Dim.DYNAMIC},)
    )
    torch.export.save(program, project.root / "mine.pt2")
    torch.onnx.export(
        network,
        (torch.rand(2, 3, 32, 32),),
        project.root / "mine.onnx",
        dynamo=False,
        input_names=["images"],
        dynamic_axes={"images": {0: "batch"}},
    )
    (project.root / "mine.yaml").write_text(CONFIG)
    (project.root / "unattributed.yaml").write_text(WITHOUT_ATTRIBUTION)

    done = project.snakemake(config="mine.yaml")
    assert done.returncode == 0, done.stdout
    packed = read_rows(project.root / "data/catalogue/pixels/layout.csv")
    assert {(row["height"], row["width"]) for row in packed} == {("32", "32")}, "whole pictures, of 40 x 50"
    measured = read_rows(project.root / "results/mine/retrieval.csv")
    protocols = ["clean", "swapped", "swapped", "swapped_queries", "swapped_queries"]
    assert [(row["backbone"], row["loss"], row["protocol"]) for row in measured] == [
        (backbone, "frozen", protocol) for backbone in ("mine", "exported") for protocol in protocols
    ]
    # It is one network, once as weights and once as a program.
    assert [row["map_at_r"] for row in measured[:5]] == [row["map_at_r"] for row in measured[5:]]
    scores = [float(row["mean"]) for row in read_rows(project.root / "results/mine/attention.csv")]
    assert scores[0] == pytest.approx(scores[1], abs=1e-4)
    assert {row["n_queries"] for row in measured} == {str(CLASSES * IMAGES)}
    page = (project.root / "results/mine/report.html").read_text()
    assert "Mine (as is)" in page
    assert "With swapped queries, the searched images keep theirs." in page
    assert "With swapped gallery" not in page
    settings = re.findall(r"<dt>([\w.]+)</dt>", page.partition('id="settings"')[2].replace("<wbr>", ""))
    assert {"grid.dataset", "grid.seed", "frozen", "transform.eval_size", "publish.gallery_queries"} <= set(
        settings
    )
    of_trainings = (
        "grid.backbone grid.loss grid.variant backbones.small_cnn embedding_size losses training variants"
    )
    assert not [key for key in settings if key.startswith((*of_trainings.split(), "publish.loss"))]
    assert project.planned(config="mine.yaml") == {}
    # Both are shown side by side.
    assert len(list((project.root / "results/mine").rglob("matches.csv"))) == 2
    # Of a variant nothing is needed, although it would now be chosen on swapped validation images.
    assert "train_model" not in project.planned(
        "--forceall", "--config", "protocol=strict", config="mine.yaml"
    )
    # Before any mask: the two models come first among what can be made at once.
    first = re.findall(r"^(?:local)?rule (\w+):", done.stdout, flags=re.M)
    assert first[:2] == ["save_frozen_model"] * 2
    assert not (project.root / "results/mine/figures/training_curves.png").exists()

    # As after cp -p: Snakemake's own look at dates does not see it.
    for name in ("mine.pth", "mine.pt2"):
        file = project.root / name
        content = file.read_bytes()
        file.write_bytes(content + b"\0")
        os.utime(file, (0, 0))
        planned = project.planned(config="mine.yaml")
        assert [planned[rule] for rule in ("save_frozen_model", "embed_images", "attribute_images")] == [
            1,
            1,
            1,
        ]
        file.write_bytes(content)
        os.utime(file, (0, 0))

    done = project.snakemake(config="unattributed.yaml")
    assert done.returncode == 0, done.stdout
    assert project.planned(config="unattributed.yaml") == {}
    results = project.root / "results/unattributed"
    found = [row["map_at_r"] for row in read_rows(results / "retrieval.csv")]
    assert found[5:] == found[:5] == [row["map_at_r"] for row in measured[:5]]
    assert not [path for path in results.rglob("*") if re.search("attention|attribution", path.name)]
    page = (results / "report.html").read_text()
    assert "Onnx (as is)" in page
    assert 'id="attention"' not in page
    file = project.root / "mine.onnx"
    content = file.read_bytes()
    file.write_bytes(content + b"\0")
    os.utime(file, (0, 0))
    planned = project.planned(config="unattributed.yaml")
    assert [planned[rule] for rule in ("save_frozen_model", "embed_images")] == [1, 1]
    assert "attribute_images" not in planned
