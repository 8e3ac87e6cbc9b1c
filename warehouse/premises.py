"""What must be there before a warehouse is opened: its data, its catalogue, a disk that locks."""

from __future__ import annotations

from pathlib import Path

from roentgene.schemas.errors import DataFolderGoneError
from roentgene.schemas.storage import Storage
from roentgene.warehouse.accidents import damaged_catalogue
from roentgene.warehouse.file_system import refuse_network
from roentgene.warehouse.layout import Layout


def check_premises(layout: Layout, storage: Storage, *, new: bool = False) -> None:
    """Refuse a warehouse whose folder is not as a warehouse leaves it.

    DuckDB would make an empty catalogue in the place of one that is gone, and an empty folder in
    the place of the data, when it is opened for writing.

    Parameters
    ----------
    layout : Layout
        The warehouse.
    storage : Storage
        Where its catalogue lies; one in a database is that database's care.
    new : bool
        Whether it is being made.

    Raises
    ------
    DataFolderGoneError
        If the folder with the data is not there, or is as empty as where nothing is mounted.
    CatalogueDamagedError
        If the catalogue is an empty file.
    NetworkFileSystemError
        If the catalogue lies where several machines would have to agree on locks.
    """
    if storage.catalog is None:
        refuse_network(layout.root)
    if new:
        return
    if storage.catalog is None and layout.catalogue.stat().st_size == 0:
        reason = "it is an empty file"
        raise damaged_catalogue(reason, layout.catalogue)
    if storage.data is None and not _has_content(layout.data):
        what = "is empty" if layout.data.is_dir() else "is not there"
        msg = f"the folder with the data, {layout.data}, {what}"
        cure = "Mount its disk; if the data are lost, restore the last backup: roentgene restore"
        raise DataFolderGoneError(msg, f"{cure} BACKUPS --replace")


def _has_content(folder: Path) -> bool:
    # a warehouse has a file of data from its first moment: that of its migrations
    return folder.is_dir() and any(folder.iterdir())
