"""Which scripts run in which conda environment, and what they import."""

import ast
import re
from pathlib import Path

from fresh_copy import ROOT

from bgbias.imports import reached

SCRIPTS = ROOT / "workflow" / "scripts"
ENVIRONMENTS = sorted(path.stem for path in (ROOT / "envs").glob("*.yaml"))
RULES = "".join(path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk"))
# Of each rule its environment, and last its script.
PAIR = r'conda:\s+"\.\./\.\./envs/(\w+)\.yaml"$(?:(?!^rule ).)*?script:\s+"\.\./scripts/(\w+\.py)"'
SCRIPT_OF_ENVIRONMENT = re.findall(PAIR, RULES, flags=re.M | re.S)


def named_modules(environment: str) -> set[str]:
    """The top-level modules that an environment's scripts and the library files behind them import, anywhere
    in them."""
    scripts = [SCRIPTS / script for owner, script in SCRIPT_OF_ENVIRONMENT if owner == environment]
    if SCRIPTS / "index_dataset.py" in scripts:  # it imports the source that it needs by name
        scripts += (SCRIPTS / "bgbias" / "datasets").glob("*.py")
    files = {file for script in scripts for file in (script, *reached(script))}
    return set().union(*map(_imported, files))


def _imported(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module.split(".")[0])
    return found
