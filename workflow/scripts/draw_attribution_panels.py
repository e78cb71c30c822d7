"""Attribution maps of one loss's models of a dataset, one variant beside the other.

input: ``layout`` (data/{dataset}/pixels/layout.csv, rgba.bin beside it), ``maps`` (attention_maps.npz) and
``images`` (attention_images.csv), both lists with one file a run; params: ``runs`` (in the same order:
dictionaries with dataset, backbone, loss, variant, seed), ``method``;
output: ``png``, ``pdf``.
"""

from pathlib import Path

import numpy as np

from bgbias.figures.attribution_panels import Panel, draw
from bgbias.figures.pictures import centre_crop
from bgbias.figures.style import save
from bgbias.figures.titles import one_run_a_variant, title
from bgbias.files import read_rows
from bgbias.input_pipeline.pixels import PixelStore
from bgbias.logs import job_log


def draw_attribution_panels(layout: str, maps: list[str], images: list[str], runs: list[dict], method: str,
                            png: str, pdf: str) -> None:  # fmt: skip
    store = PixelStore.open(Path(layout).parent)
    chosen = one_run_a_variant(runs)
    panels: dict[int, Panel] = {}
    for variant, place in chosen.items():
        scores = {int(row["row"]): float(row["score"] or "nan")
                  for row in read_rows(images[place]) if row["method"] == method}  # fmt: skip
        with np.load(maps[place], allow_pickle=False) as stored:
            for row, map_ in zip(stored["rows"].tolist(), stored[method], strict=True):
                rgba = centre_crop(store.rgba(row), len(map_))
                panel = panels.setdefault(row, Panel(rgba[..., :3], rgba[..., 3], {}, {}))
                panel.maps[variant], panel.scores[variant] = map_ / 255, scores[row]
    save(draw(list(panels.values()), list(chosen), title(runs)), png, pdf)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        draw_attribution_panels(
            snakemake.input.layout,
            snakemake.input.maps,
            snakemake.input.images,
            snakemake.params.runs,
            snakemake.params.method,
            snakemake.output.png,
            snakemake.output.pdf,
        )
