"""The demo study as a newcomer runs it: the paper's finding, within memory, and a second run is idle.

It runs in this folder, so that a study that is finished already is not computed again.
"""

import csv
import subprocess
import sys
from statistics import mean

import pytest
from fresh_copy import ROOT

from bgbias.files import read_rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]
RESULTS = ROOT / "results/demo"
DATASETS = ("demo_cars", "demo_birds", "demo_products")
LOSSES = ("contrastive", "triplet", "multi_similarity", "arcface", "normalized_softmax")


def snakemake(*arguments):
    command = [sys.executable, "-m", "snakemake", "--cores", "all", *arguments]
    return subprocess.run(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )


@pytest.fixture(scope="module")
def demo():
    done = snakemake()
    assert done.returncode == 0, done.stdout[-5000:]


@pytest.fixture(scope="module")
def map_at_r(demo):
    rows = read_rows(RESULTS / "retrieval.csv")

    def cell(dataset, loss, variant, protocol):
        axes = {"dataset": dataset, "loss": loss, "variant": variant, "protocol": protocol}
        return mean(float(row["map_at_r"]) for row in rows if axes.items() <= row.items())

    return cell


def lost(map_at_r, dataset, loss, variant):
    """The share of the clean MAP@R that swapping takes."""
    return 1 - map_at_r(dataset, loss, variant, "swapped") / map_at_r(dataset, loss, variant, "clean")


def test_bgaugment_finds_swapped_images_better(map_at_r):
    better = [
        map_at_r(dataset, loss, "bgaugment", "swapped") > map_at_r(dataset, loss, "base", "swapped")
        for dataset in DATASETS
        for loss in LOSSES
    ]
    assert sum(better) >= 13, better


def test_base_loses_more_the_more_the_background_says(map_at_r):
    cars, birds, products = (
        mean(lost(map_at_r, dataset, loss, "base") for loss in LOSSES) for dataset in DATASETS
    )
    assert products > birds > cars


def test_on_products_base_loses_half_and_bgaugment_less_than_half_of_that(map_at_r):
    def dropped(variant):
        return mean(
            map_at_r("demo_products", loss, variant, "clean")
            - map_at_r("demo_products", loss, variant, "swapped")
            for loss in LOSSES
        )

    assert mean(lost(map_at_r, "demo_products", loss, "base") for loss in LOSSES) >= 0.5
    assert dropped("bgaugment") < dropped("base") / 2


def test_bgaugment_looks_at_the_object_more(demo):
    score = {
        tuple(row[axis] for axis in ("dataset", "loss", "variant")): float(row["mean"])
        for row in read_rows(RESULTS / "attention.csv")
        if row["method"] == "study"
    }
    higher = [
        score[dataset, loss, "bgaugment"] > score[dataset, loss, "base"]
        for dataset in DATASETS
        for loss in LOSSES
    ]
    assert sum(higher) >= 12, score


def test_masks_of_classes_never_seen_are_good(demo):
    rows = read_rows(RESULTS / "mask_quality.csv")
    assert len(rows) == len(DATASETS)
    assert all(float(row["iou_mean"]) >= 0.85 for row in rows), rows


def test_no_job_took_more_than_4_gigabytes(demo):
    peaks = {
        path: float(row["max_rss"])
        for path in RESULTS.glob("benchmarks/**/*.tsv")
        for row in csv.DictReader(path.open(), delimiter="\t")
    }
    assert len(peaks) == 4 * 30  # trained, embedded, measured, attributed
    assert max(peaks.values()) < 4096, max(peaks, key=peaks.get)


def test_a_second_run_has_nothing_to_do(demo):
    assert "Nothing to be done" in snakemake("--dry-run").stdout
