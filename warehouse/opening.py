"""The only ways to open a warehouse, and the only way to make one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType

import duckdb
import yaml

from roentgene.schemas.errors import FileError
from roentgene.schemas.storage import Storage
from roentgene.schemas.study import STUDY_FILE, Study, read_study
from roentgene.warehouse import object_store
from roentgene.warehouse.connection import (
    LAKE,
    attach,
    attach_as,
    connect,
    detach,
    detach_if_attached,
)
from roentgene.warehouse.first_statistics import give_statistics
from roentgene.warehouse.layout import Layout, find_warehouse
from roentgene.warehouse.lock import writer_lock
from roentgene.warehouse.migrate import (
    bring_up_to_date,
    follow_settings,
    pending_migrations,
    prepare_lake,
)
from roentgene.warehouse.premises import check_premises
from roentgene.warehouse.server import (
    holds_catalogue,
    holds_commits,
    make_schema,
    server,
    turn_to_commit,
)
from roentgene.warehouse.snapshots import resolve, snapshots
from roentgene.warehouse.store import Warehouse


def open_warehouse(
    folder: str | Path | None = None, *, at: int | str | None = None, read_only: bool = True
) -> Warehouse:
    """Open a warehouse.

    Parameters
    ----------
    folder : str or Path, optional
        Its folder; without it ``$ROENTGENE_WAREHOUSE`` or the nearest one upward.
    at : int or str, optional
        Snapshot number or time (ISO 8601) to read at: what was *known then*.
    read_only : bool
        A reader by default. A writer waits for the writer's lock and holds it until it closes.

    Returns
    -------
    Warehouse
        Use it in a ``with`` statement.

    Raises
    ------
    WarehouseError
        If there is no warehouse, or it cannot be used.
    FileError
        If ``study.yaml`` is wrong, or the snapshot does not exist.
    """
    layout = find_warehouse(Path(folder) if folder is not None else None)
    study = read_study(layout.root)
    if read_only:
        return _open_reader(layout, study, at)
    if at is not None:
        msg = "a warehouse can be written to only as it is now"
        raise FileError(msg, "Leave 'at' out, or open it read-only")
    return _open_writer(layout, study)


class Opener:
    """Opens one warehouse several times in turn, over one DuckDB: loading it is most of the cost.

    Between two openings nothing is attached and no lock is held, as if each had its own DuckDB.

    Parameters
    ----------
    folder : str or Path, optional
        As :func:`open_warehouse` takes it.

    Attributes
    ----------
    layout : Layout
        Where the warehouse lies.

    Raises
    ------
    WarehouseError
        If there is no warehouse, or DuckDB's extensions cannot be loaded.
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        self.layout = find_warehouse(Path(folder) if folder is not None else None)
        storage = read_study(self.layout.root).storage
        self._loaded = ExitStack()
        self._database = self._loaded.enter_context(connect(self.layout, storage))

    def __enter__(self) -> Opener:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loaded.close()

    def open(self, *, read_only: bool = True) -> Warehouse:
        """Open the warehouse as it is now; see :func:`open_warehouse`.

        The one that was opened before must be closed.
        """
        study = read_study(self.layout.root)
        if read_only:
            return _open_reader(self.layout, study, None, self._database)
        return _open_writer(self.layout, study, database=self._database)


@contextmanager
def _connected(
    layout: Layout, storage: Storage, database: duckdb.DuckDBPyConnection | None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Connect to a DuckDB of its own, or to one that outlives the connection without the lake."""
    if database is None:
        with connect(layout, storage) as con:
            yield con
        return
    try:
        # what a connection leaves behind, a transaction for one, is gone when it is closed
        with database.cursor() as con:
            yield con
    finally:
        detach_if_attached(database)


def _open_reader(
    layout: Layout,
    study: Study,
    at: int | str | None,
    database: duckdb.DuckDBPyConnection | None = None,
) -> Warehouse:
    check_premises(layout, study.storage)
    with ExitStack() as stack:
        con = stack.enter_context(_connected(layout, study.storage, database))
        # not as the default: that would read the whole catalogue, and so does the second time
        attach_as(con, layout, study.storage, LAKE, read_only=True)
        known = snapshots(con)
        pinned = known[-1].snapshot_id if at is None else resolve(known, at)
        detach(con)
        attach(con, layout, study.storage, read_only=True, snapshot=pinned)
        warehouse = Warehouse(layout, study, con, pinned, stack.pop_all())
    return _ready(warehouse, pending_migrations)


def _open_writer(
    layout: Layout,
    study: Study,
    prepare: Callable[[Warehouse], object] = follow_settings,
    database: duckdb.DuckDBPyConnection | None = None,
    *,
    new: bool = False,
    before_attaching: Callable[[], None] = lambda: None,
) -> Warehouse:
    storage, confirm = study.storage, None
    check_premises(layout, storage, new=new)
    if storage.data is not None:
        # before anything is read that may take hours to be written
        object_store.check(storage)
    with ExitStack() as stack:
        stack.enter_context(writer_lock(layout.writer_lock))
        before_attaching()
        con = stack.enter_context(_connected(layout, storage, database))
        if storage.catalog is not None:
            if new:
                refuse_existing_catalogue(con, storage)
            confirm = stack.enter_context(turn_to_commit(con, storage))
        attach(con, layout, storage, read_only=False, new=new)
        warehouse = Warehouse(layout, study, con, None, stack.pop_all(), confirm)
    return _ready(warehouse, prepare)


def open_to_upgrade(layout: Layout, before_attaching: Callable[[], None]) -> Warehouse:
    """Open a warehouse for writing and bring its tables to those of this version.

    Parameters
    ----------
    layout : Layout
        The warehouse.
    before_attaching : callable
        What is done first, under the writer's lock.
    """
    study = read_study(layout.root)
    return _open_writer(layout, study, bring_up_to_date, before_attaching=before_attaching)


def open_to_move(layout: Layout) -> Warehouse:
    """Open a warehouse for writing as it is, its tables those of this version or an earlier one.

    Parameters
    ----------
    layout : Layout
        The warehouse.
    """
    return _open_writer(layout, read_study(layout.root), pending_migrations)


def refuse_existing_catalogue(con: duckdb.DuckDBPyConnection, storage: Storage) -> None:
    """Make the schema of a catalogue; one that holds commits is never written over."""
    with server(con, storage) as session:
        make_schema(session, storage)
        if holds_catalogue(session) and holds_commits(session):
            place = f"{storage.catalog_name}, schema {storage.catalog_schema},"
            msg = f"{place} holds a catalogue already"
            cure = "Name another catalog_schema, or put the study.yaml of that warehouse here"
            raise FileError(msg, cure)


def _ready(warehouse: Warehouse, prepare: Callable[[Warehouse], object]) -> Warehouse:
    try:
        prepare(warehouse)
    except BaseException:
        warehouse.close()
        raise
    return warehouse


def create_warehouse(folder: str | Path, study: Study | None = None) -> Layout:
    """Make a new, empty warehouse.

    Parameters
    ----------
    folder : str or Path
        A folder that does not exist, or holds no warehouse yet.
    study : Study, optional
        Settings; by default only the folder's name.

    Raises
    ------
    FileError
        If a warehouse is already there, whole or in part.
    """
    layout = Layout(Path(folder).resolve())
    _refuse_existing(layout)
    if layout.catalogue.exists():
        msg = f"{folder} holds a catalogue without {STUDY_FILE}: it was never finished, or lost it"
        raise FileError(msg, f"Put {STUDY_FILE} back if it is yours, or choose another folder")
    settings = study or Study(name=layout.root.name)
    check_premises(layout, settings.storage, new=True)
    if settings.storage.data is not None and object_store.sizes(settings.storage):
        msg = f"{settings.storage.data_name} holds files already"
        raise FileError(msg, "Name another prefix; data are never written over")
    for path in (layout.root, layout.data, layout.staging, layout.reports):
        path.mkdir(parents=True, exist_ok=True)
    _open_writer(layout, settings, _found, new=True).close()
    return layout


def _found(warehouse: Warehouse) -> None:
    # another process may have been quicker; the lock is held now
    _refuse_existing(warehouse.layout)
    prepare_lake(warehouse.connection)
    bring_up_to_date(warehouse)
    give_statistics(warehouse)
    # the last thing, for it is what makes the folder a warehouse
    _write_study(warehouse.layout, warehouse.study)


def _refuse_existing(layout: Layout) -> None:
    if layout.study.exists():
        msg = f"{layout.root} holds a warehouse already"
        raise FileError(msg, "Choose another folder; a warehouse is never written over")


def _write_study(layout: Layout, study: Study) -> None:
    head = f"# {STUDY_FILE}: settings of this warehouse. docs/reference/study.md lists every key.\n"
    content = study.model_dump(mode="json", exclude_defaults=True)
    layout.study.write_text(head + yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
