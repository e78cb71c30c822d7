"""Checks of the user's own files before anything is computed from them.

Separate from bgbias.configuration.checks, which every job runs, because large folders take seconds.
"""

from collections.abc import Collection

from bgbias.configuration.batch_size import check_batch_size
from bgbias.configuration.refusals import config_error
from bgbias.configuration.study import loss_settings
from bgbias.datasets import dataset_index
from bgbias.errors import StudyError
from bgbias.listings import has_images, shared_image


def check_files(config: dict, masked: Collection[str] = ()) -> None:
    """Raise StudyError if a folder has no images, a dataset has too few training classes, or a test
    background occurs in training.

    The datasets ``masked`` already have their masks; their classes are not counted here, because no
    expensive step is left before training reports the error itself.
    """
    _check_images_there(config)
    if config["grid"]["loss"]:
        for dataset in config["grid"]["dataset"]:
            if dataset not in masked:
                _check_training_classes(config, dataset)
        _check_unseen(config)


def _check_images_there(config: dict) -> None:
    """Reported before any job, because Snakemake deletes what a failed job has made earlier: the index, say,
    while the disk of the images is not mounted."""
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
        if folder is not None and not has_images(folder):
            raise config_error(key, f"there are no images in {folder}; is its disk mounted?")


def _check_training_classes(config: dict, dataset: str) -> None:
    classes = _training_classes(config["datasets"][dataset])
    for loss in config["grid"]["loss"] if classes else []:
        images = loss_settings(config, loss, dataset)["images_per_class"]
        try:
            check_batch_size(config["training"]["batch_size"], images, classes)
        except StudyError as error:
            raise StudyError(f"Dataset {dataset}, loss {loss}: {error}") from None


def _training_classes(settings: dict) -> int | None:
    """Number of training classes in the user's own files; None for other sources (only the index knows)."""
    if settings["source"] not in ("index", "folders"):
        return None
    try:
        index = dataset_index(settings["root"], settings, alone="skip")
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
