"""Messages for configuration errors: the key, what is wrong, and the likely intended name."""

import difflib
from collections.abc import Collection
from pathlib import Path

from bgbias.errors import StudyError


def check_known(name: str, known: Collection[str], where: str, section: str) -> None:
    """Raise StudyError if ``name``, at the key ``where``, is not among the ``known`` names of ``section``."""
    if name not in known:
        raise config_error(where, f"{name!r} is not known under `{section}`{suggestion(name, known)}")


def config_error(where: str, why: str) -> StudyError:
    """One-sentence error for the key ``where``."""
    return StudyError(f"Configuration, {where}: {why}{'' if why.endswith('?') else '.'}")


def suggestion(name: str, known: Collection[str]) -> str:
    """End of a sentence: the known name closest to ``name``, or else all known names."""
    close = difflib.get_close_matches(str(name), list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(map(str, known))}"


def missing(kind: str, path: str | Path) -> str:
    """Reason for rejecting a path where no ``kind`` (file or folder) exists."""
    return f"{kind} {path} does not exist (relative to {Path.cwd()}); correct the path"
