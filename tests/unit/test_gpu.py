"""What runs on a GPU gives what the CPU gives; without a GPU, on one of paper (``paper_gpu``)."""

import copy
import os
import signal
from functools import partial

import numpy as np
import pytest
import tiny_stores
import torch
from attribute_images import attribute_images
from embed_images import embed_images
from measure_retrieval import configured_search, measure_retrieval
from paper_gpu import PAPER, gpu
from tiny_runs import ARCFACE, LOSS_SETTINGS, RUN, changed, make_layouts, train

from bgbias.attribution import METHODS, Target, attention_score, attribution_maps
from bgbias.attribution.images import black_image, images_and_masks
from bgbias.devices import choose_precision, fetch
from bgbias.errors import StudyError
from bgbias.files import read_rows
from bgbias.input_pipeline import batches, on_gpu
from bgbias.input_pipeline.batches import EvaluationView
from bgbias.input_pipeline.pixels import PixelStore
from bgbias.input_pipeline.preprocessing import Preprocessing
from bgbias.models.embedding_model import build_model
from bgbias.retrieval import nearest
from bgbias.retrieval.embedding import embed
from bgbias.retrieval.feeding import EvaluationFeed, evaluation_view
from bgbias.retrieval.metrics import measure
from bgbias.runs import read_run
from bgbias.training.loop import Training
from bgbias.training.losses import build_loss

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    return [PixelStore.open(path) for path in make_layouts(tmp_path_factory.mktemp("stores"))]


@pytest.fixture
def exact(monkeypatch):
    """Let the CPU make its batches by the GPU's operations, in full precision, so that only the device
    differs."""
    monkeypatch.setattr(on_gpu, "_HALF", {})
    monkeypatch.setattr(batches, "_assemble_on_cpu", partial(on_gpu.assemble, device=CPU))


@pytest.mark.skipif(torch.cuda.is_available(), reason="a real GPU refuses by itself")
def test_a_tensor_that_was_left_on_the_cpu_shows():
    with gpu() as device:
        there = torch.ones(3).to(device)
        assert there.device == PAPER
        assert (there + there).cpu().tolist() == [2, 2, 2]
        with pytest.raises(RuntimeError, match="mixes"):
            there + torch.ones(3)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="a GPU of paper works on nothing meanwhile")
def test_a_result_waits_for_nothing_that_came_later():
    result = fetch(torch.ones(2, device="cuda") + 1)
    torch.cuda._sleep(2**31)  # clock cycles, a second or more
    later = torch.cuda.Event()
    later.record()
    assert result() == [2, 2]
    assert not later.query()


ON_A_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="a GPU of paper has no libraries")


@pytest.mark.parametrize(
    ("device", "compiled"),
    [("cpu", False), *(pytest.param("cuda", compiled, marks=ON_A_GPU) for compiled in (False, True))],
)
def test_every_stage_runs_as_it_does_by_default(device, compiled, tmp_path):
    """In the number format and with the libraries' settings that the tests below keep out of the way."""
    layouts = make_layouts(tmp_path)
    settings = changed(training={"max_epochs": 2, "compile": compiled}, transform={"noise": 0.1})
    train(layouts, tmp_path, settings, device=device)
    model, run = (str(tmp_path / name) for name in ("model.safetensors", "run.yaml"))
    assert read_run(run)["precision"] == str(choose_precision("auto", torch.device(device)))[len("torch.") :]
    embeddings, retrieval = str(tmp_path / "embeddings.npz"), str(tmp_path / "retrieval.csv")
    evaluation = {"seed": 0, "draws": 1, "background_crop": "random"}
    given = {"evaluation": evaluation, "transform": settings["transform"], "device": device}
    embed_images(layouts[0], model, run, layouts[2], embeddings, **given)
    measured = [embeddings, str(layouts[0]), retrieval, str(tmp_path / "queries.csv")]
    measure_retrieval(*measured, run=RUN, ks=[1], seed=0, search_in=configured_search(device))
    attention = [str(tmp_path / name) for name in ("attention.csv", "images.csv", "maps.npz")]
    methods = {"methods": list(METHODS), "images": 3, "copies": 2, "noise": 0.15, "steps": 2, "seed": 0}
    attribute_images(layouts[0], model, run, *attention, run=RUN, settings=methods, size=16, device=device)
    assert [row["protocol"] for row in read_rows(retrieval)] == ["clean", "swapped"]
    assert [row["method"] for row in read_rows(attention[0])] == list(METHODS)


def trained(stores, settings, folder, device):
    settings = copy.deepcopy(settings)
    settings["training"] |= {"max_epochs": 2, "precision": "float32"}
    training = Training(stores[0], settings, 0, *stores[1:], device=device)
    training.run(folder, {})
    return training


# Each loss once, and each optimiser: all that one has of the other are gradients.
@pytest.mark.parametrize(
    ("loss", "optimizer"), [*((name, "rmsprop") for name in LOSS_SETTINGS), ("arcface", "adamw")]
)
def test_training_is_the_cpus(stores, loss, optimizer, tmp_path, exact):
    """To what sums in other order make of each other in ten steps."""
    settings = changed(training={"optimizer": optimizer}, transform={"noise": 0.1})
    settings["loss"] = LOSS_SETTINGS[loss]
    expected = trained(stores, settings, tmp_path / "cpu", CPU)
    with gpu() as device:
        found = trained(stores, settings, tmp_path / "gpu", device)
        assert next(found.model.parameters()).device == device
    for one, other in zip(found.progress.history, expected.progress.history, strict=True):
        assert one["loss"] == pytest.approx(other["loss"], rel=0.02)
        assert one["map_at_r"] == pytest.approx(other["map_at_r"], abs=0.05)


@pytest.mark.filterwarnings("ignore:.*to a meta parameter")  # not a no-op on paper
def test_a_training_goes_on_where_it_was(stores, tmp_path, monkeypatch):
    settings = changed(loss=ARCFACE)

    def stopped_after(self, score, close=Training._close_epoch):
        close(self, score)
        os.kill(os.getpid(), signal.SIGTERM)

    with gpu() as device:
        with monkeypatch.context() as patched:
            patched.setattr(Training, "_close_epoch", stopped_after)
            with pytest.raises(StudyError, match="in epoch 2 after step 5"):
                trained(stores, settings, tmp_path / "in two", device)
        resumed = trained(stores, settings, tmp_path / "in two", device)
        whole = trained(stores, settings, tmp_path / "at once", device)
    losses = [[epoch["loss"] for epoch in run.progress.history] for run in (resumed, whole)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    assert len(losses[0]) == 2


def test_compressed_stores_make_the_same_batches(stores, tmp_path):
    compressed = [tiny_stores.compressed_copy(stores[i], tmp_path / f"{i}") for i in (0, 2)]
    view, rows = EvaluationView(20), np.array([3, 1, 5])
    with gpu() as device:
        given = {"seed": 0, "draw": 1, "view": view, "preprocessing": Preprocessing(), "device": device}
        expected = batches.evaluation_batch(stores[0], rows, stores[2], **given).cpu()
        for backgrounds in (stores[2], compressed[1]):
            made = batches.evaluation_batch(compressed[0], rows, backgrounds, **given).cpu()
            assert torch.equal(made, expected)


def test_embedding_and_search_are_the_cpus(stores, exact):
    store, _, backgrounds = stores
    rows, settings = store.index.rows("train"), changed()
    model, preprocessing = build_model("small_cnn", settings["backbone"], 8, seed=0)

    def found(device, search_in):
        view = evaluation_view(settings["transform"], "random")
        given = {"seed": 0, "device": device, "batch_size": 40}
        feed = EvaluationFeed(store, rows, backgrounds, view, preprocessing, **given)
        embeddings = embed(copy.deepcopy(model).to(device), feed.batches("swapped", 1))
        return embeddings, measure(embeddings, store.index.labels[rows], search_in=search_in)

    embeddings, scores = found(CPU, nearest.on_cpu)
    with gpu() as device:
        there, scores_there = found(device, partial(nearest.on_device, device=device))
    np.testing.assert_allclose(there, embeddings, atol=1e-4)
    assert scores_there["map_at_r"] == pytest.approx(scores["map_at_r"], abs=1e-3)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("backbone", ["small_cnn", "bninception"])
def test_attribution_is_the_cpus(backbone, method, tmp_path):
    size = {"small_cnn": 24, "bninception": 96}[backbone]
    store = PixelStore.open(tiny_stores.write_images(tmp_path, {"test": 2}, size=size))
    widths = {"widths": [8, 16]} if backbone == "small_cnn" else {}
    model, preprocessing = build_model(backbone, {"weights": None, **widths}, 8, seed=0)
    loss = build_loss(LOSS_SETTINGS["triplet"], 2, 8, 0)
    rows = store.index.rows("test")[:3]
    settings = {"copies": 3, "noise": 0.15, "seed": 0, "batch_size": 4, "steps": 4}

    def found(device):
        black = black_image(size, preprocessing, device)
        target = Target(copy.deepcopy(model).to(device).eval(), loss.distance.to(device), black)
        images, masks = images_and_masks(store, rows, size, preprocessing, device)
        maps = attribution_maps(method, target, images, rows.tolist(), settings)
        return maps.cpu(), attention_score(maps, masks).cpu()

    maps, scores = found(CPU)
    with gpu() as device:
        maps_there, scores_there = found(device)
    assert maps_there.isfinite().all()
    # One pixel in a thousand: rounding is magnified where random weights leave an image next to black.
    assert (maps_there - maps).abs().mean() < 0.005
    torch.testing.assert_close(scores_there, scores, rtol=0, atol=0.01)
