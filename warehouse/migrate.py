"""Keeping a lake in step with the code: migrations, views, and the rules that views read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

import duckdb
import pyarrow as pa

from roentgene.queries import render
from roentgene.queries.macros import macros, newest, parameters_of
from roentgene.queries.migration import Migration, migrations
from roentgene.queries.query_file import query_text
from roentgene.queries.registry import VERSIONS_SCHEMA, View, registry
from roentgene.schemas.errors import WarehouseError
from roentgene.schemas.study import Study
from roentgene.schemas.tables import table
from roentgene.warehouse import publishing
from roentgene.warehouse.events import Action, record
from roentgene.warehouse.store import Warehouse
from roentgene.warehouse.transaction import Transaction, current_author

#: Of a window: from which it counts, its first and its last day.
_Window: TypeAlias = tuple[str, int, int]
_DEPLOYED = "deployed_views"
# not from study.yaml: the fingerprint of the key that ids were hashed with stays for ever
_KEPT = frozenset({"id_key"})


def prepare_lake(con: duckdb.DuckDBPyConnection) -> None:
    """Set the options of a new lake; they persist."""
    con.execute(query_text("warehouse/prepare_lake"))


def bring_up_to_date(warehouse: Warehouse) -> None:
    """Apply migrations that are missing, write the settings, deploy views that have changed."""
    pending = pending_migrations(warehouse)
    wanted = _settings(warehouse.study)
    stored = {} if pending else _stored_settings(warehouse)
    windows = {} if pending else _stored_windows(warehouse)
    if not pending and stored == wanted and windows == _windows(warehouse.study):
        return
    subject = ", ".join(m.name for m in pending) or "settings and views"
    action: Action = "configure"
    if pending:
        action = "upgrade" if warehouse.snapshot_id else "create"
    with warehouse.transaction(current_author(), f"bring up to date: {subject}") as tx:
        _apply(tx, pending)
        _write_settings(tx, wanted, stored)
        _write_windows(tx, _windows(warehouse.study), windows)
        _deploy(tx, warehouse.study.view_versions)
        record(tx, action, subject)


def follow_settings(warehouse: Warehouse) -> None:
    """Write the settings and deploy views that have changed; tables change by an upgrade alone.

    Raises
    ------
    WarehouseError
        If the tables are those of an earlier version, or of a newer one.
    """
    require_current(warehouse)
    bring_up_to_date(warehouse)


def require_current(warehouse: Warehouse) -> None:
    """Refuse a warehouse whose tables are those of an earlier version.

    Raises
    ------
    WarehouseError
        If migrations are missing; or whatever :func:`pending_migrations` finds.
    """
    pending = pending_migrations(warehouse)
    if pending:
        names = ", ".join(migration.name for migration in pending)
        msg = f"{warehouse.folder} was made by an earlier roentgene and lacks {names}"
        raise WarehouseError(
            msg, "Run 'roentgene upgrade', which keeps a copy of the catalogue first"
        )


def views_to_publish(study: Study) -> list[publishing.View]:
    """Every view and macro of the analyst's file, each after those it reads."""
    views = [
        publishing.View(schema, name, view.select, f"{view.header['title']}. {view.documentation}")
        for schema, name, view in _objects(study.view_versions)
    ]
    return views + [
        publishing.View(schema, name, macro.select, parameters=parameters_of(macro))
        for schema, name, macro in _macros()
    ]


def _objects(pins: Mapping[str, int]) -> list[tuple[str, str, View]]:
    """Objects to be made: every numbered view, then the plain names of the pinned ones."""
    known = registry()
    numbered = [(VERSIONS_SCHEMA, view.versioned_name, view) for view in known.views]
    return numbered + [(view.schema, view.name, view) for view in known.pinned(pins)]


def _macros() -> list[tuple[str, str, View]]:
    """Macros to be made after the views: every version, then the newest under its plain name."""
    numbered = [(VERSIONS_SCHEMA, macro.versioned_name, macro) for macro in macros()]
    return numbered + [(macro.schema, macro.name, macro) for macro in newest(macros())]


def pending_migrations(warehouse: Warehouse) -> list[Migration]:
    """Migrations that a warehouse lacks.

    Raises
    ------
    WarehouseError
        If it was made by a newer roentgene, by one whose migrations were others, or by none.
    """
    applied = _applied(warehouse)
    for migration in migrations():
        if applied.get(migration.name, migration.sha256) != migration.sha256:
            msg = f"migration {migration.name} is not the one that made this warehouse"
            raise WarehouseError(msg, "Open it with the version of roentgene that made it")
    unknown = sorted(set(applied) - {migration.name for migration in migrations()})
    if unknown:
        msg = f"this warehouse was written by a newer roentgene (migration {unknown[-1]})"
        raise WarehouseError(msg, "Upgrade roentgene")
    return [migration for migration in migrations() if migration.name not in applied]


def _applied(warehouse: Warehouse) -> dict[str, str]:
    if warehouse.snapshot_id == 0:
        return {}
    try:
        return dict(warehouse.rows(query_text("warehouse/migrations")))
    except duckdb.CatalogException as error:
        msg = f"the catalogue of {warehouse.folder} was not made by roentgene"
        raise WarehouseError(
            msg, "Make a warehouse with 'roentgene init' in another folder"
        ) from error


def _apply(tx: Transaction, pending: Sequence[Migration]) -> None:
    for migration in pending:
        for statement in migration.statements:
            tx.execute_statement(statement)
    now = datetime.now(UTC)
    rows = [{"migration": m.name, "sha256": m.sha256, "applied_at": now} for m in pending]
    # one insert is one file
    tx.insert("ops.migration", pa.Table.from_pylist(rows, table("ops.migration").arrow_schema))


def views_are_deployed(warehouse: Warehouse) -> bool:
    """Whether the views of a warehouse, at the snapshot it is open at, are those of this code."""
    stored = _stored_settings(warehouse).get(_DEPLOYED)
    return stored == _settings(warehouse.study)[_DEPLOYED]


def _stored_settings(warehouse: Warehouse) -> dict[str, str | None]:
    rows = dict(warehouse.rows(query_text("warehouse/settings")))
    return {name: value for name, value in rows.items() if name not in _KEPT}


def _settings(study: Study) -> dict[str, str | None]:
    objects = _objects(study.view_versions) + _macros()
    text = "\n".join(f"{schema}.{name} {view.sha256}" for schema, name, view in objects)
    return {
        "reference_rater": study.patient_feature.reference_rater,
        "series_rule": study.patient_feature.series_rule,
        "lesion_rule": study.patient_feature.lesion_rule,
        "index_region": study.patient_feature.index_region,
        _DEPLOYED: hashlib.sha256(text.encode()).hexdigest(),
    }


def _write_settings(
    tx: Transaction, wanted: Mapping[str, str | None], stored: Mapping[str, str | None]
) -> None:
    tx.replace("study.setting", _setting_rows(wanted))
    # a setting that no view reads any more would look like a difference at every opening
    left_over = {name: value for name, value in stored.items() if name not in wanted}
    if left_over:
        tx.delete("study.setting", _setting_rows(left_over))


def _setting_rows(settings: Mapping[str, str | None]) -> pa.Table:
    rows = [{"name": name, "value": value} for name, value in settings.items()]
    return pa.Table.from_pylist(rows, table("study.setting").arrow_schema)


def _stored_windows(warehouse: Warehouse) -> dict[str, _Window]:
    rows = warehouse.rows(query_text("warehouse/windows"))
    return {name: (anchor, first, last) for name, anchor, first, last in rows}


def _windows(study: Study) -> dict[str, _Window]:
    named = study.named_windows()
    return {name: (window.after, window.from_, window.to) for name, window in named.items()}


def _write_windows(
    tx: Transaction, wanted: Mapping[str, _Window], stored: Mapping[str, _Window]
) -> None:
    tx.replace("study.day_window", _window_rows(wanted))
    left_over = {name: window for name, window in stored.items() if name not in wanted}
    if left_over:
        tx.delete("study.day_window", _window_rows(left_over))


def _window_rows(windows: Mapping[str, _Window]) -> pa.Table:
    rows = [
        {"name": name, "anchor": anchor, "from_day": first, "to_day": last}
        for name, (anchor, first, last) in windows.items()
    ]
    return pa.Table.from_pylist(rows, table("study.day_window").arrow_schema)


def _deploy(tx: Transaction, pins: Mapping[str, int]) -> None:
    # each comes after those it reads, and CREATE binds it: what does not bind is never committed
    for schema, name, view in _objects(pins):
        tx.execute_statement(render.create_view(schema, name, view.select))
        tx.execute_statement(render.comment_on_view(schema, name, view.header["title"]))
    for schema, name, macro in _macros():
        names = parameters_of(macro)
        tx.execute_statement(render.create_macro(schema, name, names, macro.select))
