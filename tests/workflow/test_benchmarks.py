"""The programs of `make bench` measure what the library is now: each once, as little as it can.

What a measurement finds is not looked at: here it has one round, and other tests beside it.
"""

import math
import os
from importlib import import_module
from pathlib import Path
from unittest import mock

import pytest
import torch

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """(name) → benchmarks/<name>.py, imported where no photographs and none of the study's networks are."""
    # A program sets variables of the environment and its path: neither shall be left to other tests.
    nowhere = str(tmp_path_factory.mktemp("no_photographs"))
    with mock.patch.dict(os.environ, BGBIAS_REAL=nowhere), pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        yield import_module


@pytest.fixture(scope="module")
def photographs(program, tmp_path_factory):
    # Of so many classes those to train with fill a batch of bench_training.
    return program("material").generated(tmp_path_factory.mktemp("generated"), limit=320, size=96)


def assert_measured(rows):
    assert rows
    assert all(math.isfinite(row["value"]) for row in rows), rows


def test_batches(program, photographs, tmp_path):
    rows, _ = program("bench_batches").measure(photographs, tmp_path, rounds=1)
    assert_measured(rows)


def test_training(program, photographs, tmp_path):
    case = ("small_cnn", 64, 72, 16, 2)
    rows, _ = program("bench_training").measure(case, "smallest", photographs, tmp_path, CPU, rounds=1)
    assert_measured(rows)


def test_attribution(program, photographs, tmp_path):
    rows, _ = program("bench_attribution").measure("small_cnn", 64, photographs, tmp_path, CPU, rounds=1)
    assert_measured(rows)


def test_masks(program, photographs, tmp_path):
    masks = program("bench_masks")
    seconds = masks.against_the_bare_session(photographs, tmp_path, count=1, rounds=1)
    assert all(value > 0 for (value,) in seconds.values())
    assert set(masks.slowest(1, photographs, tmp_path, count=1)) == {
        f"{name}, {clock}" for name in seconds for clock in ("elapsed", "CPU")
    }


def test_retrieval(program):
    retrieval = program("bench_retrieval")
    found = {(name, 600): retrieval.measure(name, 600) for name in retrieval.METHODS}
    assert_measured(retrieval.verdicts(found))


def test_workflow(program, tmp_path):
    workflow = program("bench_workflow")
    rows, _ = workflow.measure_planning(workflow.fresh_copy(tmp_path / "project"), seeds=1, rounds=1)
    assert_measured(rows)
    assert workflow.start_ups([workflow.SCRIPTS / "merge_masks.py"], rounds=1)["merge_masks.py"] > 0
