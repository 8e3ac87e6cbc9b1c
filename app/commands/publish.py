"""``roentgene publish``: copies for analysts and other engines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from roentgene.app.options import AsJson, WarehouseFolder
from roentgene.app.terminal import counted, one_line, say, say_json


def publish(
    parquet: Annotated[
        Path | None,
        typer.Option(
            "--parquet",
            metavar="DIR",
            help="Write Hive-partitioned Parquet with a manifest there, for Spark, Trino and"
            " others.",
        ),
    ] = None,
    warehouse: WarehouseFolder = None,
    as_json: AsJson = False,
) -> None:
    """Renew the analyst's file, or write Parquet for other engines.

    What has not changed since the former copy is not written again.
    """
    from roentgene.warehouse.analyst_file import is_behind, renew
    from roentgene.warehouse.events import record_alone
    from roentgene.warehouse.opening import open_warehouse
    from roentgene.warehouse.parquet_copy import is_current_copy, publish_parquet, refuse_foreign

    with open_warehouse(warehouse, read_only=False) as store:
        if parquet is None:
            if is_behind(store):
                record_alone(store, "publish", "analyst's file")
            renew(store)
            told = {"file": store.layout.published, "snapshot_id": store.snapshot_id}
            line = f"{store.layout.published} is of snapshot {store.snapshot_id}"
        else:
            folder = parquet.resolve()
            refuse_foreign(folder)
            if not is_current_copy(store, folder):
                record_alone(store, "publish", "Parquet", {"folder": str(folder)})
            report = publish_parquet(store, folder)
            told = vars(report)
            line = (
                f"{report.folder}: {counted(report.n_written, 'table')} written,"
                f" {report.n_kept} unchanged; {counted(report.n_rows, 'row')} in"
                f" {counted(report.n_files, 'file')}"
            )
    if as_json:
        say_json(told)
    else:
        say(one_line(line))
