"""Say that a dataset's masks are good enough for this study, or end it."""

from bgbias.files import write_text
from bgbias.logs import job_log
from bgbias.masks.limits import check_limits


def accept_masks(summary: str, flag: str, limits: dict[str, float], study: str) -> None:
    """Write ``flag``, with the name of the ``study``, when the masks of ``summary``, a dataset's row of mask
    quality, keep ``limits``."""
    check_limits(summary, **limits)
    write_text(flag, f"{study}\n")


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        accept_masks(
            snakemake.input.summary, snakemake.output[0], snakemake.params.limits, snakemake.params.study
        )
