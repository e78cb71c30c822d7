"""A tiny study, run once in a copy of the project; tests work on copies of that copy."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fresh_copy import fresh_copy

TINY = "tests/config/tiny.yaml"


class Project:
    """A copy of the project in which a test may edit and run what it likes."""

    def __init__(self, root: Path):
        self.root = root

    def snakemake(self, *arguments: str, config: str = TINY) -> subprocess.CompletedProcess:
        # The targets first: --configfile takes every word that follows it.
        command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
        command += ["--configfile", config]
        return subprocess.run(
            command,
            cwd=self.root,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=600,
            check=False,
        )

    def planned(self, *arguments: str, config: str = "tests/config/tiny.yaml") -> dict[str, int]:
        """The jobs that a dry run lists, as counts per rule; `all` and the totals left out."""
        done = self.snakemake("--dry-run", *arguments, config=config)
        assert done.returncode == 0, done.stdout
        table = re.search(r"^Job stats:\n.*?\n\n", done.stdout, flags=re.S | re.M)
        rows = re.findall(r"^(\w+) +(\d+)$", table.group(0), flags=re.M) if table else []
        return {rule: int(count) for rule, count in rows if rule not in ("all", "total")}

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.root / path).read_text()
        assert old in text, f"{old!r} is not in {path}"
        (self.root / path).write_text(text.replace(old, new, 1))

    def edit_code(self, path: str) -> None:
        """Let the module or script do something more."""
        self.edit(path, "\n\n\n", "\n\nEDITED = True\n\n\n")

    def copy_to(self, root: Path) -> "Project":
        shutil.copytree(self.root, root, symlinks=True)
        return Project(root)


@pytest.fixture
def project(tmp_path) -> Project:
    """The project as it stands, nothing run yet."""
    return Project(fresh_copy(tmp_path / "project"))


@pytest.fixture(scope="session")
def finished_study(tmp_path_factory) -> Project:
    """The tiny study, finished. Not to be changed: tests that edit take the fixture `finished`."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # what all workers share
    project = Project(folder / "tiny" / "project")
    with open(folder / "tiny.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not project.root.exists():
            fresh_copy(project.root)
            done = project.snakemake()
            assert done.returncode == 0, done.stdout
        elif not (project.root / "results/tiny/report.html").exists():
            pytest.fail("the tiny study failed, in another worker, which shows why")
    return project


@pytest.fixture
def finished(finished_study, tmp_path) -> Project:
    """A copy of the finished tiny study that a test may edit."""
    return finished_study.copy_to(tmp_path / "project")
