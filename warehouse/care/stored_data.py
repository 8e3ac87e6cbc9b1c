"""Files of data where they lie, in the folder or in a bucket: listed, and opened to be read."""

from __future__ import annotations

from typing import Any

from roentgene.schemas.storage import Storage
from roentgene.warehouse import object_store
from roentgene.warehouse.layout import Layout


class StoredData:
    """The data of a warehouse.

    Parameters
    ----------
    layout : Layout
        The warehouse.
    storage : Storage
        Where its data lie.

    Raises
    ------
    WarehouseError
        If they lie in a bucket and there are no credentials.
    """

    def __init__(self, layout: Layout, storage: Storage) -> None:
        self._folder = layout.data
        self._storage = storage
        self._system = None if storage.data is None else object_store.file_system(storage)

    def place(self, path: str) -> str:
        """Say in words where a file lies."""
        return str(self._folder / path) if self._system is None else f"{self._storage.data}/{path}"

    def open(self, path: str) -> Any:
        """Open a file for reading bytes anywhere in it.

        Raises
        ------
        OSError
            If it is not there, or cannot be read.
        """
        if self._system is None:
            return (self._folder / path).open("rb")
        return self._system.open_input_file(f"{self._storage.data_path}/{path}")

    def sizes(self) -> dict[str, int]:
        """Give the size in bytes of every file, by its path below the data.

        Raises
        ------
        WarehouseError
            If the store cannot be reached or used.
        """
        if self._system is not None:
            return object_store.sizes(self._storage)
        files = (path for path in sorted(self._folder.rglob("*")) if path.is_file())
        return {path.relative_to(self._folder).as_posix(): path.stat().st_size for path in files}
