"""Measure how well a run's test embeddings retrieve their own class, clean and on swapped backgrounds."""

import numpy as np

from bgbias.errors import StudyError
from bgbias.files import write_rows
from bgbias.logs import job_log
from bgbias.randomness import generator
from bgbias.retrieval import measure, top_matches

MATCHES = ("protocol", "draw", "query_row", "rank", "match_row", "hit")


def measure_retrieval(
    embeddings_path, run, ks, gallery_queries, seed, threads, retrieval_out, matches_out
) -> None:
    """Write one row of metrics per protocol and draw, and the top 5 of a few queries (clean; first draw).

    ``run``: the identity columns. The queries depend on ``seed`` and the labels only, so every run of a
    dataset shows the same ones.
    """
    with np.load(embeddings_path) as arrays:
        data = dict(arrays)
    labels = data["labels"]
    everything = np.ones(len(labels), dtype=np.bool_)
    query = np.flatnonzero(data.get("is_query", everything))
    gallery = np.flatnonzero(data.get("is_gallery", everything))
    own = positions(query, gallery)
    chosen = gallery_rows(labels[query], gallery_queries, seed)

    metrics, matches = [], []
    for protocol, draw, embeddings in conditions(data):
        sides = embeddings[query], embeddings[gallery]
        try:
            result = measure(sides[0], labels[query], sides[1], labels[gallery], ks, own, threads)
            found, _ = top_matches(*sides, own, chosen, k=5, threads=threads)
        except StudyError as error:
            raise StudyError(f"{embeddings_path}, {protocol}, draw {draw}: {error}") from error
        if not result["n_queries"]:
            raise StudyError(f"{embeddings_path}: no query has an image of its class in the gallery.")
        metrics.append({**run, "protocol": protocol, "draw": draw, **result})
        if draw == 0:
            for position, neighbours in zip(query[chosen], found, strict=True):
                for rank, match in enumerate(gallery[neighbours[neighbours >= 0]], start=1):
                    hit = int(labels[position] == labels[match])
                    row = (protocol, draw, data["rows"][position], rank, data["rows"][match], hit)
                    matches.append(dict(zip(MATCHES, row, strict=True)))
    write_rows(retrieval_out, metrics, list(metrics[0]))
    write_rows(matches_out, matches, MATCHES)


def conditions(data):
    """(protocol, draw, embeddings) in the order of the table."""
    yield "clean", 0, data["clean"]
    for draw, embeddings in enumerate(data["swapped"]):
        yield "swapped", draw, embeddings


def positions(query: np.ndarray, gallery: np.ndarray) -> np.ndarray:
    """Where each query lies in the sorted ``gallery``, −1 where it does not."""
    at = np.searchsorted(gallery, query)
    inside = np.minimum(at, len(gallery) - 1)
    return np.where(gallery[inside] == query, inside, -1)


def gallery_rows(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """``count`` positions drawn at random, each of another class (fewer where there are fewer classes)."""
    order = generator(seed, "gallery queries").permutation(len(labels))
    _, first = np.unique(labels[order], return_index=True)
    return order[np.sort(first)[:count]]


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        measure_retrieval(
            snakemake.input.embeddings,
            snakemake.params.run,
            snakemake.params.ks,
            snakemake.params.gallery_queries,
            snakemake.params.seed,
            snakemake.threads,
            snakemake.output.retrieval,
            snakemake.output.matches,
        )
