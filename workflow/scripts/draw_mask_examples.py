"""Hand-labelled images of a dataset from the best mask to the worst; without hand labels, some masks.

input: ``images`` (data/{dataset}/mask_quality_images.csv), ``index`` (data/{dataset}/index.csv); params:
``dataset``, ``shown``, ``root`` (what the index's paths are relative to), ``masks`` (data/{dataset}/masks);
output: ``png``, ``pdf``.
"""

from pathlib import Path

from bgbias.figures.mask_examples import Example, draw
from bgbias.figures.pictures import spread
from bgbias.figures.style import save
from bgbias.figures.titles import some_of
from bgbias.files import read_rows
from bgbias.images import read_mask, read_rgb
from bgbias.index import read_index
from bgbias.logs import job_log
from bgbias.results.names import human


def draw_mask_examples(images: str, index: str, dataset: str, shown: int, root: str, masks: str, png: str,
                       pdf: str) -> None:  # fmt: skip
    known = read_index(index)
    made = [path for path in known.paths if Path(masks, f"{path}.png").exists()]
    label_of = dict(zip(known.paths, known.masks, strict=True))
    ranked = sorted(read_rows(images), key=lambda row: float(row["iou"]))
    examples = []
    among = ranked or [{"path": path} for path in made]
    for row in spread(among, shown):
        path = row["path"]
        image = read_rgb(Path(root, path))
        size = image.shape[:2]
        prediction = read_mask(Path(masks, f"{path}.png"), size)
        if ranked:
            label = read_mask(Path(root, label_of[path]), size)
            examples.append(Example(image, label, prediction, float(row["iou"])))
        else:
            examples.append(Example(image, None, prediction, None))
    what = "labelled images, from the best mask to the worst" if ranked else "masks"
    save(draw(examples, f"{human(dataset)}: {some_of(len(examples), len(among), what)}"), png, pdf)


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
