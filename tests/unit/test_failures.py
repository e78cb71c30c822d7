"""What the screen says at the end of a call that failed, from logs as Snakemake 9.27 writes them."""

import pytest

from bgbias import failures


def failed(job, log, message="None"):
    return (
        f"Error in rule train_model:\n    message: {message}\n    jobid: {job}\n    output: m\n"
        f"    log: {log} (check log file(s) for error details)\n"
    )


def group(**logs):
    jobs = "".join(
        f"        rule draw:\n            jobid: {number}\n            output: x\n"
        f"            log: {log} (check log file(s) for error details)\n"
        for number, log in enumerate(logs.values())
    )
    head = "    message: Error in group g\n    log: /slurm/7.log (check log file(s) for error details)\n"
    return f"{head}    jobs:\n{jobs}"


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
    assert found == ["no masks", "  (the whole log: a)", "no disk", "  (the whole log: c)"]


def test_a_job_that_succeeded_at_its_second_attempt_is_no_reason(said):
    assert said(failed(1, "a") + "Finished jobid: 1 (Rule: train_model)\n", a="ERROR: no masks") == []
    # Job 12 is not job 1.
    assert said(failed(12, "a") + "Finished jobid: 1 (Rule: x)\n", a="ERROR: no masks")[0] == "no masks"


def test_a_job_that_was_killed_left_no_reason(said):
    assert "it was killed (memory? time limit?)" in said(failed(1, "a"), a="epoch 1\n")[0]
    assert "it was killed" in said(failed(1, "never written"))[0]


def test_through_slurm_a_job_has_two_logs_and_a_status(said):
    status = "SLURM-job '11' failed, SLURM status is: 'TIMEOUT'. For further error details see"
    text = failed(1, "a, /elsewhere/11.log", status) + failed(2, "b, /elsewhere/12.log")
    found = said(text, a="epoch 1\n", b="ERROR: the loss is not finite")
    assert (
        found[0]
        == "A job left no reason in its log: SLURM says TIMEOUT, its disk is full, or it could not begin."
    )
    assert found[1:] == ["  (the whole log: a)", "the loss is not finite", "  (the whole log: b)"]


def test_of_a_group_those_that_failed_have_their_say(said):
    # b never ran, for a failed before it.
    assert said(group(x="a", y="b"), a="ERROR: no disk") == ["no disk", "  (the whole log: a)"]
    assert "it was killed" in said(group(x="c", y="d"))[0]


def test_a_log_that_was_copied_in_is_not_snakemakes_own(said):
    lines = "=" * 80
    copied = f"Logfile /slurm/7.log:\n{lines}\n{failed(0, 'b')}Finished jobid: 1 (Rule: x)\n{lines}\n"
    found = said(failed(1, "a") + copied, a="ERROR: no masks", b="ERROR: never read")
    assert found == ["no masks", "  (the whole log: a)"]
