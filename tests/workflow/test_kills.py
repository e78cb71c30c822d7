"""A study some of whose jobs were killed ends with the tables of one that was left alone."""

import random
import shutil
import sys

import pytest
from fresh_copy import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))
from kill_study import one_round, tables

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def test_kills_at_random_moments(finished):
    expected = tables(finished.root)
    for folder in ("tiny_cars", "tables", "figures"):  # the data stay: benchmarks/kill_study.py has it all
        shutil.rmtree(finished.root / "results" / "tiny" / folder)
    for name in ("retrieval.csv", "attention.csv"):
        (finished.root / "results" / "tiny" / name).unlink()
    killed = one_round(finished.root.resolve(), kills=3, seconds=30, rng=random.Random(1))
    assert killed, "nothing was killed: the test shows nothing"
    assert tables(finished.root) == expected
