"""Great Expectations, loaded in half the time."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import LazyLoader, find_spec, module_from_spec

# it names this for distribution tests, which no rule of ours is, and loading it takes a second
_NOT_NEEDED = "scipy.stats"


def load_expectations() -> None:
    """Import Great Expectations; what it names without need is loaded once somebody uses it."""
    if "great_expectations" not in sys.modules:
        _load_when_used(_NOT_NEEDED)
        import_module("great_expectations")


def _load_when_used(name: str) -> None:
    """Put a module in place that is loaded with the first look at what it holds."""
    parent, _, child = name.rpartition(".")
    package = import_module(parent)
    spec = find_spec(name)
    if name in sys.modules or spec is None or spec.loader is None:
        return
    spec.loader = LazyLoader(spec.loader)
    module = module_from_spec(spec)
    sys.modules[name] = module
    setattr(package, child, module)
    spec.loader.exec_module(module)
