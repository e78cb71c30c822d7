"""Check that a dataset's images and masks are good enough for this study; fail otherwise."""

from bgbias.files import write_text
from bgbias.logs import job_log
from bgbias.masks.limits import check_limits


def accept_masks(summary: str, flag: str, limits: dict[str, float], on_bad_image: str, study: str) -> None:
    """Write ``flag``, with the name of the ``study``, if the masks in ``summary`` (a dataset's row of mask
    quality) are within ``limits`` and no image is left out although ``on_bad_image`` forbids it."""
    check_limits(summary, on_bad_image, **limits)
    write_text(flag, f"{study}\n")


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        accept_masks(
            snakemake.input.summary,
            snakemake.output[0],
            snakemake.params.limits,
            snakemake.params.on_bad_image,
            snakemake.params.study,
        )
