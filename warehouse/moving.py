"""A warehouse moves, whole: its catalogue to PostgreSQL or back, its data to a bucket or back.

Its data may also change their form: encrypted, or in clear again.

The catalogue is copied row by row and the data file by file, so that every snapshot keeps its
number and every release what it was made from. The former form stays in use until the new one was
read and compared; then one replaced file, ``study.yaml``, makes the new one the one in use.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from roentgene.queries.query_file import query_text
from roentgene.schemas.errors import FileError
from roentgene.schemas.storage import Storage
from roentgene.schemas.tables import tables
from roentgene.warehouse.care.under_way import refuse_under_way
from roentgene.warehouse.catalogue_copy import OnStep, compare, copy_catalogue
from roentgene.warehouse.connection import connect
from roentgene.warehouse.layout import Layout, find_warehouse
from roentgene.warehouse.moved_data import copy_data, data_moves, recode_data
from roentgene.warehouse.opening import (
    open_to_move,
    open_warehouse,
    refuse_existing_catalogue,
)
from roentgene.warehouse.recoding import Recoded, StoredFile, other_names, stored_files
from roentgene.warehouse.server import turn_to_commit
from roentgene.warehouse.store import Warehouse
from roentgene.warehouse.study_file import write_storage

_ASIDE = "before-move"


@dataclass(frozen=True)
class Move:
    """What was moved, or would be.

    Parameters
    ----------
    source, target : str
        Places of catalogue and data, in words.
    n_snapshots, n_files, n_bytes : int
        What the catalogue lists, older snapshots included.
    n_tables, n_rows : int
        What was compared by count and content.
    aside : tuple of Path
        What was in use before, set aside in the folder.
    left : tuple of str
        What was in use before and lies elsewhere: it is for its owner to remove.
    dry_run : bool
        Whether nothing was done.
    """

    source: str
    target: str
    n_snapshots: int
    n_files: int
    n_bytes: int
    n_tables: int
    n_rows: int
    aside: tuple[Path, ...]
    left: tuple[str, ...]
    dry_run: bool


def move(
    folder: Path | None, target: Storage, *, dry_run: bool = False, on_step: OnStep | None = None
) -> Move:
    """Move a warehouse to other storage.

    Parameters
    ----------
    folder : Path or None
        The warehouse.
    target : Storage
        Where catalogue and data are to lie.
    dry_run : bool
        Whether to tell only what would be done.
    on_step : callable, optional
        Told what is being done, how much of it is done, and how much there is.

    Raises
    ------
    FileError
        If it lies there already, or something else does.
    ErasureUnderWayError
        If an erasure was stopped before its end.
    WarehouseError
        If a server cannot be used, or the copy is not the same; the former form stays in use.
    """
    told, layout = on_step or _silent, find_warehouse(folder)
    # whoever is being erased would be found again at the former place
    refuse_under_way(layout)
    with open_warehouse(layout.root) if dry_run else open_to_move(layout) as warehouse:
        source = warehouse.study.storage
        _refuse_no_move(source, target)
        # not what study.yaml says, for a move may have been killed before its last step
        recodes = warehouse.is_encrypted != target.encrypted
        if recodes:
            _refuse_two_steps(source, target)
        files, stored = _listed(warehouse), stored_files(warehouse)
        n_snapshots = len(warehouse.snapshots())
        n_bytes = sum(files.values())
        if dry_run:
            return Move(
                _words(source), _words(target), n_snapshots, len(files), n_bytes, 0, 0, (), (), True
            )
        recoded: dict[StoredFile, Recoded] = {}
        if recodes:
            recoded = recode_data(layout, source, target, stored, told)
        elif data_moves(source, target):
            copy_data(layout, source, target, files, told)
        with _other_lake(layout, target) as con:
            copy_catalogue(warehouse, con, target, _unfinished(layout), told, recoded)
            n_rows = compare(warehouse, con, target, _unfinished(layout), told)
        _forget_seals(layout)
        if target.catalog is None:
            _unfinished(layout).replace(layout.catalogue)
        write_storage(layout, target)
        in_use = [file.folder + recoded.get(file, file).path for file in stored]
    aside = tuple(_set_aside(layout, source, target, in_use))
    left = tuple(_left_elsewhere(source, target))
    return Move(
        *(_words(source), _words(target), n_snapshots, len(files), n_bytes),
        *(len(tables()), n_rows, aside, left, False),
    )


def _silent(what: str, done: int, n_all: int) -> None:
    pass


def _words(storage: Storage) -> str:
    catalogue = "catalogue in the folder"
    if storage.catalog is not None:
        catalogue = f"catalogue in {storage.catalog_name}, schema {storage.catalog_schema}"
    data = "data in the folder" if storage.data is None else f"data at {storage.data_name}"
    return f"{catalogue}, {data}{', encrypted' if storage.encrypted else ''}"


def _catalogue_of(storage: Storage) -> tuple[object, ...]:
    return (storage.catalog_parameters, storage.catalog and storage.catalog_schema)


def _refuse_no_move(source: Storage, target: Storage) -> None:
    same = _catalogue_of(source) == _catalogue_of(target)
    if same and source.encrypted == target.encrypted and not data_moves(source, target):
        msg = f"the warehouse has its {_words(source)} already"
        raise FileError(msg, "Name another place")
    if same and source.catalog is not None:
        msg = (
            "a catalogue in PostgreSQL is copied into another schema, so that the former one stays"
        )
        raise FileError(msg, "Name one with --schema")
    below = source.data is not None and target.data_path.startswith(f"{source.data_path}/")
    if below and source.endpoint == target.endpoint:
        msg = f"{target.data_name} lies below {source.data_name}, and would be removed with it"
        raise FileError(msg, "Name a prefix beside it with --data")


def _refuse_two_steps(source: Storage, target: Storage) -> None:
    """Refuse what no single step can bring into use, and what nobody has asked for."""
    if source.encrypted == target.encrypted:
        msg = "files of data are encrypted, and study.yaml does not say that they must be"
        raise FileError(msg, "Run 'roentgene move --encrypt' to its end first")
    moves = data_moves(source, target)
    if source.data is not None and not moves:
        msg = "data in a bucket are written anew at another place, so that the former ones stay"
        raise FileError(msg, "Name another prefix with --data")
    if moves and source.catalog is None and target.catalog is None:
        msg = "data cannot move and be written anew at once while the catalogue stays in the folder"
        raise FileError(msg, "Move twice; data are encrypted and decrypted in the folder")


def _listed(warehouse: Warehouse) -> dict[str, int]:
    cursor = warehouse.rows(query_text("warehouse/data_files"))
    return {path: size for _, path, size in cursor}


def _unfinished(layout: Layout) -> Path:
    return layout.catalogue.with_name(f"{layout.catalogue.name}.moving")


@contextmanager
def _other_lake(layout: Layout, target: Storage) -> Iterator[duckdb.DuckDBPyConnection]:
    """Connect to a DuckDB of its own that can attach both forms; the turn there is ours."""
    with connect(layout, target) as con:
        if target.catalog is None:
            _unfinished(layout).unlink(missing_ok=True)
            yield con
            return
        refuse_existing_catalogue(con, target)
        with turn_to_commit(con, target):
            yield con


def _forget_seals(layout: Layout) -> None:
    """Remove what says that a delivery holds nothing new: it names a former catalogue."""
    for seal in layout.seals.glob("*"):
        seal.unlink()


def _set_aside(
    layout: Layout, source: Storage, target: Storage, in_use: Sequence[str]
) -> Iterator[Path]:
    """Set aside what was in use in the folder, so that nothing takes it for what is."""
    if source.encrypted != target.encrypted and source.data is target.data is None:
        aside = _free(layout.data)
        # by their names, for a move that was killed has perhaps written them and not this one
        for name in other_names(in_use):
            if (layout.data / name).is_file():
                (aside / name).parent.mkdir(parents=True, exist_ok=True)
                (layout.data / name).replace(aside / name)
        yield aside
    former = []
    if source.catalog is None and target.catalog is not None:
        former.append(layout.catalogue)
    if source.data is None and target.data is not None:
        former.append(layout.data)
    for path in former:
        aside = _free(path)
        path.replace(aside)
        if path == layout.data:
            path.mkdir()
        yield aside


def _free(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.{_ASIDE}-{number}")).exists():
        number += 1
    return aside


def _left_elsewhere(source: Storage, target: Storage) -> Iterator[str]:
    if source.catalog is not None and _catalogue_of(source) != _catalogue_of(target):
        yield f"schema {source.catalog_schema} of {source.catalog_name}"
    if source.data is not None and data_moves(source, target):
        yield source.data_name
