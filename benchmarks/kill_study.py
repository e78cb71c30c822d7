"""Kill jobs of the tiny study, or Snakemake itself, at random moments: does it end with the same tables?

    python benchmarks/kill_study.py --rounds 20

Each round runs the study of tests/config/tiny.yaml from scratch, in a copy of the project. At random moments
it sends SIGKILL to one running job, to Snakemake alone (its jobs live on as orphans) or to all of them (as in
a power failure), and runs the same command again, after `--unlock` if Snakemake was killed. The collected
tables must be byte-identical to those of an undisturbed run. Prints one line per round and one of JSON.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from fresh_copy import fresh_copy

TABLES = ("retrieval.csv", "attention.csv", "mask_quality.csv")
CALLS = 40  # most calls of the same command
SNAKEMAKE = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", "tests/config/tiny.yaml"]


def start(folder: Path) -> subprocess.Popen:
    with open(folder / "screen.txt", "a") as screen:
        return subprocess.Popen(SNAKEMAKE, cwd=folder, stdout=screen, stderr=screen, start_new_session=True)


def tables(folder: Path) -> dict[str, str]:
    return {name: (folder / "results/tiny" / name).read_text() for name in TABLES}


def running_jobs(folder: Path) -> list[tuple[int, str]]:
    """(process id, script) of the jobs now running in ``folder``, including orphans."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and Path(os.readlink(entry / "cwd")) == folder:
                words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
                script = next((word for word in words[:3] if "/.snakemake/scripts/" in word), None)
                if script:
                    found.append((int(entry.name), script.split(".")[-2]))
        except OSError:
            continue  # it ended while we looked
    return found


def strike(process: subprocess.Popen, folder: Path, rng: random.Random) -> str | None:
    """Kill something of the running study; return what, or None if nothing was running any more."""
    kind, jobs = rng.choice(["job", "job", "Snakemake", "everything"]), running_jobs(folder)
    if process.poll() is not None or (kind == "job" and not jobs):
        return None
    if kind == "job":
        number, name = rng.choice(jobs)
        victims = [number]
    elif kind == "Snakemake":
        victims, name = [process.pid], "Snakemake alone"
    else:
        victims = [process.pid, *(number for number, _ in jobs)]
        name = "Snakemake and " + (", ".join(sorted(job for _, job in jobs)) or "no job")
    for number in victims:
        with suppress(ProcessLookupError):  # it had just ended
            os.kill(number, signal.SIGKILL)
    return name


def one_round(folder: Path, kills: int, seconds: float, rng: random.Random) -> list[str]:
    """Run the study in ``folder`` to its end, killing ``kills`` times; return what was killed."""
    killed: list[str] = []
    for _ in range(CALLS):
        process = start(folder)
        while len(killed) < kills and process.poll() is None:
            time.sleep(rng.uniform(0, seconds / kills))
            victim = strike(process, folder, rng)
            killed += [victim] if victim else []
            if victim and "Snakemake" in victim:
                break
        status = process.wait()
        if status == 0:
            return killed
        if status == -signal.SIGKILL:
            subprocess.run([*SNAKEMAKE, "--unlock"], cwd=folder, capture_output=True, check=True)
    raise RuntimeError(f"not finished after {CALLS} calls:\n{(folder / 'screen.txt').read_text()[-5000:]}")


def main() -> None:
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--kills", type=int, default=3, help="kills per round (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the moments and the victims")
    arguments = parser.parse_args()
    rng, equal, all_killed = random.Random(arguments.seed), 0, 0
    with tempfile.TemporaryDirectory() as scratch:
        quiet = fresh_copy(Path(scratch).resolve() / "quiet")
        begun = time.monotonic()
        assert start(quiet).wait() == 0, (quiet / "screen.txt").read_text()
        seconds, expected = time.monotonic() - begun, tables(quiet)
        print(f"undisturbed run: {seconds:.0f} s", flush=True)
        for number in range(arguments.rounds):
            folder = fresh_copy(quiet.parent / f"round{number}")
            killed = one_round(folder, arguments.kills, seconds, rng)
            same = tables(folder) == expected
            equal, all_killed = equal + same, all_killed + len(killed)
            print(
                f"{number + 1:3d}  {'equal' if same else 'DIFFERENT'}  killed: {'; '.join(killed)}",
                flush=True,
            )
            shutil.rmtree(folder, ignore_errors=True)
    print(
        json.dumps(
            {"rounds": arguments.rounds, "equal": equal, "kills": all_killed, "quiet_seconds": round(seconds)}
        )
    )
    sys.exit(equal != arguments.rounds)


if __name__ == "__main__":
    main()
