"""Train one run of the grid."""

from bgbias.devices import choose_device, prepare_cpu
from bgbias.files import write_rows
from bgbias.hashes import hash_script, hash_settings
from bgbias.input_pipeline.pixels import PixelStore
from bgbias.logs import job_log
from bgbias.masks.limits import check_limits
from bgbias.models.embedding_model import save_model
from bgbias.runs import input_facts, recorded_settings, versions, write_run
from bgbias.training.checkpoints import training_identity
from bgbias.training.loop import Training
from bgbias.training.progress import HISTORY_COLUMNS


def train_model(
    layout: str,
    train_backgrounds: str | None,
    validation_backgrounds: str | None,
    model_path: str,
    history_path: str,
    run_path: str,
    *,
    run: dict,
    settings: dict,
    device: str,
    checkpoint: str,
) -> None:
    """Train on the store next to ``layout``, with backgrounds from the stores next to the background layouts.

    ``run``: dataset, backbone, loss, variant, seed. ``settings``: backbone, loss, embedding_size, variant,
    transform, training. ``checkpoint``: a folder outside the outputs, which keeps the finished model too: a
    later job with the same settings, data and code takes it from there.
    """
    hashes = {"settings": hash_settings(settings), "code": hash_script("train_model.py")}
    chosen = choose_device(device)
    store = PixelStore.open(layout)
    backgrounds = (train_backgrounds, validation_backgrounds)
    stores = [path and PixelStore.open(path) for path in backgrounds]
    training = Training(store, settings, run["seed"], *stores, device=chosen)
    layouts = [path for path in (layout, *backgrounds) if path]
    precision = str(training.precision).removeprefix("torch.")
    identity = training_identity(run, settings, hashes["code"], f"{chosen.type}, {precision}", layouts)
    training.run(checkpoint, identity)
    history = training.progress.history
    save_model(model_path, training.model)
    write_rows(history_path, history, HISTORY_COLUMNS)
    write_run(
        run_path,
        {
            **run,
            "settings": recorded_settings(settings),
            **input_facts(training.model, training.preprocessing),
            "n_classes": training.n_classes,
            "best_epoch": training.progress.best_epoch,
            "epochs": len(history),
            "seconds": round(sum(row["seconds"] for row in history), 3),
            "device": training.progress.device,
            "precision": precision,
            "versions": versions(),
            "hashes": hashes,
        },
    )


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        # Checked again after packing: the limits may be stricter now, or those of another study.
        check_limits(snakemake.params.quality, snakemake.config)
        prepare_cpu(snakemake.threads)
        given = snakemake.input
        train_model(
            given.layout,
            given.get("train_backgrounds"),
            given.get("validation_backgrounds"),
            snakemake.output.model,
            snakemake.output.history,
            snakemake.output.run,
            run=snakemake.params.run,
            settings=snakemake.params.settings,
            device=snakemake.params.device,
            checkpoint=snakemake.params.checkpoint,
        )
