"""Embedding the test images: order, draws, independence of the batch size, flags carried through."""

import numpy as np
import pytest
import tiny_stores
import torch
from embed_images import embed_images

from bgbias.errors import StudyError
from bgbias.input_pipeline.batches import evaluation_batch
from bgbias.input_pipeline.pixels import PixelStore
from bgbias.models.embedding_model import build_model, load_model, save_model
from bgbias.retrieval.collapse import mean_similarity
from bgbias.retrieval.embedding import embed
from bgbias.retrieval.feeding import evaluation_view
from bgbias.runs import read_run, write_run

TRANSFORM = {"train_size": 16, "scale": [0.16, 1.0], "ratio": [0.75, 4 / 3], "flip": True, "eval_size": 16}
EVALUATION = {"draws": 3, "seed": 0, "background_crop": "random"}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A dataset, backgrounds, and an untrained model with its run.yaml."""
    folder = tmp_path_factory.mktemp("embedding")
    layout = tiny_stores.write_images(folder / "images", {"train": 2, "test": 3}, images=4)
    backgrounds = tiny_stores.write_backgrounds(folder / "test")
    backbone = {"model": "small_cnn", "weights": None, "widths": [4, 8]}
    model, _ = build_model("small_cnn", backbone, 6, seed=0)
    save_model(folder / "model.safetensors", model)
    axes = {"dataset": "d", "backbone": "b", "loss": "l", "variant": "v", "seed": 0}
    settings = {"model": {"backbone": backbone, "embedding_size": 6}}
    write_run(folder / "run.yaml", {**axes, "settings": settings})
    return layout, folder / "model.safetensors", folder / "run.yaml", backgrounds


def embedded(files, out, batch_size=5, **changes) -> dict[str, np.ndarray]:
    evaluation = EVALUATION | changes
    embed_images(*files, out, evaluation=evaluation, transform=TRANSFORM, device="cpu", batch_size=batch_size)
    with np.load(out) as arrays:
        return dict(arrays)


def test_rows_labels_and_shapes(files, tmp_path):
    found = embedded(files, tmp_path / "e.npz")
    index = PixelStore.open(files[0]).index
    assert found["rows"].tolist() == index.rows("test").tolist()
    assert found["labels"].tolist() == index.labels[found["rows"]].tolist()
    assert [name for name in found if name.startswith("swapped")] == ["swapped0", "swapped1", "swapped2"]
    for name in ("clean", "swapped0", "swapped2"):
        assert (found[name].shape, found[name].dtype) == ((12, 6), np.float32)
        np.testing.assert_allclose(np.linalg.norm(found[name], axis=1), 1, atol=1e-5)


def test_draws_differ_and_neither_batch_size_nor_number_of_draws_matters(files, tmp_path):
    found = embedded(files, tmp_path / "a.npz")
    assert not np.allclose(found["swapped0"], found["swapped1"])
    other = embedded(files, tmp_path / "b.npz", batch_size=256, draws=2)
    for name in ("clean", "swapped0", "swapped1"):
        np.testing.assert_allclose(other[name], found[name], atol=1e-5)


@pytest.mark.parametrize("crop", ["random", "centre"])
def test_embeddings_are_those_of_the_evaluation_batches(files, tmp_path, crop):
    found = embedded(files, tmp_path / "e.npz", seed=7, background_crop=crop)
    store, unseen = (PixelStore.open(path) for path in (files[0], files[3]))
    model, preprocessing = load_model(files[1], read_run(files[2]), 16)
    given = {"seed": 7, "view": evaluation_view(TRANSFORM, crop), "preprocessing": preprocessing}
    for name, backgrounds, draw in (("clean", None, 0), *((f"swapped{of}", unseen, of) for of in range(3))):
        images = evaluation_batch(store, store.index.rows("test"), backgrounds, draw=draw, **given)
        np.testing.assert_allclose(found[name], embed(model, [images]), atol=1e-5)


def test_query_and_gallery_flags_are_carried_through(files, tmp_path):
    (tmp_path / "images").mkdir()
    lines = files[0].read_text().splitlines()
    # The rows from 8 on are the test's: their flags are not those of the first rows.
    flags = [f"{line},{int(number > 12)},{int(number <= 12)}" for number, line in enumerate(lines[1:])]
    layout = tmp_path / "images" / "layout.csv"
    layout.write_text("\n".join([lines[0] + ",is_query,is_gallery", *flags]) + "\n")
    (tmp_path / "images" / "rgba.bin").symlink_to(files[0].parent / "rgba.bin")
    found = embedded((layout, *files[1:]), tmp_path / "e.npz")
    assert found["is_query"].tolist() == [row > 12 for row in found["rows"]]
    assert (found["is_gallery"] == ~found["is_query"]).all()


def test_embedding_leaves_the_statistics_of_batchnorm_alone():
    model, _ = build_model("small_cnn", {"weights": None, "widths": [4, 8]}, 6, seed=0)
    images = torch.rand(8, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    whole = embed(model.train(), [images])
    parts = embed(model.train(), images.split(2))
    np.testing.assert_allclose(parts, whole, atol=1e-6)


def test_a_network_may_compute_coarsely_and_still_gives_full_numbers():
    model, _ = build_model("small_cnn", {"weights": None, "widths": [4, 8]}, 6, seed=0)
    images = torch.rand(8, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    exact, coarse = (embed(model, [images], precision) for precision in (torch.float32, torch.bfloat16))
    assert coarse.dtype == np.float32
    assert 0 < np.abs(coarse - exact).max() < 0.05  # of 1, with eight bits of mantissa


def test_one_number_that_is_not_finite_is_enough():
    images = torch.ones(2, 3, 2, 2)
    images[1, 2, 0, 1] = torch.nan
    with pytest.raises(StudyError, match=r"1 of 2 embeddings are not finite, first that of b\.jpg\. Leave"):
        embed(torch.nn.Flatten(), [images], names=["a.jpg", "b.jpg"])


def test_an_embedding_without_a_direction_is_refused():
    images = torch.eye(2)[:, :1]  # the second image gives nothing, which normalising leaves as it is
    with pytest.raises(StudyError, match="1 of 2 embeddings are zero, so that they have no direction"):
        embed(torch.nn.Identity(), [images])


def test_mean_similarity_is_the_mean_over_pairs():
    vectors = np.random.default_rng(0).normal(size=(7, 4))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert mean_similarity(vectors) == pytest.approx((vectors @ vectors.T).mean())
    assert mean_similarity(np.ones((5, 1))) == 1  # collapsed


def test_a_run_file_that_is_torn_or_lacks_something_is_refused(tmp_path):
    path = tmp_path / "run.yaml"
    for content in ("{", "dataset: d\n", "[]"):
        path.write_text(content)
        with pytest.raises(StudyError, match=r"run\.yaml"):
            read_run(path)
