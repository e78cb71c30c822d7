"""A postponed module is imported by its first use, and is then the ordinary one."""

import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"


def output_of(code, *paths):
    """What a fresh Python prints: modules that these tests have imported already must not count."""
    environment = {"PYTHONPATH": ":".join(map(str, paths))}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=environment, text=True, capture_output=True, check=True).stdout


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
    printed = output_of(code, SCRIPTS, tmp_path)
    # By hand: importing the library prints nothing, its function imports once, afterwards all is ordinary.
    assert printed.split("\n") == ["before", "imported", "3 3", "True", "3", ""]


def test_jobs_do_not_pay_for_what_they_never_use():
    code = """
import sys
import train_model, embed_images, attribute_images
costly = ("scipy.stats._stats_py", "scipy.special._basic")
print([name for name in costly if name in sys.modules])
"""
    assert output_of(code, SCRIPTS).strip() == "[]"


def test_a_submodule_of_a_postponed_package_can_be_imported():
    code = """
import sys
from bgbias.postponing import postpone
postpone("xml.dom")
import xml.dom
print("xml.dom.minidom" in sys.modules)
import xml.dom.minidom
print(xml.dom.minidom.parseString("<a/>").documentElement.tagName)
"""
    printed = output_of(code, SCRIPTS)
    assert printed.split() == ["False", "a"]


def test_what_is_missing_is_missing_for_a_while(tmp_path):
    code = """
import sys
from bgbias.postponing import missing
with missing("xml.dom.minidom"):
    try:
        import xml.dom.minidom
    except ImportError:
        print("missing", "xml" in sys.modules)
import xml.dom.minidom
with missing("xml.dom.minidom"):
    import xml.dom.minidom
print(xml.dom.minidom.parseString("<a/>").documentElement.tagName)
"""
    assert output_of(code, SCRIPTS).split("\n") == ["missing False", "a", ""]


def test_batches_do_not_pay_for_linear_algebra():
    code = """
import sys
import numpy as np
from cut_pictures import fused_cuts
fused_cuts([np.zeros((9, 9, 4), dtype=np.uint8)], [(0, 0, 9, 9)], 5, [False])
print("scipy.linalg" in sys.modules, "scipy.linalg.cython_blas" in sys.modules)
"""
    assert output_of(code, SCRIPTS, Path(__file__).parent / "helpers").split() == ["False", "False"]
