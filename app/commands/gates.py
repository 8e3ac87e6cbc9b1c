"""``roentgene gates``: what the gates of a batch looked at and refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roentgene.app.options import AsJson, WarehouseFolder
from roentgene.app.terminal import counted, one_line, say, say_json, table_lines

if TYPE_CHECKING:
    from pathlib import Path

    from roentgene.warehouse.store import Warehouse

Row = Mapping[str, Any]


def gates(
    warehouse: WarehouseFolder = None,
    batch: Annotated[
        str | None,
        typer.Option(metavar="ID", help="A batch, or how its id begins; by default the last."),
    ] = None,
    every_rule: Annotated[
        bool, typer.Option("--all", help="Show also the rules that refused nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what the gates of a batch counted and refused."""
    from roentgene.app.reading import read_rows
    from roentgene.warehouse.opening import open_warehouse

    with open_warehouse(warehouse) as store:
        chosen = _batch(store, batch)
        rules = read_rows(store, "app/gate_results", {"batch_id": chosen["batch_id"]})
        page = store.layout.reports / f"{chosen['batch_id']}.html"
    report = page if page.is_file() else None
    if as_json:
        say_json({**chosen, "report": report, "rules": rules})
    else:
        say(*_lines(chosen, rules, report, every_rule))


def _batch(store: Warehouse, asked: str | None) -> dict[str, Any]:
    from roentgene.app.reading import read_rows
    from roentgene.schemas.errors import FileError

    found = read_rows(store, "app/batches")
    if not found:
        msg = "there is no batch yet"
        raise FileError(msg, "'roentgene ingest run COHORT.yaml' commits one")
    if asked is None:
        return found[0]
    named = [row for row in found if row["batch_id"].startswith(asked)]
    if len(named) != 1:
        msg = f"{len(named) or 'no'} batches begin with {asked!r}"
        newest = ", ".join(row["batch_id"] for row in found[:5])
        raise FileError(msg, f"The newest are {newest}")
    return named[0]


def _lines(
    batch: Row, rules: Sequence[Row], report: Path | None, every_rule: bool
) -> Iterator[str]:
    yield one_line(
        f"Batch {batch['batch_id']} of {batch['cohort_id']}, committed "
        f"{batch['committed_at']:%Y-%m-%d %H:%M} UTC by {batch['author']}"
    )
    yield ""
    if every_rule:
        columns = ("stage", "subject", "rule", "severity", "n_checked", "n_refused")
        header = ("stage", "subject", "rule", "severity", "checked", "refused")
        yield from table_lines(header, [[row[name] for name in columns] for row in rules])
    else:
        yield from _summary(rules)
    yield ""
    yield f"Report: {report}" if report else "Its report is no longer there."


def _summary(rules: Sequence[Row]) -> Iterator[str]:
    stages: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rules:
        stages[row["stage"]].append(row)
    for stage, found in stages.items():
        refusing = [row for row in found if row["n_refused"]]
        yield f"{stage}: {counted(len(found), 'rule')}, {len(refusing) or 'none'} with refusals"
        for row in refusing:
            mark = " (let in, marked)" if row["severity"] == "warning" else ""
            yield one_line(
                f"  {row['subject']}: {row['rule']}: {row['n_refused']:,} "
                f"of {row['n_checked']:,}{mark}"
            )
