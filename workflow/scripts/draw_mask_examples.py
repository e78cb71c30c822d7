"""Draw hand-labelled images of a dataset from the best mask to the worst; without labels, masks by size."""

from pathlib import Path

from bgbias.figures.mask_examples import Example, draw
from bgbias.figures.pictures import spread
from bgbias.figures.style import save
from bgbias.figures.titles import some_of
from bgbias.files import read_rows
from bgbias.images import read_mask, read_rgb
from bgbias.index import read_index
from bgbias.logs import job_log
from bgbias.masks.tree import flagged, mask_path
from bgbias.results.names import human


def draw_mask_examples(
    images: str,
    index: str,
    table: str,
    png: str,
    pdf: str,
    *,
    dataset: str,
    shown: int,
    root: str,
    masks: str,
) -> None:
    """Draw up to ``shown`` images of ``index``, evenly spaced when sorted by the IoU in ``images``, the
    mask_quality_images.csv of the ``dataset``, or without hand labels by the coverage of their masks.

    ``table``: its masks.csv, with coverage and failures; ``root``: the folder that the index's paths are
    relative to; ``masks``: the folder of the dataset's masks.
    """
    known = read_index(index)
    ranked = sorted(read_rows(images), key=lambda row: float(row["iou"]))
    if ranked:
        label_of = dict(zip(known.paths, known.masks, strict=True))
        among = [(row["path"], label_of[row["path"]], float(row["iou"])) for row in ranked]
        what = "labelled images, from the best mask to the worst"
    else:
        # The smallest and the largest masks are the suspicious ones.
        by_size = sorted(read_rows(table), key=lambda row: float(row["coverage"]))
        failed = set(flagged(by_size, "failed"))
        among = [(row["path"], None, None) for row in by_size if row["path"] not in failed]
        what = "masks, from the smallest to the largest"
    examples = []
    for path, label_path, iou in spread(among, shown):
        image = read_rgb(Path(root, path))
        size = image.shape[:2]
        prediction = read_mask(mask_path(masks, path), size)
        label = read_mask(Path(root, label_path), size) if label_path else None
        examples.append(Example(image, label, prediction, iou))
    save(draw(examples, f"{human(dataset)}: {some_of(len(examples), len(among), what)}"), png, pdf)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        draw_mask_examples(
            **snakemake.input,
            **snakemake.output,
            dataset=snakemake.params.dataset,
            shown=snakemake.params.shown,
            root=snakemake.params.root,
            masks=snakemake.params.masks,
        )
