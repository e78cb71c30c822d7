"""Where a user's images may be: not among the files that the workflow makes of them."""

import pytest

from bgbias.configuration.checks import _check_dataset
from bgbias.errors import StudyError


@pytest.fixture
def root(tmp_path, monkeypatch):
    """The folder data/mine/photos of a project."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data/mine/photos").mkdir(parents=True)
    (tmp_path / "link").symlink_to("data")
    return tmp_path / "data/mine/photos"


def checked(name, **settings):
    _check_dataset({"datasets": {name: settings}, "grid": {"loss": []}}, name)


@pytest.mark.parametrize("place", ["data/mine", "data", ".", "link/mine"])
def test_made_masks_must_not_lie_among_the_photographs(root, place):
    with pytest.raises(
        StudyError, match=r"mine\.root: the masks made in data/mine would be read as photographs"
    ):
        checked("mine", source="folders", root=place)


def test_photographs_may_lie_beside_what_is_made_of_them(root):
    checked("mine", source="folders", root="data/mine/photos")
    checked("another", source="folders", root="data/mine")


def test_an_index_of_the_users_is_not_the_one_that_is_made(root):
    for name in ("index.csv", "mine.csv"):
        (root.parent / name).touch()
    with pytest.raises(StudyError, match=r"mine\.index: the workflow writes data/mine/index\.csv itself"):
        checked("mine", source="index", root="data/mine")
    checked("mine", source="index", root="data/mine", index="mine.csv")
    checked("another", source="index", root="data/mine")


def test_ready_masks_are_not_those_that_are_made(root):
    (root.parent / "masks").mkdir()
    with pytest.raises(StudyError, match=r"mine\.masks: the workflow itself writes masks into"):
        checked("mine", source="cub200", masks="link/mine/masks")
    checked("another", source="cub200", masks="data/mine/masks")


def test_the_root_of_any_dataset_must_be_there(root):
    with pytest.raises(StudyError, match=r"birds\.root: folder nowhere does not exist"):
        checked("birds", source="cub200", root="nowhere")
