"""Whether there are enough classes to train with, before masks are made of all images."""

from pathlib import Path

from bgbias.configuration.batch_size import check_batch_size
from bgbias.configuration.study import loss_settings
from bgbias.datasets import dataset_index
from bgbias.errors import StudyError


def check_training_classes(config: dict) -> None:
    """StudyError when a dataset of the user's own, whose index is still to be made, has too few classes.

    Not among bgbias.configuration.checks, which every job runs: large folders take seconds.
    """
    for dataset in config["grid"]["dataset"] if config["grid"]["loss"] else []:
        if Path(f"data/{dataset}/index.csv").is_file():
            continue  # it may be out of date, and what its training says comes soon
        classes = _training_classes(config["datasets"][dataset])
        for loss in config["grid"]["loss"] if classes else []:
            images = loss_settings(config, loss, dataset)["images_per_class"]
            try:
                check_batch_size(config["training"]["batch_size"], images, classes)
            except StudyError as error:
                raise StudyError(f"Dataset {dataset}, loss {loss}: {error}") from None


def _training_classes(settings: dict) -> int | None:
    """Of the user's own files; None of other sources, which only the index tells."""
    if settings["source"] not in ("index", "folders"):
        return None
    try:
        index = dataset_index(settings["root"], settings, alone="skip")
    except (OSError, StudyError):
        return None  # the job that makes the index says what is wrong
    return len(set(index.labels[index.rows("train")].tolist()))
