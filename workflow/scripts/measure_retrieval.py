"""Measure how well a run's test embeddings retrieve their own class, clean and with swapped backgrounds."""

from collections.abc import Callable, Sequence

import numpy as np

from bgbias.errors import StudyError
from bgbias.files import write_rows
from bgbias.index import read_index
from bgbias.logs import job_log
from bgbias.retrieval.collapse import mean_similarity
from bgbias.retrieval.gallery import embeddings_at, positions, sides_of_search
from bgbias.retrieval.metrics import BLOCK_BYTES, means, measure
from bgbias.retrieval.nearest import Search, on_cpu, search_on
from bgbias.retrieval.protocols import searches
from bgbias.retrieval.queries import QueryMeans, query_rows


def measure_retrieval(
    embeddings_path: str,
    layout: str,
    retrieval_out: str,
    images_out: str,
    *,
    run: dict,
    ks: Sequence[int],
    seed: int,
    gallery_draws: int | None = None,
    one_sided: Sequence[str] = (),
    search_in: Callable[[np.ndarray], Search] = on_cpu,
    block_bytes: int = BLOCK_BYTES,
) -> None:
    """Write one row of metrics per protocol and draw, and one row per query.

    ``layout``: the index of the packed images, which names the queries.

    ``run``: the identity columns. With ``gallery_draws``, that many galleries of one random image per class
    are drawn from ``seed``, the same for every run, and a row holds the mean over them. ``one_sided`` as in
    :func:`bgbias.retrieval.protocols.searches`, ``search_in`` and ``block_bytes`` as in
    :func:`bgbias.retrieval.metrics.measure`.
    """
    metrics, queries = [], {}
    with np.load(embeddings_path) as data:
        labels = data["labels"]
        galleries = sides_of_search(data, gallery_draws, seed)

        # A function, so that its arrays are freed before the next ones are read.
        def search(query_name: str, gallery_name: str, query_means: QueryMeans) -> dict[str, float]:
            query = data[query_name]
            gallery = query if gallery_name == query_name else data[gallery_name]
            measured = []
            for q, g in galleries:
                per_query = {}
                found = measure(
                    embeddings_at(query, q),
                    labels[q],
                    embeddings_at(gallery, g),
                    labels[g],
                    ks=ks,
                    own=positions(q, g),
                    search_in=search_in,
                    block_bytes=block_bytes,
                    per_query=per_query,
                )
                measured.append(found)
                query_means.add(q, per_query)
            if not measured[0]["n_queries"]:
                raise StudyError(f"{embeddings_path}: no query has an image of its class in the gallery.")
            return means(measured) | {"mean_similarity": mean_similarity(query, gallery)}

        for protocol, draw, *arrays in searches(data, one_sided):
            print(f"{protocol}, draw {draw}", flush=True)
            query_means = queries.setdefault(protocol, QueryMeans(len(labels)))
            metrics.append({**run, "protocol": protocol, "draw": draw, **search(*arrays, query_means)})
        images = query_rows(queries, data["rows"], read_index(layout))
    write_rows(images_out, images, list(images[0]))
    write_rows(retrieval_out, metrics, list(metrics[0]))


def configured_search(device: str) -> Callable[[np.ndarray], Search]:
    """The search that the configuration's ``evaluation.search_device`` names."""
    if device == "cpu":
        return on_cpu
    # Importing torch takes three seconds, which a search on the CPU does not need.
    from bgbias.devices import choose_device

    return search_on(choose_device(device))


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        measure_retrieval(
            snakemake.input.embeddings,
            snakemake.input.layout,
            snakemake.output.retrieval,
            snakemake.output.images,
            run=snakemake.params.run,
            ks=snakemake.params.ks,
            seed=snakemake.params.seed,
            gallery_draws=snakemake.params.gallery_draws,
            one_sided=snakemake.params.one_sided,
            search_in=configured_search(snakemake.params.search_device),
            block_bytes=snakemake.resources.search_mb * 2**20,
        )
