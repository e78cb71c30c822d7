"""The project as a user would clone it, for tests and measurements that run it."""

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("Snakefile", "config", "workflow", "profiles", "envs", "resources", "tests/config")


def fresh_copy(target: Path) -> Path:
    """Copy what Snakemake needs of the working tree to ``target`` and give that path back."""
    for part in PARTS:
        (target / part).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, target / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / part, target / part)
    # The demo's own masker is refused for other images; tests take it for a file of the user's.
    shutil.copy2(ROOT / "resources/demo_masker.onnx", target / "masker.onnx")
    return target
