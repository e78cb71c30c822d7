"""Which images make up a batch."""

import numpy as np
import pytest
from pytorch_metric_learning.samplers import MPerClassSampler
from pytorch_metric_learning.utils import common_functions

from bgbias.errors import StudyError
from bgbias.randomness import integer_seed
from bgbias.training.sampling import epoch_batches


def draw(labels, epoch=1, seed=0, batch_size=12, images_per_class=3):
    return epoch_batches(
        labels, batch_size=batch_size, images_per_class=images_per_class, iterations=4, seed=seed, epoch=epoch
    )


def test_a_batch_holds_m_images_of_each_of_its_classes():
    labels = np.repeat(np.arange(7), 5)
    for batch in draw(labels):
        counts = np.unique(labels[batch], return_counts=True)[1]
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
    with pytest.raises(StudyError, match=r"needs 8 training classes.*has 7.*to 21"):
        draw(labels, batch_size=24)


@pytest.mark.parametrize("images", [5, 2])  # enough for three of a class, and too few
def test_the_batches_are_those_of_pytorch_metric_learnings_sampler(images, monkeypatch):
    labels = np.random.default_rng(0).permutation(np.repeat([9, 4, 30, 1, 7], images))
    random = np.random.RandomState(integer_seed(5, "batches", 2) % 2**32)
    monkeypatch.setattr(common_functions, "NUMPY_RANDOM", random)
    theirs = list(MPerClassSampler(labels, 3, 12, 4 * 12))
    assert draw(labels, epoch=2, seed=5).ravel().tolist() == theirs
