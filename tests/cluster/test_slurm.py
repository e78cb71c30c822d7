"""Through a real SLURM: small jobs with one misfortune each, then the real workflow and a training preempted.

One file, for these tests share one SLURM, and pytest-xdist keeps only a file's tests together.
"""

import csv
import re
import shutil
from collections import Counter

import pytest
from fresh_copy import ROOT, fresh_copy
from through_slurm import HERE, requested, snakemake_through_slurm, wait_until

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.timeout(1500)]

TINY = ("--configfile", "tests/config/tiny.yaml")
RUN = "tiny_cars/small_cnn/triplet/base/seed0"
# How often SLURM must have run what: groups of rules are one job each, whose name begins with the group's.
JOBS = {
    "prepare": 4,  # the dataset, and three roles of backgrounds
    "mask_images": 2,
    "accept": 1,
    "limits": 1,
    "pack_pixels": 1,
    "train_model": 2,
    "embed_images": 2,
    "attribute_images": 2,
    "measure": 1,
    "numbers": 1,
}


@pytest.fixture(scope="module")
def aftermath(slurm, tmp_path_factory):
    """(folder, what the user saw, exit status, accounting) after tests/cluster/small; one job cancelled."""
    folder = tmp_path_factory.mktemp("small")
    shutil.copytree(ROOT / "profiles", folder / "profiles")
    shutil.copy2(HERE / "small" / "Snakefile", folder)
    running = snakemake_through_slurm(slurm, folder, "--config", f"library={ROOT / 'workflow/scripts'}")
    try:
        wait_until((folder / "waiting").is_dir, running=running)
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


def test_a_failed_job_is_told_with_its_reason_and_the_others_go_on(aftermath):
    folder, screen, status, jobs = aftermath
    assert "\nthe seventh image is not an image\n  (full log: logs/broken.log)" in screen
    assert status == 1
    assert set(states(jobs, "broken")) == {"FAILED"}
    assert not (folder / "broken").exists()


@pytest.fixture(scope="module")
def study(slurm, tmp_path_factory):
    """(folder, what the user saw, accounting) after one loss of the tiny study was sent through SLURM."""
    folder = fresh_copy(tmp_path_factory.mktemp("study") / "project")
    # The last word on the grid: a second file on the command line is laid over the first.
    (folder / "one_loss.yaml").write_text("grid:\n  loss: [triplet]\n")
    running = snakemake_through_slurm(slurm, folder, "tables", *TINY, "one_loss.yaml")
    try:
        screen, _ = running.communicate(timeout=900)
    finally:
        running.kill()
    assert running.returncode == 0, screen
    return folder, screen, [row for row in slurm.accounts() if f" -D {folder} " in row["submitline"]]


def name(row) -> str:
    """The rule or group of a job: the plugin writes it into SLURM's comment."""
    (comment,) = re.findall(r"--comment rule_(\w+)", row["submitline"])
    (known,) = [job for job in JOBS if comment.startswith(job)]
    return known


def test_every_job_of_the_grid_ran_in_slurm(study):
    folder, screen, jobs = study
    assert (folder / "results/tiny/tables/retrieval.md").is_file()
    # Locally only targets that run nothing.
    assert set(re.findall(r"^localrule (\w+):", screen, flags=re.M)) <= {"all", "tables"}
    assert {row["state"] for row in jobs} == {"COMPLETED"}
    ran = Counter(map(name, jobs))
    # Two runs that are ready at different times are measured in two jobs.
    ran["measure"] = min(ran["measure"], 1)
    assert ran == JOBS


def test_slurm_was_asked_for_what_the_rules_say(study):
    _, _, jobs = study
    assert {(row["partition"], row["account"]) for row in jobs} == {("main", "study")}
    gpus = {name(row): requested(row).get("gres/gpu", "0") for row in jobs}
    device = {"train_model", "embed_images", "attribute_images"}
    assert {rule for rule, count in gpus.items() if count == "1"} == device
    assert {count for rule, count in gpus.items() if rule not in device} == {"0"}
    # 4000 MB and the megabyte or so that the inputs weigh; an hour, for 4 steps of 6 images take no minute.
    for train in [row for row in jobs if name(row) == "train_model"]:
        assert 4000 <= int(requested(train)["mem"].rstrip("M")) < 4010
        assert train["timelimitraw"] == "60"


def log_of_training(folder, study):
    return folder / "results" / study / "logs/train_model" / f"{RUN}.log"


def test_a_preempted_training_goes_on_from_its_checkpoint(study, slurm):
    folder, _, _ = study
    checkpoint = folder / "results" / "preempted" / RUN / "checkpoint"
    log = log_of_training(folder, "preempted")
    running = snakemake_through_slurm(
        slurm, folder, f"results/preempted/{RUN}/model.safetensors", *TINY, "tests/config/preempted.yaml"
    )
    try:
        wait_until(lambda: list(checkpoint.glob("[!.]*.safetensors")), running=running)
        (job,) = slurm.queue()
        # More urgent, and in need of both GPUs: SLURM stops the training and puts it back in the queue.
        slurm.call(
            "sbatch",
            "-p",
            "urgent",
            "-A",
            "study",
            "-t",
            "1",
            "--mem",
            "100",
            "--gpus",
            "2",
            "-o",
            "/dev/null",
            "--wrap",
            "sleep 1",
        )
        slurm.wait_for(job, "PENDING")
        # SLURM by itself lets two minutes pass before it starts the job again.
        slurm.call("scontrol", "update", f"JobId={job}", "StartTime=now")
        screen, _ = running.communicate(timeout=300)
    finally:
        running.kill()
    assert running.returncode == 0, screen
    ends = [row["state"].split()[0] for row in slurm.accounts() if row["jobid"] == job]
    assert ends == ["PREEMPTED", "COMPLETED"]
    # The log is of the second start alone: it began where the first had stopped, in an epoch of 10 steps, and
    # made only the rest.
    text = log.read_text()
    step = int(re.search(r"Continuing after step (\d+)", text).group(1))
    ended = [int(epoch) for epoch in re.findall(r"^epoch (\d+): loss", text, flags=re.M)]
    assert ended == list(range(ended[0], 41))
    assert ended[0] > (step - 1) // 10
    assert step >= 10
    with open(checkpoint.parent / "history.csv", newline="") as stream:
        assert [int(row["epoch"]) for row in csv.DictReader(stream)] == list(range(1, 41))
    (kept,) = checkpoint.glob("*")
    finished = (checkpoint.parent / "model.safetensors").stat().st_size
    assert kept.stat().st_size < 1.5 * finished, "the model alone, in place of what the next step needed"


def test_a_training_that_ended_when_its_snakemake_was_killed_is_not_taken_as_it_is(study, slurm):
    folder, _, _ = study
    model = f"results/unseen/{RUN}/model.safetensors"
    (folder / "unseen.yaml").write_text("study: unseen\n")

    def call(*arguments):
        return snakemake_through_slurm(slurm, folder, model, *arguments, *TINY, "unseen.yaml")

    running = call()
    try:
        wait_until(slurm.queue, running=running)
    finally:
        running.kill()
    running.communicate()
    wait_until(lambda: not slurm.queue())
    assert (folder / model).is_file()
    screens = []
    for arguments in (["--unlock"], ["-n"], [], ["-n"]):
        again = call(*arguments)
        screens.append(again.communicate(timeout=300)[0])
        assert again.returncode == 0, screens[-1]
    _, planned, _, left = screens
    # Nobody recorded by which settings it was made. From its checkpoint, it is made again without a step.
    assert re.search(r"^train_model +1$", planned, flags=re.M), planned
    assert "epoch 1:" not in log_of_training(folder, "unseen").read_text()
    assert "Nothing to be done" in left, left
