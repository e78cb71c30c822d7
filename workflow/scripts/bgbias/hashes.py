"""Short fingerprints of settings and of code: what a number was computed with, and whether it has changed."""

import ast
import hashlib
import json
from functools import cache
from pathlib import Path

from bgbias import imports

SCRIPTS = Path(__file__).parents[1]


def hash_settings(settings) -> str:
    """A fingerprint of plain settings (mappings, lists, strings, numbers), whatever the order of keys."""
    return _short(json.dumps(settings, sort_keys=True).encode())


def hash_script(name: str) -> str:
    """A fingerprint of what the script ``name`` (in workflow/scripts) and the library that it imports do.

    Comments, docstrings and layout do not count: a better sentence must not train 30 models again.
    """
    script = SCRIPTS / name
    parts = [
        (path.relative_to(SCRIPTS).as_posix(), _code(path.read_bytes()))
        for path in (script, *imports.reached(script))
    ]
    return _short(json.dumps(parts).encode())


def hash_every_script() -> dict[str, str]:
    """The fingerprint of each script, by its name."""
    return {path.name: hash_script(path.name) for path in sorted(SCRIPTS.glob("*.py"))}


@cache
def _code(source: bytes) -> str:
    """A checksum of a file's code without comments and docstrings."""
    tree = ast.parse(source)
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    for node in ast.walk(tree):
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
            del node.body[0]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def _short(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
