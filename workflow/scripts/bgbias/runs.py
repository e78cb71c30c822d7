"""run.yaml: what a trained model is, for every later stage and for the reader."""

import importlib.metadata
import json
import os
import platform
from collections.abc import Iterable

import yaml

from bgbias.errors import StudyError
from bgbias.files import write_text

AXES = ("dataset", "backbone", "loss", "variant", "seed")
MODEL = AXES[:4]  # what is averaged over its seeds
FAMILY = AXES[:3]  # whose variants are compared
FROZEN = "frozen"  # the loss of a backbone that is evaluated as it comes
_PACKAGES = ("torch", "pytorch-metric-learning", "numpy", "safetensors")


def trained(rows: Iterable[dict]) -> list[dict]:
    """Those of ``rows``, runs or what was measured of them, whose model did not stay as it came."""
    return [row for row in rows if row["loss"] != FROZEN]


def write_run(path: str | os.PathLike, run: dict) -> None:
    """Write ``run`` as YAML, atomically: the axes first, everything plain."""
    plain = json.loads(json.dumps(run))
    write_text(path, yaml.safe_dump(plain, sort_keys=False, allow_unicode=True))


def read_run(path: str | os.PathLike) -> dict:
    """The run that :func:`write_run` wrote: AXES, ``settings`` (model, loss, variant, training, transform),
    n_classes, best_epoch, epochs, seconds, device, versions, ``hashes`` (settings, code, program)."""
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


def versions() -> dict[str, str]:
    """The versions that a trained model depends on."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        found[package] = importlib.metadata.version(package)
    return found
