"""Which tests may run beside each other under pytest-xdist: files may, the tests of one file stay together.

The tests that use SLURM share one and mostly wait for it; they run one after the other beside all the rest.
"""

import pytest


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the marks
def pytest_collection_modifyitems(items):
    for item in items:
        together = "cluster" if item.path.parent.name == "cluster" else item.path.stem
        item.add_marker(pytest.mark.xdist_group(together))
