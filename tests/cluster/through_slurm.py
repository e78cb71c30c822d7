"""Helpers of the cluster tests: a running SLURM, and Snakemake through it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent


def wait_until(
    holds: Callable[[], object], seconds: float = 150, running: subprocess.Popen | None = None
) -> None:
    """Until ``holds()``; AssertionError when it takes too long, or ``running`` ends before."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        assert running is None or running.poll() is None, running.stdout.read()
        time.sleep(0.2)


def four_free_ports() -> int:
    """The first of four consecutive ports that nobody listens on now."""
    for first in range(20000, 30000, 4):
        try:
            for port in range(first, first + 4):
                with socket.socket() as trial:
                    trial.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise RuntimeError("no four free ports in a row")


class Slurm:
    """A running SLURM: its commands, and what its accounting knows."""

    def __init__(self, commands: Path):
        self.environment = os.environ | {
            "PATH": f"{commands}:{os.environ['PATH']}",
            "OMP_NUM_THREADS": "1",
        }

    def call(self, *command: str) -> str:
        done = subprocess.run(
            command, env=self.environment, text=True, timeout=60, check=False, capture_output=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def queue(self) -> dict[str, tuple[str, str]]:
        """Waiting and running jobs: id -> (log file, state). The rule's name is in the path of the log."""
        rows = self.call("squeue", "-h", "-O", "jobid:12|,state:20|,stdout:500").splitlines()
        jobs = [map(str.strip, row.split("|")) for row in rows]
        return {job: (log, state) for job, state, log in jobs}

    def wait_for(self, job: str, state: str, seconds: float = 60) -> None:
        """Until the waiting or running ``job`` is in this state."""
        wait_until(lambda: self.queue()[job][1] == state, seconds)

    def accounts(self) -> list[dict[str, str]]:
        """One row a job: its state, what was asked for it, and the call of sbatch, which names its log.

        A job that was put back in the queue has a row for each time that it ran.
        """
        columns = ("jobid", "state", "reqtres", "partition", "account", "timelimitraw", "submitline")
        text = self.call("sacct", "-X", "-n", "-P", "--duplicates", "-S", "now-1day", "-o", ",".join(columns))
        return [dict(zip(columns, line.split("|"), strict=False)) for line in text.splitlines()]


def requested(row: dict[str, str]) -> dict[str, str]:
    """What SLURM says was asked for: `cpu`, `mem`, `node`, `gres/gpu`, ..."""
    return dict(part.split("=") for part in row["reqtres"].split(","))


def snakemake_through_slurm(slurm: Slurm, folder: Path, *arguments: str) -> subprocess.Popen:
    """Snakemake under the project's profile, in ``folder``, but looking at its jobs sooner."""
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--workflow-profile",
        "profiles/slurm",
        "--slurm-init-seconds-before-status-checks",
        "1",
        "--latency-wait",
        "10",
        *arguments,
    ]
    return subprocess.Popen(
        command,
        cwd=folder,
        env=slurm.environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
