"""What the screen says at the end of a call that failed."""

import pytest

from bgbias import failures


def failed(job, log):
    return (
        f"Error in rule train_model:\n    jobid: {job}\n    output: m\n    log: {log} (check log file(s))\n"
    )


@pytest.fixture
def said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def report(text, **logs):
        for name, content in logs.items():
            (tmp_path / name).write_text(content)
        (tmp_path / "snakemake").write_text(text)
        return failures.report(["snakemake"])

    return report


def test_each_reason_is_told_once_with_a_log(said):
    text = failed(1, "a") + failed(2, "b") + failed(3, "c")
    found = said(text, a="ERROR: too early\nERROR: no masks", b="ERROR: no masks\n", c="ERROR: no disk")
    assert found.splitlines()[2:] == ["no masks", "  (the whole log: a)", "no disk", "  (the whole log: c)"]


def test_a_job_that_succeeded_at_its_second_attempt_is_no_reason(said):
    assert said(failed(1, "a") + "Finished jobid: 1 (Rule: train_model)\n", a="ERROR: no masks") == ""
    # Job 12 is not job 1.
    assert "no masks" in said(failed(12, "a") + "Finished jobid: 1 (Rule: x)\n", a="ERROR: no masks")


def test_a_job_that_was_killed_left_no_reason(said):
    assert "it was killed" in said(failed(1, "a"), a="epoch 1\n")
    assert "it was killed" in said(failed(1, "never written"))
