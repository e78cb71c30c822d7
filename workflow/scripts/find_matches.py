"""Find the nearest neighbours of a few queries of a run, for the retrieval gallery."""

import numpy as np

from bgbias.files import write_rows
from bgbias.logs import job_log
from bgbias.retrieval.gallery import embeddings_at, positions, sides_of_search
from bgbias.retrieval.matches import MATCH_COLUMNS, match_rows, shown_queries
from bgbias.retrieval.nearest import on_cpu
from bgbias.retrieval.protocols import array_name, conditions_of
from bgbias.retrieval.search import neighbours

SHOWN_MATCHES = 5


def find_matches(
    embeddings_path: str, matches_out: str, *, shown: int, seed: int, gallery_draws: int | None = None
) -> None:
    """Write the nearest neighbours of ``shown`` queries, in the first draw of each protocol.

    The queries depend only on ``seed`` and the labels, so all runs of a dataset show the same ones. With
    ``gallery_draws``, the gallery is the first of those over which retrieval is averaged.
    """
    matches = []
    with np.load(embeddings_path) as data:
        labels, rows = data["labels"], data["rows"]
        query, gallery = sides_of_search(data, gallery_draws, seed)[0]
        chosen = query[shown_queries(labels[query], shown, seed)]
        for protocol, draw in conditions_of(data):
            if draw > 0:
                continue
            embeddings = data[array_name(protocol, draw)]
            reference = embeddings_at(embeddings, gallery)
            # On the CPU even if the metrics use a GPU, which does not pay off for so few queries.
            nearest = neighbours(
                on_cpu(reference), embeddings[chosen], reference, positions(chosen, gallery), SHOWN_MATCHES
            )
            matches += [
                {"protocol": protocol, "draw": draw, **match}
                for match in match_rows(chosen, gallery, nearest, labels, rows)
            ]
    write_rows(matches_out, matches, MATCH_COLUMNS)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        find_matches(
            snakemake.input.embeddings,
            snakemake.output.matches,
            shown=snakemake.params.shown,
            seed=snakemake.params.seed,
            gallery_draws=snakemake.params.gallery_draws,
        )
