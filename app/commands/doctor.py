"""``roentgene doctor``: whether the installation and the warehouse are in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from roentgene.app.options import AsJson, WarehouseFolder, warehouse_if_any
from roentgene.app.terminal import one_line, say, say_json

_UNUSABLE = 3


def doctor(
    warehouse: WarehouseFolder = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Read and hash everything, to the last byte.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check the installation, and the warehouse if there is one."""
    from roentgene.app.deep_health import check_deeply
    from roentgene.app.file_progress import shown_files
    from roentgene.app.finding import Finding
    from roentgene.app.installation_health import check_installation
    from roentgene.app.warehouse_health import check_warehouse

    layout = warehouse_if_any(warehouse)

    def findings() -> Iterator[Finding]:
        yield from check_installation()
        if layout is None:
            detail = "none is named, and none lies here or upward"
            yield Finding("warehouse", "ok", detail, "'roentgene init DIR' makes one")
        else:
            yield Finding("warehouse", "ok", str(layout.root))
            yield from check_warehouse(layout)
            if deep:
                with shown_files("reading") as show:
                    yield from check_deeply(layout, show)

    found = []
    for finding in findings():
        found.append(finding)
        if not as_json:
            told = f"{finding.detail}. {finding.cure}" if finding.cure else finding.detail
            say(one_line(f"{finding.level:8}{finding.check}: {told}"))
    if as_json:
        say_json(found)
    if any(finding.level == "bad" for finding in found):
        raise typer.Exit(_UNUSABLE)
