"""Real photographs come in by configuration alone, and the whole flow ends in their tables."""

import os
import shutil
from pathlib import Path

import pytest
from fresh_copy import ROOT

from bgbias.files import read_rows

REAL = Path(os.environ.get("BGBIAS_REAL", ROOT / "../shared/real")).resolve()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.real,
    pytest.mark.skipif(not REAL.is_dir(), reason="the real photographs are not here (BGBIAS_REAL)"),
]


def test_from_photographs_to_tables(project):
    (project.root.parent / "shared").mkdir()
    os.symlink(REAL, project.root.parent / "shared/real")
    done = project.snakemake(config="tests/config/real.yaml")
    assert done.returncode == 0, done.stdout
    rows = read_rows(project.root / "results/real_small/retrieval.csv")
    # 2 datasets x 1 loss x 2 variants, each once clean and in 2 draws swapped
    assert len(rows) == 4 * 3
    assert all(0 <= float(row["map_at_r"]) <= 1 for row in rows)
    assert (project.root / "results/real_small/report.html").stat().st_size > 100_000
    shutil.rmtree(project.root)
