"""Score how much of a run's attention lies on the objects of some test images, by every method asked for."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bgbias.attribution import Target, attention_score, attribution_maps
from bgbias.attribution.images import black_image, images_and_masks
from bgbias.devices import choose_batch_size, choose_device, prepare_cpu
from bgbias.errors import StudyError
from bgbias.files import replacing, write_rows
from bgbias.input_pipeline.pixels import PixelStore
from bgbias.logs import job_log, progress_bar
from bgbias.models.embedding_model import load_model
from bgbias.randomness import generator
from bgbias.runs import read_run
from bgbias.training.losses import build_loss


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
    """Write the mean score per method, the score per image and the maps of the first few images (uint8,
    255 = 1).

    ``run``: the identity columns; ``settings``: the configuration's ``attribution``; ``size``: side of the
    centre crop in pixels; ``labels``: the folder of the hand labels that the index names, which then replace
    automatic masks; ``batch_size``: images or noisy copies that pass through the model at once.
    """
    store, record = PixelStore.open(Path(layout).parent), read_run(run_path)
    chosen = choose_device(device)
    model, preprocessing = load_model(model_path, record, size, chosen)
    loss = build_loss(record["settings"]["loss"], record["n_classes"], model.embedding_size, record["seed"])
    target = Target(model, loss.distance.to(chosen), black_image(size, preprocessing, chosen))

    settings = settings | {"batch_size": choose_batch_size(batch_size, size, chosen)}
    rows = chosen_rows(store.index.rows("test"), settings["images"], settings["seed"])
    scores = {method: [] for method in settings["methods"]}
    panels = {method: [] for method in settings["methods"]}
    starts = range(0, len(rows), settings["batch_size"])
    for start in progress_bar(starts, "attribution", "batches", len(starts)):
        part = rows[start : start + settings["batch_size"]]
        images, masks = images_and_masks(store, part, size, preprocessing, chosen, labels)
        kept = max(0, settings["panels"] - start)
        for method in settings["methods"]:
            maps = attribution_maps(method, target, images, part.tolist(), settings)
            if not maps.isfinite().all():
                raise StudyError(
                    f"{model_path}: the gradients are not finite (method {method}): the model diverged. "
                    "Train it with a smaller learning rate."
                )
            scores[method].append(attention_score(maps, masks).cpu().numpy())
            panels[method].append((maps[:kept] * 255).round().byte().cpu().numpy())
    scores = {method: np.concatenate(parts) for method, parts in scores.items()}
    write_scores(scores, rows, store.index.paths, run, attention_path, images_path)
    with replacing(maps_path) as aside:
        panels = {method: np.concatenate(parts) for method, parts in panels.items()}
        np.savez_compressed(aside, rows=rows[: settings["panels"]], **panels)


def write_scores(
    scores: dict[str, np.ndarray],
    rows: np.ndarray,
    paths: Sequence[str],
    run: dict,
    attention_path: str,
    images_path: str,
) -> None:
    """``scores``: method → (n,) in the order of ``rows``; NaN where undefined, which no mean includes.

    A method without any score has no mean; StudyError when that is so of all.
    """
    if all(np.isnan(values).all() for values in scores.values()):
        raise StudyError(
            f"No image has a defined attention score (methods: {', '.join(scores)}): every mask covers its "
            "whole image, or the model does not react to its input."
        )
    per_image = [
        {"row": row, "path": paths[row], "method": method, "score": "" if np.isnan(score) else score}
        for method, values in scores.items()
        for row, score in zip(rows, values, strict=True)
    ]
    per_run = []
    for method, values in scores.items():
        defined = values[~np.isnan(values)]
        # sd: over the images, population (n): how far images differ, not how sure the mean is.
        found = {"mean": defined.mean(), "sd": defined.std()} if len(defined) else {"mean": "", "sd": ""}
        per_run.append({**run, "method": method, **found, "n": len(defined)})
        if not len(defined):
            print(f"WARNING: {method} finds nothing in any of the {len(rows)} images, so it has no score.")
    write_rows(images_path, per_image, ["row", "path", "method", "score"])
    write_rows(attention_path, per_run, list(per_run[0]))


def chosen_rows(rows: np.ndarray, count: int | None, seed: int) -> np.ndarray:
    """``count`` of ``rows`` in random order, all for None: a function of ``seed`` and the dataset only."""
    return generator(seed, "attribution images").permutation(rows)[:count]


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
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
