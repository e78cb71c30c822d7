"""Short fingerprints of settings, code and files, to detect changes in what a result was computed with."""

import hashlib
import io
import json
import os
import tokenize
from functools import cache
from pathlib import Path

from bgbias import imports

SCRIPTS = Path(__file__).parents[1]


def hash_settings(settings) -> str:
    """A fingerprint of plain settings (mappings, lists, strings, numbers), independent of key order."""
    return _short(json.dumps(settings, sort_keys=True).encode())


def hash_script(name: str) -> str:
    """A fingerprint of the code of the script ``name`` (in workflow/scripts) and its library imports.

    Comments and docstrings do not count: rewording one must not retrain 30 models.
    """
    script = SCRIPTS / name
    parts = [
        (path.relative_to(SCRIPTS).as_posix(), _hash_code(path.read_bytes()))
        for path in (script, *imports.reached(script))
    ]
    return _short(json.dumps(parts).encode())


def hash_every_script() -> dict[str, str]:
    """The fingerprints of all scripts, and of the modules of ``datasets``, which are imported by name."""
    files = sorted([*SCRIPTS.glob("*.py"), *SCRIPTS.glob("bgbias/datasets/*.py")])
    names = [path.relative_to(SCRIPTS).as_posix() for path in files]
    return {name: hash_script(name) for name in names}


def fingerprint_file(path: str | os.PathLike) -> str:
    """A fingerprint of the file's contents, not its date: a copy elsewhere counts as the same file."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:16]


@cache
def _hash_code(source: bytes) -> str:
    """A fingerprint of a file's code without comments, docstrings and empty lines."""
    # Based on tokens, because a dump of the syntax tree differs between Python versions.
    tokens = [token for token in tokenize.tokenize(io.BytesIO(source).readline) if token.type != tokenize.NL]
    without_effect = _without_effect(tokens)
    lines = source.decode().split("\n")
    for token in without_effect:
        (first, start), (last, end) = token.start, token.end
        lines[first - 1 : last] = [lines[first - 1][:start] + lines[last - 1][end:]] + [""] * (last - first)
    # Multi-line strings are code, including trailing blanks.
    strings = {
        line
        for token in tokens
        if token.end[0] > token.start[0] and token not in without_effect
        for line in range(token.start[0], token.end[0])
    }
    numbered = enumerate(lines, start=1)
    kept = [line if n in strings else line.rstrip() for n, line in numbered if n in strings or line.strip()]
    return _short("\n".join(kept).encode())


def _without_effect(tokens: list[tokenize.TokenInfo]) -> list[tokenize.TokenInfo]:
    """The ``tokens`` without effect: comments, and strings that are a whole statement."""
    comments = [token for token in tokens if token.type == tokenize.COMMENT]
    code = [token for token in tokens if token.type != tokenize.COMMENT]
    begins = (tokenize.ENCODING, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    return comments + [
        token
        for before, token, after in zip(code, code[1:], code[2:], strict=False)
        if before.type in begins and token.type == tokenize.STRING and after.type == tokenize.NEWLINE
    ]


def _short(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
