"""Any error as one that a user can be told: what is wrong, where, and the cure."""

from __future__ import annotations

import sys

from roentgene.schemas.errors import (
    DiskFullError,
    RoentgeneError,
    WarehouseError,
    is_disk_full,
)

#: A fault of roentgene itself, told apart from every answer that the commands give.
EXIT_FAULT = 70


def told_error(error: Exception) -> RoentgeneError | None:
    """Give an error as it is told; None of one that is a fault of roentgene.

    Parameters
    ----------
    error : Exception
        What a command met.
    """
    if isinstance(error, RoentgeneError):
        return error
    return _of_system(error) if isinstance(error, OSError) else _of_store(error)


def _of_system(error: OSError) -> WarehouseError:
    reason = error.strerror or str(error)
    place = f"{error.filename}: " if error.filename else ""
    if is_disk_full(error):
        cure = "Make room on the disk and run it again; what had begun was undone"
        return DiskFullError(f"{place}{reason}", cure)
    return WarehouseError(f"{place}{reason}", "Check the path, its rights and the space left")


def _of_store(error: Exception) -> WarehouseError | None:
    """Error of DuckDB below a command, if it is one; DuckDB is not imported to find out."""
    duckdb = sys.modules.get("duckdb")
    if duckdb is None or not isinstance(error, duckdb.Error):
        return None
    from roentgene.warehouse.accidents import accident

    lines = str(error).splitlines() or [type(error).__name__]
    return accident(error) or WarehouseError(lines[0], "'roentgene doctor' looks for the cause")
