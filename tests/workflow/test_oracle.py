"""rho is an oracle: how much a class says about its background is how much base loses without it."""

import pytest

from bgbias.files import read_rows

pytestmark = pytest.mark.slow


def relative_drop(rows, dataset):
    def mean(protocol):
        values = [
            float(row["map_at_r"])
            for row in rows
            if row["dataset"] == dataset and row["protocol"] == protocol
        ]
        return sum(values) / len(values)

    return 1 - mean("swapped") / mean("clean")


def test_what_base_loses_follows_rho(project):
    done = project.snakemake("results/oracle/retrieval.csv", config="tests/config/oracle.yaml")
    assert done.returncode == 0, done.stdout
    rows = read_rows(project.root / "results/oracle/retrieval.csv")
    # With rho = 0 a background says nothing about the class; what is lost then is lost to masks and to
    # backgrounds of another pool. With rho = 1 it says everything, and is gone after the swap.
    assert relative_drop(rows, "rho_0") < 0.3
    assert relative_drop(rows, "rho_1") > 0.6
