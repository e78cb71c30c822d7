"""Listings of images: what counts, and what their fingerprint notices."""

import os
import shutil

import pytest

from bgbias.errors import StudyError
from bgbias.listings import fingerprint, list_images, shared_image


@pytest.fixture
def folder(tmp_path):
    for name in ("a/1.jpg", "a/2.PNG", "b/deep/3.webp", "b/notes.txt", ".hidden/4.jpg", "b/.5.jpg"):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).write_bytes(name.encode())
    return tmp_path / "photos"


def test_images_at_any_depth_and_nothing_else(folder):
    (folder / "c").symlink_to(folder / "b")
    found = [path.relative_to(folder).as_posix() for path in list_images(folder)]
    assert found == ["a/1.jpg", "a/2.PNG", "b/deep/3.webp", "c/deep/3.webp"]


def test_a_name_that_is_no_utf8_is_told(folder):
    (folder / os.fsdecode(b"a/f\xfc.jpg")).write_bytes(b"x")
    with pytest.raises(StudyError, match=r"is not valid UTF-8\. Rename the file"):
        list_images(folder)


def test_a_link_to_a_folder_around_it_ends_there(folder):
    for place in ("a/self", "b/deep/up"):
        (folder / place).symlink_to(folder / place.partition("/")[0])
    found = [path.relative_to(folder).as_posix() for path in list_images(folder)]
    assert found == ["a/1.jpg", "a/2.PNG", "b/deep/3.webp"]


def test_what_would_be_missing_silently_is_told(folder):
    (folder / "lost+found").mkdir(mode=0)
    list_images(folder)
    (folder / "c").symlink_to(folder.parent / "not mounted")
    with pytest.raises(StudyError, match=r"photos/c is a link to .*not mounted, which is not there"):
        list_images(folder)
    (folder / "c").unlink()
    if os.getuid() != 0:  # who may read everything
        (folder / "b").chmod(0)
        with pytest.raises(StudyError, match="photos/b cannot be read: Permission denied"):
            list_images(folder)


def test_what_a_phone_or_a_browser_saves_is_an_image(folder):
    for suffix in ("jfif", "avif", "HEIC"):
        (folder / f"new.{suffix}").write_bytes(b"x")
    assert {path.suffix for path in list_images(folder)} >= {".jfif", ".avif", ".HEIC"}


def test_the_fingerprint_notices_images_that_come_go_or_change_and_nothing_else(folder, tmp_path):
    before = fingerprint(folder)
    (folder / "b/notes.txt").write_text("more notes")
    shutil.copytree(folder, tmp_path / "copy")
    assert fingerprint(folder) == before == fingerprint(tmp_path / "copy")

    def after(change):
        shutil.copytree(folder, tmp_path / "changed")
        change(tmp_path / "changed")
        found = fingerprint(tmp_path / "changed")
        shutil.rmtree(tmp_path / "changed")
        return found

    changes = [
        lambda root: (root / "a/9.jpg").write_bytes(b"new"),
        lambda root: (root / "a/1.jpg").unlink(),
        lambda root: (root / "a/1.jpg").rename(root / "b/1.jpg"),
        lambda root: (root / "a/1.jpg").write_bytes(b"another picture"),
    ]
    assert before not in {after(change) for change in changes}
    assert len({after(change) for change in changes}) == len(changes)


def test_a_shared_image_is_one_with_the_same_bytes(folder, tmp_path):
    others = tmp_path / "others"
    (others / "deep").mkdir(parents=True)
    for name, content in (("2.jpg", b"A/1.jpg"), ("n.txt", b"a/1.jpg")):
        (others / name).write_bytes(content)
    assert shared_image(folder, others) is None
    (others / "deep/x.png").write_bytes(b"a/2.PNG")
    assert shared_image(folder, others) == (folder / "a/2.PNG", others / "deep/x.png")
