"""An open warehouse: SQL in, tables out; one snapshot for a reader, one lock for a writer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from roentgene.queries.query_file import query_text
from roentgene.schemas.errors import FileError
from roentgene.schemas.study import Study
from roentgene.warehouse.connection import ask, attach, detach, lake_cursor
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.snapshots import Snapshot, snapshots
from roentgene.warehouse.transaction import Transaction, transaction

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine


class Warehouse:
    """An open warehouse.

    Get one from :func:`roentgene.open`. A reader sees one snapshot for as long as it is open,
    whatever others commit meanwhile; a writer holds the writer's lock.

    Parameters
    ----------
    layout : Layout
        Paths.
    study : Study
        Settings.
    con : duckdb.DuckDBPyConnection
        Connection with the lake attached.
    pinned : int or None
        Snapshot that a reader sees; None for a writer.
    held : ExitStack
        What is to be let go at the end.
    confirm : callable, optional
        Called before each COMMIT; raises where the right to commit was lost.
    """

    def __init__(
        self,
        layout: Layout,
        study: Study,
        con: duckdb.DuckDBPyConnection,
        pinned: int | None,
        held: ExitStack,
        confirm: Callable[[], None] | None = None,
    ) -> None:
        self.layout = layout
        self.study = study
        self.connection = con
        self._pinned = pinned
        self._held = held
        self._confirm = confirm

    def __enter__(self) -> Warehouse:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection and let the lock go."""
        self._held.close()

    @property
    def folder(self) -> Path:
        """Folder of the warehouse."""
        return self.layout.root

    @property
    def snapshot_id(self) -> int:
        """Number of the snapshot that is read."""
        return self._pinned if self._pinned is not None else self.snapshots()[-1].snapshot_id

    def snapshots(self) -> list[Snapshot]:
        """All snapshots that have not expired, the oldest first."""
        return ask(self.layout, self.study.storage, lambda: snapshots(self.connection))

    def sql(
        self, query: str, parameters: Mapping[str, Any] | None = None
    ) -> duckdb.DuckDBPyRelation:
        """Ask in SQL; the answer goes on to ``.pl()``, ``.df()`` or ``.to_arrow_table()``.

        Parameters
        ----------
        query : str
            One SELECT, with ``$name`` for parameters.
        parameters : mapping, optional
            Values of the parameters; never put them into the text.
        """
        bound = dict(parameters) if parameters else None
        return ask(
            self.layout, self.study.storage, lambda: self.connection.sql(query, params=bound)
        )

    def arrow(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        """Run a query with bound parameters and give its rows as an Arrow table."""
        bound = dict(parameters) if parameters else None
        return ask(
            self.layout,
            self.study.storage,
            lambda: self.connection.execute(sql, bound).to_arrow_table(),
        )

    def filled_tables(self) -> frozenset[str]:
        """Full names of the tables that hold rows, but for what a running transaction wrote."""
        return frozenset(name for (name,) in self.rows(query_text("warehouse/filled_tables")))

    def rows(
        self, sql: str, parameters: Mapping[str, Any] | None = None
    ) -> Iterator[tuple[Any, ...]]:
        """Run a query with bound parameters and give its rows as tuples."""
        bound = dict(parameters) if parameters else None
        return iter(
            ask(
                self.layout,
                self.study.storage,
                lambda: self.connection.execute(sql, bound).fetchall(),
            )
        )

    def transaction(self, author: str, message: str) -> AbstractContextManager[Transaction]:
        """Begin a transaction that commits as a whole, or not at all.

        Raises
        ------
        FileError
            If the warehouse was opened to read.
        WarehouseBusyError
            If another process was in the way for too long; nothing was committed.
        WarehouseError
            If the commit failed otherwise; nothing was committed.
        """
        if self._pinned is not None:
            msg = f"{self.folder} was opened to read, not to write"
            raise FileError(msg, "Open it with read_only=False")
        return transaction(
            self.connection,
            author,
            message,
            self._attach_anew,
            None if self.study.storage.data is not None else self.layout.data,
            self._confirm,
            # a file of one's own would be in clear
            own_files=not self.is_encrypted,
        )

    @cached_property
    def is_encrypted(self) -> bool:
        """Whether the files of data are encrypted, whatever ``study.yaml`` says."""
        ((value,),) = self.rows(query_text("warehouse/is_encrypted"))
        return bool(value)

    def _attach_anew(self) -> None:
        detach(self.connection)
        attach(self.connection, self.layout, self.study.storage, read_only=False)

    @cached_property
    def _engine(self) -> Engine:
        from duckdb_sqlalchemy import ConnectionWrapper
        from sqlalchemy import create_engine
        from sqlalchemy.pool import QueuePool

        engine = create_engine(
            "duckdb://",
            creator=lambda: ConnectionWrapper(lake_cursor(self.connection)),
            poolclass=QueuePool,
        )
        self._held.callback(engine.dispose)
        return engine

    def engine(self) -> Engine:
        """Give an SQLAlchemy engine on this warehouse, at the same snapshot."""
        return self._engine
