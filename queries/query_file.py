"""Our own queries, each a file; nothing heavy is loaded to read one."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def query_text(name: str) -> str:
    """Text of a query by its path below ``queries``, without the ending.

    Examples
    --------
    >>> query_text("migrations/0001_tables").startswith("--")
    True
    """
    return (files("roentgene.queries") / f"{name}.sql").read_text(encoding="utf-8")
