"""Orphaned jobs: on a cluster, jobs continue when Snakemake is killed and end unobserved."""

import os
import re
from collections.abc import Iterable

from bgbias.failures import own_words

# Snakemake's message that a job starts; in the message that one failed, the number comes first.
_BEGUN = re.compile(r"^ +output: (.+)\n(?: +(?!rule )\S.*\n)*? +jobid: (\d+)$", re.M)


def outputs_of_orphans(snakemake_logs: Iterable[str | os.PathLike]) -> set[str]:
    """The outputs of all jobs that a Snakemake call started and that neither it nor a later one saw finish.

    ``snakemake_logs``: Snakemake's own logs, one per call, in the order of the calls.
    """
    orphaned: set[str] = set()
    for log in snakemake_logs:
        text = own_words(log)
        finished = set(re.findall(r"^Finished jobid: (\d+)", text, flags=re.M))
        for outputs, job in _BEGUN.findall(text):
            if job in finished:
                orphaned.difference_update(outputs.split(", "))
            else:
                orphaned.update(outputs.split(", "))
    return orphaned
