"""Score how much of a run's attention lies on the objects of some test images, by every configured method."""

import numpy as np
import torch

from bgbias.attribution import Target, attention_score, attribution_maps
from bgbias.attribution.images import black_image, chosen_rows, images_and_masks
from bgbias.attribution.tables import image_rows, method_rows
from bgbias.devices import choose_batch_size, choose_device, prepare_cpu
from bgbias.errors import StudyError
from bgbias.files import replacing, write_rows
from bgbias.input_pipeline.pixels import PixelStore
from bgbias.logs import job_log, progress_bar
from bgbias.masks.limits import check_limits
from bgbias.models.embedding_model import load_model
from bgbias.runs import read_run
from bgbias.training.losses import build_loss

# The maximum of publish.panels, so that changing it does not rerun attribution. At 227 px a map is 50 kB.
KEPT_MAPS = 12


def attribute_images(
    layout: str,
    model_path: str,
    run_path: str,
    attention_path: str,
    images_path: str,
    maps_path: str,
    *,
    run: dict,
    settings: dict,
    size: int,
    device: str,
    labels: str | None = None,
    batch_size: int | None = None,
) -> None:
    """Write the mean score per method, the score per image, and for the first ``KEPT_MAPS`` images the maps
    and the masks they were scored against (uint8, 255 = 1).

    ``run``: the identity columns; ``settings``: the configuration's ``attribution``; ``size``: side of the
    centre crop in pixels; ``labels``: the folder of the hand labels listed in the index, which then replace
    automatic masks; ``batch_size``: images or noisy copies per forward pass.
    """
    store, record = PixelStore.open(layout), read_run(run_path)
    chosen = choose_device(device)
    model, preprocessing = load_model(model_path, record, size, chosen)
    loss = build_loss(
        record["settings"]["loss"], record.get("n_classes", 0), model.embedding_size, record["seed"]
    )
    target = Target(model, loss.distance.to(chosen), black_image(size, preprocessing, chosen))

    settings = settings | {"batch_size": choose_batch_size(batch_size, size, chosen)}
    rows = chosen_rows(store.index.rows("test"), settings["images"], settings["seed"])
    scores = {method: [] for method in settings["methods"]}
    stored = {name: [] for name in ("masks", *settings["methods"])}
    starts = range(0, len(rows), settings["batch_size"])
    for start in progress_bar(starts, "attribution", "batches", len(starts)):
        part = rows[start : start + settings["batch_size"]]
        images, masks = images_and_masks(store, part, size, preprocessing, chosen, labels)
        kept = max(0, KEPT_MAPS - start)
        stored["masks"].append(_bytes(masks[:kept]))
        for method in settings["methods"]:
            maps = attribution_maps(method, target, images, part.tolist(), settings)
            if not maps.isfinite().all():
                raise StudyError(
                    f"{model_path}: the gradients are not finite (method {method}): the model diverged. "
                    "Train it with a smaller learning rate."
                )
            scores[method].append(attention_score(maps, masks).cpu().numpy())
            stored[method].append(_bytes(maps[:kept]))
    scores = {method: np.concatenate(parts) for method, parts in scores.items()}
    summary = [{**run, **row} for row in method_rows(scores)]
    for row in summary:
        if not row["n"]:
            print(f"WARNING: {row['method']} finds nothing in any of {len(rows)} images: no score.")
    write_rows(images_path, image_rows(scores, rows, store.index.paths), ("row", "path", "method", "score"))
    write_rows(attention_path, summary, list(summary[0]))
    with replacing(maps_path) as aside:
        stored = {name: np.concatenate(parts) for name, parts in stored.items()}
        np.savez_compressed(aside, rows=rows[:KEPT_MAPS], **stored)


def _bytes(shares: torch.Tensor) -> np.ndarray:
    """``shares`` in [0, 1] as uint8."""
    return (shares * 255).round().byte().cpu().numpy()


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        # Training checks this too, but models evaluated as is are not trained.
        check_limits(snakemake.params.quality, snakemake.config)
        prepare_cpu(snakemake.threads)
        attribute_images(
            snakemake.input.layout,
            snakemake.input.model,
            snakemake.input.run,
            snakemake.output.attention,
            snakemake.output.images,
            snakemake.output.maps,
            run=snakemake.params.run,
            settings=snakemake.params.settings,
            size=snakemake.params.size,
            device=snakemake.params.device,
            labels=snakemake.params.labels,
            batch_size=snakemake.resources.batch_size or None,
        )
