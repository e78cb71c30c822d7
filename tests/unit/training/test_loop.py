"""Training: what is drawn, what is updated, which epoch is kept, and that an interruption changes nothing."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import train_model
import yaml
from tiny_runs import ARCFACE, LOSS_SETTINGS, RUN, SETTINGS, changed, same, train
from torch import nn

from bgbias.errors import StudyError
from bgbias.files import read_rows
from bgbias.index import COLUMNS
from bgbias.input_pipeline.batches import evaluation_batch
from bgbias.input_pipeline.packing import background_row, write_store
from bgbias.input_pipeline.pixels import PixelStore
from bgbias.models.embedding_model import EmbeddingModel
from bgbias.retrieval.collapse import mean_similarity
from bgbias.retrieval.embedding import embed
from bgbias.retrieval.feeding import evaluation_view
from bgbias.retrieval.metrics import measure
from bgbias.training import feeding, loop, validation
from bgbias.training.progress import Progress
from bgbias.training.stopping import Stop


def write_classes(folder, classes, picture) -> PixelStore:
    """A store of ``classes``, pairs of split and number of images, that ``picture`` (row) gives in order."""
    rows = []
    for label, (split, count) in enumerate(classes):
        for image in range(count):
            row = {"path": f"{label}/{image}", "label": 10 * label, "class_name": f"{label}", "split": split}
            rows.append((picture(len(rows)), row))
    write_store(folder / "rgba.bin", folder / "layout.csv", rows, COLUMNS)
    return PixelStore.open(folder / "layout.csv")


def test_a_training_sees_images_of_the_training_split_with_their_labels(tmp_path, monkeypatch):
    """Images of one grey each, 6 · row; the splits lie mixed in the store."""
    seen = set()

    def step(self, images, labels):
        greys = (images.mean((1, 2, 3)) + 1) / 2 * 255  # small_cnn's images lie in −1 to 1
        seen.update(zip((greys / 6).round().int().tolist(), labels.tolist(), strict=True))
        return lambda: [0.0, 0.0]

    monkeypatch.setattr(loop.Training, "step", step)
    splits = ["test", "train", "val", "train", "train", "val", "train", "test"]
    store = write_classes(
        tmp_path, [(split, 4) for split in splits], lambda row: np.full((24, 24, 4), 6 * row, np.uint8)
    )
    settings = changed(variant={"probability": 0.0, "selection": "clean"})
    loop.Training(store, settings, 0).train_epoch(Stop())
    classes = [1, 3, 4, 6]  # those of the training split, four rows each
    assert seen == {(4 * place + image, label) for label, place in enumerate(classes) for image in range(4)}


def test_every_step_of_a_training_draws_anew_and_so_does_another_seed(layouts, tmp_path, monkeypatch):
    real, asked = feeding.training_batches, []

    def spy(store, rows, backgrounds, **given):
        asked.append((given["seed"], *given["steps"], given["probability"], rows.tobytes()))
        return real(store, rows, backgrounds, **given)

    monkeypatch.setattr(feeding, "training_batches", spy)
    for seed in (0, 1):
        settings = changed(training={"max_epochs": 2}, variant={"probability": 0.4})
        train(layouts, tmp_path / str(seed), settings, RUN | {"seed": seed})
    assert sorted(place[:3] for place in asked) == [
        (seed, step, 0.4) for seed in (0, 1) for step in range(10)
    ]
    assert len({rows for *_, rows in asked}) == 20, "no two steps see the same images"


def test_training_and_validation_have_the_backgrounds_of_their_own(layouts, tmp_path, monkeypatch):
    """Black ones in training, white ones in validation: −1 and 1, as hardly a pixel of an object is."""
    for name, value in (("black", 0), ("white", 255)):
        plain = [(np.full((24, 24, 4), value, np.uint8), background_row("0.png"))]
        (tmp_path / name).mkdir()
        write_store(tmp_path / name / "rgba.bin", tmp_path / name / "layout.csv", plain, COLUMNS)
    seen, real = {True: [], False: []}, EmbeddingModel.forward

    def forward(self, images):
        seen[self.training].append(
            [(value * images > 0.999).float().mean().item() > 0.1 for value in (-1, 1)]
        )
        return real(self, images)

    monkeypatch.setattr(EmbeddingModel, "forward", forward)
    backgrounds = [tmp_path / name / "layout.csv" for name in ("black", "white")]
    train([layouts[0], *backgrounds], tmp_path, changed(training={"max_epochs": 1}))
    assert seen[True] == [[True, False]] * 5
    assert seen[False][-1] == [False, True]


def test_dropout_is_drawn_anew_in_every_step_and_by_another_seed(stores, monkeypatch):
    seeds = []
    monkeypatch.setattr(loop, "seed_generators", lambda seed, device: seeds.append(seed))
    for seed in (0, 1):
        loop.Training(stores[0], SETTINGS, seed, *stores[1:]).train_epoch(Stop())
    assert len(set(seeds)) == len(seeds) == 10


def test_the_loss_weights_have_their_own_learning_rate(stores):
    """Adam's first step moves every weight by its learning rate, whatever the gradient."""
    settings = changed(loss=ARCFACE, training={"optimizer": "adam", "weight_decay": 0.0})
    settings["loss"] = ARCFACE
    trained = loop.Training(stores[0], settings, 0, *stores[1:])
    assert trained.loss.W.shape == (8, 16)  # a column for each class of the training split
    head, weights = trained.model.head.weight.detach().clone(), trained.loss.W.detach().clone()
    images = torch.randn(16, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    trained.step(images, torch.arange(16))
    assert (trained.loss.W - weights).abs().median().item() == pytest.approx(0.05, rel=1e-3)
    assert (trained.model.head.weight - head).abs().median().item() == pytest.approx(1e-3, rel=1e-3)


def test_another_seed_begins_with_other_weights_of_model_and_loss(stores):
    settings = SETTINGS | {"loss": ARCFACE}
    one, other = (loop.Training(stores[0], settings, seed, *stores[1:]) for seed in (0, 1))
    assert not torch.equal(one.model.head.weight, other.model.head.weight)
    assert not torch.equal(one.loss.W, other.loss.W)


def test_the_optimiser_has_the_settings_of_the_configuration(stores):
    options = {"optimizer": "adamw", "weight_decay": 0.25, "momentum": 0.5, "learning_rate": 0.125}
    optimiser = loop.Training(stores[0], changed(training=options), 0, *stores[1:]).optimiser
    assert (optimiser.name, optimiser.weight_decay, optimiser.momentum) == ("adamw", 0.25, 0.5)
    assert optimiser._groups[0][0] == 0.125


def one_step(stores, settings=SETTINGS):
    """A training after its first step, of eight random images."""
    trained = loop.Training(stores[0], settings, 0, *stores[1:])
    trained.set_training_mode()
    trained.step(torch.randn(8, 3, 16, 16), torch.arange(8) // 4)
    return trained


def test_gradients_of_one_step_are_gone_in_the_next(stores):
    assert all(parameter.grad is None for parameter in one_step(stores).model.parameters())


def test_a_step_goes_through_the_compiled_model(stores, monkeypatch):
    called = []
    monkeypatch.setattr(torch, "compile", lambda model: lambda of: called.append(len(of)) or model(of))
    one_step(stores, changed(training={"compile": True}))
    assert called == [8]


def test_the_loss_in_the_history_is_the_mean_over_the_steps_of_its_epoch(layouts, tmp_path, monkeypatch):
    def step(self, images, labels):
        loss = float(self.progress.step)
        return lambda: [loss, 0.0]

    monkeypatch.setattr(loop.Training, "step", step)
    train(layouts, tmp_path, changed(training={"max_epochs": 2, "iterations_per_epoch": 5}))
    assert [float(row["loss"]) for row in read_rows(tmp_path / "history.csv")] == [2, 7]  # 0 to 4, 5 to 9


def test_frozen_batchnorm_keeps_statistics_and_trains_weights_at_227_pixels(stores):
    settings = changed(
        backbone={"model": "bninception", "weights": None},
        transform={"train_size": 227, "eval_size": 227},
        training={"freeze_batchnorm": True, "batch_size": 4, "learning_rate": 1e-6},
        loss={"images_per_class": 2},
    )
    settings["backbone"].pop("widths")
    trained = loop.Training(stores[0], settings, 0, *stores[1:])
    trained.set_training_mode()
    norms = [module for module in trained.model.modules() if isinstance(module, nn.BatchNorm2d)]
    before = [(n.running_mean.clone(), n.running_var.clone(), n.weight.detach().clone()) for n in norms]
    images = 50 * torch.randn(4, 3, 227, 227, generator=torch.Generator().manual_seed(0))
    trained.step(images, torch.tensor([0, 0, 1, 1]))
    assert len(norms) == 69
    for norm, (mean, var, _) in zip(norms, before, strict=True):
        assert torch.equal(norm.running_mean, mean)
        assert torch.equal(norm.running_var, var)
    assert any(
        not torch.equal(norm.weight, weight) for norm, (_, _, weight) in zip(norms, before, strict=True)
    )


def test_batchnorm_that_is_not_frozen_moves(stores):
    assert one_step(stores).model.backbone[1].num_batches_tracked == 1


def scripted(monkeypatch, scores: list[float]) -> None:
    """Validation that gives these scores one after the other."""
    left = iter(scores)
    monkeypatch.setattr(
        validation.Validation,
        "score",
        lambda self, *arguments: {"map_at_r": next(left), "precision_at_1": 0.0, "mean_similarity": 0.0},
    )


def test_the_best_epoch_is_kept_and_patience_ends_training(layouts, tmp_path, monkeypatch):
    scripted(monkeypatch, [0.1, 0.3])
    expected = train(layouts, tmp_path / "one", changed(training={"max_epochs": 2}))
    scripted(monkeypatch, [0.1, 0.3, 0.2, 0.3, 0.9])
    kept = train(layouts, tmp_path / "two", changed(training={"max_epochs": 9, "patience": 2}))
    history = read_rows(tmp_path / "two" / "history.csv")
    assert [row["map_at_r"] for row in history] == ["0.1", "0.3", "0.2", "0.3"]
    assert {float(row["learning_rate"]) for row in history} == {SETTINGS["training"]["learning_rate"]}
    run = yaml.safe_load((tmp_path / "two" / "run.yaml").read_text())
    assert (run["best_epoch"], run["epochs"]) == (2, 4)  # equal is not better
    assert same(expected, kept)


def test_an_epoch_has_its_own_seconds_and_one_without_a_hit_is_better_than_none():
    progress = Progress()
    for seconds, better in ((2.0, True), (3.0, False)):
        progress.seconds += seconds
        assert progress.close_epoch({"map_at_r": 0.0}, SETTINGS["training"]) == better
    assert [row["seconds"] for row in progress.history] == [2.0, 3.0]


def test_a_validation_scores_what_a_test_would_of_the_validation_images(stores, tmp_path):
    """Classes of 1, 2 and 5 images in val, of 4 in train; the crop of the test is larger than training's."""
    rng, val = np.random.default_rng(0), [("val", 2), ("val", 5), ("val", 1)]
    classes = [("train", 4)] * 4 + [*val, ("test", 3)]
    store = write_classes(tmp_path, classes, lambda row: rng.integers(0, 256, (24, 24, 4), dtype=np.uint8))
    settings = changed(transform={"eval_size": 20})
    trained = loop.Training(store, settings, 3, *stores[1:])
    rows, view = store.index.rows("val"), evaluation_view(settings["transform"], "random")
    given = {"seed": 3, "draw": 0, "view": view, "preprocessing": trained.preprocessing}
    images = evaluation_batch(store, rows, stores[2], **given)
    embeddings = embed(trained.model, [images])
    expected = measure(embeddings, store.index.labels[rows])
    expected["mean_similarity"] = mean_similarity(embeddings)  # changes with every pixel
    found = trained.validation.score(trained.model, torch.float32)
    for name in ("map_at_r", "precision_at_1", "mean_similarity"):
        assert found[name] == pytest.approx(expected[name], abs=1e-6)
    assert found["map_at_r"] != pytest.approx(found["precision_at_1"], abs=1e-6)


def test_a_validation_that_is_stopped_on_the_way_scores_nothing(stores):
    trained, stop = loop.Training(stores[0], SETTINGS, 0, *stores[1:]), Stop()
    stop.requested = True
    assert trained.validation.score(trained.model, torch.float32, stop) is None


def test_selection_decides_which_validation_images_are_looked_at(stores):
    seen = {}
    for selection in ("clean", "swapped"):
        trained = loop.Training(stores[0], changed(variant={"selection": selection}), 0, *stores[1:])
        seen[selection] = torch.cat(list(trained.validation._batches(None)))
        again = torch.cat(list(trained.validation._batches(None)))
        assert torch.equal(seen[selection], again), "every epoch must see the same validation images"
    assert not torch.equal(seen["clean"], seen["swapped"])
    # the middle of the image belongs to the disc of every class: it is never replaced
    torch.testing.assert_close(seen["clean"][..., 8, 8], seen["swapped"][..., 8, 8])


@pytest.mark.parametrize("name", LOSS_SETTINGS)
def test_bfloat16_computes_the_network_coarsely_and_trains_full_weights(stores, name):
    # What `auto` is on a GPU. Eight bits of mantissa: the loss to about 1 %, and never the same bits.
    losses = {}
    for precision in ("float32", "bfloat16"):
        settings = changed(training={"precision": precision}) | {"loss": LOSS_SETTINGS[name]}
        trained = loop.Training(stores[0], settings, 0, *stores[1:])
        trained.train_epoch(Stop())
        losses[precision] = trained.progress.loss_sum
        assert all(parameter.dtype == torch.float32 for parameter in trained.model.parameters())
    assert losses["bfloat16"] != losses["float32"]
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=0.05)


def test_missing_backgrounds_are_named(stores):
    with pytest.raises(StudyError, match="no training backgrounds"):
        loop.Training(stores[0], SETTINGS, 0, None, stores[2])
    with pytest.raises(StudyError, match="no validation backgrounds"):
        loop.Training(stores[0], SETTINGS, 0, stores[1], None)


def test_a_training_job_imports_no_more_than_it_uses(layouts, tmp_path):
    """torchvision and the compiler cost 5 s each, scikit-learn and pandas 2 s: more than a short training."""
    program = (
        "import sys, json, train_model\n"
        "settings, run, layouts, out = json.loads(sys.argv[1])\n"
        "train_model.train_model(*layouts, out + '/m.safetensors', out + '/h.csv', out + '/r.yaml',\n"
        "    run=run, settings=settings, device='cpu', checkpoint=out + '/checkpoint')\n"
        "heavy = ['torchvision', 'torch._dynamo', 'sklearn', 'pandas', 'matplotlib', 'captum', 'PIL']\n"
        "print('imported:', [name for name in heavy if name in sys.modules])\n"
    )
    job = json.dumps([SETTINGS, RUN, [str(layout) for layout in layouts], str(tmp_path)])
    scripts = Path(train_model.__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", program, job], cwd=scripts, capture_output=True, text=True, check=True
    )
    assert "imported: []" in done.stdout
