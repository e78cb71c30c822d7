"""Short fingerprints of settings and of code, for saying later what a number was computed with."""

import hashlib
import json
from pathlib import Path

from bgbias import imports

SCRIPTS = Path(__file__).parents[1]


def hash_settings(settings) -> str:
    """A fingerprint of plain settings (mappings, lists, strings, numbers), whatever the order of keys."""
    return _short(json.dumps(settings, sort_keys=True).encode())


def hash_script(name: str) -> str:
    """A fingerprint of the script ``name`` (in workflow/scripts) and of the library that it imports."""
    script = SCRIPTS / name
    parts = [
        (path.relative_to(SCRIPTS).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest())
        for path in (script, *imports.reached(script))
    ]
    return _short(json.dumps(parts).encode())


def hash_every_script() -> dict[str, str]:
    """The fingerprint of each script, by its name."""
    return {path.name: hash_script(path.name) for path in sorted(SCRIPTS.glob("*.py"))}


def _short(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
