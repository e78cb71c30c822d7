"""The paper's attention map against a literal loop and captum; the score at its two fixed points."""

import sys
from itertools import product

import numpy as np
import pytest
import torch
from pytorch_metric_learning.distances import CosineSimilarity, LpDistance
from torch import nn

from bgbias.attribution import METHODS, Target, attention_score, attribution_maps, scaled, score
from bgbias.attribution.images import black_image
from bgbias.attribution.study_map import noise, study_map
from bgbias.input_pipeline.preprocessing import Preprocessing

SETTINGS = {"copies": 5, "noise": 0.15, "seed": 3, "batch_size": 7, "steps": 8}
ROWS = [4, 11, 2]


class Model(nn.Module):
    """A small network with embeddings of length 1, as EmbeddingModel, without a store of weights."""

    def __init__(self, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.convolutions = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 12, 3, 2, 1), nn.ReLU()
        )
        self.head = nn.Linear(12, 6)

    def forward(self, images):
        return nn.functional.normalize(self.head(self.convolutions(images).mean((2, 3))), dim=1)

    def last_map(self):
        return self.convolutions


@pytest.fixture(scope="module")
def images():
    return torch.randn(3, 3, 20, 20, generator=torch.Generator().manual_seed(1))


def target(distance=None, seed=0):
    black = torch.tensor([-2.1, -2.0, -1.8])[:, None, None].expand(3, 20, 20)
    return Target(Model(seed).eval(), distance or LpDistance(), black)


def literal_map(explained, image, row, settings):
    """The definition, a copy at a time, in float64 from the gradient on."""
    total = 0
    spread = settings["noise"] * float(image.max() - image.min())
    copies = noise([row], settings["copies"], image, settings["seed"])[0]
    for c in range(settings["copies"]):
        copy = (image + spread * copies[c])[None].requires_grad_()
        black = explained.model(explained.black[None]).detach()
        explained.distance(explained.model(copy), black)[0, 0].backward()
        total = total + copy.grad[0].double().numpy().mean(axis=0).__abs__()
    low, high = total.min(), np.percentile(total, 99)
    return np.clip((total - low) / (high - low), 0, 1)


@pytest.mark.parametrize("distance", [LpDistance(), CosineSimilarity()], ids=["euclidean", "cosine"])
def test_map_equals_the_literal_loop(images, distance):
    explained = target(distance)
    got = attribution_maps("study", explained, images, ROWS, SETTINGS)
    for index, row in enumerate(ROWS):
        expected = literal_map(explained, images[index], row, SETTINGS)
        assert got[index].numpy() == pytest.approx(expected, abs=1e-5)


def test_map_does_not_depend_on_the_batch(images):
    whole = study_map(target(), images, ROWS, SETTINGS)
    # 2 < 5 copies: one image needs several passes; 100: all images share one.
    for batch_size in (2, 100):
        other = study_map(target(), images, ROWS, SETTINGS | {"batch_size": batch_size})
        assert other.numpy() == pytest.approx(whole.numpy(), rel=1e-4, abs=1e-7)
    alone = study_map(target(), images[1:2], ROWS[1:2], SETTINGS)
    assert alone[0].numpy() == pytest.approx(whole[1].numpy(), rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("method", METHODS)
def test_no_more_than_a_batch_passes_through_the_model_at_once(images, method):
    explained, sizes = target(), []
    explained.model.register_forward_pre_hook(lambda model, given: sizes.append(len(given[0])))
    attribution_maps(method, explained, images, ROWS, SETTINGS | {"batch_size": 2})
    assert max(sizes) == 2


def test_noise_is_a_function_of_seed_row_and_copy(images):
    like = images[0]
    some = noise([4, 5], 3, like, 0)
    assert torch.equal(some[0], noise([4], 5, like, 0)[0, :3])  # more copies keep the first ones
    assert not torch.equal(some[0], some[1])
    assert not torch.equal(some[0, 0], some[0, 1])
    assert not torch.equal(some, noise([4, 5], 3, like, 1))


def test_slices_of_a_stock_do_what_new_numbers_would(images, monkeypatch):
    """Maps of 200 copies differ by chance between seeds; from maps by new numbers, by no more than that."""

    def maps(seed):
        found = study_map(target(), images, ROWS, SETTINGS | {"copies": 200, "batch_size": 200, "seed": seed})
        return found / found.mean((1, 2), keepdim=True)

    by_slices = [maps(seed) for seed in range(3)]
    monkeypatch.setattr(
        sys.modules[study_map.__module__],
        "noise",
        lambda rows, copies, like, seed: torch.randn(
            len(rows), copies, *like.shape, generator=torch.Generator().manual_seed(seed)
        ),
    )
    by_new = [maps(seed) for seed in range(3)]

    def apart(some, others):
        pairs = [(a, b) for a, b in product(some, others) if a is not b]
        return np.mean([float((a - b).square().mean().sqrt()) for a, b in pairs])

    among_new = apart(by_new, by_new)
    assert apart(by_slices, by_slices) == pytest.approx(among_new, rel=0.1)
    assert apart(by_slices, by_new) == pytest.approx(among_new, rel=0.1)


def test_captum_noise_tunnel_gives_the_same_map(images, monkeypatch):
    # With our noise in the place of its own, captum's SmoothGrad over "signed mean over channels, then
    # absolute value" is the same sum up to the number of copies, which scaling removes.
    from captum.attr import NoiseTunnel, Saliency
    from captum.log import log_usage

    class ChannelMean(Saliency):
        @log_usage()  # NoiseTunnel calls attribute.__wrapped__
        def attribute(self, inputs, **options):
            return super().attribute(inputs, abs=False, **options).mean(1, keepdim=True).abs()

    explained, row = target(), ROWS[0]
    ours = noise([row], SETTINGS["copies"], images[0], SETTINGS["seed"])[0]
    monkeypatch.setattr(
        NoiseTunnel,
        "_add_noise_to_input",
        staticmethod(lambda inputs, stdev, n: inputs.repeat_interleave(n, 0) + stdev * ours),
    )
    by_captum = NoiseTunnel(ChannelMean(explained)).attribute(
        images[:1],
        nt_type="smoothgrad",
        nt_samples=SETTINGS["copies"],
        stdevs=float(SETTINGS["noise"] * (images[0].max() - images[0].min())),
    )
    got = attribution_maps("study", explained, images[:1], [row], SETTINGS)
    assert got.numpy() == pytest.approx(scaled(by_captum[:, 0]).detach().numpy(), abs=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_maps_between_0_and_1(images, method):
    maps = attribution_maps(method, target(seed=2), images, ROWS, SETTINGS)
    assert maps.shape == (3, 20, 20)
    assert maps.dtype == torch.float32
    assert not maps.requires_grad
    assert maps.min() == 0
    assert maps.amax((1, 2)).tolist() == [1, 1, 1]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_the_object_that_alone_matters(method):
    # The model sees the upper left quarter only: everything else must get nothing, the score must be high.
    class Quarter(Model):
        def __init__(self):
            super().__init__()
            self.gate = nn.Identity()

        def forward(self, images):
            seen = torch.zeros_like(images)
            seen[:, :, :10, :10] = 1
            return super().forward(images * seen)

        def last_map(self):
            return self.convolutions

    model = Quarter().eval()
    # Zero outside gives the convolutions their biases there; without biases, nothing.
    for layer in model.convolutions:
        if isinstance(layer, nn.Conv2d):
            nn.init.zeros_(layer.bias)
    explained = Target(model, LpDistance(), torch.full((3, 20, 20), -2.0))
    images = torch.randn(3, 3, 20, 20, generator=torch.Generator().manual_seed(5))
    mask = torch.zeros(3, 20, 20)
    mask[:, :10, :10] = 1
    score = attention_score(attribution_maps(method, explained, images, ROWS, SETTINGS), mask)
    # Grad-CAM is coarse: a 5 × 5 map enlarged to 20 × 20 spills over the edge.
    assert (score > (0.5 if method == "gradcam" else 0.999)).all()


def test_integrated_gradients_are_complete(images):
    # The axiom: attributions add up to the change of the target from black to the image.
    explained = target(CosineSimilarity())  # smooth at black, where the Euclidean distance has a kink
    from captum.attr import IntegratedGradients

    expected = (explained(images) - explained(explained.black[None])).detach()
    signed = IntegratedGradients(explained).attribute(images, explained.black[None], n_steps=200)
    assert signed.sum((1, 2, 3)).detach().numpy() == pytest.approx(expected.numpy(), abs=0.02)
    ours = METHODS["integrated_gradients"](
        explained, images, ROWS, SETTINGS | {"steps": 200, "batch_size": 50}
    )
    assert ours.numpy() == pytest.approx(signed.sum(1).abs().detach().numpy(), abs=1e-5)


def test_saliency_is_the_largest_absolute_gradient_over_the_channels(images):
    explained = target()
    found = METHODS["saliency"](explained, images, ROWS, SETTINGS)
    torch.testing.assert_close(found, explained.gradient(images).abs().amax(1))


def test_gradcam_is_its_definition(images):
    """ReLU of the last maps weighted with their mean gradients, enlarged bilinearly."""
    explained = target()
    maps = explained.model.convolutions(images).detach().requires_grad_()
    embeddings = nn.functional.normalize(explained.model.head(maps.mean((2, 3))), dim=1)
    distances = explained.distance(embeddings, explained.reference)[:, 0]
    (gradient,) = torch.autograd.grad(distances.sum(), maps)
    coarse = (gradient.mean((2, 3), keepdim=True) * maps).sum(1, keepdim=True).relu()
    expected = nn.functional.interpolate(coarse, (20, 20), mode="bilinear")[:, 0]
    torch.testing.assert_close(METHODS["gradcam"](explained, images, ROWS, SETTINGS), expected.detach())


def test_black_is_black_before_it_is_normalised():
    black = black_image(20, Preprocessing((0.5, 0.4, 0.3), (0.5, 0.1, 0.2), "RGB", 1.0), torch.device("cpu"))
    for channel, value in zip(black, (-1.0, -4.0, -1.5), strict=True):  # (0 − mean) / sd
        torch.testing.assert_close(channel, torch.full((20, 20), value))


class Root(nn.Module):
    """The Euclidean distance as one writes it down: its gradient at zero is NaN (torch.cdist gives 0)."""

    is_inverted = False

    def forward(self, embeddings, reference):
        return (embeddings[:, None] - reference).square().sum(2).sqrt()


@pytest.mark.parametrize("distance", [LpDistance, Root])
def test_an_image_embedded_exactly_on_black_has_a_zero_gradient(distance):
    class MeanColour(nn.Module):
        def forward(self, images):
            return nn.functional.normalize(images.mean((2, 3)), dim=1)

    # Black is embedded at exactly (0, 0, -1).
    black = torch.tensor([0.0, 0.0, -2.0])[:, None, None].expand(3, 4, 4)
    batch = torch.cat([black[None].expand(30, 3, 4, 4), torch.rand(1, 3, 4, 4)])
    gradient = Target(MeanColour(), distance(), black).gradient(batch)
    assert (gradient[:30] == 0).all()
    assert gradient[30].isfinite().all()
    assert gradient[30].abs().max() > 0


def test_similarities_count_negatively(images):
    # Cosine similarity falls where the distance from black grows: d² = 2 − 2 s on vectors of length 1.
    far, near = target(LpDistance())(images), target(CosineSimilarity())(images)
    assert (far**2).detach().numpy() == pytest.approx((2 + 2 * near).detach().numpy(), abs=1e-5)


def test_score_is_0_for_a_uniform_map_and_1_inside_the_mask():
    masks = torch.rand(4, 9, 9, generator=torch.Generator().manual_seed(0))  # soft
    assert attention_score(torch.full((4, 9, 9), 0.3), masks).tolist() == pytest.approx([0] * 4, abs=1e-9)
    hard = (masks > 0.6).float()
    assert attention_score(hard * torch.rand(4, 9, 9), hard).tolist() == pytest.approx([1] * 4, abs=1e-9)
    # Wholly outside: A = 0, so the score is −M / (1 − M).
    outside = attention_score(1 - hard, hard)
    coverage = hard.mean((1, 2))
    assert outside.tolist() == pytest.approx((-coverage / (1 - coverage)).tolist(), abs=1e-6)


def test_score_by_hand():
    # A = (3·1 + 1·0.5) / 4 = .875, M = 1.5 / 4 = .375, score = .5 / .625 = .8
    score = attention_score(
        torch.tensor([[[3.0, 1.0], [0.0, 0.0]]]), torch.tensor([[[1.0, 0.5], [0.0, 0.0]]])
    )
    assert score.item() == pytest.approx(0.8)


def test_score_is_undefined_where_the_mask_is_everything_or_nothing_or_the_map_nothing():
    ones = torch.ones(1, 3, 3)
    assert attention_score(torch.rand(1, 3, 3), ones).isnan().all()
    assert attention_score(torch.rand(1, 3, 3), ones * 0).isnan().all()
    assert attention_score(ones * 0, ones * 0.5).isnan().all()


def test_a_distance_close_to_black_does_not_depend_on_how_many_are_measured():
    # Multiplied out, |a|² + |b|² − 2ab of vectors 3e-4 apart is 9e-8, of which float32 holds one digit.
    black = nn.functional.normalize(torch.randn(1, 128, generator=torch.Generator().manual_seed(0)))
    direction = nn.functional.normalize(torch.randn(60, 128, generator=torch.Generator().manual_seed(1)))
    found = Target(nn.Identity(), LpDistance(normalize_embeddings=False), black[0])(black + 3e-4 * direction)
    np.testing.assert_allclose(found, 3e-4, rtol=1e-3)


@pytest.mark.parametrize("at_once", [score._QUANTILE_LIMIT, 900])  # all maps, or a map at a time
def test_scaled_equals_numpy(at_once, monkeypatch):
    monkeypatch.setattr(score, "_QUANTILE_LIMIT", at_once)
    maps = torch.rand(2, 30, 30, generator=torch.Generator().manual_seed(0)) ** 4
    for got, raw in zip(scaled(maps).numpy(), maps.numpy(), strict=True):
        expected = np.clip((raw - raw.min()) / (np.percentile(raw, 99) - raw.min()), 0, 1)
        assert got == pytest.approx(expected, abs=1e-6)
    assert (scaled(torch.full((1, 4, 4), 7.0)) == 0).all()
    one = torch.zeros(1, 20, 20)
    one[0, 3, 3] = 1e-3  # fewer than 1 % of the pixels: the percentile is the minimum
    assert scaled(one).sum() == 1


def test_a_float_image_batch_stays_as_it_was(images):
    before = images.clone()
    for method in METHODS:
        attribution_maps(method, target(), images, ROWS, SETTINGS)
    assert torch.equal(images, before)
    assert not images.requires_grad
