"""Postpone or suppress imports that a library makes on loading for rarely used functions."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


def postpone(name: str) -> None:
    """Make ``import name`` free until something in that module is used; no effect if already imported.

    The standard library's LazyLoader cannot do this: a second ``import`` statement loads the module.
    """
    sys.modules.setdefault(name, _Postponed(name))


@contextmanager
def missing(name: str) -> Iterator[None]:
    """Make ``import name`` fail within the block, for a library that tries it and can do without.

    The parent packages of ``name`` are not imported either. No effect if ``name`` is already imported.
    """
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None
    try:
        yield
    finally:
        del sys.modules[name]


class _Postponed(ModuleType):
    def __getattr__(self, attribute: str):
        # Queries of the import system; only __path__ means that a submodule is now being imported.
        if attribute.startswith("__") and attribute != "__path__":
            raise AttributeError(attribute)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), attribute)
