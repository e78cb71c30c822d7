"""Where a mask lies, and which of the table are no good."""

from pathlib import Path

from bgbias.masks.tree import flagged, mask_path


def test_no_two_images_share_a_mask():
    paths = ["a/b.jpg", "a/b.png", "b.jpg", "a/b"]
    found = [mask_path("masks", path).relative_to("masks").as_posix() for path in paths]
    assert found == ["a/b.jpg.png", "a/b.png.png", "b.jpg.png", "a/b.png"]
    assert mask_path(Path("masks"), "a/b.jpg") == mask_path("masks", "a/b.jpg")


def test_an_image_with_several_flags_is_named_once_and_the_order_stays():
    flags = {"z": ("1", "1"), "y": ("0", "0"), "x": ("1", "0"), "w": ("0", "1")}
    rows = [{"path": path, "empty": empty, "failed": failed} for path, (empty, failed) in flags.items()]
    assert flagged(rows, "empty", "failed") == ["z", "x", "w"]
    assert flagged(rows, "failed") == ["z", "w"]
    assert flagged([], "empty") == []
