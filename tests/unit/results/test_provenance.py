"""The provenance names commit, settings and code of every run, and no host or folder of this machine."""

import json
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest
from write_provenance import write_provenance

from bgbias import hashes
from bgbias.errors import StudyError
from bgbias.results import provenance
from bgbias.runs import check_settings, recorded_settings, write_run

SETTINGS = {"backbone": {}, "loss": {"type": "triplet", "margin": 0.1}, "training": {"learning_rate": 0.1}}
RUN = {
    "dataset": "d", "backbone": "b", "loss": "triplet", "variant": "base", "seed": 0, "settings": {},
    "seconds": 2.5, "epochs": 3, "best_epoch": 1, "device": "CPU", "versions": {"torch": "1"},
}  # fmt: skip


@pytest.fixture
def run(tmp_path):
    path = tmp_path / "run.yaml"
    its_hashes = {"settings": hashes.hash_settings(SETTINGS), "code": "c0de"}
    write_run(path, RUN | {"settings": recorded_settings(SETTINGS), "hashes": its_hashes})
    return path


def written(tmp_path, run):
    environment = tmp_path / "env.yaml"
    pins = ("numpy==1.0", "rembg[cpu]==2.0", "none-such==1")
    environment.write_text("\n".join(["dependencies:", "  - pip:", *(f"      - {pin}" for pin in pins)]))
    out = tmp_path / "provenance.json"
    write_provenance(
        [run],
        [environment],
        out,
        study="s",
        expected=[SETTINGS],
        settings={"draws": 5},
        code_hashes=hashes.hash_every_script(),
    )
    return out.read_text()


def test_what_is_written(tmp_path, run):
    text = written(tmp_path, run)
    found = json.loads(text)
    assert found["runs"][0]["hashes"] == {"settings": hashes.hash_settings(SETTINGS), "code": "c0de"}
    assert found["training_seconds"] == 2.5
    assert set(found["packages"]) == {"numpy", "rembg", "none-such", "snakemake"}
    assert found["packages"]["none-such"] == {"pinned": "1", "installed": None}
    assert found["packages"]["rembg"]["pinned"] == "2.0"
    assert found["packages"]["numpy"] == {"pinned": "1.0", "installed": version("numpy")}
    assert found["packages"]["snakemake"] == {"pinned": None, "installed": version("snakemake")}
    assert found["machine"]["cores"] >= 1
    assert "train_model.py" in found["code_hashes"]
    assert platform.node() not in text
    assert str(Path.home()) not in text
    assert str(tmp_path) not in text


def test_a_run_of_other_settings_is_refused_by_name(run):
    other = SETTINGS | {"training": {"learning_rate": 0.2}}
    with pytest.raises(StudyError, match=r"run\.yaml was made with other settings.*Remove the folder"):
        check_settings([run], [other])
    check_settings([run], [SETTINGS])


def test_runs_whose_settings_were_exchanged_are_refused(tmp_path):
    settings = [{"backbone": {}, "loss": {"margin": margin}} for margin in (1, 2)]
    paths = [tmp_path / f"{number}.yaml" for number in (0, 1)]
    for path, its in zip(paths, settings, strict=True):
        write_run(path, RUN | {"settings": recorded_settings(its)})
    check_settings(paths, settings)
    settings[0]["loss"]["margin"] = 1.0  # as older versions of this project spelled it
    check_settings(paths, settings)
    with pytest.raises(StudyError, match=r"0\.yaml was made with other settings"):
        check_settings(paths, settings[::-1])


def test_the_hash_of_the_configuration_and_the_seconds_are_of_all_runs(tmp_path):
    paths = [tmp_path / f"{number}.yaml" for number in (0, 1)]
    for path, seconds in zip(paths, (2.5, 4.0), strict=True):
        write_run(path, RUN | {"seconds": seconds, "hashes": {}})

    def written(expected, settings):
        out = tmp_path / "p.json"
        write_provenance(paths, [], out, study="s", expected=expected, settings=settings, code_hashes={})
        return json.loads(out.read_text())

    assert written([1], {})["training_seconds"] == 6.5
    given = (([1], {}), ([2], {}), ([1], {"draws": 5}))
    assert len({written(*of)["config_hash"] for of in given}) == 3


def test_the_commit_and_whether_files_differ_from_it(tmp_path):
    assert provenance.commit(tmp_path) == {"commit": None, "dirty": None}

    def git(*arguments):
        who = ["-c", "user.name=n", "-c", "user.email=e"]
        subprocess.run(["git", "-C", tmp_path, *who, *arguments], check=True, capture_output=True)

    git("init")
    (tmp_path / "x").write_text("1")
    git("add", "x")
    git("commit", "-m", "first")
    (tmp_path / "untracked").touch()  # as results are
    clean = provenance.commit(tmp_path)
    assert len(clean["commit"]) == 40
    assert clean["dirty"] is False
    (tmp_path / "x").write_text("2")
    assert provenance.commit(tmp_path) == clean | {"dirty": True}
    (tmp_path / "inner").mkdir()
    assert provenance.commit(tmp_path / "inner") == {"commit": None, "dirty": None}
