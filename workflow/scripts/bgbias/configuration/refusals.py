"""How a mistake in the configuration is told: where it is, what is wrong, and what was perhaps meant."""

import difflib
from collections.abc import Collection
from pathlib import Path

from bgbias.errors import StudyError


def check_known(name: str, known: Collection[str], where: str, section: str) -> None:
    """StudyError when ``name``, at the key ``where``, is none of the names ``known`` of ``section``."""
    if name not in known:
        raise refusal(where, f"{name!r} is not known under `{section}`{suggestion(name, known)}")


def refusal(where: str, why: str) -> StudyError:
    """The error for the key ``where``, in a sentence."""
    return StudyError(f"Configuration, {where}: {why}{'' if why.endswith('?') else '.'}")


def suggestion(name: str, known: Collection[str]) -> str:
    """The end of a sentence: what ``name`` may have been meant for, else what there is."""
    close = difflib.get_close_matches(str(name), list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; there are: {', '.join(map(str, known))}"


def missing(kind: str, path: str | Path) -> str:
    """Why a path is refused at which no ``kind``, file or folder, lies."""
    return f"there is no {kind} {path}, seen from {Path.cwd()}; correct the path"
