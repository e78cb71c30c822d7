"""Say that a dataset's images and masks are good enough for this study, or end it."""

from bgbias.errors import StudyError
from bgbias.files import read_rows, write_text
from bgbias.logs import job_log
from bgbias.masks.limits import check_limits
from bgbias.masks.tree import flagged


def accept_masks(
    summary: str,
    table: str,
    flag: str,
    *,
    problems: str,
    on_bad_image: str,
    limits: dict[str, float],
    study: str,
) -> None:
    """Write ``flag``, with the name of the ``study``, when the masks of ``summary``, a dataset's row of mask
    quality, keep ``limits``, and no image was left out where ``on_bad_image`` is "fail".

    Another study, or this one before, may have left some out: those in ``problems`` have no place in the
    index, and those that failed in ``table`` no mask.
    """
    left_out = [row["path"] for row in read_rows(problems)] + flagged(read_rows(table), "failed")
    if left_out and on_bad_image == "fail":
        raise StudyError(
            f"{len(left_out)} images are left out, {left_out[0]!r} is one of them ({problems}, {table}). Fix "
            "them and delete the index beside these lists, or set on_bad_image: skip."
        )
    check_limits(summary, **limits)
    write_text(flag, f"{study}\n")


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        accept_masks(
            snakemake.input.summary,
            snakemake.input.table,
            snakemake.output[0],
            problems=snakemake.params.problems,
            on_bad_image=snakemake.params.on_bad_image,
            limits=snakemake.params.limits,
            study=snakemake.params.study,
        )
