"""Why jobs failed, for the end of the screen: it is read there, and not pages above it."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

# A failed job's own log between two lines of =; through SLURM it has job numbers of its own.
_COPIED = re.compile(r"^ *Logfile .+:\n *(={10,})\n(?:.*\n)*? *\1\n", re.M)
# A rule, where the second line of SLURM's answer is not indented, or a group with its rules: all that is
# indented below one heading.
_FAILED = re.compile(
    r"^(?:Error in rule .+:\n(?:.*\n)*?(?=    log: )|(?=    message: Error in group ))(?:    .*\n)+", re.M
)
# First the job's own log, last SLURM's; that of a group stands above its jobs.
_JOB = re.compile(r"^ +jobid: (\d+)\n(?: +\S.*\n)*? +log: (.+?)(?:, .+)? \(check log", re.M)
_LAST_LOG = re.compile(r"^ +log: (?:.+, )?(.+) \(check log", re.M)
_REFUSED = re.compile(
    r"Error in rule (\w+):\n +message: (?:SLURM sbatch failed\. The error message was '"
    r"|Job submission failed with exception: )(.+?)(?:'\.\n|For further error details)",
    re.S,
)
_STATUS = re.compile(r" \(SLURM says \w+\)$")
# What slurmstepd and srun write into SLURM's log: of memory in several ways, by version and set-up.
_ENDED = re.compile(r"^\S+: error: (.*(?:memory limit|oom.kill|out of memory|time limit).*)", re.I | re.M)


def report(snakemake_logs: Iterable[str | os.PathLike]) -> str:
    """Each reason once, with a job's log, from Snakemake's own logs of a call; empty where no job failed for
    good."""
    text = "".join(map(own_words, snakemake_logs))
    finished = set(re.findall(r"^Finished jobid: (\d+)", text, flags=re.M))  # some at a second attempt
    told: dict[str, str] = {}
    for failed in _FAILED.findall(text):
        for reason, log in _reasons(failed, finished):
            # SLURM's sentences differ in job numbers and bytes alone, attempts share a log: the last counts.
            alike = re.sub(r"\d+", "", reason) if reason.startswith("SLURM ") else _STATUS.sub("", reason)
            told[alike] = f"{reason}\n  (the whole log: {log})" if log else reason
    return "\n".join(["", "The study is not finished. Why:", *told.values(), ""]) if told else ""


def own_words(snakemake_log: str | os.PathLike) -> str:
    """The text of a log of Snakemake's own without the jobs' logs that it copied in; empty without a file."""
    return _COPIED.sub("", _read(snakemake_log))


def _read(log: str | os.PathLike) -> str:
    return Path(log).read_text(errors="replace") if Path(log).is_file() else ""


def _reasons(failed: str, finished: set[str]) -> list[tuple[str, str]]:
    """What the jobs of a rule or group said last, and where; one sentence where none of them said a word."""
    logs = [log for job, log in _JOB.findall(failed) if job not in finished]
    if not logs:
        return []
    if refused := _REFUSED.match(failed):
        rule, answer = refused.groups()
        answer = re.sub(r"\s*sbatch: (?:error: )?", "; ", answer).strip("; ").replace("\n", " ")
        return [(f"{rule} could not be submitted: {answer}", "")]  # its log is an earlier attempt's, if any
    status = re.search(r"SLURM status is: '(\w+)'", failed)
    # Who stopped a job it does not know itself.
    by = f" (SLURM says {status[1]})" if status and status[1] not in ("FAILED", "COMPLETED") else ""
    said = {log: _read(log) for log in logs}
    # As bgbias.logs.job_log writes it.
    reasons = [
        (text.rpartition("ERROR: ")[2].strip() + by, log) for log, text in said.items() if "ERROR: " in text
    ]
    return reasons or [_unsaid(failed, status and status[1], logs[0])]


def _unsaid(failed: str, status: str | None, job_log: str) -> tuple[str, str]:
    """What SLURM's log says of jobs that said nothing themselves, or else what it may have been."""
    slurm_logs = set(_LAST_LOG.findall(failed)) - {log for _, log in _JOB.findall(failed)}
    for log in slurm_logs:
        if ended := _ENDED.search(_read(log)):
            return f"SLURM ended a job: {ended[1]}", log
    cause = f"SLURM says {status}" if status else "it was killed (memory? time limit?)"
    if failed.startswith(" ") and not slurm_logs:  # why a group was refused Snakemake keeps to itself
        cause += ", SLURM refused its group (partition? memory?)"
    return f"A job left no reason in its log: {cause}, its disk is full, or it could not begin.", job_log
