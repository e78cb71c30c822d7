"""Describe a packed dataset: its images and classes per split, images left out, exact copies."""

import json

from bgbias.datasets.contents import contents
from bgbias.files import write_text
from bgbias.logs import job_log

if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        given = snakemake.input
        found = contents(given.layout, given.index, snakemake.params.problems)
        write_text(snakemake.output.contents, json.dumps(found, indent=1))
