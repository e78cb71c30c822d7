"""Embed the test images of a run, clean and with several draws of unseen backgrounds."""

from pathlib import Path

import numpy as np

from bgbias.devices import choose_device, prepare_cpu
from bgbias.errors import StudyError
from bgbias.files import replacing, sweep
from bgbias.input_pipeline.pixels import PixelStore
from bgbias.logs import job_log, progress_bar
from bgbias.masks.limits import check_limits
from bgbias.models.embedding_model import load_model
from bgbias.retrieval.embedding import embed
from bgbias.retrieval.feeding import EvaluationFeed, evaluation_view
from bgbias.retrieval.protocols import array_name, conditions
from bgbias.runs import read_run


def embed_images(
    layout: str,
    model_path: str,
    run_path: str,
    backgrounds_layout: str,
    out: str,
    *,
    evaluation: dict,
    transform: dict,
    device: str,
    batch_size: int | None = None,
) -> None:
    """Write ``out`` (.npz): ``rows`` of the store next to ``layout`` and ``labels``, int64 (N,); ``clean``
    and ``swapped0``, ``swapped1``, …, one per draw, float32 (N, E); ``is_query``, ``is_gallery`` bool (N,)
    if given. One array per draw, so that a reader needs only one in memory at a time.
    """
    chosen = choose_device(device)
    store = PixelStore.open(layout)
    unseen = PixelStore.open(backgrounds_layout)
    rows = store.index.rows("test")
    if len(rows) == 0:
        raise StudyError(f"{layout} has no test images.")
    model, preprocessing = load_model(model_path, read_run(run_path), transform["eval_size"], chosen)

    sweep(Path(out).parent)  # partial files of a killed job
    feed = EvaluationFeed(
        store,
        rows,
        unseen,
        evaluation_view(transform, evaluation["background_crop"]),
        preprocessing,
        seed=evaluation["seed"],
        device=chosen,
        batch_size=batch_size,
    )

    paths = [store.index.paths[row] for row in rows]

    def embedded(protocol: str, draw: int) -> np.ndarray:
        batches = feed.batches(protocol, draw)
        batches = progress_bar(batches, array_name(protocol, draw), "batches", len(feed))
        return embed(model, batches, names=paths)

    arrays = {
        "rows": rows,
        "labels": store.index.labels[rows],
        **{array_name(*condition): embedded(*condition) for condition in conditions(evaluation["draws"])},
    }
    for name in ("is_query", "is_gallery"):
        if getattr(store.index, name) is not None:
            arrays[name] = getattr(store.index, name)[rows]
    with replacing(out) as aside, open(aside, "wb") as stream:
        np.savez(stream, **arrays)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        # Training checks this too, but models evaluated as is are not trained.
        check_limits(snakemake.params.quality, snakemake.config)
        prepare_cpu(snakemake.threads)
        embed_images(
            snakemake.input.layout,
            snakemake.input.model,
            snakemake.input.run,
            snakemake.input.backgrounds,
            snakemake.output.embeddings,
            evaluation=snakemake.params.evaluation,
            transform=snakemake.params.transform,
            device=snakemake.params.device,
            batch_size=snakemake.resources.batch_size or None,
        )
