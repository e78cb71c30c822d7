"""Where a study's numbers come from: code, settings, packages, machine; no host names or folders."""

import os
import platform
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from bgbias.axes import AXES
from bgbias.packages import installed_versions


def commit(project: str | os.PathLike) -> dict:
    """The project's ``commit`` and whether its files differ from it (``dirty``); None for both if the project
    is not a git checkout, or only a folder inside another one."""
    try:
        if _git(project, "rev-parse", "--show-prefix"):
            return {"commit": None, "dirty": None}
        return {
            "commit": _git(project, "rev-parse", "HEAD"),
            "dirty": bool(_git(project, "status", "--porcelain", "--untracked-files=no")),
        }
    except (OSError, subprocess.SubprocessError):
        return {"commit": None, "dirty": None}


def package_versions(environments: Iterable[str | os.PathLike]) -> dict[str, dict[str, str | None]]:
    """The ``pinned`` and the ``installed`` version of Snakemake and of every package that the conda
    ``environments`` (YAML files) pin, by name; None if there is no such version.

    With ``--use-conda`` jobs use the pinned versions. ``installed`` then describes the environment of this
    job and, for packages missing there, Snakemake's own Python, whose packages its scripts can import.
    """
    text = "".join(Path(path).read_text(encoding="utf-8") for path in environments)
    found = re.findall(r"^ +- ([\w.-]+)(?:\[.*\])?==(\S+)", text, flags=re.MULTILINE)
    pinned = {"snakemake": None} | dict(sorted(found))
    installed = installed_versions(pinned)
    return {name: {"pinned": pinned[name], "installed": installed[name]} for name in pinned}


def machine() -> dict:
    """Processor, cores that this job may use, memory in GB, system. GPUs are recorded with each run."""
    model = platform.processor() or platform.machine()
    try:
        found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), flags=re.MULTILINE)
        model = found.group(1) if found else model
    except OSError:
        pass  # not Linux
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(memory / 1e9, 1),
        "system": f"{platform.system()} {platform.machine()}",
    }


def run_entry(run: dict) -> dict:
    """The provenance entry of one run, from the contents of its run.yaml."""
    kept = ("hashes", "input", "device", "precision", "seconds", "epochs", "best_epoch", "versions")
    return {key: run[key] for key in (*AXES, *kept) if key in run}


def _git(project: str | os.PathLike, *arguments: str) -> str:
    command = ["git", "-C", os.fspath(project), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
