"""Stop the study before any training when a dataset's masks are not good enough."""

from bgbias.errors import StudyError
from bgbias.files import read_rows, write_text
from bgbias.logs import job_log


def accept_masks(summary: str, table: str, flag: str, *, minimum_iou: float, maximum_empty: float) -> None:
    """Write ``flag`` when mean IoU and share of empty or failed masks keep the limits, else StudyError.

    A dataset without hand labels is judged by its empty and failed masks only. ``table``, where the masks are
    listed, is named in the messages.
    """
    quality = read_rows(summary)[0]
    dataset, iou = quality["dataset"], quality["iou_mean"]
    if iou and float(iou) < minimum_iou:
        raise StudyError(
            f"The masks of {dataset} agree too little with its {quality['n']} hand labels: "
            f"mean IoU {float(iou):.3f}, wanted {minimum_iou}. {_remedy(quality)}, or lower "
            f"`mask_quality.minimum_iou` if you can live with that. Each image: {table} and "
            "mask_quality_images.csv beside it."
        )
    bad, masks = int(quality["empty"]), int(quality["masks"])
    if bad > maximum_empty * masks:
        raise StudyError(
            f"{bad} of the {masks} masks of {dataset} are empty or failed, a share of "
            f"{bad / masks:.3f}, allowed {maximum_empty}. {_remedy(quality)}, or raise "
            f"`mask_quality.maximum_empty` if you can live with that. Each image: {table}."
        )
    write_text(flag, "")


def _remedy(quality: dict) -> str:
    if quality["masker"] == "ready":
        return f"Look at `datasets.{quality['dataset']}.masks`: what is brighter than 127 of 255 is object"
    return "Choose another `masker.model`"


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        accept_masks(
            snakemake.input.summary,
            snakemake.input.table,
            snakemake.output[0],
            minimum_iou=snakemake.params.minimum_iou,
            maximum_empty=snakemake.params.maximum_empty,
        )
