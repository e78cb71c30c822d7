"""Generate one role (train, validation or test) of a pool of wild backgrounds."""

from bgbias.demo_world import make_backgrounds
from bgbias.logs import job_log

if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        make_backgrounds(snakemake.output[0], **snakemake.params.settings, role=snakemake.wildcards.role)
