"""Assign one GPU to each job when several jobs run on a machine with several GPUs.

Snakemake counts GPUs (`--resources gpu=N`), but does not know how many there are and does not tell a job
which one to use; SLURM does both.
"""

import fcntl
import os
import tempfile
from collections.abc import Sequence
from glob import glob
from pathlib import Path

_held: list = []  # open files: a lock is released when its process ends, in whatever way


def count_gpus() -> int:
    """Number of GPUs that the driver and ``CUDA_VISIBLE_DEVICES`` offer, determined without PyTorch."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return sum(name.strip() not in ("", "-1") for name in visible.split(","))
    # WSL (Windows Subsystem for Linux) has no device files; this library shows that the driver is installed.
    return len(glob("/dev/nvidia[0-9]*")) or int(os.path.exists("/usr/lib/wsl/lib/libcuda.so.1"))


def claim(names: Sequence[str], folder: str | os.PathLike | None = None) -> int:
    """Claim a free entry of ``names`` until this process ends; return its position.

    If all are claimed, more jobs were allowed than there are GPUs: they are then shared, distributed by
    process number. ``folder`` holds the lock files (default: the machine's temporary folder).
    """
    folder = Path(folder or tempfile.gettempdir())
    for position, name in enumerate(names):
        lock = open(folder / f"bgbias-{os.getuid()}-{name}.lock", "a")  # noqa: SIM115 - held until the end
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        except OSError as error:  # some network file systems do not support locks
            lock.close()
            print(
                f"WARNING: {folder} cannot lock files ({error.strerror}): jobs may share a GPU.", flush=True
            )
            break
        _held.append(lock)
        return position
    return os.getpid() % len(names)
