"""Too few training classes are told before anything is made, where the user's own files tell."""

import pytest
from PIL import Image

from bgbias.datasets.training_classes import check_training_classes
from bgbias.errors import StudyError


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Eight classes, of which round(.375 · 8) = 3 are trained with, in batches of two or four."""
    for name in "abcdefgh":
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(2):
            Image.new("RGB", (4, 4)).save(tmp_path / "photos" / name / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    return {
        "grid": {"dataset": ["mine"], "loss": ["triplet"]},
        "datasets": {"mine": {"source": "folders", "root": "photos"}},
        "losses": {"triplet": {"images_per_class": 2, "margin": 0.1}},
        "training": {"batch_size": 8},
    }


def test_too_few_are_told_with_what_fits(config):
    with pytest.raises(
        StudyError, match=r"Dataset mine, loss triplet: .*needs 4 .*has 3: lower batch_size to 6"
    ):
        check_training_classes(config)
    config["training"]["batch_size"] = 6
    check_training_classes(config)


def test_other_mistakes_and_a_study_without_training_are_left_to_the_jobs(config, tmp_path):
    check_training_classes(config | {"grid": {"dataset": ["mine"], "loss": []}})
    check_training_classes(config | {"datasets": {"mine": {"source": "folders", "root": "nowhere"}}})
    check_training_classes(config | {"datasets": {"mine": {"source": "cub200"}}})


def test_an_index_that_is_there_may_be_out_of_date(config, tmp_path):
    (tmp_path / "data/mine").mkdir(parents=True)
    (tmp_path / "data/mine/index.csv").write_text("")
    check_training_classes(config)
