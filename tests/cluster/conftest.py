"""A real SLURM for the tests of this folder."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest
from through_slurm import HERE, Slurm, four_free_ports

PROGRAMS = ("munged", "slurmctld", "slurmd", "slurmdbd", "mariadbd", "sbatch")


@pytest.fixture(scope="session")
def slurm():
    """SLURM with accounting: 8 pretended cores, 2 stand-ins for GPUs, partitions main and urgent."""
    search = os.environ["PATH"] + ":/usr/sbin:/sbin"
    missing = [program for program in PROGRAMS if shutil.which(program, path=search) is None]
    if missing:
        pytest.skip(
            f"SLURM is not installed ({', '.join(missing)}): apt-get install --no-install-recommends "
            "slurm-wlm munge slurmdbd mariadb-server"
        )
    host = socket.gethostname().split(".")[0]
    try:
        socket.gethostbyname(host)
    except OSError:
        pytest.skip(f"SLURM needs a host name that resolves: add '127.0.0.1 {host}' to /etc/hosts")

    folder = Path(tempfile.mkdtemp(prefix="slurm"))  # short, for the path of a socket in it
    script = str(HERE / "slurm.sh")
    try:
        up = subprocess.run(
            [script, "up", str(folder), str(four_free_ports())],
            text=True,
            capture_output=True,
            timeout=120,
            check=False,
        )
        logs = "\n".join(path.read_text(errors="replace")[-2000:] for path in folder.glob("log/*.log"))
        assert up.returncode == 0, f"{up.stderr}\n{logs}"
        yield Slurm(Path(up.stdout.strip().splitlines()[-1]))
    finally:
        subprocess.run([script, "down", str(folder)], timeout=120, check=False)
        shutil.rmtree(folder, ignore_errors=True)
