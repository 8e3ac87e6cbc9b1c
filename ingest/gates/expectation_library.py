"""Great Expectations, loaded in half the time."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

# it names these for tests of distributions and charts of them, which no rule of ours is; to load
# them takes a second and a half
_NOT_NEEDED = ("scipy.stats", "altair")


def load_expectations() -> None:
    """Import Great Expectations; what it names without need is loaded once somebody uses it."""
    if "great_expectations" not in sys.modules:
        for name in _NOT_NEEDED:
            _load_when_used(name)
        import_module("great_expectations")


class _LoadedWhenUsed(ModuleType):
    """A module that is loaded with the first look at what it holds.

    That of the standard library is loaded by an ``import`` of it already, which looks at its spec.
    """

    def __getattr__(self, name: str) -> Any:
        self.__class__ = ModuleType  # type: ignore[assignment]
        spec = self.__spec__
        if spec is None or spec.loader is None:
            raise AttributeError(name)
        spec.loader.exec_module(self)
        return getattr(self, name)


def _load_when_used(name: str) -> None:
    """Put a module in place that is loaded once it is used."""
    spec = None if name in sys.modules else find_spec(name)
    if spec is None or spec.loader is None:
        return
    module = module_from_spec(spec)
    module.__class__ = _LoadedWhenUsed
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(import_module(parent), child, module)
