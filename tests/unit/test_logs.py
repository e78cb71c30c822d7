"""How a job ends: its sentence on the screen and in its log, the traceback of a defect in the log alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"


def run(tmp_path, body, log="logs/job.log"):
    imports = "from bgbias.logs import job_log\nfrom bgbias.errors import StudyError\n"
    code = f"{imports}with job_log({log!r}):\n {body}"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    path = tmp_path / log
    return done.returncode, done.stderr, path.read_text() if path.is_file() else None


def test_a_mistake_is_one_sentence_without_a_traceback(tmp_path):
    status, screen, log = run(tmp_path, "print('begun'); raise StudyError('mend x')")
    assert (status, screen, log) == (1, "ERROR: mend x\n", "begun\nERROR: mend x\n")


def test_a_defect_keeps_its_traceback_in_the_log(tmp_path):
    status, screen, log = run(tmp_path, "1 / 0")
    assert (status, screen) == (1, "ERROR: ZeroDivisionError: division by zero\n")
    assert "Traceback" in log


GPU = "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.10 GiB. Process 7 has"


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (
            f"import torch; raise torch.OutOfMemoryError({GPU!r})",
            "CUDA out of memory. Tried to allocate 2.00 GiB",
        ),
        (
            "import torch; raise torch.AcceleratorError('CUDA error: out of memory', 2)",
            "CUDA error: out of memory",
        ),
        ("raise RuntimeError('cuDNN error: CUDNN_STATUS_ALLOC_FAILED')", "CUDNN_STATUS_ALLOC_FAILED"),
        ("import torch; torch.empty(10**15)", "tried to allocate 4000000000000000 bytes"),
        ("import numpy; numpy.empty(10**15)", "Unable to allocate 7.11 PiB"),
    ],
)
def test_too_little_memory_is_told_with_its_remedy(tmp_path, body, what):
    status, screen, log = run(tmp_path, body)
    assert (status, screen.count("\n")) == (1, 1)
    assert what in screen
    assert "total capacity" not in screen
    assert "Lower the batch_size" in screen
    assert "Traceback" in log


def test_a_file_that_cannot_be_opened_is_a_sentence_too(tmp_path):
    status, screen, _ = run(tmp_path, "open('nowhere/x')")
    assert (status, screen.count("\n")) == (1, 1)
    assert "nowhere/x cannot be read or written: No such file or directory. Fix that" in screen


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full, a file that is always full")
def test_a_log_on_a_full_disk_is_said_on_the_screen(tmp_path):
    status, screen, _ = run(tmp_path, "print('words')", log="/dev/full")
    assert status == 1
    assert "its log /dev/full, cannot be read or written: No space left on device" in screen
    assert "Traceback" not in screen


def test_a_log_that_cannot_be_made_is_said_on_the_screen(tmp_path):
    (tmp_path / "logs").write_text("")
    status, screen, _ = run(tmp_path, "pass")
    assert status == 1
    assert "cannot be read or written" in screen


def test_progress_is_whole_lines(tmp_path):
    body = "from bgbias.logs import progress_bar; list(progress_bar([1, 2], 'cutting', 'pieces'))"
    _, _, log = run(tmp_path, body)
    assert "\r" not in log
    assert [line.partition(" [")[0] for line in log.split("\n") if line] == [
        "cutting: 0/2 pieces",
        "cutting: 2/2 pieces",
    ]
