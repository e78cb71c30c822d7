"""Imports that a library makes at its start for functions that hardly anybody calls."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


def postpone(name: str) -> None:
    """Let ``import name`` cost nothing until something in that module is used; one that is imported stays.

    The standard library's LazyLoader cannot do this: a second ``import`` statement loads the module.
    """
    sys.modules.setdefault(name, _Postponed(name))


@contextmanager
def missing(name: str) -> Iterator[None]:
    """Let ``import name`` fail within the block, for a library that looks for it and can do without it.

    Nothing above ``name`` is imported either. A module that is there already stays.
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
        # The import system's questions; only that for the path means that a submodule is wanted now.
        if attribute.startswith("__") and attribute != "__path__":
            raise AttributeError(attribute)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), attribute)
