"""No file that the study reads can run code, but for a network of the user's own that is a program itself
(``bgbias.models.exported``), and no value of a configuration reaches a shell."""

import ast
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from bgbias.errors import StudyError
from bgbias.models.weights import read_weights
from bgbias.runs import read_run

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "workflow").rglob("*.py"))
RULES = [ROOT / "Snakefile", *sorted((ROOT / "workflow" / "rules").glob("*.smk"))]


class Bomb:
    """Pickled, it makes the file ``place`` when somebody loads it."""

    def __init__(self, place):
        self.place = place

    def __reduce__(self):
        return Path.touch, (self.place,)


@pytest.mark.parametrize("name", ["w.pth", "w.pt", "w.safetensors"])
def test_weights_that_carry_code_do_not_run_it(tmp_path, name):
    (tmp_path / name).write_bytes(pickle.dumps(Bomb(tmp_path / "ran"), protocol=2))
    with pytest.raises(StudyError, match=re.escape(name)):
        read_weights(tmp_path / name)
    assert not (tmp_path / "ran").exists()


def test_arrays_that_carry_code_do_not_run_it(tmp_path):
    from measure_retrieval import measure_retrieval

    np.savez(tmp_path / "e.npz", labels=np.array([Bomb(tmp_path / "ran")], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        measure_retrieval(tmp_path / "e.npz", "l.csv", "r.csv", "i.csv", run={}, ks=[1], seed=0)
    assert not (tmp_path / "ran").exists()


def test_yaml_that_carries_code_does_not_run_it(tmp_path):
    (tmp_path / "run.yaml").write_text(f"x: !!python/object/apply:pathlib.Path.touch [{tmp_path}/ran]")
    with pytest.raises(StudyError, match="cannot be read as YAML"):
        read_run(tmp_path / "run.yaml")
    assert not (tmp_path / "ran").exists()


def calls(tree):
    """Every call in a module as (dotted name, keyword arguments)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), {word.arg: ast.unparse(word.value) for word in node.keywords}


FORBIDDEN = {
    "eval", "exec", "os.system", "os.popen", "pickle.load", "pickle.loads", "yaml.load", "yaml.full_load",
    "yaml.unsafe_load", "joblib.load", "torch.jit.load", "torch.hub.load", "shell",
}  # fmt: skip


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_code_calls_nothing_that_runs_what_it_reads(script):
    for name, words in calls(ast.parse(script.read_text())):
        assert name not in FORBIDDEN
        assert name != "torch.export.load" or script.name == "exported.py"
        assert words.get("shell", "False") == "False"
        assert words.get("allow_pickle", "False") == "False"
        if name == "torch.load":
            assert words.get("weights_only") == "True"


@pytest.mark.parametrize("rules", RULES, ids=lambda path: path.name)
def test_rules_run_scripts_and_no_shell(rules):
    text = rules.read_text()
    assert not re.search(r"^\s*(shell|run):|shell\(", text, flags=re.MULTILINE)
    assert "yaml.load" not in text


@pytest.mark.parametrize("name", ["a b", "$(id)", "x;y", "../x", "a/b", "-rf", "a\n"])
def test_names_that_become_paths_are_plain(name):
    from bgbias.configuration.checks import check

    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    schema = yaml.safe_load((ROOT / "workflow" / "schemas" / "config.schema.yaml").read_text())
    with pytest.raises(StudyError, match="study"):
        check(config | {"study": name}, schema)
