"""Summary of why jobs failed, printed last because users read the end of the output, not pages above it."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

# A failed job's own log between two lines of =; with SLURM it contains other job numbers.
_COPIED = re.compile(r"^ *Logfile .+:\n *(={10,})\n(?:.*\n)*? *\1\n", re.M)
# A failed rule (the second line of SLURM's reply is not indented), or a failed group with its rules:
# everything that is indented below one heading.
_FAILED = re.compile(
    r"^(?:Error in rule .+:\n(?:.*\n)*?(?=    log: )|(?=    message: Error in group ))(?:    .*\n)+", re.M
)
# The job's own log comes first, SLURM's last; that of a group is above its jobs.
_JOB = re.compile(r"^ +jobid: (\d+)\n(?: +\S.*\n)*? +log: (.+?)(?:, .+)? \(check log", re.M)
_LAST_LOG = re.compile(r"^ +log: (?:.+, )?(.+) \(check log", re.M)
_REFUSED = re.compile(
    r"Error in rule (\w+):\n +message: (?:SLURM sbatch failed\. The error message was '"
    r"|Job submission failed with exception: )(.+?)(?:'\.\n|For further error details)",
    re.S,
)
_STATUS = re.compile(r" \(SLURM says \w+\)$")
# What slurmstepd and srun write into SLURM's log; wording about memory varies by version and set-up.
_ENDED = re.compile(r"^\S+: error: (.*(?:memory limit|oom.kill|out of memory|time limit).*)", re.I | re.M)


def report(snakemake_logs: Iterable[str | os.PathLike]) -> str:
    """Each reason once, with the log of one job, from the Snakemake logs of one call; empty if no job failed
    for good."""
    text = "".join(map(own_words, snakemake_logs))
    finished = set(re.findall(r"^Finished jobid: (\d+)", text, flags=re.M))  # some on a second attempt
    told: dict[str, str] = {}
    for failed in _FAILED.findall(text):
        for reason, log in _reasons(failed, finished):
            # SLURM's messages differ only in job numbers and bytes; attempts share a log: keep the last.
            alike = re.sub(r"\d+", "", reason) if reason.startswith("SLURM ") else _STATUS.sub("", reason)
            told[alike] = f"{reason}\n  (full log: {log})" if log else reason
    return "\n".join(["", "The study did not finish:", *told.values(), ""]) if told else ""


def own_words(snakemake_log: str | os.PathLike) -> str:
    """A Snakemake log without the job logs copied into it; empty if there is no file."""
    return _COPIED.sub("", _read(snakemake_log))


def _read(log: str | os.PathLike) -> str:
    return Path(log).read_text(errors="replace") if Path(log).is_file() else ""


def _reasons(failed: str, finished: set[str]) -> list[tuple[str, str]]:
    """The last error of each job of a rule or group, with its log; one explanation if none logged any."""
    logs = [log for job, log in _JOB.findall(failed) if job not in finished]
    if not logs:
        return []
    if refused := _REFUSED.match(failed):
        rule, answer = refused.groups()
        answer = re.sub(r"\s*sbatch: (?:error: )?", "; ", answer).strip("; ").replace("\n", " ")
        return [(f"{rule} could not be submitted: {answer}", "")]  # a log, if any, is of an earlier attempt
    status = re.search(r"SLURM status is: '(\w+)'", failed)
    # A job does not know what stopped it.
    by = f" (SLURM says {status[1]})" if status and status[1] not in ("FAILED", "COMPLETED") else ""
    said = {log: _read(log) for log in logs}
    # Written by bgbias.logs.job_log.
    reasons = [
        (text.rpartition("ERROR: ")[2].strip() + by, log) for log, text in said.items() if "ERROR: " in text
    ]
    return reasons or [_unsaid(failed, status and status[1], logs[0])]


def _unsaid(failed: str, status: str | None, job_log: str) -> tuple[str, str]:
    """Explanation for jobs that logged no error: from SLURM's log, or else possible causes."""
    slurm_logs = set(_LAST_LOG.findall(failed)) - {log for _, log in _JOB.findall(failed)}
    for log in slurm_logs:
        if ended := _ENDED.search(_read(log)):
            return f"SLURM ended a job: {ended[1]}", log
    cause = f"SLURM says {status}" if status else "it was killed (memory? time limit?)"
    if failed.startswith(" ") and not slurm_logs:  # Snakemake does not log why a group was refused
        cause += ", SLURM refused its group (partition? memory?)"
    return f"A job ended without logging a reason: {cause}, its disk is full, or it could not start.", job_log
