"""Jobs side by side on one machine each get a GPU of their own."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bgbias import gpu_claims

SCRIPTS = Path(gpu_claims.__file__).parents[1]
JOB = """
import sys
sys.path.insert(0, {scripts!r})
from bgbias.gpu_claims import claim
print(claim(["first", "second"], {folder!r}), flush=True)
sys.stdin.read()
"""


def start(folder):
    """A process that claims one of two, says which, and lives until its input ends."""
    code = JOB.format(scripts=str(SCRIPTS), folder=str(folder))
    command = [sys.executable, "-c", code]
    job = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    return job, int(job.stdout.readline())


def test_each_process_gets_another_until_all_are_taken(tmp_path):
    one, first = start(tmp_path)
    two, second = start(tmp_path)
    three, third = start(tmp_path)
    assert [first, second] == [0, 1]
    assert third == three.pid % 2  # shared rather than refused, and spread
    for job in (one, two, three):
        job.communicate()


def test_what_a_killed_process_had_claimed_is_free_again(tmp_path):
    job, first = start(tmp_path)
    job.kill()
    job.wait()
    other, again = start(tmp_path)
    other.communicate()
    assert (first, again) == (0, 0)


@pytest.mark.parametrize(("visible", "count"), [("", 0), ("-1", 0), ("1", 1), ("GPU-8a, MIG-2,3", 3)])
def test_gpus_are_counted_as_cuda_shows_them(visible, count, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert gpu_claims.count_gpus() == count


def test_where_files_cannot_be_locked_gpus_are_shared(tmp_path, monkeypatch, capsys):
    def refused(*_):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(gpu_claims.fcntl, "flock", refused)
    assert gpu_claims.claim(["first", "second"], tmp_path) == os.getpid() % 2
    assert "jobs may share a GPU" in capsys.readouterr().out
