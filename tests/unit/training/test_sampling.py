"""Which images make up a batch."""

import numpy as np
import pytest

from bgbias.errors import StudyError
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
