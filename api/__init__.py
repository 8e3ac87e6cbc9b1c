"""roentgene: a warehouse for radiogenomics studies.

>>> import roentgene
>>> with roentgene.open("my-study") as wh:  # doctest: +SKIP
...     wh.sql("SELECT * FROM mart.coverage").pl()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from roentgene.analyses.releasing.load import LoadedFold, load
    from roentgene.warehouse.opening import create_warehouse as create
    from roentgene.warehouse.opening import open_warehouse as open
    from roentgene.warehouse.store import Warehouse

__all__ = ["LoadedFold", "Warehouse", "create", "load", "open"]

_HOMES = {
    "open": ("roentgene.warehouse.opening", "open_warehouse"),
    "create": ("roentgene.warehouse.opening", "create_warehouse"),
    "load": ("roentgene.analyses.releasing.load", "load"),
    "LoadedFold": ("roentgene.analyses.releasing.load", "LoadedFold"),
    "Warehouse": ("roentgene.warehouse.store", "Warehouse"),
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that ``import roentgene`` is quick."""
    if name not in _HOMES:
        msg = f"module 'roentgene' has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module

    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)
