"""The checkpoint of a training: one file with everything that the next step depends on.

After the last step that is the best epoch's model alone. This file stays: Snakemake deletes a model when a
job starts to make it again, and a job that cannot succeed, or was asked for by mistake, must not cost what
was trained. It is safetensors with JSON in its header, so reading it runs no code.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from bgbias.hashes import fingerprint_file, hash_settings
from bgbias.models.weights import write_tensors
from bgbias.runs import versions


def training_identity(run: dict, settings: dict, code: str, device: str, layouts: Sequence[str]) -> dict:
    """Everything that must be unchanged for a training to resume, or for its model to be taken again.

    ``run``: the identity columns; ``code``: the fingerprint of the training code; ``device``: its kind and
    the number format in use; ``layouts``: paths of the layouts of the packed images and backgrounds, which
    hold a checksum of each image's pixels.
    """
    weights = settings["backbone"].get("weights")
    files = [*layouts, weights] if weights and os.path.isfile(weights) else layouts
    return {
        "run": run,
        "settings": settings,
        "device": device,
        "versions": versions(),
        "build": torch.__version__,  # also says for which CUDA
        "files": [fingerprint_file(path) for path in files],
        "code": code,
    }


def write_checkpoint(
    folder: str | os.PathLike, identity: dict, tensors: dict[str, Tensor], state: dict
) -> None:
    """Write ``tensors`` and the JSON-able ``state`` to ``folder``, atomically."""
    write_tensors(_path(folder, identity), tensors, {"state": json.dumps(state)})


def read_checkpoint(folder: str | os.PathLike, identity: dict) -> tuple[dict[str, Tensor], dict] | None:
    """Tensors and state of the checkpoint in ``folder``; None if there is none with this ``identity``."""
    path = _path(folder, identity)
    if not path.is_file():
        if any(Path(folder).glob("[!.]*.safetensors")):
            print(f"Starting anew: {folder} was written with other settings, data or code.", flush=True)
        return None
    try:
        with safe_open(path, framework="pt") as stored:
            state = json.loads((stored.metadata() or {})["state"])
            return {key: stored.get_tensor(key) for key in stored.keys()}, state  # noqa: SIM118
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        print(f"Ignoring {path}: it cannot be read ({error}).", flush=True)
        return None


def remove_other_checkpoints(folder: str | os.PathLike, identity: dict) -> None:
    """Remove the checkpoints in ``folder`` of every other ``identity``, unfinished ones too."""
    kept = _path(folder, identity)
    for path in Path(folder).glob("[!.]*.safetensors"):
        if path != kept:
            path.unlink(missing_ok=True)


def _path(folder: str | os.PathLike, identity: dict) -> Path:
    # One file per identity: a start with other settings, by mistake, must not cost what was trained before.
    return Path(folder) / f"{hash_settings(identity)}.safetensors"
