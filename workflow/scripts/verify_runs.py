"""Check that every run was made with the current settings.

Snakemake retrains other runs, unless told not to (other ``--rerun-triggers``).
"""

from bgbias.files import write_text
from bgbias.logs import job_log
from bgbias.runs import check_settings

if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        check_settings(snakemake.input.runs, snakemake.params.expected)
        write_text(snakemake.output[0], "")
