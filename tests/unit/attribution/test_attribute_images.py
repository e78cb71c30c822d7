"""The attribution job on a small packed store and a small model, end to end without Snakemake."""

import shutil

import numpy as np
import pytest
import torch
import yaml
from attribute_images import KEPT_MAPS, attribute_images
from fresh_copy import ROOT
from PIL import Image
from pytorch_metric_learning.distances import CosineSimilarity, LpDistance
from tiny_runs import ARCFACE

from bgbias.attribution import Target, attention_score, attribution_maps
from bgbias.attribution.images import black_image, chosen_rows, images_and_masks
from bgbias.attribution.tables import image_rows, method_rows
from bgbias.errors import StudyError
from bgbias.files import read_rows
from bgbias.input_pipeline.batches import EvaluationView, evaluation_batch
from bgbias.input_pipeline.packing import write_store
from bgbias.input_pipeline.pixels import PixelStore
from bgbias.models.embedding_model import build_model, save_model
from bgbias.runs import read_run, write_run

RUN = {"dataset": "d", "backbone": "small_cnn", "loss": "triplet", "variant": "base", "seed": 0}
SETTINGS = {"methods": ["study", "gradcam"], "images": 5, "seed": 0} | {
    "copies": 3,
    "noise": 0.15,
}
BATCH_SIZE = 2
SIZE = 32


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A store of 12 test and 4 training images, and an untrained model."""
    folder, rng = tmp_path_factory.mktemp("attribution"), np.random.default_rng(0)
    images = []
    for row in range(16):
        rgba = rng.integers(0, 256, (36 + row, 40, 4), dtype=np.uint8)
        split = "train" if row < 4 else "test"
        images.append(
            (rgba, {"path": f"{row}.png", "label": row // 2, "class_name": row // 2, "split": split})
        )
    write_store(folder / "rgba.bin", folder / "layout.csv", images, ["path", "label", "class_name", "split"])
    backbone = {"model": "small_cnn", "weights": None, "widths": [8, 16]}
    save_model(folder / "model.safetensors", build_model("small_cnn", backbone, 8, seed=0)[0])
    settings = {"model": {"backbone": backbone, "embedding_size": 8}, "loss": {
        "type": "triplet", "images_per_class": 2, "margin": 0.1}}  # fmt: skip
    write_run(folder / "run.yaml", {**RUN, "settings": settings, "n_classes": 2})
    return folder


def run_script(folder, out, labels=None, **changes):
    inputs = [folder / name for name in ("layout.csv", "model.safetensors", "run.yaml")]
    attention, images, maps = outputs = [out / name for name in ("attention.csv", "images.csv", "maps.npz")]
    settings = SETTINGS | changes
    attribute_images(
        *inputs,
        *outputs,
        run=RUN,
        settings=settings,
        size=SIZE,
        device="cpu",
        labels=labels,
        batch_size=BATCH_SIZE,
    )
    return read_rows(attention), read_rows(images), dict(np.load(maps))


def test_tables_and_maps(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("attribute_images.KEPT_MAPS", 3)
    per_run, per_image, maps = run_script(folder, tmp_path)
    assert list(per_run[0]) == [*RUN, "method", "mean", "sd", "n"]
    assert [row["method"] for row in per_run] == SETTINGS["methods"]
    for row in per_run:
        scores = [float(image["score"]) for image in per_image if image["method"] == row["method"]]
        assert len(scores) == int(row["n"]) == 5
        assert float(row["mean"]) == pytest.approx(np.mean(scores))
        assert float(row["sd"]) == pytest.approx(np.std(scores))  # over the images: numpy's population sd
    assert all(image["path"] == f"{image['row']}.png" for image in per_image)
    assert maps["study"].shape == (3, SIZE, SIZE)
    assert maps["study"].dtype == np.uint8
    assert maps["masks"].shape == maps["study"].shape
    assert maps["rows"].tolist() == [int(image["row"]) for image in per_image[:3]]


def test_as_many_maps_are_kept_as_the_figure_may_show():
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    assert schema["properties"]["publish"]["properties"]["panels"]["maximum"] == KEPT_MAPS


def by_the_library(folder, per_image, distance, labels=None):
    """Scores and maps of the images of ``per_image``, taken one by one."""
    store = PixelStore.open(folder / "layout.csv")
    model, preprocessing = build_model("small_cnn", {"weights": None, "widths": [8, 16]}, 8, seed=0)
    target = Target(model.eval(), distance, black_image(SIZE, preprocessing, "cpu"))
    scores, maps = [], []
    for row in (int(image["row"]) for image in per_image):
        images, masks = images_and_masks(store, np.array([row]), SIZE, preprocessing, "cpu", labels)
        maps.append(attribution_maps("study", target, images, [row], SETTINGS | {"batch_size": BATCH_SIZE}))
        scores.append(attention_score(maps[-1], masks).item())
    return scores, torch.cat(maps).numpy()


def scores_of(per_image):
    return [float(image["score"]) for image in per_image]


def test_scores_are_those_of_the_library(folder, tmp_path):
    _, per_image, maps = run_script(folder, tmp_path, methods=["study"])
    scores, expected = by_the_library(folder, per_image, LpDistance())
    assert scores_of(per_image) == pytest.approx(scores, abs=1e-5)
    assert maps["study"] == pytest.approx(255 * expected, abs=0.6)


def test_the_distance_is_that_of_the_losss_own(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    run = read_run(folder / "run.yaml")
    write_run(copy / "run.yaml", run | {"settings": run["settings"] | {"loss": ARCFACE}})
    _, per_image, _ = run_script(copy, tmp_path, methods=["study"])
    scores, _ = by_the_library(copy, per_image, CosineSimilarity())
    assert scores_of(per_image) == pytest.approx(scores, abs=1e-5)


def test_hand_labels_replace_the_masks(folder, tmp_path):
    copy, rng = shutil.copytree(folder, tmp_path / "copy"), np.random.default_rng(1)
    lines = (folder / "layout.csv").read_text().splitlines()
    named = [f"{line},{number}.png" for number, line in enumerate(lines[1:])]
    (copy / "layout.csv").write_text("\n".join([f"{lines[0]},mask", *named]) + "\n")
    for row in range(16):
        Image.fromarray(rng.integers(0, 256, (36 + row, 40), dtype=np.uint8)).save(copy / f"{row}.png")
    _, per_image, maps = run_script(copy, tmp_path, labels=copy, methods=["study"])
    # Kept for the figure, which shows what was scored.
    _, preprocessing = build_model("small_cnn", {"weights": None}, 8, seed=0)
    store = PixelStore.open(copy / "layout.csv")
    _, labels = images_and_masks(store, maps["rows"], SIZE, preprocessing, "cpu", copy)
    assert (maps["masks"] == (labels * 255).round().byte().numpy()).all()
    by_labels, by_masks = (by_the_library(copy, per_image, LpDistance(), of)[0] for of in (copy, None))
    assert scores_of(per_image) == pytest.approx(by_labels, abs=1e-5)
    assert by_labels != pytest.approx(by_masks, abs=1e-2)


def test_images_are_chosen_by_the_seed_of_the_attribution(folder, tmp_path):
    _, per_image, _ = run_script(folder, tmp_path, methods=["saliency"], seed=9)
    assert [int(image["row"]) for image in per_image] == chosen_rows(np.arange(4, 16), 5, 9).tolist()


def test_images_are_the_evaluation_batch_and_masks_their_crop(folder):
    store, rows = PixelStore.open(folder / "layout.csv"), np.array([5, 9])
    _, preprocessing = build_model("small_cnn", {"weights": None}, 8, seed=0)
    images, masks = images_and_masks(store, rows, SIZE, preprocessing, "cpu")
    view = EvaluationView(size=SIZE)
    batch = evaluation_batch(store, rows, None, seed=0, draw=0, view=view, preprocessing=preprocessing)
    torch.testing.assert_close(images, batch)  # float rounding apart
    height = store.sizes[5, 0]
    top = round((height - SIZE) / 2)
    assert torch.equal(masks[0] * 255, torch.tensor(store.rgba(5)[top : top + SIZE, 4 : 4 + SIZE, 3]).float())


def test_rows_depend_on_the_seed_only():
    rows = np.arange(50, 90)
    assert (chosen_rows(rows, 5, 0) == chosen_rows(rows, 10, 0)[:5]).all()  # more images keep the first ones
    assert (chosen_rows(rows, 5, 0) != chosen_rows(rows, 5, 1)).any()
    assert sorted(chosen_rows(rows, None, 0)) == rows.tolist()


def test_all_images(folder, tmp_path):
    per_run, per_image, _ = run_script(folder, tmp_path, images=None, methods=["saliency"])
    assert per_run[0]["n"] == "12"
    assert sorted({int(image["row"]) for image in per_image}) == list(range(4, 16))


def test_undefined_scores_are_empty_and_left_out():
    scores = {"study": np.array([0.2, np.nan, 0.4])}
    found = image_rows(scores, np.array([1, 0, 2]), "abc")
    assert [(row["row"], row["path"], row["score"]) for row in found] == [
        (1, "b", 0.2),
        (0, "a", ""),
        (2, "c", 0.4),
    ]
    (row,) = method_rows(scores)
    assert (row["mean"], row["sd"], row["n"]) == (pytest.approx(0.3), pytest.approx(0.1), 2)
    # Grad-CAM may find nothing positive in any image: no reason to lose what the others found.
    row = method_rows({"study": np.array([0.2]), "gradcam": np.array([np.nan])})[1]
    assert (row["mean"], row["sd"], row["n"]) == ("", "", 0)
    with pytest.raises(StudyError, match="No image has a defined attention score"):
        method_rows({"study": np.array([np.nan])})
