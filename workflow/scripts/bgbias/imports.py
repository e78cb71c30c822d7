"""Find the files of this library that a script imports; a change to one of them must rerun the script."""

import ast
from functools import cache
from pathlib import Path

LIBRARY = Path(__file__).parent


@cache
def reached(script: Path) -> tuple[Path, ...]:
    """The library files that ``script`` imports, directly or indirectly, sorted.

    Import statements are parsed, including those inside functions; nothing is executed. Conditional imports
    count as well: an unnecessary rerun is cheaper than a stale result.
    """
    found: set[Path] = set()
    queue = [Path(script)]
    while queue:
        new = _imported_files(queue.pop()) - found
        found |= new
        queue.extend(new)
    return tuple(sorted(found))


@cache
def _imported_files(file: Path) -> frozenset[Path]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), filename=str(file))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(node, file)
            names.add(module)
            names.update(f"{module}.{alias.name}" for alias in node.names)
    return frozenset(path for name in names for path in _files_of(name))


def _absolute(node: ast.ImportFrom, file: Path) -> str:
    """The module that names are imported from; relative imports are resolved against the file's package."""
    if node.level == 0 or not file.is_relative_to(LIBRARY):
        return node.module or ""
    package = file.relative_to(LIBRARY.parent).parts[: -node.level]
    return ".".join([*package, *filter(None, [node.module])])


def _files_of(module: str) -> list[Path]:
    """The files that ``import module`` executes: the module and the packages above it."""
    parts = module.split(".")
    if parts[0] != LIBRARY.name:
        return []
    files = []
    for length in range(1, len(parts) + 1):
        base = LIBRARY.joinpath(*parts[1:length])
        files += [path for path in (base / "__init__.py", base.with_suffix(".py")) if path.is_file()]
    return files
