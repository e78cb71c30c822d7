"""Agreement of masks: small cases by hand, and the published numbers from the published predictions."""

import os
from pathlib import Path

import numpy as np
import pytest
from check_masks import check_masks
from PIL import Image

from bgbias.errors import StudyError
from bgbias.files import read_rows, write_rows
from bgbias.images import read_mask
from bgbias.index import Index, write_index
from bgbias.masks.limits import check_limits
from bgbias.masks.quality import SUMMARY_COLUMNS, agreement, summary
from bgbias.masks.tree import COLUMNS

REAL = Path(os.environ.get("BGBIAS_REAL", Path(__file__).parents[3] / "../shared/real"))


def test_agreement_by_hand():
    """Label 2 pixels, mask 3, both 1: IoU 1 / 4, overlap 1 / 2. 127 is background, 128 foreground."""
    label = np.array([[255, 128, 127, 0, 0, 0]], dtype=np.uint8)
    mask = np.array([[0, 200, 255, 128, 127, 3]], dtype=np.uint8)
    assert agreement(label, mask) == {"iou": 0.25, "overlap": 0.5}


def test_agreement_where_something_is_empty():
    nothing, all_ = np.zeros((2, 2), dtype=np.uint8), np.full((2, 2), 255, dtype=np.uint8)
    assert agreement(nothing, nothing) == {"iou": 1.0, "overlap": 1.0}
    assert agreement(all_, nothing) == {"iou": 0.0, "overlap": 0.0}
    assert agreement(nothing, all_)["iou"] == 0.0


def test_summary_by_hand():
    """Values 0, .5, 1 and 1: mean .625, population variance (.390625 + .015625 + 2 · .140625) / 4."""
    row = summary([{"iou": v, "overlap": 1.0} for v in (0.0, 0.5, 1.0, 1.0)])
    assert (row["n"], row["iou_mean"], row["iou_median"], row["iou_min"], row["iou_max"]) == (
        4,
        0.625,
        0.75,
        0,
        1,
    )
    assert (row["iou_q25"], row["iou_q75"]) == (0.375, 1.0)
    assert row["iou_sd"] == pytest.approx(0.171875**0.5)
    assert row["overlap_sd"] == 0
    empty = summary([])
    assert empty["n"] == 0
    assert {empty[name] for name in empty if name != "n"} == {""}


@pytest.mark.real
@pytest.mark.parametrize(
    ("dataset", "mean", "sd", "median"),
    [
        ("cars196", 0.9668, 0.0354, 0.9761),
        ("cub200", 0.8365, 0.2288, 0.9211),
        ("sop", 0.8517, 0.2084, 0.9612),
    ],
)
def test_the_published_predictions_give_the_published_numbers(dataset, mean, sd, median):
    folder = REAL / "hand_labels" / dataset
    if not folder.is_dir():
        pytest.skip(f"real photographs are not at {REAL}; name their folder in BGBIAS_REAL")
    labels = sorted(folder.glob("*_mask.png"))
    assert len(labels) == 20
    row = summary([agreement(read_mask(p), read_mask(str(p).replace("_mask", "_mask_pred"))) for p in labels])
    assert [row["iou_mean"], row["iou_sd"], row["iou_median"]] == pytest.approx([mean, sd, median], abs=5e-4)


@pytest.fixture
def labelled(tmp_path):
    """Two labelled images and one without a label; the second label agrees by half."""
    for name in ("a.png", "b.png"):
        Image.fromarray(np.full((4, 4), 255, dtype=np.uint8)).save(tmp_path / name)
    half = np.zeros((4, 4), dtype=np.uint8)
    half[:2] = 255
    (tmp_path / "masks").mkdir()
    for name, mask in (("a.jpg", half + (255 - half)), ("b.jpg", half)):
        Image.fromarray(mask).save(tmp_path / "masks" / f"{name}.png")
    index = Index(
        ["a.jpg", "b.jpg", "c.jpg"], [0, 0, 0], ["x"] * 3, ["test"] * 3, masks=["a.png", "b.png", ""]
    )
    write_index(tmp_path / "index.csv", index)
    rows = [{"path": path, "coverage": 0.5, "empty": 0, "failed": 0} for path in index.paths]
    write_rows(tmp_path / "masks.csv", rows, COLUMNS)
    return tmp_path


def check(folder):
    outputs = folder / "images.csv", folder / "quality.csv"
    check_masks(
        folder / "index.csv",
        folder / "masks.csv",
        *outputs,
        root=str(folder),
        masks=str(folder / "masks"),
        dataset="d",
        masker="m",
    )
    return [read_rows(path) for path in outputs]


def accept(folder, minimum_iou=0.7, maximum_empty=0.1, on_bad_image="fail"):
    limits = {"minimum_iou": minimum_iou, "maximum_empty": maximum_empty}
    check_limits(folder / "quality.csv", {"on_bad_image": on_bad_image, "mask_quality": limits})


@pytest.mark.parametrize("without", ["index", "mask"])
def test_images_that_another_study_left_out_end_one_that_leaves_none_out(labelled, without):
    check(labelled)
    if without == "index":
        write_rows(labelled / "problems.csv", [{"path": "d.jpg", "problem": "empty"}], ["path", "problem"])
    else:
        rows = read_rows(labelled / "masks.csv")
        write_rows(labelled / "masks.csv", [*rows[:2], rows[2] | {"failed": "1"}], list(rows[0]))
    accept(labelled, on_bad_image="skip")
    with pytest.raises(
        StudyError, match=r"1 images are unusable or have no mask, for example '[cd].jpg' .*on_bad_image"
    ):
        accept(labelled)


def test_limits_are_on_the_iou_and_admit_what_equals_them(labelled):
    check(labelled)
    (row,) = read_rows(labelled / "quality.csv")
    row |= {"iou_mean": "0.75", "overlap_mean": "0.95", "masks": "10", "empty": "1"}
    write_rows(labelled / "quality.csv", [row], list(row))
    accept(labelled, minimum_iou=0.75, maximum_empty=0.1)
    with pytest.raises(StudyError, match=r"mean IoU 0\.750, required 0\.8"):
        accept(labelled, minimum_iou=0.8)
    with pytest.raises(StudyError, match=r"1 of the 10 masks of d are empty or failed"):
        accept(labelled, maximum_empty=0.09)


def test_labelled_images_are_compared(labelled):
    images, [row] = check(labelled)
    assert [(r["path"], float(r["iou"])) for r in images] == [("a.jpg", 1.0), ("b.jpg", 0.5)]
    assert tuple(row) == SUMMARY_COLUMNS
    assert (row["dataset"], row["masker"], row["n"], float(row["iou_mean"])) == ("d", "m", "2", 0.75)
    assert (row["masks"], row["empty"]) == (str(len(read_rows(labelled / "masks.csv"))), "0")


def test_overlap_is_the_share_of_the_label_that_is_masked(labelled):
    quarter = np.zeros((4, 4), dtype=np.uint8)
    quarter[:1] = 255
    Image.fromarray(quarter).save(labelled / "b.png")  # half of the mask, all of it within
    images, _ = check(labelled)
    assert (images[1]["iou"], images[1]["overlap"]) == ("0.5", "1.0")


def test_a_mask_that_failed_is_compared_with_nothing(labelled):
    rows = [row | {"failed": int(row["path"] == "b.jpg")} for row in read_rows(labelled / "masks.csv")]
    write_rows(labelled / "masks.csv", rows, COLUMNS)
    images, [row] = check(labelled)  # b.jpg's mask of an earlier run is still there
    assert [image["path"] for image in images] == ["a.jpg"]
    assert (row["n"], row["iou_mean"]) == ("1", "1.0")


def test_empty_and_failed_masks_are_counted_once(labelled):
    rows = read_rows(labelled / "masks.csv")
    rows[0] |= {"empty": "1", "failed": "1"}
    rows[-1] |= {"empty": "1"}
    write_rows(labelled / "masks.csv", rows, COLUMNS)
    _, [row] = check(labelled)
    assert row["empty"] == "2"


def test_good_masks_are_accepted_and_worse_ones_stop_the_study(labelled):
    check(labelled)
    accept(labelled, minimum_iou=0.75)  # the mean itself
    with pytest.raises(StudyError, match=r"masks of d .*0\.750.*0\.8.*minimum_iou"):
        accept(labelled, minimum_iou=0.8)


@pytest.mark.parametrize("flag", ["empty", "failed"])
def test_too_many_bad_masks_stop_the_study(labelled, flag):
    rows = [row | {flag: int(row["path"] == "c.jpg")} for row in read_rows(labelled / "masks.csv")]
    write_rows(labelled / "masks.csv", rows, COLUMNS)
    check(labelled)
    accept(labelled, maximum_empty=0.34, on_bad_image="skip")
    with pytest.raises(StudyError, match=r"1 of the 3 masks of d .*0\.333.*maximum_empty"):
        accept(labelled, maximum_empty=0.33, on_bad_image="skip")


@pytest.mark.parametrize(
    ("masker", "remedy"),
    [("u2net", "Choose another `masker.model`, or"), ("ready", "Check `datasets.d.masks`")],
)
def test_the_remedy_is_where_the_masks_come_from(labelled, masker, remedy):
    _, [row] = check(labelled)
    write_rows(labelled / "quality.csv", [row | {"masker": masker}], list(row))
    with pytest.raises(StudyError, match=remedy):
        accept(labelled, minimum_iou=0.8)


def test_a_mask_of_another_size_names_both_files(labelled):
    Image.new("L", (4, 5)).save(labelled / "b.png")
    with pytest.raises(StudyError, match=r"b\.png is 4×5 pixels but .*b\.jpg\.png is 4×4"):
        check(labelled)


def test_no_hand_labels_is_no_obstacle(labelled):
    write_index(labelled / "index.csv", Index(["a.jpg"], [0], ["x"], ["test"]))
    images, [row] = check(labelled)
    assert (images, row["n"], row["iou_mean"]) == ([], "0", "")
    accept(labelled)
