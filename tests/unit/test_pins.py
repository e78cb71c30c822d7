"""requirements.txt, constraints.txt and the conda environments carry the same versions, and what is used."""

import ast
import re
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

from bgbias.imports import reached

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "workflow" / "scripts"
ENVIRONMENTS = sorted(path.name for path in (ROOT / "envs").glob("*.yaml"))
distributions = cache(packages_distributions)


def pins(lines):
    return dict(re.match(r"([\w.-]+)(?:\[.*\])?==([\w.+!-]+)", line).groups() for line in lines)


def requirement_lines(name):
    lines = (ROOT / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-r"))]


def environment_pins(name):
    dependencies = yaml.safe_load((ROOT / "envs" / name).read_text())["dependencies"]
    (pip,) = [entry["pip"] for entry in dependencies if isinstance(entry, dict)]
    return pins(pip)


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_environment_carries_the_pins_of_requirements(env):
    assert environment_pins(env).items() <= pins(requirement_lines("requirements.txt")).items()


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_constraints_agree_with(name):
    constraints = pins(requirement_lines("constraints.txt"))
    assert pins(requirement_lines(name)).items() <= constraints.items()


def named_packages(path):
    """The distributions whose modules a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module)
    modules = {name.split(".")[0] for name in found}
    return {distributions()[name][0].lower().replace("_", "-") for name in modules if name in distributions()}


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_no_environment_has_a_package_that_its_scripts_do_not_import(env):
    rules = "".join(path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    scripts = [
        SCRIPTS / name for name in re.findall(rf'envs/{env}"\s+script:\s+"../scripts/([\w.]+)"', rules)
    ]
    if SCRIPTS / "index_dataset.py" in scripts:  # it imports the one that it needs by name
        scripts += (SCRIPTS / "bgbias" / "datasets").glob("*.py")
    files = {file for script in scripts for file in (script, *reached(script))}
    assert environment_pins(env).keys() <= set().union(*map(named_packages, files))
