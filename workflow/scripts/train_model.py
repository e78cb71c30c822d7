"""Train one run of the grid, or save a frozen backbone as it comes."""

from bgbias.axes import FROZEN
from bgbias.configuration.keywords import EXPORTED
from bgbias.devices import choose_device, describe_device, prepare_cpu
from bgbias.files import write_rows
from bgbias.hashes import fingerprint_file, hash_script, hash_settings
from bgbias.input_pipeline.pixels import PixelStore
from bgbias.logs import job_log
from bgbias.masks.limits import check_limits
from bgbias.models.embedding_model import build_model, save_model
from bgbias.runs import recorded_settings, versions, write_run
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
    """Train on the store beside ``layout``, replacing by the stores beside the background layouts.

    ``run``: dataset, backbone, loss, variant, seed. ``settings``: backbone and loss, and for a training also
    embedding_size, variant, transform, training. ``checkpoint``: a folder outside the outputs, which
    stays when the training has finished: the job may be called failed all the same, and is then done at once.
    """
    hashes = {"settings": hash_settings(settings), "code": hash_script("train_model.py")}
    chosen = choose_device(device)
    store = PixelStore.open(layout)
    if settings["loss"]["type"] == FROZEN:
        name = settings["backbone"]["model"]
        model, _ = build_model(name, settings["backbone"], None, run["seed"])
        if name.endswith(EXPORTED):
            hashes["program"] = fingerprint_file(name)
        found = {"n_classes": 0, "best_epoch": 0, "epochs": 0, "seconds": 0.0}
        history = []
    else:
        backgrounds = (train_backgrounds, validation_backgrounds)
        stores = [path and PixelStore.open(path) for path in backgrounds]
        training = Training(store, settings, run["seed"], *stores, device=chosen)
        layouts = [path for path in (layout, *backgrounds) if path]
        training.run(checkpoint, training_identity(run, settings, hashes["code"], chosen.type, layouts))
        model, history = training.model, training.progress.history
        found = {
            "n_classes": training.n_classes,
            "best_epoch": training.progress.best_epoch,
            "epochs": len(history),
            "seconds": round(sum(row["seconds"] for row in history), 3),
        }
    save_model(model_path, model)
    write_rows(history_path, history, HISTORY_COLUMNS)
    write_run(
        run_path,
        {
            **run,
            "settings": recorded_settings(settings),
            **found,
            "device": describe_device(chosen),
            "versions": versions(),
            "hashes": hashes,
        },
    )


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        # Again, as before packing: the study may have become stricter since, or be another one.
        wanted = snakemake.config
        check_limits(snakemake.params.quality, wanted["on_bad_image"], **wanted["mask_quality"])
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
