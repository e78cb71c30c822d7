"""The cost of the workflow itself: planning 300 runs, finding nothing to do, and each script's start-up.

The paper's grid with ten seeds is planned by a dry run, twice: with no outputs, and with every output present
(empty files, which `snakemake --touch` records as finished). CPU seconds of the processes: planning uses one
core and waits for nothing.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import measuring

os.environ.update(measuring.ONE_THREAD)
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from fresh_copy import ROOT, fresh_copy

PLAN, IDLE = 15.0, 8.0
SCRIPTS = ROOT / "workflow" / "scripts"
SEEDS = {True: 10, False: 2}


def snakemake(project: Path, seeds: int, *arguments: str) -> tuple[str, dict[str, float]]:
    """Run Snakemake; return its output and its seconds."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", "config/paper.yaml"]
    grid = f"grid={{seed: {list(range(seeds))}}}"
    return timed([*command, "--config", grid, *arguments], project)


def timed(command: list[str], folder: Path) -> tuple[str, dict[str, float]]:
    before, start = cpu_of_children(), time.perf_counter()
    done = subprocess.run(command, cwd=folder, text=True, capture_output=True, check=False)
    seconds = {"cpu": cpu_of_children() - before, "elapsed": time.perf_counter() - start}
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout, {name: round(value, 2) for name, value in seconds.items()}


def cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def pretend_finished(project: Path, seeds: int) -> None:
    """Create every output as an empty file, recorded as made by the current code and parameters."""
    listed, _ = snakemake(project, seeds, "--summary")
    for line in listed.splitlines()[1:]:
        output = project / line.split("\t")[0]
        output.parent.mkdir(parents=True, exist_ok=True)
        output.touch()
    # Without hooks: one checks that touched models have the study's settings, and these are empty files.
    snakemake(project, seeds, "--touch", "--no-hooks", "--quiet", "all")


def measure_planning(project: Path, seeds: int, rounds: int) -> tuple[list[dict], dict]:
    plans = [snakemake(project, seeds, "--dry-run", "--quiet", "rules")[1] for _ in range(rounds)]
    pretend_finished(project, seeds)
    idle = []
    for _ in range(rounds):
        printed, seconds = snakemake(project, seeds, "--dry-run")
        if "Nothing to be done" not in printed:
            sys.exit(f"a finished study plans work:\n{printed[-2000:]}")
        idle.append(seconds)
    best = {name: min(found, key=lambda s: s["cpu"]) for name, found in (("plan", plans), ("idle", idle))}
    runs = 30 * seeds
    rows = [
        measuring.verdict(f"dry run of {runs} runs, CPU s", best["plan"]["cpu"], at_most=PLAN),
        measuring.verdict(f"nothing to do in {runs} runs, CPU s", best["idle"]["cpu"], at_most=IDLE),
    ]
    return rows, {"dry run": plans, "nothing to do": idle}


def start_ups(scripts: list[Path], rounds: int) -> dict[str, float]:
    """CPU seconds that each script takes for its top-level imports, minus those of an empty Python."""
    start = "import runpy, sys; sys.path.insert(0, sys.argv[1]); runpy.run_path(sys.argv[2])"

    def best(*command: str) -> float:
        return min(timed([sys.executable, *command], ROOT)[1]["cpu"] for _ in range(rounds))

    empty = best("-c", "pass")
    return {script.name: round(best("-c", start, str(SCRIPTS), str(script)) - empty, 2) for script in scripts}


def main() -> None:
    options = measuring.options(__doc__).parse_args()
    rounds = 3 if options.full else 1
    with tempfile.TemporaryDirectory() as folder:
        project = fresh_copy(Path(folder) / "project")
        rows, details = measure_planning(project, SEEDS[options.full], rounds)
    details["start of scripts, CPU s"] = start_ups(sorted(SCRIPTS.glob("*.py")), rounds)
    measuring.report(rows, details, options.out)


if __name__ == "__main__":
    main()
