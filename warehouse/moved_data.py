"""The data of a warehouse at another place or in another form: all files that its catalogue lists.

What was in use stays as it is; what a killed move left at the new place is written over, and
nothing else there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from roentgene.schemas.errors import FileError, WarehouseError
from roentgene.schemas.storage import Storage
from roentgene.warehouse import object_store
from roentgene.warehouse.catalogue_copy import OnStep
from roentgene.warehouse.connection import connect, data_place
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.recoding import Recoded, StoredFile, recode, recoded_name


def data_moves(source: Storage, target: Storage) -> bool:
    """Whether data are to lie elsewhere."""
    return (source.data_path, source.endpoint) != (target.data_path, target.endpoint)


def copy_data(
    layout: Layout, source: Storage, target: Storage, files: Mapping[str, int], told: OnStep
) -> None:
    """Copy files to another place as they are.

    Parameters
    ----------
    layout : Layout
        The warehouse.
    source, target : Storage
        Where the data lie, and where they are to lie.
    files : mapping of str to int
        Size in bytes by path.
    told : callable
        Told what is being done, how much of it is done, and how much there is.

    Raises
    ------
    FileError
        If the place holds something else.
    WarehouseError
        If a bucket cannot be used, or a copy has another size.
    """
    from pyarrow.fs import copy_files

    (from_system, from_place), (to_system, to_place) = (
        _system(layout, source),
        _system(layout, target),
    )
    _refuse_strange(layout, target, set(files))
    try:
        for number, (path, size) in enumerate(files.items(), 1):
            told("copy files", number, len(files))
            to = f"{to_place}/{path}"
            if target.data is None:
                (layout.data / path).parent.mkdir(parents=True, exist_ok=True)
            copy_files(
                f"{from_place}/{path}",
                to,
                source_filesystem=from_system,
                destination_filesystem=to_system,
            )
            found = to_system.get_file_info(to).size
            if found != size:
                msg = f"{path} has {found} bytes at its new place instead of {size}"
                raise WarehouseError(msg, "Nothing was changed; run 'roentgene doctor' and again")
    except OSError as error:
        used = target if target.data is not None else source
        raise object_store.unusable(used, error) from error


def recode_data(
    layout: Layout, source: Storage, target: Storage, files: Sequence[StoredFile], told: OnStep
) -> dict[StoredFile, Recoded]:
    """Write files anew, encrypted or in clear, at the same place or another.

    Parameters
    ----------
    layout : Layout
        The warehouse.
    source, target : Storage
        Where the data lie, and where and in which form they are to lie.
    files : sequence of StoredFile
        What the catalogue lists.
    told : callable
        Told what is being done, how much of it is done, and how much there is.

    Returns
    -------
    dict of StoredFile to Recoded
        What became of each file.

    Raises
    ------
    FileError
        If another place holds something else.
    WarehouseError
        If a bucket cannot be used, or a file cannot be written anew.
    """
    if data_moves(source, target):
        names = {
            file.folder + recoded_name(file.path, encrypted=target.encrypted) for file in files
        }
        _refuse_strange(layout, target, names)
    from_place, to_place = data_place(layout, source), data_place(layout, target)
    system, root = _system(layout, target)

    def ready(path: str) -> str:
        if target.data is None:
            (layout.data / path).parent.mkdir(parents=True, exist_ok=True)
        return f"{to_place}/{path}"

    def ending(path: str) -> tuple[int, bytes]:
        with system.open_input_file(f"{root}/{path}") as written:
            n_bytes = written.size()
            return n_bytes, written.read_at(8, n_bytes - 8)

    recoded = {}
    with connect(layout, target) as con:
        if source.data is not None:
            object_store.let_in(con, source)
        for number, file in enumerate(files, 1):
            told("write files anew", number, len(files))
            recoded[file] = recode(
                con,
                file,
                lambda path: f"{from_place}/{path}",
                ready,
                ending,
                encrypted=target.encrypted,
            )
    return recoded


def _system(layout: Layout, storage: Storage) -> tuple[Any, str]:
    from pyarrow.fs import LocalFileSystem

    if storage.data is None:
        return LocalFileSystem(), str(layout.data)
    return object_store.file_system(storage), storage.data_path


def _sizes(folder: Path) -> dict[str, int]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.stat().st_size for path in found}


def _refuse_strange(layout: Layout, target: Storage, ours: set[str]) -> None:
    there = object_store.sizes(target) if target.data is not None else _sizes(layout.data)
    if strange := sorted(set(there) - ours):
        place = target.data_name if target.data is not None else str(layout.data)
        msg = f"{place} holds files of something else, such as {strange[0]}"
        raise FileError(msg, "Name another place; data are never written over")
