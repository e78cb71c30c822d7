"""Batches: pure in (seed, step, position), equal on every device, composed as the study composes them."""

from functools import partial

import numpy as np
import pytest
import torch
from tiny_stores import compressed_copy

from bgbias.errors import StudyError
from bgbias.index import COLUMNS
from bgbias.input_pipeline import batches, on_gpu
from bgbias.input_pipeline.batches import EvaluationView, TrainingView, evaluation_batch, training_batches
from bgbias.input_pipeline.packing import background_row, write_store
from bgbias.input_pipeline.pixels import PixelStore
from bgbias.input_pipeline.preprocessing import Preprocessing, normalisation
from bgbias.retrieval.feeding import evaluation_view
from bgbias.training.feeding import training_view

RGB = Preprocessing()
PLAIN = Preprocessing((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), "RGB", 255.0)
BGR = Preprocessing((104.0, 117.0, 128.0), (1.0, 1.0, 1.0), "BGR", 255.0)
VIEW = TrainingView(24)


def make_store(folder, images) -> PixelStore:
    rows = [(image, background_row(f"{i}.png")) for i, image in enumerate(images)]
    write_store(folder / "rgba.bin", folder / "layout.csv", rows, COLUMNS)
    return PixelStore.open(folder / "layout.csv")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    rng = np.random.default_rng(0)
    sizes = [(32, 40), (50, 32), (32, 32), (33, 47), (32, 60), (41, 32)]
    images = [rng.integers(0, 256, (*size, 4), dtype=np.uint8) for size in sizes]
    return make_store(tmp_path_factory.mktemp("images"), images)


@pytest.fixture(scope="module")
def backgrounds(tmp_path_factory):
    rng = np.random.default_rng(1)
    images = [rng.integers(0, 256, (32 + i, 36, 4), dtype=np.uint8) for i in range(5)]
    return make_store(tmp_path_factory.mktemp("backgrounds"), images)


def training(
    store, backgrounds, rows=range(6), step=3, probability=1.0, preprocessing=RGB, seed=0, view=VIEW
):
    (batch,) = training_batches(
        store,
        np.array([rows]),
        backgrounds,
        seed=seed,
        steps=[step],
        probability=probability,
        view=view,
        preprocessing=preprocessing,
    )
    return batch


def evaluation(store, backgrounds, rows=range(6), draw=0, preprocessing=RGB, crop="random", seed=0):
    return evaluation_batch(
        store,
        np.array(rows),
        backgrounds,
        seed=seed,
        draw=draw,
        view=EvaluationView(24, crop),
        preprocessing=preprocessing,
    )


def test_the_views_take_every_key_of_the_transform():
    # None of these is a default of the views.
    transform = {"train_size": 20, "eval_size": 18, "scale": [0.3, 0.9], "ratio": [0.8, 1.2], "flip": False}
    trained = TrainingView(20, (0.3, 0.9), (0.8, 1.2), False, 0.2)
    assert training_view(transform | {"noise": 0.2}) == trained
    assert evaluation_view(transform, "centre") == EvaluationView(18, "centre", (0.3, 0.9), (0.8, 1.2), False)


def test_shape_and_type(store, backgrounds):
    for batch in (training(store, backgrounds), evaluation(store, backgrounds), evaluation(store, None)):
        assert batch.shape == (6, 3, 24, 24)
        assert batch.dtype == torch.float32
        assert batch.isfinite().all()


def test_a_training_batch_depends_on_seed_step_and_position_only(store, backgrounds):
    first = training(store, backgrounds)
    assert torch.equal(first, training(store, backgrounds))
    assert not torch.equal(first, training(store, backgrounds, step=4))
    assert not torch.equal(first, training(store, backgrounds, seed=1))
    # Position: the first three of six come out as three alone.
    assert torch.equal(first[:3], training(store, backgrounds, rows=range(3)))


@pytest.mark.parametrize("way", ["on_cpu", "on_gpu"])
def test_batches_of_several_steps_are_those_of_each_step(store, backgrounds, way, monkeypatch):
    if way == "on_gpu":
        on_cpu = partial(on_gpu.assemble, device=torch.device("cpu"))
        monkeypatch.setattr(batches, "_assemble_on_cpu", on_cpu)
    rows, view = np.array([[0, 1, 2], [5, 4, 0]]), TrainingView(24, noise=0.2)
    together = training_batches(
        store,
        rows,
        backgrounds,
        seed=0,
        steps=[3, 4],
        probability=0.5,
        view=view,
        preprocessing=RGB,
    )
    for step, own, batch in zip([3, 4], rows, together, strict=True):
        alone = training(store, backgrounds, own, step, 0.5, view=view)
        torch.testing.assert_close(batch, alone, rtol=0, atol=0 if way == "on_cpu" else 1e-5)
        assert batch.is_contiguous(memory_format=torch.channels_last)


def test_compressed_stores_make_the_same_batches(store, backgrounds, tmp_path):
    compressed = [compressed_copy(store, tmp_path / "images"), compressed_copy(backgrounds, tmp_path / "b")]
    for make in (training, evaluation):
        expected = make(store, backgrounds)
        assert torch.equal(make(compressed[0], backgrounds), expected)
        assert torch.equal(make(*compressed), expected)


def test_an_evaluation_image_depends_on_seed_draw_and_row_only(store, backgrounds):
    whole = evaluation(store, backgrounds)
    assert torch.equal(whole[[4, 1]], evaluation(store, backgrounds, rows=[4, 1]))
    assert not torch.equal(whole, evaluation(store, backgrounds, draw=1))
    assert not torch.equal(whole, evaluation(store, backgrounds, seed=1))
    assert torch.equal(evaluation(store, None, draw=0), evaluation(store, None, draw=1))


@pytest.mark.parametrize("preprocessing", [RGB, PLAIN, BGR])
@pytest.mark.parametrize("probability", [0.0, 0.5, 1.0])
def test_both_ways_of_making_a_batch_agree(store, backgrounds, preprocessing, probability, monkeypatch):
    """The compiled loop against batched products: at most 1 of 255 apart for rounding a row to whole values
    and its weights to 256ths (.5 each), as much again where mask and background are rounded too."""

    def made():
        # Of several steps, as in some of them the images that are replaced are not the first ones.
        given = {"preprocessing": preprocessing, "probability": probability}
        return torch.cat([training(store, backgrounds, step=step, **given) for step in range(8)])

    fused = made()
    monkeypatch.setattr(batches, "_assemble_on_cpu", partial(on_gpu.assemble, device=torch.device("cpu")))
    exact = made()
    one = torch.tensor(normalisation(preprocessing)[0])[:, None, None]  # of 255, in normalised units
    difference = (fused - exact) / one
    assert difference.abs().max() < 2
    assert difference.square().mean().sqrt() < 0.3
    assert difference.mean().abs() < 0.1  # cutting off instead of rounding would make it .5


def test_the_share_of_replaced_backgrounds_is_the_probability(tmp_path):
    """White images under an empty mask before black backgrounds: black where replaced, white where not."""
    white = np.full((32, 32, 4), (255, 255, 255, 0), dtype=np.uint8)
    images = make_store(tmp_path / "a", [white])
    black = make_store(tmp_path / "b", [np.zeros((32, 32, 4), dtype=np.uint8)])
    for probability, low, high in ((0.0, 0, 0), (0.3, 0.25, 0.35), (1.0, 1, 1)):
        batch = training(images, black, rows=[0] * 1000, probability=probability, preprocessing=PLAIN)
        values = batch.amax((1, 2, 3))
        assert set(values.tolist()) <= {0.0, 255.0}
        assert low <= (values == 0).float().mean() <= high
        assert (training(images, None, rows=[0], probability=probability, preprocessing=PLAIN) == 255).all()


def test_every_background_is_drawn_whatever_the_probability(tmp_path):
    """White invisible images, a third replaced, before five greys: 1,000 draws miss one with 5 · .94¹⁰⁰⁰."""
    white = make_store(tmp_path / "a", [np.full((32, 32, 4), (255, 255, 255, 0), dtype=np.uint8)])
    greys = make_store(tmp_path / "b", [np.full((32, 32, 4), 40 * i, dtype=np.uint8) for i in range(5)])
    batch = training(white, greys, rows=[0] * 1000, probability=0.3, preprocessing=PLAIN)
    assert set(batch[:, 0, 0, 0].tolist()) == {0, 40, 80, 120, 160, 255}


@pytest.mark.parametrize("flip", [True, False])
def test_half_of_the_images_are_mirrored_where_the_view_says_so(tmp_path, flip):
    """Black at the left, white at the right, cut whole: of 400 half, ± 5 standard deviations of .025."""
    image = np.zeros((32, 32, 4), dtype=np.uint8)
    image[:, 16:, :3] = 255
    halves, view = make_store(tmp_path, [image]), TrainingView(24, (1.0, 1.0), (1.0, 1.0), flip)
    batch = training(halves, None, [0] * 400, probability=0.0, preprocessing=PLAIN, view=view)
    mirrored = (batch[:, 0, 12, 0] > 128).float().mean().item()
    assert mirrored == (pytest.approx(0.5, abs=0.125) if flip else 0)


def test_mirroring_has_nothing_to_do_with_the_crop(tmp_path):
    """Grey rises to the right by as much as the crop is wide: of 400 images the correlation is 0 ± .05."""
    grey = np.broadcast_to(4 * np.arange(64, dtype=np.uint8)[None, :, None], (64, 64, 4))
    batch = training(make_store(tmp_path, [grey]), None, [0] * 400, probability=0.0, preprocessing=PLAIN)
    rise = (batch[:, 0, 12, -1] - batch[:, 0, 12, 0]).numpy()
    assert abs(np.corrcoef(rise > 0, np.abs(rise))[0, 1]) < 0.25


def with_mask(store, folder, value) -> PixelStore:
    """The images of ``store`` with a mask that is ``value`` everywhere."""
    pictures = [store.rgba(row)[..., :3] for row in range(len(store))]
    return make_store(folder, [np.dstack([rgb, np.full_like(rgb[..., :1], value)]) for rgb in pictures])


def test_variants_of_one_seed_see_the_same_crops(store, backgrounds, tmp_path):
    """With a full mask nothing of the background shows, so base and bgaugment must get the same images."""
    opaque = with_mask(store, tmp_path, 255)
    base = training(opaque, None, probability=0.0)
    torch.testing.assert_close(training(opaque, backgrounds), base, rtol=0, atol=1e-5)


def test_evaluation_composes_x_m_plus_b_1_minus_m_pixel_by_pixel(store, tmp_path):
    """All backgrounds grey 90, no crop dependence: the formula on the centre slice of the stored bytes."""
    grey = make_store(tmp_path, [np.full((32, 32, 4), 90, dtype=np.uint8)])
    for crop in ("random", "centre"):
        got = evaluation(store, grey, crop=crop, preprocessing=PLAIN)[0]
        x = store.rgba(0)[4:28, 8:32].astype(float)  # 32 × 40: (32 − 24)/2 = 4, (40 − 24)/2 = 8
        m = x[..., 3:] / 255
        expected = x[..., :3] * m + 90 * (1 - m)
        np.testing.assert_allclose(got.permute(1, 2, 0).numpy(), expected, rtol=1e-6, atol=1e-4)


def test_backgrounds_cropped_in_the_centre_are_exact_slices(store, backgrounds, tmp_path):
    invisible = with_mask(store, tmp_path, 0)
    batch = evaluation(invisible, backgrounds, crop="centre", preprocessing=PLAIN)
    tops = [4, 4, 5, 6, 6]  # heights 32 to 36: (height − 24) / 2, halves to the even number
    slices = [backgrounds.rgba(i)[top : top + 24, 6:30, :3] for i, top in enumerate(tops)]
    for image in batch.permute(0, 2, 3, 1).round().numpy():
        assert any((image == piece).all() for piece in slices)


def test_each_image_of_a_draw_gets_a_background_of_its_own(store, backgrounds, tmp_path):
    """Six invisible images before five backgrounds: all six alike by accident with probability 5⁻⁵."""
    invisible = with_mask(store, tmp_path, 0)
    shown = evaluation(invisible, backgrounds, crop="centre", preprocessing=PLAIN)
    assert len({image.sum().item() for image in shown}) > 1


def test_a_background_is_cropped_apart_from_the_image_before_it(store, tmp_path):
    """An invisible image before itself: with the same crop nothing would change."""
    rgba = store.rgba(0).copy()
    rgba[..., 3] = 0
    invisible = make_store(tmp_path, [rgba])
    itself = training(invisible, None, rows=[0] * 6, probability=0.0)
    before = training(invisible, invisible, rows=[0] * 6)
    assert not any(torch.equal(one, other) for one, other in zip(itself, before, strict=True))


def test_every_background_is_drawn(store, backgrounds):
    """200 draws from 5 backgrounds miss one with probability 5 · 0.8²⁰⁰ < 1e-18."""
    seen = {
        evaluation(store, backgrounds, rows=[0], draw=draw, crop="centre").sum().item() for draw in range(200)
    }
    assert len(seen) == 5


def test_images_smaller_than_the_crop(tmp_path, backgrounds):
    """Training enlarges a crop of them; evaluation has no such crop and says which key to change."""
    tiny = make_store(tmp_path, [np.full((2, 9, 4), 200, dtype=np.uint8)])
    batch = training(tiny, None, rows=[0], probability=0.0, preprocessing=PLAIN)
    assert batch.shape == (1, 3, 24, 24)
    assert (batch == 200).all()
    with pytest.raises(StudyError, match="short_side"):
        evaluation(tiny, backgrounds, rows=[0])


@pytest.mark.parametrize("order", ["RGB", "BGR"])
def test_noise_has_the_strength_that_it_says_in_each_channels_own_range(store, order):
    """sd uniform in 0 to s has a mean square of s²/3, in units of the range: 2, 4 and 10 after dividing the
    channels by .5, .25 and .1."""
    given = {"preprocessing": Preprocessing((0.5,) * 3, (0.5, 0.25, 0.1), order, 1.0), "probability": 0.0}
    quiet, noisy = (
        training(store, None, [0] * 400, view=TrainingView(16, noise=noise), **given) for noise in (0.0, 0.3)
    )
    found = (noisy - quiet).square().mean((0, 2, 3))
    assert found.tolist() == pytest.approx([(0.3 * of) ** 2 / 3 for of in (2, 4, 10)], rel=0.2)
    strengths = (noisy - quiet).flatten(1).std(1)
    assert strengths.min() < 0.1 * strengths.max(), "weak on one image, strong on another"


def test_noise_depends_on_step_and_seed_alone(store, backgrounds):
    def grain(step=5, seed=1):
        views = (TrainingView(16, noise=noise) for noise in (0.0, 0.3))
        quiet, noisy = (training(store, backgrounds, step=step, seed=seed, view=view) for view in views)
        return noisy - quiet

    assert torch.equal(grain(), grain())
    assert not torch.allclose(grain(), grain(step=6), atol=0.01)
    assert not torch.allclose(grain(), grain(seed=2), atol=0.01)
