"""Orphaned jobs, which ended while no Snakemake looked: on a cluster they go on when it is killed."""

import os
import re
from collections.abc import Iterable

from bgbias.failures import own_words

# As Snakemake tells that a job begins; where it tells that one failed, its number comes first.
_BEGUN = re.compile(r"^ +output: (.+)\n(?: +(?!rule )\S.*\n)*? +jobid: (\d+)$", re.M)


def outputs_of_orphans(snakemake_logs: Iterable[str | os.PathLike]) -> set[str]:
    """The outputs of all jobs that calls of Snakemake began, and neither they nor later ones saw finished.

    ``snakemake_logs``: Snakemake's own, one a call, in the order of the calls.
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
