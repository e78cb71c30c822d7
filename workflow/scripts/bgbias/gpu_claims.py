"""One GPU for each job where several jobs run on one machine that has several.

Snakemake counts GPUs (`--resources gpu=N`) but neither knows how many there are nor says which one a job may
have; SLURM does.
"""

import fcntl
import os
import tempfile
from collections.abc import Sequence
from glob import glob
from pathlib import Path

_held: list = []  # open files: a lock is gone with the process that holds it, however that ends


def count_gpus() -> int:
    """How many GPUs this machine's driver and ``CUDA_VISIBLE_DEVICES`` offer, found without PyTorch."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return sum(name.strip() not in ("", "-1") for name in visible.split(","))
    # Windows' subsystem for Linux has no device files: one library stands for the driver.
    return len(glob("/dev/nvidia[0-9]*")) or int(os.path.exists("/usr/lib/wsl/lib/libcuda.so.1"))


def claim(names: Sequence[str], folder: str | os.PathLike | None = None) -> int:
    """The position in ``names`` of something that no other process has claimed; it stays this process's.

    When all are taken, somebody allowed more jobs than there are GPUs: then they are shared, spread by
    process number. ``folder`` keeps the lock files: the machine's temporary folder by default.
    """
    folder = Path(folder or tempfile.gettempdir())
    for position, name in enumerate(names):
        lock = open(folder / f"bgbias-{os.getuid()}-{name}.lock", "a")  # noqa: SIM115 - held until the end
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        except OSError as error:  # some network file systems have no locks
            lock.close()
            print(
                f"WARNING: {folder} cannot lock files ({error.strerror}): jobs may share a GPU.", flush=True
            )
            break
        _held.append(lock)
        return position
    return os.getpid() % len(names)
