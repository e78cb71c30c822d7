"""--use-conda through a stand-in for conda; tests/cluster/conda-stand-in/bin/conda says what that proves."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from environment_scripts import ENVIRONMENTS, RULES, SCRIPT_OF_ENVIRONMENT, named_modules
from fresh_copy import ROOT, fresh_copy
from through_slurm import HERE

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

STAND_IN = HERE / "conda-stand-in" / "bin"
# Named in a function that these rules do not call: timm is for backbones that a user adds together with it.
NOT_CALLED = {"models": {"timm"}}


def environment() -> dict[str, str]:
    """Of this Python first of all: the stand-in links what is installed here."""
    return os.environ | {
        "PATH": f"{STAND_IN}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "OMP_NUM_THREADS": "1",
    }


def call(*command, **options) -> subprocess.CompletedProcess:
    return subprocess.run(
        command,
        env=environment(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=500,
        check=False,
        **options,
    )


def create(file: Path, prefix: Path) -> subprocess.CompletedProcess:
    return call("conda", "env", "create", "--quiet", f"--file={file}", f"--prefix={prefix}")


def test_every_rule_with_a_script_names_an_environment():
    assert len(SCRIPT_OF_ENVIRONMENT) == len(re.findall(r"^ +script:$", RULES, flags=re.M)) > 0
    assert {name for name, _ in SCRIPT_OF_ENVIRONMENT} == set(ENVIRONMENTS)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_an_environment_holds_what_its_scripts_import(name, tmp_path):
    """Outside Snakemake, which lends a script its own packages where the environment lacks one.

    Imports within functions count as well: each package that a script or a module behind it names.
    """
    made = create(ROOT / "envs" / f"{name}.yaml", tmp_path / name)
    assert made.returncode == 0, made.stdout
    packages = named_modules(name) - {"bgbias"} - sys.stdlib_module_names
    packages -= NOT_CALLED.get(name, set())
    code = "import sys, importlib.util\nprint(*(p for p in sys.argv[1:] if not importlib.util.find_spec(p)))"
    done = call(tmp_path / name / "bin" / "python", "-c", code, *packages)
    assert done.stdout.split() == []
    assert done.returncode == 0


def test_the_stand_in_refuses_a_version_that_is_not_there(tmp_path):
    text = (ROOT / "envs" / "tables.yaml").read_text()
    (tmp_path / "other.yaml").write_text(re.sub(r"tqdm==[\d.]+", "tqdm==1.0.0", text))
    made = create(tmp_path / "other.yaml", tmp_path / "other")
    assert made.returncode != 0
    assert "tqdm==1.0.0" in made.stdout


def test_masks_are_made_with_use_conda(tmp_path):
    """Two environments through Snakemake itself: found, made once, activated for each job."""
    folder = fresh_copy(tmp_path / "project")
    done = call(
        sys.executable,
        "-m",
        "snakemake",
        "--cores",
        "2",
        "--use-conda",
        "masks",
        "--configfile",
        "tests/config/tiny.yaml",
        cwd=folder,
    )
    assert done.returncode == 0, done.stdout
    assert (folder / "data/tiny_cars/masks.csv").is_file()
    made = re.findall(r"Creating conda environment .*?envs/(\w+)\.yaml", done.stdout)
    assert sorted(made) == ["images", "masks"]
    assert len(set(re.findall(r"Activating conda environment: (\S+)", done.stdout))) == 2
