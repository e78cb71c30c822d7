"""The losses are pytorch-metric-learning's, with the settings that the configuration names."""

from functools import partial

import numpy as np
import pytest
import torch
from pytorch_metric_learning import distances, losses
from tiny_runs import LOSS_SETTINGS as SETTINGS

from bgbias.errors import StudyError
from bgbias.losses import LOSSES, Kind, build_loss


def batch(classes=3, images=2, size=4):
    embeddings = torch.randn(classes * images, size, generator=torch.Generator().manual_seed(0))
    return torch.nn.functional.normalize(embeddings, dim=1), torch.arange(classes).repeat_interleave(images)


def test_all_five_are_there_with_their_default_distances():
    # the defaults that pytorch-metric-learning documents for each loss
    expected = {
        "contrastive": distances.LpDistance,
        "triplet": distances.LpDistance,
        "multi_similarity": distances.CosineSimilarity,
        "arcface": distances.CosineSimilarity,
        "normalized_softmax": distances.DotProductSimilarity,
    }
    assert set(expected) | {"frozen"} <= set(LOSSES)
    for name, distance in expected.items():
        assert type(build_loss(SETTINGS[name], 3, 4, 0).distance) is distance
    assert type(build_loss({"type": "frozen"}, 0, 4, 0).distance) is distances.LpDistance


def test_an_entry_that_does_not_fit_its_loss_is_named(monkeypatch):
    settings = {"type": "mine", "images_per_class": 2, "margin": 0.1}
    monkeypatch.setitem(LOSSES, "mine", Kind(losses.CircleLoss, ("margin",)))  # m and gamma are its names
    with pytest.raises(StudyError, match=r"Loss mine: its entry in LOSSES does not fit: .*'margin'"):
        build_loss(settings, 3, 4, 0)
    # Its beta would stay as it is: nothing says how fast to learn it.
    monkeypatch.setitem(LOSSES, "mine", Kind(partial(losses.MarginLoss, learn_beta=True), ("margin",)))
    with pytest.raises(StudyError, match=r"Loss mine has weights, .* lacks has_weights=True"):
        build_loss(settings, 3, 4, 0)


def test_contrastive_is_its_definition():
    embeddings, labels = batch()
    pull, push = [], []
    for i in range(6):
        for j in range(6):
            distance = float((embeddings[i] - embeddings[j]).norm())
            if i != j and labels[i] == labels[j]:
                pull.append(max(0.0, distance - 0.2))
            elif i != j:
                push.append(max(0.0, 0.5 - distance))
    # each mean is over the pairs that cost something
    expected = sum(sum(p) / max(1, np.count_nonzero(p)) for p in (pull, push))
    found = build_loss(SETTINGS["contrastive"], 3, 4, 0)(embeddings, labels)
    assert float(found) == pytest.approx(expected, abs=1e-5)


def test_multi_similarity_is_its_definition():
    embeddings, labels = batch()
    similar = embeddings @ embeddings.T
    expected = 0.0
    for i in range(6):
        positive = [
            np.exp(-8 * (float(similar[i, j]) - 0.5)) for j in range(6) if j != i and labels[i] == labels[j]
        ]
        negative = [np.exp(50 * (float(similar[i, j]) - 0.5)) for j in range(6) if labels[i] != labels[j]]
        expected += (np.log1p(sum(positive)) / 8 + np.log1p(sum(negative)) / 50) / 6
    found = build_loss(SETTINGS["multi_similarity"], 3, 4, 0)(embeddings, labels)
    assert float(found) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("name", ["arcface", "normalized_softmax"])
def test_class_weights_are_seeded_and_the_margin_is_in_degrees(name):
    loss = build_loss(SETTINGS[name], 3, 4, seed=5)
    assert torch.equal(loss.W, build_loss(SETTINGS[name], 3, 4, seed=5).W)
    assert not torch.equal(loss.W, build_loss(SETTINGS[name], 3, 4, seed=6).W)
    embeddings, labels = batch()
    cosine = embeddings @ torch.nn.functional.normalize(loss.W, dim=0)
    logits = cosine / 0.1
    if name == "arcface":
        own = cosine.gather(1, labels[:, None])
        logits = 30 * cosine.scatter(1, labels[:, None], torch.cos(torch.acos(own) + np.deg2rad(20)))
    expected = torch.nn.functional.cross_entropy(logits, labels)
    if name == "arcface" and (torch.acos(own) > np.pi - np.deg2rad(20)).any():
        pytest.fail("an angle beyond 160° takes another branch: choose another seed")
    assert loss(embeddings, labels).item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"type": "tripplet"}, "Unknown loss 'tripplet'"),
        ({"marjin": 0.1}, "unknown 'marjin'"),
        ({"learning_rate": 0.1}, "unknown 'learning_rate'"),
        ({"margin": "wide"}, "margin must be a number"),
        ({"images_per_class": 2.5}, "whole number"),
        ({"images_per_class": 0}, "whole number"),
    ],
)
def test_wrong_settings_are_refused(change, words):
    with pytest.raises(StudyError, match=words):
        build_loss({**SETTINGS["triplet"], **change}, 3, 4, 0)


def test_missing_settings_are_refused():
    with pytest.raises(StudyError, match="missing 'scale'"):
        build_loss({key: value for key, value in SETTINGS["arcface"].items() if key != "scale"}, 3, 4, 0)
