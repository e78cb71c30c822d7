"""Where data comes from: each source turns a folder into an :class:`~bgbias.index.Index`.

A source is the module of its name here, with ``rows(root, settings) -> Index``.
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
    """The checked index of the dataset under ``root`` as ``settings`` (``source``, its own keys) describe it.

    With ``test_only`` every image is of the test split. ``alone``: whether test images without another one of
    their class are refused (fail) or kept, for the caller to leave out (skip). Raises StudyError for a
    missing folder, or what the source refuses.
    """
    source, root = settings["source"], Path(root)
    if not root.is_dir():
        raise StudyError(f"The image folder {root} does not exist. Make it, or correct the dataset's root.")
    # Not among the imports above: an edit of one source would make the indices of all datasets again.
    index = import_module(f"{__name__}.{source}").rows(root, settings)
    where = root / index_name(settings) if source == "index" else f"{root} as source {source} reads it"
    if settings.get("test_only"):
        index = replace(index, splits=["test"] * len(index))
        check_index(index, where, splits=("test",), alone=alone)
    else:
        check_index(index, where, alone=alone)
    return limited(index, settings.get("limit") or {}, int(settings.get("seed", 0)))
