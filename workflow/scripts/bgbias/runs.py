"""run.yaml: the description of a model, for later stages and for readers."""

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict

import yaml

from bgbias.axes import AXES
from bgbias.errors import StudyError
from bgbias.files import write_text
from bgbias.packages import installed_versions

_PACKAGES = (
    "torch",
    "torchvision",
    "timm",
    "pytorch-metric-learning",
    "numpy",
    "numba",
    "faiss-cpu",
    "safetensors",
)


def recorded_settings(settings: dict) -> dict:
    """A run's settings as stored in run.yaml: those that define the network are grouped under ``model``."""
    model = {"backbone": settings["backbone"], "embedding_size": settings.get("embedding_size")}
    return {"model": model} | {key: value for key, value in settings.items() if key not in model}


def input_facts(model, preprocessing) -> dict:
    """Input and output of a model (EmbeddingModel), for the reader: ``embedding_size``, and ``input``, its
    Preprocessing, recorded because a wrong one is the likeliest silent mistake."""
    return {"input": asdict(preprocessing), "embedding_size": model.embedding_size}


def write_run(path: str | os.PathLike, run: dict) -> None:
    """Write ``run`` as YAML, atomically, in its order of keys and with plain types only."""
    plain = json.loads(json.dumps(run))
    write_text(path, yaml.safe_dump(plain, sort_keys=False, allow_unicode=True))


def read_run(path: str | os.PathLike) -> dict:
    """Read a run written by :func:`write_run`: AXES, ``settings`` (model, loss, variant, training,
    transform), ``input`` (mean, std, order, maximum), embedding_size, versions, ``hashes`` (settings, code,
    program) and, if it was trained, n_classes, best_epoch, epochs, seconds, device."""
    try:
        with open(path, encoding="utf-8") as stream:
            run = yaml.safe_load(stream)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise StudyError(
            f"{path} cannot be read as YAML: {error}. Remove the run's folder to retrain it."
        ) from error
    missing = [key for key in (*AXES, "settings") if not isinstance(run, dict) or key not in run]
    if missing:
        raise StudyError(f"{path} lacks {', '.join(missing)}. Remove the run's folder to retrain it.")
    return run


def check_settings(paths: Iterable[str], expected: Iterable[dict]) -> None:
    """Raise StudyError if a run.yaml of ``paths`` was not written with the settings in ``expected``, in that
    order: its numbers must not be published as part of the study."""
    for path, settings in zip(paths, expected, strict=True):
        if read_run(path)["settings"] != recorded_settings(settings):
            raise StudyError(
                f"{path} was made with other settings than those of the current configuration. Remove the "
                "folder that it is in and run again, or restore the configuration that it was made with."
            )


def versions() -> dict[str, str | None]:
    """Package and Python versions that a trained model depends on."""
    return {"python": platform.python_version()} | installed_versions(_PACKAGES)
