"""Why jobs failed, for the end of the screen: it is read there, and not pages above it."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

# A failed job's own log between two lines of =; through SLURM it has job numbers of its own.
_COPIED = re.compile(r"^ *Logfile .+:\n *(={10,})\n(?:.*\n)*? *\1\n", re.M)
# A rule, or a group with its rules: all that is indented below one heading.
_FAILED = re.compile(r"^(?:Error in rule .+:\n|(?=    message: Error in group ))(?:    .*\n)+", re.M)
_JOB = re.compile(r"^ +jobid: (\d+)\n(?: +.*\n)*? +log: (.+?)(?:, .+)? \(check log", re.M)


def report(snakemake_logs: Iterable[str | os.PathLike]) -> str:
    """Each reason once, with a job's log, from Snakemake's own logs of a call; empty where no job failed for
    good."""
    text = "".join(Path(log).read_text(errors="replace") for log in snakemake_logs)
    text = _COPIED.sub("", text)
    finished = set(re.findall(r"^Finished jobid: (\d+)", text, flags=re.M))  # some at a second attempt
    logs: dict[str, str] = {}
    for failed in _FAILED.findall(text):
        for reason, log in _reasons(failed, finished):
            logs.setdefault(reason, log)
    lines = [f"{reason}\n  (the whole log: {log})" for reason, log in logs.items()]
    return "\n".join(["", "The study is not finished. Why:", *lines, ""]) if lines else ""


def _reasons(failed: str, finished: set[str]) -> list[tuple[str, str]]:
    """What the jobs of a rule or group said last, and where; one sentence where none of them said a word."""
    logs = [log for job, log in _JOB.findall(failed) if job not in finished]
    said = {log: Path(log).read_text(errors="replace") if Path(log).is_file() else "" for log in logs}
    # As bgbias.logs.job_log writes it.
    reasons = [
        (text.rpartition("ERROR: ")[2].strip(), log) for log, text in said.items() if "ERROR: " in text
    ]
    if reasons or not logs:
        return reasons
    status = re.search(r"SLURM status is: '(\w+)'", failed)
    cause = f"SLURM says {status[1]}" if status else "it was killed (memory? time limit?)"
    said_nothing = f"A job left no reason in its log: {cause}, its disk is full, or it could not begin."
    return [(said_nothing, logs[0])]
