"""requirements.txt, constraints.txt and the conda environments carry the same versions, and what is used."""

import re
from functools import cache
from importlib.metadata import packages_distributions

import pytest
import yaml
from environment_scripts import ENVIRONMENTS, ROOT, named_modules

distributions = cache(packages_distributions)


def pins(lines):
    return dict(re.match(r"([\w.-]+)(?:\[.*\])?==([\w.+!-]+)", line).groups() for line in lines)


def requirement_lines(name):
    lines = (ROOT / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-r"))]


def environment_pins(name):
    dependencies = yaml.safe_load((ROOT / "envs" / f"{name}.yaml").read_text())["dependencies"]
    (pip,) = [entry["pip"] for entry in dependencies if isinstance(entry, dict)]
    return pins(pip)


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_environment_carries_the_pins_of_requirements(env):
    assert environment_pins(env).items() <= pins(requirement_lines("requirements.txt")).items()


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_constraints_agree_with(name):
    constraints = pins(requirement_lines("constraints.txt"))
    assert pins(requirement_lines(name)).items() <= constraints.items()


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_no_environment_has_a_package_that_its_scripts_do_not_import(env):
    named = [distributions()[name][0] for name in named_modules(env) if name in distributions()]
    assert environment_pins(env).keys() <= {name.lower().replace("_", "-") for name in named}
