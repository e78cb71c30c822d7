"""Dataset sources: each turns a folder into an :class:`~bgbias.index.Index`.

A source is a module of this package with the source's name and a function ``rows(root, settings) -> Index``.
"""

import os
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from bgbias.datasets.index_checks import check_index
from bgbias.datasets.limit import limited
from bgbias.errors import StudyError
from bgbias.index import Index, index_name


def dataset_index(root: str | os.PathLike, settings: dict, alone: str = "fail") -> Index:
    """The checked index of the dataset under ``root``, described by ``settings`` (``source`` and its keys).

    With ``test_only`` every image belongs to the test split. ``alone``: whether a test image that is the only
    one of its class is an error (fail) or kept, for the caller to leave out (skip). Raises StudyError if the
    folder is missing or the source rejects it.
    """
    source, root = settings["source"], Path(root)
    if not root.is_dir():
        raise StudyError(f"The image folder {root} does not exist. Create it, or correct the dataset's root.")
    # Not imported above: editing one source would otherwise rebuild the indices of all datasets.
    index = import_module(f"{__name__}.{source}").rows(root, settings)
    where = root / index_name(settings) if source == "index" else f"{root} as source {source} reads it"
    if settings.get("test_only"):
        index = replace(index, splits=["test"] * len(index))
        check_index(index, where, splits=("test",), alone=alone)
    else:
        check_index(index, where, alone=alone)
    return limited(index, settings.get("limit") or {}, int(settings.get("seed", 0)))
