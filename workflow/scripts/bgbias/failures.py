"""Why jobs failed, for the end of the screen: it is read there, and not pages above it."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

_SILENT = "A job left no reason in its log: it was killed (memory? time limit?), or its disk is full."


def report(snakemake_logs: Iterable[str | os.PathLike]) -> str:
    """Each reason once, with a job's log, from Snakemake's own logs of a call; empty where no job failed for
    good."""
    text = "".join(Path(log).read_text(errors="replace") for log in snakemake_logs)
    finished = re.findall(r"^Finished jobid: (\d+)", text, flags=re.M)  # some of them at a second attempt
    failed = re.findall(r"^    jobid: (\d+)\n(?:    .*\n)*?    log: (.+) \(check log", text, flags=re.M)
    logs_by_reason: dict[str, str] = {}
    for job, log in failed:
        if job not in finished:
            logs_by_reason.setdefault(_reason(log), log)
    lines = [f"{reason}\n  (the whole log: {log})" for reason, log in logs_by_reason.items()]
    return "\n".join(["", "The study is not finished. Why:", *lines, ""]) if lines else ""


def _reason(log: str) -> str:
    """What the job said last, as :func:`bgbias.logs.job_log` writes it."""
    said = Path(log).read_text(errors="replace") if Path(log).is_file() else ""
    return said.rpartition("ERROR: ")[2].strip() if "ERROR: " in said else _SILENT
