"""A postponed module is imported by its first use, and is then the ordinary one."""

import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"


def test_the_first_use_imports_it(tmp_path):
    (tmp_path / "costly.py").write_text("print('imported')\nvalue = 3\n")
    (tmp_path / "library.py").write_text("import costly\n\ndef used():\n    return costly.value\n")
    code = """
from bgbias.postponing import postpone
postpone("costly")
import library
print("before")
print(library.used(), library.used())
import costly
print(costly.__file__.endswith("costly.py"))
postpone("costly")
import costly
print(costly.value)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": f"{SCRIPTS}:{tmp_path}"},
        text=True,
        capture_output=True,
        check=True,
    )
    # By hand: importing the library prints nothing, its function imports once, afterwards all is ordinary.
    assert done.stdout.split("\n") == ["before", "imported", "3 3", "True", "3", ""]


def test_training_does_not_pay_for_scipys_statistics():
    code = "import sys, bgbias.losses; print('scipy.stats._stats_py' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(SCRIPTS)},
        text=True,
        capture_output=True,
        check=True,
    )
    assert done.stdout.strip() == "False"
