"""The library files that a script reaches: found by reading its imports, with no list to keep."""

from pathlib import Path

import pytest

from bgbias import imports
from bgbias.imports import LIBRARY, reached


def names(script):
    return {path.relative_to(LIBRARY).as_posix() for path in reached(script)}


def test_follows_imports_through_modules_and_into_functions(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import os\n\ndef late():\n    from bgbias.index import read_index\n")
    # index.py imports errors and files; importing any of them executes the package's __init__.
    assert {"__init__.py", "index.py", "errors.py", "files.py"} <= names(script)
    assert "retrieval/metrics.py" not in names(script)


def test_a_script_without_the_library_reaches_nothing(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import csv\n")
    assert names(script) == set()


def test_an_import_of_a_submodule_reaches_it(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("from bgbias import randomness\n")
    assert names(script) == {"__init__.py", "randomness.py"}


@pytest.mark.parametrize("line", ["from . import study", "from .study import study_map"])
def test_relative_imports_are_followed_as_well(tmp_path, monkeypatch, line):
    library = tmp_path / "bgbias"
    (library / "attribution").mkdir(parents=True)
    for path in ("__init__.py", "attribution/__init__.py", "attribution/study.py"):
        (library / path).write_text("")
    (library / "attribution/methods.py").write_text(f"{line}\nfrom .. import errors\n")
    (library / "errors.py").write_text("")
    monkeypatch.setattr(imports, "LIBRARY", library)
    script = tmp_path / "script.py"
    script.write_text("from bgbias.attribution import methods\n")
    found = {path.relative_to(library).as_posix() for path in reached(script)}
    package = {"__init__.py", "attribution/__init__.py"}
    assert found == package | {"attribution/methods.py", "attribution/study.py", "errors.py"}


def test_every_script_of_the_workflow_can_be_read():
    for script in Path(LIBRARY).parent.glob("*.py"):
        assert LIBRARY / "__init__.py" in reached(script), script.name
