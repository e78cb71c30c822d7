"""Hand-labelled images of a dataset from the best mask to the worst.

input: ``images`` (data/{dataset}/mask_quality_images.csv), ``index`` (data/{dataset}/index.csv); params:
``dataset``, ``shown``, ``root`` (what the index's paths are relative to), ``masks`` (data/{dataset}/masks);
output: ``png``, ``pdf``.
"""

from pathlib import Path

from bgbias.figures.mask_examples import Example, draw
from bgbias.figures.pictures import spread
from bgbias.figures.style import save
from bgbias.files import read_rows
from bgbias.images import read_mask, read_rgb
from bgbias.index import read_index
from bgbias.logs import job_log
from bgbias.names import human


def draw_mask_examples(images: str, index: str, dataset: str, shown: int, root: str, masks: str, png: str,
                       pdf: str) -> None:  # fmt: skip
    known = read_index(index)
    label_of = dict(zip(known.paths, known.masks, strict=True))
    ranked = sorted(read_rows(images), key=lambda row: float(row["iou"]))
    examples = []
    for row in spread(ranked, shown):
        image = read_rgb(Path(root, row["path"]))
        label, prediction = Path(root, label_of[row["path"]]), Path(masks, row["path"] + ".png")
        size = image.shape[:2]
        examples.append(
            Example(image, read_mask(label, size), read_mask(prediction, size), float(row["iou"]))
        )
    save(draw(examples, human(dataset)), png, pdf)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        draw_mask_examples(
            snakemake.input.images,
            snakemake.input.index,
            snakemake.params.dataset,
            snakemake.params.shown,
            snakemake.params.root,
            snakemake.params.masks,
            snakemake.output.png,
            snakemake.output.pdf,
        )
