"""Small jobs with one misfortune each, through a real SLURM and the study's profile."""

import shutil
import time

import pytest
from fresh_copy import ROOT
from through_slurm import HERE, requested, snakemake_through_slurm

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


@pytest.fixture(scope="module")
def aftermath(slurm, tmp_path_factory):
    """(folder, what the user saw, exit status, accounting) after tests/cluster/small; one job cancelled."""
    folder = tmp_path_factory.mktemp("small")
    shutil.copytree(ROOT / "profiles", folder / "profiles")
    shutil.copy2(HERE / "small" / "Snakefile", folder)
    running = snakemake_through_slurm(slurm, folder)
    try:
        deadline = time.monotonic() + 150
        while not (folder / "waiting").is_dir() and time.monotonic() < deadline:
            assert running.poll() is None, running.stdout.read()
            time.sleep(0.5)
        (job,) = [job for job, (log, _) in slurm.queue().items() if "rule_cancelled" in log]
        slurm.call("scancel", job)
        screen, _ = running.communicate(timeout=300)
    finally:
        running.kill()
    jobs = [row for row in slurm.accounts() if str(folder) in row["submitline"]]
    return folder, screen, running.returncode, jobs


def states(jobs, rule):
    return [row["state"].split()[0] for row in jobs if f"rule_{rule}" in row["submitline"]]


def test_a_job_over_its_memory_limit_succeeds_with_twice_as_much(aftermath):
    folder, _, _, jobs = aftermath
    # 600 MB are held; the first attempt may have 500, the second 1000.
    hungry = [requested(row) for row in jobs if "rule_hungry" in row["submitline"]]
    assert [request["mem"] for request in hungry] == ["500M", "1000M"]
    assert states(jobs, "hungry")[0] in ("FAILED", "OUT_OF_MEMORY")
    assert states(jobs, "hungry")[1] == "COMPLETED"
    assert (folder / "hungry").read_text() == "1000\n"


def test_a_cancelled_job_is_noticed_and_submitted_again(aftermath):
    folder, screen, _, jobs = aftermath
    assert states(jobs, "cancelled") == ["CANCELLED", "COMPLETED"]
    assert "SLURM status is: 'CANCELLED'" in screen
    assert (folder / "cancelled").read_text() == "done\n"


def test_the_log_of_a_failed_job_reaches_the_screen_and_the_others_go_on(aftermath):
    folder, screen, status, jobs = aftermath
    assert "the seventh image is not an image" in screen
    assert status == 1
    assert set(states(jobs, "broken")) == {"FAILED"}
    assert not (folder / "broken").exists()
