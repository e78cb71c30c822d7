"""Compare a dataset's masks with its hand labels, if it has any."""

from pathlib import Path

from bgbias.files import read_rows, write_rows
from bgbias.images import read_mask
from bgbias.index import read_index
from bgbias.logs import job_log
from bgbias.masks.quality import MEASURES, SUMMARY_COLUMNS, agreement, summary
from bgbias.masks.tree import FLAGS, flagged, mask_path


def check_masks(
    index: str,
    table: str,
    images_out: str,
    summary_out: str,
    *,
    root: str,
    masks: str,
    dataset: str,
    masker: str,
) -> None:
    """Write the agreement of each labelled image that has a mask, and a one-row summary of the dataset: the
    number of masks, the number of empty or failed ones, and the agreement over ``n`` labelled images.

    StudyError if a mask and its hand label have different sizes.
    """
    made = read_rows(table)
    failed, empty = set(flagged(made, "failed")), len(flagged(made, *FLAGS))
    entries = read_index(index)
    rows = []
    for path, label_path in zip(entries.paths, entries.masks, strict=True):
        if label_path and path not in failed:
            file = mask_path(masks, path)
            mask = read_mask(file)
            label = read_mask(Path(root) / label_path, mask.shape, file)
            rows.append({"path": path, **agreement(label, mask)})
    result = {"dataset": dataset, "masker": masker, "masks": len(made), "empty": empty, **summary(rows)}
    write_rows(images_out, rows, ["path", *MEASURES])
    write_rows(summary_out, [result], SUMMARY_COLUMNS)
    print(f"{dataset}: {len(rows)} hand labels, mean IoU {result['iou_mean'] or 'unknown'}")


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        check_masks(
            snakemake.input.index,
            snakemake.input.table,
            snakemake.output.images,
            snakemake.output.summary,
            root=snakemake.params.root,
            masks=snakemake.params.masks,
            dataset=snakemake.params.dataset,
            masker=snakemake.params.masker,
        )
