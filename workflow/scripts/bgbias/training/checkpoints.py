"""The checkpoint of an interrupted training: one file with everything that the next step depends on.

It is safetensors with JSON in its header, so reading it runs no code.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bgbias.files import sweep
from bgbias.hashes import fingerprint_file, hash_settings

if TYPE_CHECKING:  # importing torch takes seconds, and planning the study only removes checkpoints
    from torch import Tensor


def training_identity(run: dict, settings: dict, code: str, device: str, layouts: Sequence[str]) -> dict:
    """Everything that must be unchanged for an interrupted training to resume.

    ``run``: the identity columns; ``code``: the fingerprint of the training code; ``device``: its kind and
    the number format in use; ``layouts``: paths of the layouts of the packed images and backgrounds, which
    hold a checksum of each image's pixels.
    """
    import torch

    weights = settings["backbone"].get("weights")
    files = [*layouts, weights] if weights and os.path.isfile(weights) else layouts
    return {
        "run": run,
        "settings": settings,
        "device": device,
        "torch": torch.__version__,
        "files": [fingerprint_file(path) for path in files],
        "code": code,
    }


def write_checkpoint(
    folder: str | os.PathLike, identity: dict, tensors: dict[str, Tensor], state: dict
) -> None:
    """Write ``tensors`` and the JSON-able ``state`` to ``folder``, atomically."""
    from bgbias.models.weights import write_tensors

    write_tensors(_path(folder, identity), tensors, {"state": json.dumps(state)})


def read_checkpoint(folder: str | os.PathLike, identity: dict) -> tuple[dict[str, Tensor], dict] | None:
    """Tensors and state of the checkpoint in ``folder``; None if there is none with this ``identity``."""
    from safetensors import SafetensorError, safe_open

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


def remove_checkpoint(folder: str | os.PathLike) -> None:
    """Remove the checkpoints, of other settings too, and the temporary files of a killed writer."""
    for path in Path(folder).glob("*.safetensors"):
        path.unlink(missing_ok=True)
    sweep(folder, older_than=0)
    with suppress(OSError):  # the folder does not exist, or somebody put something into it
        Path(folder).rmdir()


def _path(folder: str | os.PathLike, identity: dict) -> Path:
    # One file per identity: a start with other settings, by mistake, must not cost what was trained before.
    return Path(folder) / f"{hash_settings(identity)}.safetensors"
