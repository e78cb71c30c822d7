"""Checks of the user's own files before anything is computed from them.

Separate from bgbias.configuration.checks, which every job runs, because large folders take seconds.
"""

from pathlib import Path

from bgbias.configuration.batch_size import check_batch_size
from bgbias.configuration.refusals import config_error
from bgbias.configuration.study import loss_settings
from bgbias.datasets import dataset_index
from bgbias.errors import StudyError
from bgbias.index import read_index
from bgbias.listings import fingerprint_once, has_images, shared_image


def check_files(config: dict) -> None:
    """Raise StudyError if a folder has no images, a dataset has too few training classes, or a test
    background occurs in training.

    Reported before any job, because Snakemake deletes what a job made earlier before the job can fail: the
    index while the disk of the images is not mounted, models when a batch has become too large.
    """
    _check_images_there(config)
    if config["grid"]["loss"]:
        for dataset in config["grid"]["dataset"]:
            _check_training_classes(config, dataset)
        _check_unseen(config)


def _check_images_there(config: dict) -> None:
    folders = {
        f"datasets.{dataset}.{key}": config["datasets"][dataset].get(key)
        for dataset in config["grid"]["dataset"]
        for key in (["root", "masks"] if config["datasets"][dataset]["source"] == "folders" else ["masks"])
    }
    name = config["background_set"]
    if config["backgrounds"][name]["source"] == "folders":
        roles = ("train", "validation", "test") if config["grid"]["loss"] else ("test",)
        folders |= {f"backgrounds.{name}.{role}": config["backgrounds"][name][role] for role in roles}
    for key, folder in folders.items():
        if folder is None:
            continue
        if not has_images(folder):
            raise config_error(key, f"there are no images in {folder}; is its disk mounted?")
        fingerprint_once(folder)  # raises what is wrong with the rest of it; the rules need it anyway


def _check_training_classes(config: dict, dataset: str) -> None:
    classes = _training_classes(config["datasets"][dataset], Path("data", dataset, "index.csv"))
    for loss in config["grid"]["loss"] if classes else []:
        images = loss_settings(config, loss, dataset)["images_per_class"]
        try:
            check_batch_size(config["training"]["batch_size"], images, classes)
        except StudyError as error:
            raise StudyError(f"Dataset {dataset}, loss {loss}: {error}") from None


def _training_classes(settings: dict, made: Path) -> int | None:
    """Number of training classes in the user's own files, or for other sources in the index that was
    ``made``; None if it is not there yet."""
    try:
        if settings["source"] in ("index", "folders"):
            index = dataset_index(settings["root"], settings, alone="skip")
        else:
            index = read_index(made)
    except (OSError, StudyError):
        return None  # the job that makes the index reports the error
    return len(set(index.labels[index.rows("train")].tolist()))


def _check_unseen(config: dict) -> None:
    """Test backgrounds must be unseen, so none may be a copy of a training photograph."""
    name = config["background_set"]
    settings = config["backgrounds"][name]
    if settings["source"] != "folders":
        return
    for folder in dict.fromkeys([settings["train"], settings["validation"]]):
        try:
            pair = shared_image(folder, settings["test"])
        except (OSError, StudyError):
            continue  # the job that reads them reports the error
        if pair:
            raise config_error(
                f"backgrounds.{name}.test",
                f"{pair[1]} is the same file as {pair[0]}, but the test needs photos not seen in training; "
                "remove it from one of the folders",
            )
