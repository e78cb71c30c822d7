"""Which masks are shown of a dataset without hand labels, and what of the disk is looked at for that."""

import draw_mask_examples as script
import pytest
from figure_jobs import mask_examples

from bgbias.files import read_rows, write_rows
from bgbias.images import read_mask
from bgbias.masks.tree import COLUMNS

SHOWN = ["0.png", "2.png", "3.png"]


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """(labelled) → the examples that the script hands to the function that draws, and its title; of four
    masks one failed, and no other files are looked for than those of the examples."""
    real, given = script.draw, []
    monkeypatch.setattr(script, "draw", lambda *of: given.extend(of) or real(*of))
    path_of, asked = script.mask_path, []
    monkeypatch.setattr(script, "mask_path", lambda folder, path: asked.append(path) or path_of(folder, path))

    def draw(labelled):
        job, inputs = mask_examples(tmp_path)
        masks = read_rows(inputs["table"])
        masks[1]["failed"] = 1
        for row, coverage in zip(masks, (0.2, 0, 0.9, 0.1), strict=True):
            row["coverage"] = coverage
        write_rows(inputs["table"], masks, COLUMNS)
        (tmp_path / "masks/1.png.png").unlink()
        if not labelled:
            write_rows(inputs["images"], [], ["path", "iou", "overlap"])
        job(**inputs, png=tmp_path / "f.png", pdf=tmp_path / "f.pdf")
        assert set(asked) == set(SHOWN)
        return given

    return draw


def test_without_hand_labels_masks_are_shown_by_size_and_none_that_failed(drawn, tmp_path):
    examples, title = drawn(labelled=False)
    assert {(example.label, example.iou) for example in examples} == {(None, None)}
    for example, name in zip(examples, ["3.png", "0.png", "2.png"], strict=True):
        assert (example.prediction == read_mask(tmp_path / f"masks/{name}.png")).all()
    assert title.endswith("all 3 masks, from the smallest to the largest")


def test_with_hand_labels_only_labelled_images_are_shown(drawn):
    examples, title = drawn(labelled=True)
    assert [example.iou for example in examples] == [0, 0.5, 0.75]
    assert title.endswith("3 of 4 labelled images, from the best mask to the worst")
