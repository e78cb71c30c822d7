"""What the screen says at the end of a call that failed, from logs as Snakemake 9.27 writes them."""

import pytest

from bgbias import failures


def failed(job, log, message="None"):
    return (
        f"Error in rule train_model:\n    message: {message}\n    jobid: {job}\n    output: m\n"
        f"    log: {log} (check log file(s) for error details)\n"
    )


def group(slurm_log="/slurm/7.log", **logs):
    jobs = "".join(
        f"        rule draw:\n            jobid: {number}\n            output: x\n"
        f"            log: {log} (check log file(s) for error details)\n"
        for number, log in enumerate(logs.values())
    )
    log = f"    log: {slurm_log} (check log file(s) for error details)\n" if slurm_log else ""
    return f"    message: Error in group g\n{log}    jobs:\n{jobs}"


def ended(status):
    """The plugin's message on a job that SLURM ran, with squeue for status command."""
    return f"SLURM-job '7' failed, SLURM status is: '{status}'. Detailed failure reason unavailable (…)."


def refused(*answer):
    """The plugin's message on a job that sbatch did not take."""
    answer = "\n".join(answer)
    call = '    sbatch call:\n        sbatch --parsable -p gpu --mem 4000 --wrap="python3 -m snakemake"\n'
    return (
        f"SLURM sbatch failed. The error message was '{answer}'.\n{call}For further error details see the log"
    )


BEYOND = refused(
    "sbatch: error: Memory specification can not be satisfied",
    "sbatch: error: Batch job submission failed: Requested node configuration is not available",
)
NOT_TAKEN = (
    "train_model could not be submitted: Memory specification can not be satisfied; "
    "Batch job submission failed: Requested node configuration is not available"
)
# What slurmstepd and srun write below Snakemake's own lines.
OUT_OF_MEMORY = """localrule train_model:
    resources: mem_mb=250, mem=250 MB
slurmstepd-node1: error: StepId={job}.0 exceeded memory limit ({bytes} > 262144000), being killed
slurmstepd-node1: error: Exceeded job memory limit
srun: error: node1: task 0: Killed
"""


@pytest.fixture
def said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def report(text, **logs):
        for name, content in logs.items():
            (tmp_path / name).write_text(content)
        (tmp_path / "snakemake").write_text(f"[Sun Nov 22]\n{text}Trying to restart job 1.\n")
        return failures.report(["snakemake"]).splitlines()[2:]

    return report


def test_each_reason_is_told_once_with_a_log(said):
    text = failed(1, "a") + failed(2, "b") + failed(3, "c")
    found = said(text, a="ERROR: too early\nERROR: no masks", b="ERROR: no masks\n", c="ERROR: no disk")
    assert found == ["no masks", "  (full log: b)", "no disk", "  (full log: c)"]


def test_a_job_that_succeeded_at_its_second_attempt_is_no_reason(said):
    assert said(failed(1, "a") + "Finished jobid: 1 (Rule: train_model)\n", a="ERROR: no masks") == []
    # Job 12 is not job 1.
    assert said(failed(12, "a") + "Finished jobid: 1 (Rule: x)\n", a="ERROR: no masks")[0] == "no masks"


def test_a_job_that_was_killed_left_no_reason(said):
    assert "it was killed (memory? time limit?)" in said(failed(1, "a"), a="epoch 1\n")[0]
    assert "it was killed" in said(failed(1, "never written"))[0]


def test_through_slurm_a_job_has_two_logs_and_a_status(said):
    text = failed(1, "a, slurm11", ended("NODE_FAIL")) + failed(2, "b, slurm12", ended("FAILED"))
    found = said(text, a="epoch 1\n", b="ERROR: the loss is not finite")
    assert (
        found[0]
        == "A job ended without logging a reason: SLURM says NODE_FAIL, its disk is full, or it could not "
        "start."
    )
    # FAILED is the least that is known already.
    assert found[1:] == ["  (full log: a)", "the loss is not finite", "  (full log: b)"]


def test_a_job_that_was_asked_to_stop_does_not_know_by_whom_but_slurm_does(said):
    found = said(failed(1, "a, slurm7", ended("TIMEOUT")), a="ERROR: Training was asked to stop (SIGTERM).\n")
    assert found[0] == "Training was asked to stop (SIGTERM). (SLURM says TIMEOUT)"


def test_of_a_jobs_attempts_the_last_says_how_it_ended(said):
    found = said(failed(1, "a", ended("NODE_FAIL")) + failed(1, "a"), a="ERROR: the loss is not finite")
    assert found == ["the loss is not finite", "  (full log: a)"]


def test_a_job_over_its_memory_says_nothing_itself_and_slurm_does_in_a_log_of_its_own(said):
    # The status is no more than FAILED where SLURM looks at memory itself, without cgroups.
    first, second = failed(1, "a, slurm7", ended("FAILED")), failed(1, "a, slurm8", ended("FAILED"))
    logs = {f"slurm{job}": OUT_OF_MEMORY.format(job=job, bytes=324968448 + job) for job in (7, 8)}
    # Attempts differ in numbers alone: one sentence is enough.
    assert said(first + second, a="", **logs) == [
        "SLURM ended a job: StepId=8.0 exceeded memory limit (324968456 > 262144000), being killed",
        "  (full log: slurm8)",
    ]


@pytest.mark.parametrize(
    "sentence",
    [
        # With cgroups, by version; then srun; then a rule that does not catch SIGTERM.
        "slurmstepd: error: Detected 1 oom_kill event in StepId=7.0. Some tasks have been OOM Killed.",
        "slurmstepd: error: Detected 1 oom-kill event(s) in StepId=7.0.",
        "srun: error: node1: task 0: Out Of Memory",
        "slurmstepd-node1: error: *** JOB 7 ON node1 CANCELLED AT 2026-11-23T04:27:39 DUE TO TIME LIMIT ***",
    ],
)
def test_slurm_says_in_several_ways_that_it_ended_a_job(said, sentence):
    found = said(failed(1, "a, slurm7", ended("FAILED")), a="", slurm7=f"srun: got SIGCONT\n{sentence}\n")
    assert found == [f"SLURM ended a job: {sentence.partition('error: ')[2]}", "  (full log: slurm7)"]


def test_a_job_that_slurm_refused_has_no_log_and_slurms_answer_has_lines_of_its_own(said):
    assert said(failed(1, "never written", BEYOND) * 3) == [NOT_TAKEN]
    # Another job's block comes next, and is read all the same.
    text = failed(1, "never written", BEYOND) + failed(2, "b")
    assert said(text, b="ERROR: no masks") == [NOT_TAKEN, "no masks", "  (full log: b)"]


def test_an_account_that_the_plugin_refuses_is_told_on_one_line(said):
    # As it is: no space before what Snakemake adds.
    answer = "The given account x appears to be invalid. Available accounts:\nroot, study"
    message = f"Job submission failed with exception: {answer}For further error details see the log"
    (found,) = said(failed(1, "a", message))
    assert found == f"train_model could not be submitted: {' '.join(answer.split())}"


def test_out_of_memory_first_and_then_refused_for_asking_too_much_are_both_told(said):
    # The doubling went beyond the largest node: neither sentence alone says what to do.
    text = failed(1, "a, slurm7", ended("FAILED")) + failed(1, "a", BEYOND) * 2
    found = said(text, a="", slurm7=OUT_OF_MEMORY.format(job=7, bytes=324968448))
    assert found[0].startswith("SLURM ended a job: StepId=7.0 exceeded memory limit")
    assert found[1:] == ["  (full log: slurm7)", NOT_TAKEN]


def test_a_refused_job_that_was_taken_later_is_no_reason(said):
    assert said(failed(1, "a", BEYOND) + "Finished jobid: 1 (Rule: train_model)\n") == []


def test_of_a_group_those_that_failed_have_their_say(said):
    # b never ran, for a failed before it.
    assert said(group(x="a", y="b"), a="ERROR: no disk") == ["no disk", "  (full log: a)"]
    assert "it was killed" in said(group(x="c", y="d"))[0]


def test_a_group_has_one_log_of_slurms(said):
    found = said(group("slurm7", x="a", y="b"), slurm7=OUT_OF_MEMORY.format(job=7, bytes=324968448))
    assert found[1] == "  (full log: slurm7)"


def test_a_group_without_a_log_of_slurms_may_have_been_refused(said):
    # Snakemake tells what sbatch answered for a rule, not for a group.
    assert "SLURM refused its group" in said(group(None, x="a", y="b"))[0]
    assert "refused" not in said(group(x="a", y="b"))[0]


def test_a_log_that_was_copied_in_is_not_snakemakes_own(said):
    lines = "=" * 80
    copied = f"Logfile /slurm/7.log:\n{lines}\n{failed(0, 'b')}Finished jobid: 1 (Rule: x)\n{lines}\n"
    found = said(failed(1, "a") + copied, a="ERROR: no masks", b="ERROR: never read")
    assert found == ["no masks", "  (full log: a)"]
