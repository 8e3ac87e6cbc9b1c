"""What is done to a warehouse beside ingest and analysis leaves a row in the same commit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from roentgene.app.cli import app
from roentgene.schemas.tables import table
from roentgene.warehouse.compaction import optimize
from roentgene.warehouse.events import Action, record, record_alone
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.opening import open_warehouse
from roentgene.warehouse.store import Warehouse

EVENTS = "SELECT action, author, subject, details FROM ops.event ORDER BY happened_at, event_id"
PROGRAMS = "SELECT commit_extra_info FROM lake.snapshots() WHERE snapshot_id > 0"


def events(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return list(warehouse.rows(EVENTS))[1:]  # the first is that of the making


def cohort(stage: Any, name: str) -> pa.Table:
    return stage("study.cohort", {"cohort_id": name})


def test_the_actions_are_those_that_the_table_declares() -> None:
    assert table("ops.event").column("action").values == get_args(Action)


def test_the_making_of_a_warehouse_is_the_first_event(study: Layout) -> None:
    with open_warehouse(study.root) as warehouse:
        ((action, subject, before),) = warehouse.rows(
            "SELECT action, subject, snapshot_id FROM ops.event"
        )
    assert (action, before) == ("create", 0)
    assert subject.startswith("0001_tables, 0002_events")


def test_an_event_stands_in_the_commit_that_it_tells_of(study: Layout, stage: Any) -> None:
    with open_warehouse(study.root, read_only=False) as warehouse:
        last = warehouse.snapshot_id
        with warehouse.transaction("ann", "a cohort") as tx:
            tx.insert("study.cohort", cohort(stage, "A"))
            record(tx, "consent", "cohort A", {"n": 2}, author="ann")
        assert events(warehouse) == [("consent", "ann", "cohort A", '{"n": 2}')]
        assert warehouse.snapshot_id == last + 1
        ((before,),) = warehouse.rows("SELECT snapshot_id FROM ops.event WHERE author = 'ann'")
        assert before == last


def test_without_the_commit_there_is_no_event(study: Layout) -> None:
    with open_warehouse(study.root, read_only=False) as warehouse:
        with pytest.raises(KeyError), warehouse.transaction("ann", "in vain") as tx:
            record(tx, "release", "r@1.0.0")
            raise KeyError
        assert events(warehouse) == []


def test_an_event_alone_is_a_commit_with_its_words(
    study: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROENTGENE_AUTHOR", "ben")
    with open_warehouse(study.root, read_only=False) as warehouse:
        record_alone(warehouse, "backup", "to the vault", {"n_files": 3})
        assert events(warehouse) == [("backup", "ben", "to the vault", '{"n_files": 3}')]
        last = warehouse.snapshots()[-1]
        assert (last.author, last.message) == ("ben", "backup to the vault")


def test_new_settings_are_an_event(study: Layout) -> None:
    study.study.write_text("name: study\npatient_feature: {lesion_rule: only}\n", encoding="utf-8")
    with open_warehouse(study.root, read_only=False) as warehouse:
        ((action, _, subject, _),) = events(warehouse)
    assert (action, subject) == ("configure", "settings and views")


def test_compacting_is_an_event_and_the_second_time_finds_nothing(
    study: Layout, stage: Any
) -> None:
    with open_warehouse(study.root, read_only=False) as warehouse:
        for name in ("A", "B"):
            with warehouse.transaction("ann", name) as tx:
                tx.insert("study.cohort", cohort(stage, name))
    done = optimize(study.root)
    assert {files.table for files in done.before} == {"study.cohort", "ops.event"}
    assert {files.n_files for files in done.after} == {1}
    with open_warehouse(study.root) as warehouse:
        ((action, _, subject, details),) = events(warehouse)
        last = warehouse.snapshot_id
    assert (action, subject) == ("optimize", "1 table")
    assert json.loads(details) == {"n_files": 2, "expired": []}
    assert optimize(study.root).before == ()
    with open_warehouse(study.root) as warehouse:
        assert warehouse.snapshot_id == last


def publish(study: Layout, *options: str) -> None:
    done = CliRunner().invoke(app, ["publish", "-w", str(study.root), *options])
    assert done.exit_code == 0, done.output


def test_a_copy_that_is_made_is_an_event_and_one_that_stands_is_none(
    study: Layout, stage: Any, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    for _ in range(2):
        publish(study)
        publish(study, "--parquet", str(copy))
    with open_warehouse(study.root) as warehouse:
        found = [(action, subject, details) for action, _, subject, details in events(warehouse)]
    assert found == [
        ("publish", "analyst's file", "{}"),
        ("publish", "Parquet", json.dumps({"folder": str(copy)})),
    ]


def test_a_copy_that_is_refused_is_no_event(study: Layout, tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("theirs", encoding="utf-8")
    words = ["publish", "-w", str(study.root), "--parquet", str(tmp_path)]
    assert CliRunner().invoke(app, words).exit_code == 2
    with open_warehouse(study.root) as warehouse:
        assert events(warehouse) == []


def test_every_commit_names_the_program(study: Layout) -> None:
    with open_warehouse(study.root, read_only=False) as warehouse:
        record_alone(warehouse, "backup", "x")
        found = {program for (program,) in warehouse.rows(PROGRAMS)}
    assert len(found) == 1
    assert found.pop().startswith("roentgene ")
