"""What a finished study says of itself, and what it keeps to itself."""

import json
import platform
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PUBLISHED = ("report.html", "provenance.json", "tables/retrieval.tex", "tables/retrieval.md", "retrieval.csv")


def test_every_run_is_in_the_provenance_with_its_hashes(finished_study):
    found = json.loads((finished_study.root / "results/tiny/provenance.json").read_text())
    assert len(found["runs"]) == 4  # 2 losses × 2 variants
    by_loss = {}
    for run in found["runs"]:
        assert run["hashes"]["code"] == found["code_hashes"]["train_model.py"]
        by_loss.setdefault((run["loss"], run["variant"]), run["hashes"]["settings"])
    assert len(set(by_loss.values())) == 4, "each combination has settings of its own"
    assert found["training_seconds"] > 0
    report = (finished_study.root / "results/tiny/report.html").read_text()
    assert found["config_hash"] in report


def test_nothing_published_names_this_machine_or_its_folders(finished_study):
    secrets = [str(finished_study.root), str(Path.home()), "/tmp/"]
    if len(platform.node()) > 3:  # a name like "vm" may be a part of any word
        secrets.append(platform.node())
    for name in PUBLISHED:
        text = (finished_study.root / "results/tiny" / name).read_text()
        assert not [secret for secret in secrets if secret in text], name
