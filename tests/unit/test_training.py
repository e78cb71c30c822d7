"""Training: what is drawn, what is updated, which epoch is kept, and that an interruption changes nothing."""

import copy
import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tiny_stores
import torch
import train_model
import yaml
from safetensors.torch import load_file
from torch import nn

from bgbias import training, validation
from bgbias.errors import StudyError
from bgbias.optimisers import Group, Optimiser
from bgbias.pixels import PixelStore
from bgbias.sampling import epoch_batches

SETTINGS = {
    "backbone": {"model": "small_cnn", "weights": None, "widths": [8, 16]},
    "embedding_size": 8,
    "loss": {"type": "triplet", "images_per_class": 4, "margin": 0.1},
    "variant": {"probability": 1.0, "selection": "swapped"},
    "transform": {
        "train_size": 16,
        "scale": [0.16, 1.0],
        "ratio": [0.75, 4 / 3],
        "flip": True,
        "eval_size": 16,
    },
    "training": {
        "optimizer": "rmsprop",
        "learning_rate": 1e-3,
        "weight_decay": 1e-4,
        "momentum": 0.9,
        "batch_size": 16,
        "iterations_per_epoch": 5,
        "max_epochs": 3,
        "patience": 5,
        "freeze_batchnorm": False,
    },
}
ARCFACE = {"type": "arcface", "images_per_class": 1, "margin": 20.0, "scale": 30.0, "learning_rate": 0.05}
RUN = {"dataset": "d", "backbone": "small_cnn", "loss": "triplet", "variant": "bgaugment", "seed": 0}


@pytest.fixture(scope="module")
def layouts(tmp_path_factory):
    """Layout files of a dataset and of its training and validation backgrounds."""
    folder = tmp_path_factory.mktemp("stores")
    return [
        tiny_stores.write_images(folder / "images", {"train": 16, "val": 4, "test": 2}),
        tiny_stores.write_backgrounds(folder / "train", seed=1),
        tiny_stores.write_backgrounds(folder / "validation", seed=2),
    ]


@pytest.fixture(scope="module")
def stores(layouts):
    return [PixelStore.open(layout.parent) for layout in layouts]


def changed(**sections) -> dict:
    """SETTINGS with some keys of some sections replaced."""
    settings = copy.deepcopy(SETTINGS)
    for section, keys in sections.items():
        settings[section] = {**settings[section], **keys} if isinstance(keys, dict) else keys
    return settings


def train(layouts, folder: Path, settings: dict = SETTINGS, run: dict = RUN) -> dict:
    """The whole job into ``folder``; gives the model's tensors."""
    train_model.train_model(
        *map(str, layouts),
        str(folder / "model.safetensors"),
        str(folder / "history.csv"),
        str(folder / "run.yaml"),
        run=run,
        settings=settings,
        device="cpu",
        checkpoint=str(folder / "checkpoint"),
    )
    return load_file(folder / "model.safetensors")


def same(one: dict, other: dict) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


# --- batches -----------------------------------------------------------------------------------------------


def draw(labels, epoch=1, seed=0, batch_size=12, images_per_class=3):
    return epoch_batches(
        labels, batch_size=batch_size, images_per_class=images_per_class, iterations=4, seed=seed, epoch=epoch
    )


def test_a_batch_holds_m_images_of_each_of_its_classes():
    labels = np.repeat(np.arange(7), 5)
    for batch in draw(labels):
        classes, counts = np.unique(labels[batch], return_counts=True)
        assert counts.tolist() == [3] * 4
        assert len(set(batch.tolist())) == 12, "no class here is too small to do without repetition"


def test_batches_depend_on_seed_and_epoch_and_on_nothing_before():
    labels = np.repeat(np.arange(7), 5)
    expected = draw(labels)
    np.random.seed(3)
    state = np.random.get_state()[1].copy()
    draw(labels, epoch=9)
    assert (draw(labels) == expected).all()
    assert (np.random.get_state()[1] == state).all(), "the global generator is left alone"
    assert (draw(labels, epoch=2) != expected).any()
    assert (draw(labels, seed=1) != expected).any()


def test_batches_that_cannot_be_filled_are_refused():
    labels = np.repeat(np.arange(7), 5)
    with pytest.raises(StudyError, match="not a multiple"):
        draw(labels, batch_size=13)
    with pytest.raises(StudyError, match="needs 8 training classes.*has 7.*to 21"):
        draw(labels, batch_size=24)


# --- optimiser ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("rmsprop", lambda groups: torch.optim.RMSprop(groups, momentum=0.9, weight_decay=0.01)),
        ("adam", lambda groups: torch.optim.Adam(groups, weight_decay=0.01)),
        ("adamw", lambda groups: torch.optim.AdamW(groups, weight_decay=0.01)),
    ],
)
def test_the_optimiser_is_that_of_torch(name, reference):
    random = torch.Generator().manual_seed(0)
    ours = [torch.randn(3, 2, generator=random).requires_grad_() for _ in range(3)]
    theirs = [tensor.detach().clone().requires_grad_() for tensor in ours]
    optimiser = Optimiser(name, [Group(ours[:2], 0.1), Group(ours[2:], 0.5)], 0.01, 0.9)
    expected = reference([{"params": theirs[:2], "lr": 0.1}, {"params": theirs[2:], "lr": 0.5}])
    for _ in range(4):
        for mine, other in zip(ours, theirs, strict=True):
            mine.grad = torch.randn(3, 2, generator=random)
            other.grad = mine.grad.clone()
        optimiser.step()
        expected.step()
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=0)


def test_an_unknown_optimiser_is_refused():
    with pytest.raises(StudyError, match="'sgd' is unknown"):
        Optimiser("sgd", [], 0, 0)


# --- steps -------------------------------------------------------------------------------------------------


def test_the_loss_weights_have_their_own_learning_rate(stores):
    """Adam's first step moves every weight by its learning rate, whatever the gradient (Kingma & Ba, section 2)."""
    settings = changed(loss=ARCFACE, training={"optimizer": "adam", "weight_decay": 0.0})
    settings["loss"] = ARCFACE
    trained = training.Training(stores[0], settings, 0, *stores[1:])
    head, weights = trained.model.head.weight.detach().clone(), trained.loss.W.detach().clone()
    images = torch.randn(16, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    trained._step(images, torch.arange(16))
    assert (trained.loss.W - weights).abs().median().item() == pytest.approx(0.05, rel=1e-3)
    assert (trained.model.head.weight - head).abs().median().item() == pytest.approx(1e-3, rel=1e-3)


def test_frozen_batchnorm_keeps_statistics_and_trains_weights_at_227_pixels(stores):
    settings = changed(
        backbone={"model": "bninception", "weights": None},
        training={"freeze_batchnorm": True, "batch_size": 4, "learning_rate": 1e-6},
        loss={"images_per_class": 2},
    )
    settings["backbone"].pop("widths")
    trained = training.Training(stores[0], settings, 0, *stores[1:])
    trained._set_training_mode()
    norms = [module for module in trained.model.modules() if isinstance(module, nn.BatchNorm2d)]
    before = [(n.running_mean.clone(), n.running_var.clone(), n.weight.detach().clone()) for n in norms]
    images = 50 * torch.randn(4, 3, 227, 227, generator=torch.Generator().manual_seed(0))
    trained._step(images, torch.tensor([0, 0, 1, 1]))
    assert len(norms) == 69
    for norm, (mean, var, _) in zip(norms, before, strict=True):
        assert torch.equal(norm.running_mean, mean)
        assert torch.equal(norm.running_var, var)
    assert any(
        not torch.equal(norm.weight, weight) for norm, (_, _, weight) in zip(norms, before, strict=True)
    )


def test_batchnorm_that_is_not_frozen_moves(stores):
    trained = training.Training(stores[0], SETTINGS, 0, *stores[1:])
    trained._set_training_mode()
    trained._step(torch.randn(8, 3, 16, 16), torch.arange(8) // 4)
    assert trained.model.backbone[1].num_batches_tracked == 1


# --- bad numbers -------------------------------------------------------------------------------------------


def test_a_loss_that_is_not_finite_stops_at_its_step(layouts, tmp_path, monkeypatch):
    real = training.training_batch

    def poisoned(*arguments, step, **options):
        images = real(*arguments, step=step, **options)
        return images * float("nan") if step == 7 else images

    monkeypatch.setattr(training, "training_batch", poisoned)
    # The triplet loss drops NaN triplets and would go on: it is the embedding that shows them.
    with pytest.raises(StudyError, match=r"epoch 2 at step 7.*not finite.*train/.*learning_rate"):
        train(layouts, tmp_path)
    assert not (tmp_path / "model.safetensors").exists()


def test_a_learning_rate_that_explodes_stops(layouts, tmp_path):
    settings = changed(training={"learning_rate": 1e30})
    settings["loss"] = ARCFACE
    with pytest.raises(StudyError, match="not finite"):
        train(layouts, tmp_path, settings)


def test_collapsed_embeddings_are_reported(layouts, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(
        validation, "embed", lambda model, batches, precision: np.eye(8, dtype=np.float32)[[0] * 24]
    )
    train(layouts, tmp_path, changed(training={"max_epochs": 1}))
    assert "collapsed" in capsys.readouterr().out


# --- selection ---------------------------------------------------------------------------------------------


def scripted(monkeypatch, scores: list[float]) -> None:
    """Validation that gives these scores one after the other."""
    left = iter(scores)
    monkeypatch.setattr(
        validation.Validation,
        "score",
        lambda self, *arguments: {"map_at_r": next(left), "precision_at_1": 0.0, "mean_similarity": 0.0},
    )


def test_the_best_epoch_is_kept_and_patience_ends_training(layouts, tmp_path, monkeypatch):
    scripted(monkeypatch, [0.3])
    first = train(layouts, tmp_path / "one", changed(training={"max_epochs": 1}))
    scripted(monkeypatch, [0.3, 0.2, 0.3, 0.9])
    kept = train(layouts, tmp_path / "two", changed(training={"max_epochs": 9, "patience": 2}))
    with open(tmp_path / "two" / "history.csv", newline="") as stream:
        assert [row["map_at_r"] for row in csv.DictReader(stream)] == ["0.3", "0.2", "0.3"]
    run = yaml.safe_load((tmp_path / "two" / "run.yaml").read_text())
    assert (run["best_epoch"], run["epochs"]) == (1, 3)  # equal is not better
    assert same(first, kept)


def test_selection_decides_which_validation_images_are_looked_at(stores):
    seen = {}
    for selection in ("clean", "swapped"):
        trained = training.Training(stores[0], changed(variant={"selection": selection}), 0, *stores[1:])
        seen[selection] = torch.cat(list(trained.validation._batches(None)))
        again = torch.cat(list(trained.validation._batches(None)))
        assert torch.equal(seen[selection], again), "every epoch must see the same validation images"
    assert not torch.equal(seen["clean"], seen["swapped"])
    # the middle of the image belongs to the disc of every class: it is never replaced
    assert torch.equal(seen["clean"][..., 8, 8], seen["swapped"][..., 8, 8])


def test_missing_backgrounds_are_named(stores):
    with pytest.raises(StudyError, match="no training backgrounds"):
        training.Training(stores[0], SETTINGS, 0, None, stores[2])
    with pytest.raises(StudyError, match="no validation backgrounds"):
        training.Training(stores[0], SETTINGS, 0, stores[1], None)


def test_a_frozen_backbone_is_saved_as_it_comes(layouts, tmp_path):
    tensors = train(layouts, tmp_path, changed() | {"loss": {"type": "frozen"}}, RUN | {"loss": "frozen"})
    assert not any(key.startswith("head") for key in tensors)
    run = yaml.safe_load((tmp_path / "run.yaml").read_text())
    assert (run["epochs"], run["settings"]["model"]["embedding_size"]) == (0, None)
    assert (tmp_path / "history.csv").read_text().count("\n") == 1


# --- start-up ----------------------------------------------------------------------------------------------


def test_a_training_job_imports_no_more_than_it_uses(layouts, tmp_path):
    """torchvision and the compiler cost 5 s each, scikit-learn and pandas 2 s: more than a short training."""
    program = (
        "import sys, json, train_model\n"
        "settings, run, layouts, out = json.loads(sys.argv[1])\n"
        "train_model.train_model(*layouts, out + '/m.safetensors', out + '/h.csv', out + '/r.yaml', run=run,\n"
        "                        settings=settings, device='cpu', checkpoint=out + '/checkpoint')\n"
        "heavy = ['torchvision', 'torch._dynamo', 'sklearn', 'pandas', 'matplotlib', 'captum', 'PIL']\n"
        "print('imported:', [name for name in heavy if name in sys.modules])\n"
    )
    job = json.dumps([SETTINGS, RUN, [str(layout) for layout in layouts], str(tmp_path)])
    scripts = Path(train_model.__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", program, job], cwd=scripts, capture_output=True, text=True, check=True
    )
    assert "imported: []" in done.stdout
