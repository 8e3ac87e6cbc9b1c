"""Options that several commands share, and the warehouse that a command means."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

if TYPE_CHECKING:
    from roentgene.warehouse.layout import Layout

WarehouseFolder: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--warehouse",
        "-w",
        metavar="DIR",
        help="The warehouse; by default $ROENTGENE_WAREHOUSE, else the nearest one upward.",
    ),
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Answer for a program, in JSON.")]
Workers: TypeAlias = Annotated[
    int | None,
    typer.Option("--workers", min=1, metavar="N", help="Processes; by default one a CPU."),
]


def cpus() -> int:
    """Count the CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def warehouse_if_any(folder: Path | None) -> Layout | None:
    """Find the warehouse that is named, or one that lies upward; None where nothing is named.

    Raises
    ------
    WarehouseError
        If one is named that does not exist.
    """
    from roentgene.schemas.errors import WarehouseError
    from roentgene.warehouse.layout import WAREHOUSE_VARIABLE, find_warehouse

    try:
        return find_warehouse(folder)
    except WarehouseError:
        if folder is not None or WAREHOUSE_VARIABLE in os.environ:
            raise
        return None
