"""run.yaml: what a model is, for every later stage and for the reader."""

import json
import os
import platform
from dataclasses import asdict

import yaml

from bgbias.axes import AXES
from bgbias.errors import StudyError
from bgbias.files import write_text
from bgbias.packages import installed_versions

_PACKAGES = ("torch", "pytorch-metric-learning", "numpy", "safetensors")


def recorded_settings(settings: dict) -> dict:
    """A run's settings as run.yaml keeps them: what makes the model in one place, ``model``."""
    model = {"backbone": settings["backbone"], "embedding_size": settings.get("embedding_size")}
    return {"model": model} | {key: value for key, value in settings.items() if key not in model}


def input_facts(model, preprocessing) -> dict:
    """What a model (EmbeddingModel) takes and gives, for the reader: its ``input``, a Preprocessing, for a
    wrong one is the likeliest silent mistake, and its ``embedding_size``."""
    return {"input": asdict(preprocessing), "embedding_size": model.embedding_size}


def write_run(path: str | os.PathLike, run: dict) -> None:
    """Write ``run`` as YAML, atomically: the axes first, everything plain."""
    plain = json.loads(json.dumps(run))
    write_text(path, yaml.safe_dump(plain, sort_keys=False, allow_unicode=True))


def read_run(path: str | os.PathLike) -> dict:
    """The run that :func:`write_run` wrote: AXES, ``settings`` (model, loss, variant, training, transform),
    ``input`` (mean, std, order, maximum), embedding_size, versions, ``hashes`` (settings, code, program), and
    of one that was trained n_classes, best_epoch, epochs, seconds, device."""
    try:
        with open(path, encoding="utf-8") as stream:
            run = yaml.safe_load(stream)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise StudyError(
            f"{path} cannot be read as YAML: {error}. Remove the run's folder to train it again."
        ) from error
    missing = [key for key in (*AXES, "settings") if not isinstance(run, dict) or key not in run]
    if missing:
        raise StudyError(f"{path} lacks {', '.join(missing)}. Remove the run's folder to train it again.")
    return run


def versions() -> dict[str, str | None]:
    """The versions that a trained model depends on."""
    return {"python": platform.python_version()} | installed_versions(_PACKAGES)
