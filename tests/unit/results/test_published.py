"""Published beside measured: the transcription, the differences, the empty cells."""

import math
from pathlib import Path

import numpy as np
import pytest
from tabulate_published import tabulate_published

from bgbias.files import read_rows, write_rows
from bgbias.masks.quality import summary
from bgbias.results.published import KEYS, closeness, compare, comparison_table, read_comparison
from bgbias.results.table_formats import to_markdown

PUBLISHED = Path(__file__).parents[3] / "resources" / "published"


def test_the_transcription_is_whole_and_has_sources():
    # 3 datasets × 5 losses × 2 variants, clean and swapped; one attention score each.
    rows = {kind: read_rows(PUBLISHED / f"{kind}.csv") for kind in KEYS}
    assert (len(rows["retrieval"]), len(rows["attention"]), len(rows["mask_quality"])) == (60, 30, 3)
    assert all(row["source"] for kind in rows.values() for row in kind)
    cells = {tuple(row[key] for key in KEYS["retrieval"]): row for row in rows["retrieval"]}
    assert len(cells) == 60
    cell = cells["sop", "bninception", "normalized_softmax", "bgaugment", "swapped"]
    assert (cell["mean"], cell["sd"]) == ("24.60", "0.03")
    (cell,) = [
        row
        for row in rows["attention"]
        if (row["dataset"], row["loss"], row["variant"]) == ("sop", "triplet", "bgaugment")
    ]
    assert (cell["mean"], cell["sd"]) == ("0.26", "0.22")
    # The paper's own finding: swapped, BGAugment wins everywhere but in cars × multi similarity.
    swapped = {key: float(row["mean"]) for key, row in cells.items() if key[-1] == "swapped"}
    won = [
        key
        for key in swapped
        if key[3] == "base" and swapped[(*key[:3], "bgaugment", "swapped")] > swapped[key]
    ]
    assert len(won) == 14


def test_the_columns_of_the_transcription_add_up():
    # All losses of a column of the paper's tables 1 and 2, so that no digit slips unseen: the means, and the
    # sds that are printed.
    expected = {
        ("cars196", "base", "clean"): [83.66, 0],
        ("cars196", "base", "swapped"): [71.95, 0.36],
        ("cars196", "bgaugment", "clean"): [81.66, 0],
        ("cars196", "bgaugment", "swapped"): [81.33, 0.22],
        ("cub200", "base", "clean"): [98.59, 0],
        ("cub200", "base", "swapped"): [60.90, 0.55],
        ("cub200", "bgaugment", "clean"): [98.39, 0],
        ("cub200", "bgaugment", "swapped"): [81.75, 0.58],
        ("sop", "base", "clean"): [196.36, 0],
        ("sop", "base", "swapped"): [31.38, 0.26],
        ("sop", "bgaugment", "clean"): [148.23, 0],
        ("sop", "bgaugment", "swapped"): [110.61, 0.26],
        ("cars196", "base", "study"): [2.52],
        ("cars196", "bgaugment", "study"): [2.69],
        ("cub200", "base", "study"): [1.24],
        ("cub200", "bgaugment", "study"): [1.58],
        ("sop", "base", "study"): [0.51],
        ("sop", "bgaugment", "study"): [1.39],
    }
    printed = {"retrieval": ("protocol", ["mean", "sd"]), "attention": ("method", ["mean"])}
    for kind, (last, numbers) in printed.items():
        rows = read_rows(PUBLISHED / f"{kind}.csv")
        for column in {(row["dataset"], row["variant"], row[last]) for row in rows}:
            of_column = [row for row in rows if (row["dataset"], row["variant"], row[last]) == column]
            totals = [sum(float(row[name] or 0) for row in of_column) for name in numbers]
            assert totals == pytest.approx(expected.pop(column)), column
    assert not expected
    masks, columns = (
        read_rows(PUBLISHED / "mask_quality.csv"),
        ("iou_mean", "iou_sd", "iou_median", "overlap_mean"),
    )
    totals = [sum(float(row[column]) for row in masks) for column in columns]
    assert totals == pytest.approx([2.656, 0.472, 2.858, 2.820])


def tabulated(folder, kind, measured):
    """The rows of the comparison of cars196 that were measured, from their CSV."""
    write_rows(folder / "results.csv", measured, list(measured[0]))
    outputs = {form: folder / f"t.{form}" for form in ("tex", "csv", "md")}
    inputs = PUBLISHED / f"{kind}.csv", folder / "results.csv"
    tabulate_published(*inputs, **outputs, kind=kind, datasets={"cars196": "cars196"})
    return [row for row in read_comparison(outputs["csv"]) if row["measured"] is not None]


def test_only_the_datasets_of_the_study_are_listed(tmp_path):
    run = {"dataset": "birds", "backbone": "bninception", "loss": "arcface", "variant": "base", "seed": 0}
    row = run | {"protocol": "clean", "draw": 0, "map_at_r": 0.2}
    write_rows(tmp_path / "results.csv", [row], list(row))
    outputs = {form: tmp_path / f"t.{form}" for form in ("tex", "csv", "md")}
    inputs = PUBLISHED / "retrieval.csv", tmp_path / "results.csv"
    tabulate_published(*inputs, **outputs, kind="retrieval", datasets={"birds": "cub200"})
    assert {row["dataset"] for row in read_rows(outputs["csv"])} == {"cub200"}
    assert "Cars196" not in outputs["md"].read_text()


def test_attention_is_compared_in_the_papers_unit_and_with_its_method(tmp_path):
    run = {"dataset": "cars196", "backbone": "bninception", "loss": "arcface", "variant": "base", "seed": 0}
    methods = {"study": 0.5, "gradcam": 0.9}
    measured = [run | {"method": method, "mean": mean, "sd": 0.1, "n": 9} for method, mean in methods.items()]
    (row,) = tabulated(tmp_path, "attention", measured)
    assert (row["published"], row["measured"]) == (0.49, 0.5)
    assert row["difference"] == pytest.approx(0.01)
    # As in the table of attention: the sd over images is no error of the mean, which ± would say.
    printed = (tmp_path / "t.md").read_text()
    assert "| ArcFace | 0.49 (0.10) | 0.50 (0.10) | +0.01 |" in printed
    assert printed.startswith("Attention score: published and measured (standard deviation over test images)")


def test_masks_are_compared_in_the_papers_unit_and_with_its_masker(tmp_path):
    maskers = {"u2net": {"iou": 0.5, "overlap": 0.75}, "ready": {"iou": 1.0, "overlap": 1.0}}
    measured = [
        {"dataset": "cars196", "masker": masker, "masks": 9, "empty": 0, **summary([scores] * 2)}
        for masker, scores in maskers.items()
    ]
    found = tabulated(tmp_path, "mask_quality", measured)
    # Published: IoU 0.967 ± 0.035, median 0.976, overlap 0.988.
    assert [(row["published"], row["measured"]) for row in found] == [
        (0.967, 0.5),
        (0.035, 0.0),
        (0.976, 0.5),
        (0.988, 0.75),
    ]
    caption = (tmp_path / "t.md").read_text().splitlines()[0]
    assert "published and measured (hand labels of Cars196: 20 published, 2 measured)" in caption


def test_masks_without_hand_labels_are_compared_with_nothing(tmp_path):
    row = {"dataset": "cars196", "masker": "u2net", "masks": 9, "empty": 0, **summary([])}
    assert tabulated(tmp_path, "mask_quality", [row]) == []
    assert "hand labels of" not in (tmp_path / "t.md").read_text()


def test_differences_and_cells_not_run(tmp_path):
    run = {"dataset": "my_cars", "backbone": "bninception", "loss": "arcface", "variant": "base", "seed": 0}
    rows = [run | {"protocol": "clean", "draw": 0, "map_at_r": 0.1650}]
    rows += [rows[0] | {"protocol": "swapped", "draw": d, "map_at_r": m} for d, m in enumerate((0.13, 0.15))]
    rows.append(rows[0] | {"dataset": "cub200"})  # a part of it, say: not among those that are compared
    write_rows(tmp_path / "retrieval.csv", rows, list(rows[0]))
    outputs = {form: tmp_path / f"t.{form}" for form in ("tex", "csv", "md")}
    inputs = PUBLISHED / "retrieval.csv", tmp_path / "retrieval.csv"
    tabulate_published(*inputs, **outputs, kind="retrieval", datasets={"my_cars": "cars196"})
    lines = outputs["md"].read_text().splitlines()
    # Published 16.25 clean, 13.63 swapped; nothing else was run. Of .13 and .15 the sample sd is .01 · √2.
    assert "| ArcFace | Base | 16.25 | 16.50 | +0.25 | 13.63 ± 0.08 | 14.00 ± 1.41 | +0.37 |" in lines
    assert "|  | BGAugment | 16.19 |  |  | 16.23 ± 0.04 |  |  |" in lines
    assert sum("+" in line or "−" in line for line in lines) == 1
    assert sum(bool(row["measured"]) for row in read_rows(outputs["csv"])) == 2


def test_another_backbone_is_another_cell():
    published = [{"dataset": "d", "backbone": "bninception", "mean": "1", "source": "s"}]
    (row,) = compare(
        published, [{"dataset": "d", "backbone": "resnet50", "mean": 1}], ("dataset", "backbone")
    )
    assert row["measured"] is None
    assert row["difference"] is None


def test_closeness_counts_only_what_was_run():
    rows = [{"published": p, "measured": m} for p, m in ((1.0, 2.0), (2.0, 3.0), (3.0, 5.0), (9.0, None))]
    found = closeness(rows)
    assert found["n"] == 3
    assert found["spearman"] == pytest.approx(1)  # the same order
    assert found["mean_absolute_difference"] == pytest.approx(4 / 3)  # 1, 1 and 2
    assert closeness(rows[3:]) is None


def test_rank_correlation_equals_scipys_with_ties():
    from scipy.stats import spearmanr

    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b = rng.integers(0, 6, (2, 25))
        rows = [{"published": float(p), "measured": float(m)} for p, m in zip(a, b, strict=True)]
        assert closeness(rows)["spearman"] == pytest.approx(spearmanr(a, b).statistic, abs=1e-12)


def test_rank_correlation_with_what_never_changes_is_undefined():
    assert math.isnan(closeness([{"published": p, "measured": 1.0} for p in (1.0, 2.0, 3.0)])["spearman"])


def test_mask_quality_by_measure():
    row = {"dataset": "cub200", "masker": "u2net", "measure": "iou_mean", "source": "s"}
    rows = [row | {"published": 0.837, "published_sd": None, "measured": 0.8352, "measured_sd": None}]
    rows = [row | {"difference": -0.0018} for row in rows]
    assert to_markdown(comparison_table(rows, "mask_quality")).splitlines() == [
        "| Measure | u2net published | u2net measured | u2net difference |",
        "| --- | ---: | ---: | ---: |",
        "| **CUB200-2011** |  |  |  |",
        "| IoU, mean | 0.837 | 0.835 | −0.002 |",
    ]
