"""requirements.txt, constraints.txt and the conda environments carry the same versions, and what is used."""

import ast
import re
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


def pins(lines):
    return dict(re.match(r"([\w.-]+)(?:\[.*\])?==([\w.+!-]+)", line).groups() for line in lines)


def requirement_lines(name):
    lines = (ROOT / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-r"))]


def environment_pins(name):
    dependencies = yaml.safe_load((ROOT / "envs" / name).read_text())["dependencies"]
    (pip,) = [entry["pip"] for entry in dependencies if isinstance(entry, dict)]
    return pins(pip)


@pytest.mark.parametrize("env", sorted(path.name for path in (ROOT / "envs").glob("*.yaml")))
def test_environment_carries_the_pins_of_requirements(env):
    assert environment_pins(env).items() <= pins(requirement_lines("requirements.txt")).items()


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_constraints_agree_with(name):
    constraints = pins(requirement_lines("constraints.txt"))
    assert pins(requirement_lines(name)).items() <= constraints.items()


SCRIPTS = ROOT / "workflow" / "scripts"
distributions = cache(packages_distributions)


def imports(path, inside_functions):
    """Every module that the statements of a file name; ``from a import b`` names a and a.b."""
    tree, found = ast.parse(path.read_text(encoding="utf-8")), set()
    for node in ast.walk(tree) if inside_functions else tree.body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def packages(path, inside_functions):
    """What of requirements.txt has to be installed for a script, alone or for its functions too."""
    files, queue, modules = set(), [path], set()
    while queue:
        files.add(file := queue.pop())
        named = imports(file, inside_functions)
        modules |= {name.split(".")[0] for name in named}
        paths = [SCRIPTS / name.replace(".", "/") for name in named if name.startswith("bgbias")]
        found = {
            file for at in paths for file in (at.with_suffix(".py"), at / "__init__.py") if file.is_file()
        }
        queue += found - files
    owners = distributions()
    return {owners[name][0].lower().replace("_", "-") for name in modules if name in owners}


def scripts_by_environment():
    found = {}
    for rules in (ROOT / "workflow" / "rules").glob("*.smk"):
        for env, script in re.findall(r'envs/([\w.]+)"\s+script:\s+"../scripts/([\w.]+)"', rules.read_text()):
            found.setdefault(env, set()).add(SCRIPTS / script)
    return found


@pytest.mark.parametrize(("env", "scripts"), sorted(scripts_by_environment().items()))
def test_environment_has_what_its_scripts_import_and_nothing_idle(env, scripts):
    names = environment_pins(env).keys()
    for script in scripts:
        assert packages(script, inside_functions=False) <= names, script
    assert names <= set().union(*(packages(script, inside_functions=True) for script in scripts))
