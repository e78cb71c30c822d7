"""Draw queries of a dataset and their best matches by some models, clean and swapped."""

import numpy as np

from bgbias.figures.retrieval_gallery import Query, draw
from bgbias.figures.style import save
from bgbias.figures.titles import title
from bgbias.files import read_rows
from bgbias.input_pipeline.pixels import PixelStore
from bgbias.logs import job_log
from bgbias.results.rows import shown_side_by_side
from bgbias.retrieval.feeding import compared_picture, evaluation_view
from bgbias.retrieval.matches import partners
from bgbias.retrieval.protocols import PROTOCOLS


def draw_retrieval_gallery(
    layout: str,
    backgrounds_layout: str,
    matches: list[str],
    png: str,
    pdf: str,
    *,
    runs: list[dict],
    several_seeds: bool,
    evaluation: dict,
    transform: dict,
    gallery_draws: int | None,
) -> None:
    """Show each query of the runs' ``matches`` (paths of matches.csv) with its neighbours.

    ``runs``: the identity columns, in the order of ``matches``; ``several_seeds``: the title names the seed;
    ``evaluation``: seed and background_crop; ``transform``: the config's section; ``gallery_draws``: unless
    None, the gallery has one image per class.
    """
    store = PixelStore.open(layout)
    backgrounds = PixelStore.open(backgrounds_layout)
    view = evaluation_view(transform, evaluation["background_crop"])

    def picture(row: str, protocol: str, draw_: str) -> np.ndarray:
        behind = backgrounds if PROTOCOLS[protocol] else None
        seed = evaluation["seed"]
        return compared_picture(store, int(row), behind, seed=seed, draw=int(draw_), view=view)

    chosen = shown_side_by_side(runs)
    queries: dict[int, Query] = {}
    for variant, place in chosen.items():
        for row in read_rows(matches[place]):
            condition, query_row = (row["protocol"], row["draw"]), int(row["query_row"])
            if query_row not in queries:
                queries[query_row] = Query({}, 1 if gallery_draws else partners(store.index, query_row))
            query = queries[query_row]
            if row["protocol"] not in query.images:
                query.images[row["protocol"]] = picture(row["query_row"], *condition)
            match = picture(row["match_row"], *condition), row["hit"] == "1"
            query.matches.setdefault((variant, row["protocol"]), []).append(match)
    save(draw(list(queries.values()), list(chosen), title(runs, several_seeds)), png, pdf)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        draw_retrieval_gallery(
            snakemake.input.layout,
            snakemake.input.backgrounds,
            snakemake.input.matches,
            snakemake.output.png,
            snakemake.output.pdf,
            runs=snakemake.params.runs,
            several_seeds=snakemake.params.several_seeds,
            evaluation=snakemake.params.evaluation,
            transform=snakemake.params.transform,
            gallery_draws=snakemake.params.gallery_draws,
        )
