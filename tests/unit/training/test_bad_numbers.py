"""Numbers that are none stop a training where they arise; models that see no difference are reported."""

import numpy as np
import pytest
from tiny_runs import changed, train

from bgbias.errors import StudyError
from bgbias.results.caveats import collapse_caveats
from bgbias.training import feeding, loop, validation


@pytest.mark.parametrize(
    ("loss", "embeddings", "what"),
    [
        (float("nan"), 0.0, "the loss is not finite (loss nan)"),
        (float("inf"), 0.0, "the loss is not finite (loss inf)"),
        (0.5, float("nan"), "an embedding is not finite (loss 0.5)"),
    ],
)
def test_the_step_the_batch_and_the_settings_are_named(
    layouts, tmp_path, monkeypatch, capsys, loss, embeddings, what
):
    real, steps = loop.Training.step, []

    def bad_at_the_seventh(self, images, labels):
        steps.append(1)
        result = real(self, images, labels)
        return (lambda: [loss, embeddings]) if len(steps) == 7 else result

    monkeypatch.setattr(loop.Training, "step", bad_at_the_seventh)
    with pytest.raises(StudyError) as caught:
        train(layouts, tmp_path)
    message = str(caught.value)
    # Epochs have 5 steps; the seventh, number 6 from 0, is in the second.
    assert f"in epoch 2 at step 6: {what}" in message
    assert "train/" in message, "images of the batch"
    for setting in ("seed 0", "'margin': 0.1", "'learning_rate': 0.001", "Lower training.learning_rate"):
        assert setting in message
    assert "The rows of the batch in layout.csv, from 0: [" in capsys.readouterr().out
    assert not (tmp_path / "model.safetensors").exists()


def test_a_loss_that_is_not_finite_stops_at_its_step(layouts, tmp_path, monkeypatch):
    real = feeding.training_batches

    def poisoned(*arguments, steps, **options):
        pairs = zip(steps, real(*arguments, steps=steps, **options), strict=True)
        return [images * float("nan") if step == 7 else images for step, images in pairs]

    monkeypatch.setattr(feeding, "training_batches", poisoned)
    # The triplet loss drops NaN triplets and would go on: it is the embedding that shows them.
    with pytest.raises(StudyError, match=r"epoch 2 at step 7.*not finite.*train/.*learning_rate"):
        train(layouts, tmp_path)
    assert not (tmp_path / "model.safetensors").exists()


def test_a_learning_rate_that_diverges_is_stopped(layouts, tmp_path):
    with pytest.raises(StudyError, match="not finite"):
        train(layouts, tmp_path, changed(training={"learning_rate": 1e30}))


def test_a_collapsed_model_is_reported(layouts, tmp_path, monkeypatch, capsys):
    real = loop.Training._close_epoch

    def all_alike(self, score):
        return real(self, score | {"mean_similarity": 0.99})

    monkeypatch.setattr(loop.Training, "_close_epoch", all_alike)
    train(layouts, tmp_path, changed(training={"max_epochs": 1}))
    assert "WARNING: the embeddings have nearly collapsed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("loss", "name", "remedy"),
    [
        ("triplet", "D: Triplet, Base, Small CNN, seed 0.", True),
        ("frozen", "D: Small CNN (as is).", False),
    ],
)
def test_a_collapse_in_the_test_is_the_first_caveat(loss, name, remedy):
    run = {"dataset": "d", "backbone": "small_cnn", "loss": loss, "variant": "base", "seed": 0}
    clean, swapped = ({"protocol": protocol, "draw": 0} for protocol in ("clean", "swapped"))
    rows = [run | clean | {"mean_similarity": "0.96"}, run | swapped | {"mean_similarity": "0.2"}]
    other = [row | {"seed": 1, "mean_similarity": "0.94"} for row in rows]
    (finding,) = collapse_caveats(rows + other)
    assert "1 of 2 models has collapsed" in finding
    assert name in finding
    assert ("learning_rate" in finding) == remedy  # nothing was learnt
    assert collapse_caveats(other) == []


def test_embeddings_that_are_all_alike_are_a_collapse(layouts, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(
        validation, "embed", lambda model, batches, precision: np.eye(8, dtype=np.float32)[[0] * 24]
    )
    train(layouts, tmp_path, changed(training={"max_epochs": 1}))
    assert "nearly collapsed" in capsys.readouterr().out
