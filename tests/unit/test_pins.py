"""requirements.txt, constraints.txt and the conda environments carry the same versions."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


def pins(lines):
    return dict(re.match(r"([\w.-]+)(?:\[.*\])?==([\w.+!-]+)", line).groups() for line in lines)


def requirement_lines(name):
    lines = (ROOT / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-r"))]


@pytest.mark.parametrize("env", sorted(path.name for path in (ROOT / "envs").glob("*.yaml")))
def test_environment_carries_the_pins_of_requirements(env):
    dependencies = yaml.safe_load((ROOT / "envs" / env).read_text())["dependencies"]
    (pip,) = [entry["pip"] for entry in dependencies if isinstance(entry, dict)]
    required = pins(requirement_lines("requirements.txt"))
    assert pins(pip).items() <= required.items()


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_constraints_agree_with(name):
    constraints = pins(requirement_lines("constraints.txt"))
    assert pins(requirement_lines(name)).items() <= constraints.items()
