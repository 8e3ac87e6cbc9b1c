"""What an analysis needs of the store, and what it gives back to be recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa

from roentgene.warehouse.layout import Layout


class StoreTransaction(Protocol):
    """A transaction of the store."""

    def insert(self, full_name: str, rows: pa.Table, /) -> int:
        """Append rows to a table."""

    def execute_query(self, name: str, parameters: Mapping[str, Any] | None = None, /) -> None:
        """Run a statement of ``queries/`` with bound parameters."""


class Store(Protocol):
    """The part of an open warehouse that analyses use."""

    @property
    def snapshot_id(self) -> int:
        """Number of the snapshot that is read."""

    @property
    def layout(self) -> Layout:
        """Paths of the warehouse."""

    def arrow(self, sql: str, parameters: Mapping[str, Any], /) -> pa.Table:
        """Run a query with bound parameters."""

    def transaction(self, author: str, message: str, /) -> AbstractContextManager[StoreTransaction]:
        """Begin a transaction that commits as a whole."""


@dataclass(frozen=True)
class Findings:
    """What an analysis found.

    Parameters
    ----------
    rows : callable
        Takes the id of the run and gives names of tables with rows of them, table by table, in
        the order of each table's key and of a size that fits into memory; may be called more
        than once.
    counts : dict
        Rows in and out of every filter.
    """

    rows: Callable[[str], Iterator[tuple[str, pa.Table]]]
    counts: Mapping[str, Any]
