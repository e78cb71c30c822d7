"""Check that a dataset's images and masks are good enough for this study; fail otherwise."""

from bgbias.files import write_text
from bgbias.logs import job_log
from bgbias.masks.limits import check_limits

if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        check_limits(snakemake.input.quality, snakemake.config)
        write_text(snakemake.output[0], f"{snakemake.params.study}\n")
