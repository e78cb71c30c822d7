"""What the user's own files tell is told before anything is made of them."""

import shutil

import pytest
from PIL import Image

from bgbias.errors import StudyError
from bgbias.preflight import check_files


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Eight classes, of which round(.375 · 8) = 3 are trained with, in batches of two or four."""
    for name in "abcdefgh":
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(2):
            Image.new("RGB", (4, 4)).save(tmp_path / "photos" / name / f"{number}.png")
    for name, side in (("bg", 5), ("new", 6)):
        (tmp_path / name).mkdir()
        Image.new("RGB", (side, side)).save(tmp_path / name / "0.png")
    monkeypatch.chdir(tmp_path)
    return {
        "grid": {"dataset": ["mine"], "loss": ["triplet"]},
        "datasets": {"mine": {"source": "folders", "root": "photos"}},
        "losses": {"triplet": {"images_per_class": 2, "margin": 0.1}},
        "training": {"batch_size": 8},
        "background_set": "offices",
        "backgrounds": {"offices": {"source": "folders", "train": "bg", "validation": "bg", "test": "new"}},
    }


def test_too_few_are_told_with_what_fits(config):
    with pytest.raises(
        StudyError, match=r"Dataset mine, loss triplet: .*needs 4 .*has 3: lower batch_size to 6"
    ):
        check_files(config)
    config["training"]["batch_size"] = 6
    check_files(config)


def test_other_mistakes_and_a_study_without_training_are_left_to_the_jobs(config, tmp_path):
    check_files(config | {"grid": {"dataset": ["mine"], "loss": []}})
    check_files(config | {"datasets": {"mine": {"source": "cub200"}}})


@pytest.mark.parametrize(
    ("key", "folder"),
    [("datasets.mine.root", "photos"), ("datasets.mine.masks", "masks"), ("backgrounds.offices.test", "new")],
)
def test_a_folder_without_images_is_told_before_a_job_loses_what_it_made(config, tmp_path, key, folder):
    config["datasets"]["mine"]["masks"] = "masks"
    config["training"]["batch_size"] = 6
    (tmp_path / "masks").mkdir()
    Image.new("L", (4, 4)).save(tmp_path / "masks/0.png")
    check_files(config)
    shutil.rmtree(tmp_path / folder)
    (tmp_path / folder / "lost+found").mkdir(parents=True)  # where the disk would be mounted
    with pytest.raises(StudyError, match=f"{key}: there are no images in {folder}; is its disk mounted"):
        check_files(config)


def test_classes_of_other_sources_are_counted_in_their_index(config, tmp_path):
    config["datasets"]["mine"] = {"source": "cub200"}
    check_files(config)
    (tmp_path / "data/mine").mkdir(parents=True)
    lines = [f"{label}.jpg,{label},c{label},train" for label in range(3)]
    (tmp_path / "data/mine/index.csv").write_text("\n".join(["path,label,class_name,split", *lines]) + "\n")
    with pytest.raises(StudyError, match=r"Dataset mine, loss triplet: .*has 3"):
        check_files(config)


def test_a_test_background_that_a_training_sees_is_told(config, tmp_path):
    config["training"]["batch_size"] = 6
    for path, content in (("bg/a.jpg", b"one"), ("new/b.jpg", b"two"), ("new/c.jpg", b"one")):
        (tmp_path / path).write_bytes(content)
    with pytest.raises(
        StudyError, match=r"offices\.test: new/c\.jpg is the same file as bg/a\.jpg.*; remove it"
    ):
        check_files(config)
    (tmp_path / "new/c.jpg").unlink()
    check_files(config)
    check_files(config | {"backgrounds": {"offices": {"source": "study", "accept_terms": True}}})
