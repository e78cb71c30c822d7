"""Dataset sources: each turns a folder into an :class:`~bgbias.index.Index`.

A source is a module of this package with the source's name and a function ``rows(root, settings) -> Index``.
"""

import os
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from bgbias.datasets.index_checks import check_index, with_distractors
from bgbias.datasets.limit import limited
from bgbias.errors import StudyError
from bgbias.index import SPLITS, Index, index_name


def dataset_index(root: str | os.PathLike, settings: dict, alone: str = "fail") -> Index:
    """The checked index of the dataset under ``root``, described by ``settings`` (``source`` and its keys).

    With ``test_only`` every image belongs to the test split; with ``distractors`` test images without another
    one of their class are in the gallery only. ``alone``: whether they are otherwise an error (fail) or kept,
    for the caller to leave out (skip). Raises StudyError if the folder is missing or the source rejects it.
    """
    source, root = settings["source"], Path(root)
    if not root.is_dir():
        raise StudyError(f"The image folder {root} does not exist. Create it, or correct the dataset's root.")
    # Not imported above: editing one source would otherwise rebuild the indices of all datasets.
    index = import_module(f"{__name__}.{source}").rows(root, settings)
    where = root / index_name(settings) if source == "index" else f"{root} as source {source} reads it"
    needed, distractors = SPLITS, settings.get("distractors")
    if settings.get("test_only"):
        index, needed = replace(index, splits=["test"] * len(index)), ("test",)
    check_index(index, where, needed, "skip" if distractors else alone)
    index = limited(index, settings.get("limit") or {}, int(settings.get("seed", 0)))
    return with_distractors(index, where) if distractors else index
