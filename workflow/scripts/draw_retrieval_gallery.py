"""Queries of a dataset and their best matches under one loss, for each variant, clean and swapped.

input: ``layout`` (data/{dataset}/pixels/layout.csv, rgba.bin beside it), ``backgrounds`` (layout.csv of the
test backgrounds), ``matches`` (the runs' matches.csv); params: ``runs`` (in the same order: dictionaries with
dataset, backbone, loss, variant, seed), ``evaluation`` (seed, background_crop), ``transform`` (the config's
section), ``gallery_draws`` (None, or the gallery is one image a class); output: ``png``, ``pdf``.
"""

from pathlib import Path

from bgbias.errors import StudyError
from bgbias.figures.retrieval_gallery import Query, draw
from bgbias.figures.style import save
from bgbias.figures.titles import one_run_a_variant, title
from bgbias.files import read_rows
from bgbias.index import Index
from bgbias.input_pipeline.pixels import PixelStore
from bgbias.logs import job_log


def draw_retrieval_gallery(
    layout: str,
    backgrounds_layout: str,
    matches: list[str],
    runs: list[dict],
    evaluation: dict,
    transform: dict,
    gallery_draws: int | None,
    png: str,
    pdf: str,
) -> None:
    store = PixelStore.open(Path(layout).parent)
    backgrounds = PixelStore.open(Path(backgrounds_layout).parent)
    picture = pictures_as_compared(store, backgrounds, evaluation, transform)
    chosen = one_run_a_variant(runs)
    queries: dict[int, Query] = {}
    for variant, place in chosen.items():
        for row in read_rows(matches[place]):
            protocol, draw_ = row["protocol"], int(row["draw"])
            query_row = int(row["query_row"])
            if query_row not in queries:
                queries[query_row] = Query({}, 1 if gallery_draws else partners(store.index, query_row))
            query = queries[query_row]
            query.images.setdefault(protocol, picture(query_row, protocol, draw_))
            match = picture(int(row["match_row"]), protocol, draw_)
            query.matches.setdefault((variant, protocol), []).append((match, row["hit"] == "1"))
    save(draw(list(queries.values()), list(chosen), title(runs)), png, pdf)


def partners(index: Index, query: int) -> int:
    """How many images of its class the row ``query`` can find: those in the gallery but itself."""
    rows = index.rows("test")
    alike = rows[(index.labels[rows] == index.labels[query]) & (rows != query)]
    return len(alike) if index.is_gallery is None else int(index.is_gallery[alike].sum())


def pictures_as_compared(store: PixelStore, backgrounds: PixelStore, evaluation: dict, transform: dict):
    """A function (row, protocol, draw) → uint8 (size, size, 3): the very picture that the model embedded."""
    # Here and not above: torch takes seconds to import.
    from bgbias.input_pipeline.batches import evaluation_batch
    from bgbias.input_pipeline.transforms import Preprocessing
    from bgbias.retrieval.embedding import evaluation_view

    plain = Preprocessing(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), maximum=255.0)
    view = evaluation_view(transform, evaluation["background_crop"])
    behind = {"clean": None, "swapped": backgrounds}

    def picture(row: int, protocol: str, draw_: int):
        if protocol not in behind:
            raise StudyError(f"What {protocol} images look like is not said in draw_retrieval_gallery.py.")
        seed = evaluation["seed"]
        batch = evaluation_batch(store, [row], behind[protocol], seed=seed, draw=draw_, view=view,
                                 preprocessing=plain)  # fmt: skip
        return batch[0].permute(1, 2, 0).round().byte().numpy()

    return picture


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        draw_retrieval_gallery(
            snakemake.input.layout,
            snakemake.input.backgrounds,
            snakemake.input.matches,
            snakemake.params.runs,
            snakemake.params.evaluation,
            snakemake.params.transform,
            snakemake.params.gallery_draws,
            snakemake.output.png,
            snakemake.output.pdf,
        )
