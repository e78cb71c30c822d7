"""Fingerprints: what changes them, and that every job has that of its own script."""

import re
from pathlib import Path

import pytest

from bgbias import hashes
from bgbias.hashes import hash_script


def test_the_hash_of_settings_depends_on_values_only():
    assert hashes.hash_settings({"a": 1, "b": [1.5, "x"]}) == hashes.hash_settings({"b": (1.5, "x"), "a": 1})
    assert hashes.hash_settings({"a": 1}) != hashes.hash_settings({"a": 2})


def test_every_job_runs_anew_when_its_own_script_changes():
    # A fingerprint of another script would leave the old results there, without a word.
    files = (Path(__file__).parents[2] / "workflow" / "rules").glob("*.smk")
    blocks = [
        block
        for file in files
        for block in re.split(r"^ *rule (?=\w+:)", file.read_text(), flags=re.MULTILINE)[1:]
    ]
    hashed, jobs = {}, {}
    for block in blocks:
        name = block.partition(":")[0]
        hashed[name] = re.findall(r'hash_script\("(\w+\.py)"\)', block)
        jobs[name] = re.findall(r'"\.\./scripts/(\w+\.py)"', block)
    # What is fetched is told by its checksum; an index has its source's code as well (code_of_index), and the
    # provenance the fingerprints of all scripts.
    others = {
        "download_dataset",
        "fetch_backgrounds",
        "download_weights",
        "index_dataset",
        "write_provenance",
    }
    assert {name for name in jobs if hashed[name] != jobs[name]} == others
    assert sum(map(len, hashed.values())) > 20


CODE = b'''"""A room."""

x = 1  # apples


def plus(y):
    """x + y."""
    return x + y
'''


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        (b"# apples", b"# pears", True),
        (b"  # apples", b"", True),
        (b"A room.", b"Two rooms.", True),
        (b'    """x + y."""\n', b"", True),
        (b"def plus", b"\n# A comment\n\n\ndef plus", True),
        (b"x = 1", b"x = 2", False),
        (b"return x + y", b"return x - y", False),
        (b"def plus(y)", b"def plus(y=0)", False),
        (b"return x", b'"idle"\n    return x', True),
        (b"x = 1", b'x = [\n    # one\n    "1",\n]', False),
        (b"x = 1", b'"1".strip()', False),
        (b"  # apples", b'\ntext = """a\n\nb"""', False),
    ],
)
def test_the_hash_of_a_script_is_of_what_the_library_behind_it_does(tmp_path, monkeypatch, old, new, same):
    (tmp_path / "job.py").write_text("x = 1\n")
    monkeypatch.setattr(hashes, "SCRIPTS", tmp_path)
    library = tmp_path / "bgbias" / "part.py"
    library.parent.mkdir()
    monkeypatch.setattr(hashes.imports, "reached", lambda script: (library,))
    assert CODE.count(old) == 1
    library.write_bytes(CODE)
    before = hash_script("job.py")
    library.write_bytes(CODE.replace(old, new))
    assert (hash_script("job.py") == before) == same


@pytest.mark.parametrize(("one", "other"), [(b"a\nb", b"a\n\nb"), (b"a\nb", b"a \nb"), (b"\na", b"\n\na")])
def test_lines_within_a_string_count(one, other):
    assert hashes._hash_code(b't = """%s"""\n' % one) != hashes._hash_code(b't = """%s"""\n' % other)


def test_the_code_behind_a_training_has_what_is_imported_late(monkeypatch):
    # On a CPU every batch comes out of on_cpu.py, which is imported when the first one is made.
    before, real = hash_script("train_model.py"), Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: real(path) + b"\nx = 1" * (path.name == "on_cpu.py"))
    assert hash_script("train_model.py") != before
