"""Attribution maps of some models of a dataset, side by side."""

import numpy as np

from bgbias.figures.attribution_panels import Panel, draw
from bgbias.figures.pictures import centre_crop
from bgbias.figures.style import save
from bgbias.figures.titles import title
from bgbias.files import read_rows
from bgbias.input_pipeline.pixels import PixelStore
from bgbias.logs import job_log
from bgbias.results.rows import shown_side_by_side


def draw_attribution_panels(
    layout: str,
    maps: list[str],
    images: list[str],
    png: str,
    pdf: str,
    *,
    runs: list[dict],
    several_seeds: bool,
    method: str,
    shown: int,
) -> None:
    """Draw the first ``shown`` maps by ``method`` over their images from the store next to ``layout``, with
    the masks that they were scored against and their scores.

    ``maps``: each run's attention_maps.npz with ``rows`` int64 (n,) and, under ``masks`` and each method's
    name, uint8 (n, s, s); ``images``: each run's attention_images.csv with the scores; both in the order of
    ``runs``, dictionaries of the axes. If a variant has several runs, the first is shown. ``several_seeds``:
    the title names the seed.
    """
    store = PixelStore.open(layout)
    chosen = shown_side_by_side(runs)
    panels: dict[int, Panel] = {}
    for variant, place in chosen.items():
        rows = [row for row in read_rows(images[place]) if row["method"] == method]
        scores = {int(row["row"]): float(row["score"] or "nan") for row in rows}
        with np.load(maps[place], allow_pickle=False) as stored:
            arrays = (stored[name][:shown] for name in ("rows", "masks", method))
            for row, mask, map_ in zip(*arrays, strict=True):
                image = centre_crop(store.rgba(row), len(map_))[..., :3]
                panel = panels.setdefault(int(row), Panel(image, mask, {}, {}))
                panel.maps[variant], panel.scores[variant] = map_ / 255, scores[row]
    save(draw(list(panels.values()), list(chosen), title(runs, several_seeds)), png, pdf)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        draw_attribution_panels(
            layout=snakemake.input.layout,
            maps=snakemake.input.maps,
            images=snakemake.input.images,
            png=snakemake.output.png,
            pdf=snakemake.output.pdf,
            runs=snakemake.params.runs,
            several_seeds=snakemake.params.several_seeds,
            method=snakemake.params.method,
            shown=snakemake.params.shown,
        )
