"""The losses are pytorch-metric-learning's, with the settings that the configuration names."""

import numpy as np
import pytest
import torch
from pytorch_metric_learning import distances, losses
from tiny_runs import LOSS_SETTINGS as SETTINGS
from tiny_runs import changed

from bgbias.errors import StudyError
from bgbias.training.loop import Training
from bgbias.training.losses import LOSSES, build_loss
from bgbias.training.stopping import Stop


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
    assert set(expected) == set(LOSSES)
    for name, distance in expected.items():
        assert type(build_loss(SETTINGS[name], 3, 4, 0).distance) is distance
    assert type(build_loss({"type": "frozen"}, 0, 4, 0).distance) is distances.LpDistance


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


def test_any_class_of_pytorch_metric_learning_is_a_loss():
    embeddings, labels = batch()
    settings = {"type": "pml/CircleLoss", "images_per_class": 2, "m": 0.3, "gamma": 20}
    found = build_loss(settings, 3, 4, 0)(embeddings, labels)
    # Sun et al., "Circle Loss", 2020, eq. 6 for each anchor: ln(1 + sum of exp(pull) * sum of exp(push)).
    similar, expected = (embeddings @ embeddings.T).tolist(), []
    for i in range(6):
        alike = [similar[i][j] for j in range(6) if j != i and labels[j] == labels[i]]
        other = [similar[i][j] for j in range(6) if labels[j] != labels[i]]
        pull = sum(np.exp(-20 * max(0, 1.3 - s) * (s - 0.7)) for s in alike)
        push = sum(np.exp(20 * max(0, s + 0.3) * (s - 0.3)) for s in other)
        expected.append(np.log1p(pull * push))
    assert float(found) == pytest.approx(np.mean([cost for cost in expected if cost > 0]), rel=1e-4)


@pytest.mark.parametrize("name", ["ProxyAnchorLoss", "SubCenterArcFaceLoss", "SoftTripleLoss"])
def test_a_class_with_weights_gets_their_shape_and_needs_their_learning_rate(name):
    settings = {"type": f"pml/{name}", "images_per_class": 2}
    loss = build_loss({**settings, "learning_rate": 0.1}, 3, 4, 0)
    (weight,) = loss.parameters()
    assert sorted(weight.shape)[-1] >= 3
    assert 4 in weight.shape
    with pytest.raises(StudyError, match=f"pml/{name} has trainable weights; give it a learning_rate"):
        build_loss(settings, 3, 4, 0)


# What has no loss of embeddings and labels alone, or cannot make a second step.
UNFIT = {
    "BaseLossWrapper", "BaseMetricLossFunction", "CrossBatchMemory", "DynamicSoftMarginLoss",
    "EmbeddingRegularizerMixin", "GenericPairLoss", "ManifoldLoss", "MultipleLosses", "SelfSupervisedLoss",
    "VICRegLoss", "WeightRegularizerMixin",
}  # fmt: skip
WITH_WEIGHTS = {
    "ArcFaceLoss", "CosFaceLoss", "LargeMarginSoftmaxLoss", "NormalizedSoftmaxLoss", "P2SGradLoss",
    "ProxyAnchorLoss", "ProxyNCALoss", "SoftTripleLoss", "SphereFaceLoss", "SubCenterArcFaceLoss",
}  # fmt: skip
NEEDED = {"HistogramLoss": {"n_bins": 10}, "RankedListLoss": {"margin": 0.4, "Tn": 1}}
CLASSES = [name for name, kind in vars(losses).items() if isinstance(kind, type)]


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_each_class_trains_or_is_refused_before_anything_is_trained(name, stores):
    settings = {"type": f"pml/{name}", "images_per_class": 4, **NEEDED.get(name, {})}
    if name in UNFIT:
        with pytest.raises(StudyError, match=f"{name} cannot be computed"):
            build_loss(settings, 8, 4, 0)
        return
    settings |= {"learning_rate": 0.1} if name in WITH_WEIGHTS else {}
    training = Training(
        stores[0], changed(training={"iterations_per_epoch": 3}) | {"loss": settings}, 0, *stores[1:]
    )
    before = [weight.clone() for weight in (*training.model.parameters(), *training.loss.parameters())]
    training.train_epoch(Stop())
    after = [*training.model.parameters(), *training.loss.parameters()]
    assert np.isfinite(training.progress.loss_sum)
    still = [one.shape for one, other in zip(before, after, strict=True) if torch.equal(one, other)]
    assert not still, "learns nothing"


def test_a_trial_leaves_the_loss_and_the_generator_as_they_were():
    torch.manual_seed(0)
    state = torch.get_rng_state()
    loss = build_loss(SETTINGS["arcface"], 3, 4, 0)
    assert torch.equal(state, torch.get_rng_state())
    assert loss.W.grad is None, "the first step would begin with the trial's gradient"


def test_a_size_that_a_class_can_do_without_is_the_users():
    settings = {"type": "pml/MarginLoss", "images_per_class": 4, "learn_beta": True, "learning_rate": 0.1}
    assert build_loss(settings, 8, 4, 0).beta.shape == (1,)
    assert build_loss(settings | {"num_classes": 8}, 8, 4, 0).beta.shape == (8,)


@pytest.mark.parametrize("name", ["SupConLoss", "CircleLoss", "NCALoss", "TripletMarginLoss"])
def test_a_loss_on_pairs_needs_two_images_of_a_class(name):
    settings = {"type": f"pml/{name}", "images_per_class": 1}
    with pytest.raises(StudyError, match=f"pml/{name} has no usable gradient with images_per_class 1"):
        build_loss(settings, 8, 4, 0)
    build_loss(settings | {"images_per_class": 2}, 8, 4, 0)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({**SETTINGS["triplet"], "type": "tripplet"}, "Unknown loss 'tripplet'"),
        ({"type": "CircleLoss"}, "Unknown loss 'CircleLoss'.*Did you mean pml/CircleLoss"),
        ({"type": "pml/CircelLoss"}, "Did you mean pml/CircleLoss"),
        ({"type": "pml/CircleLoss", "marjin": 0.1}, "CircleLoss cannot be computed with .*'marjin'"),
        ({**SETTINGS["triplet"], "marjin": 0.1}, "Loss triplet: .*'marjin'"),
        ({**SETTINGS["triplet"], "margin": "wide"}, "'margin': 'wide'"),
        ({**SETTINGS["triplet"], "learning_rate": 0.1}, "no trainable weights; leave out"),
        ({"type": "pml/CosFaceLoss", "num_classes": 3}, "leave out num_classes, which the data"),
        ({"type": "pml/SelfSupervisedLoss"}, "SelfSupervisedLoss cannot be computed"),  # wraps another
        ({"type": "pml/VICRegLoss"}, "VICRegLoss cannot be computed"),  # of two views of an image
    ],
)
def test_what_cannot_be_a_loss_is_refused(settings, words):
    with pytest.raises(StudyError, match=words):
        build_loss({"images_per_class": 2, **settings}, 3, 4, 0)
