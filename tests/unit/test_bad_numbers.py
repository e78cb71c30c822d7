"""Numbers that are none stop a training where they arise; models that see no difference are reported."""

import pytest
import torch
from tiny_runs import changed, make_layouts, train

from bgbias import training
from bgbias.errors import StudyError
from bgbias.report import run_facts
from bgbias.runs import read_run


@pytest.fixture(scope="module")
def layouts(tmp_path_factory):
    return make_layouts(tmp_path_factory.mktemp("stores"))


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
    real, steps = training.Training._step, []

    def bad_at_the_seventh(self, images, labels):
        steps.append(1)
        result = real(self, images, labels)
        return torch.tensor([loss, embeddings]) if len(steps) == 7 else result

    monkeypatch.setattr(training.Training, "_step", bad_at_the_seventh)
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


def test_a_learning_rate_that_diverges_is_stopped(layouts, tmp_path):
    with pytest.raises(StudyError, match="not finite"):
        train(layouts, tmp_path, changed(training={"learning_rate": 1e30}))


def test_a_collapsed_model_is_reported(layouts, tmp_path, monkeypatch, capsys):
    real = training.Training._close_epoch

    def all_alike(self, score):
        return real(self, score | {"mean_similarity": 0.99})

    monkeypatch.setattr(training.Training, "_close_epoch", all_alike)
    train(layouts, tmp_path, changed(training={"max_epochs": 1}))
    assert "WARNING: the embeddings have nearly collapsed" in capsys.readouterr().out
    facts = dict(run_facts([read_run(tmp_path / "run.yaml")]))
    assert facts["embeddings nearly collapsed"] == "d/small_cnn/triplet/bgaugment/0"
