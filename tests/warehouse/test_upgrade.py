"""A warehouse that an earlier release made opens, stays as it is until asked, and is upgraded."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import closing
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from roentgene.app.cli import app
from roentgene.queries.migration import migrations
from roentgene.schemas.errors import WarehouseError
from roentgene.warehouse.connection import DUCKLAKE_VERSION
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.opening import open_warehouse
from roentgene.warehouse.upgrade import ducklake_version, upgrade

RELEASED = Path(__file__).parent / "released"
SINCE_0_1_0 = tuple(migration.name for migration in migrations()[1:])
# stops itself, as kill -9 does, where the upgrade has come to
KILLED = """
import os, signal, sys
from importlib import import_module
from pathlib import Path
from roentgene.warehouse.upgrade import upgrade
module, name = sys.argv[2].rsplit(".", 1)
setattr(import_module(module), name, lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL))
upgrade(Path(sys.argv[1]))
"""


def questions() -> dict[str, str]:
    spec = spec_from_file_location("make", RELEASED / "make.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    found: dict[str, str] = module.QUESTIONS
    return found


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("released")
    with zipfile.ZipFile(RELEASED / "0.1.0.zip") as packed:
        packed.extractall(folder)
    return folder


@pytest.fixture
def old(unpacked: Path, tmp_path: Path) -> Layout:
    shutil.copytree(unpacked / "study", tmp_path / "study")
    return Layout(tmp_path / "study")


@pytest.fixture(scope="module")
def expected(unpacked: Path) -> dict[str, Any]:
    """What version 0.1.0 itself answered."""
    found: dict[str, Any] = json.loads((unpacked / "answers.json").read_text(encoding="utf-8"))
    return found


def answers(layout: Layout) -> dict[str, Any]:
    with open_warehouse(layout.root) as warehouse:
        return {name: warehouse.arrow(sql).to_pylist() for name, sql in questions().items()}


def set_ducklake(layout: Layout, version: str) -> None:
    with closing(sqlite3.connect(layout.catalogue)) as con, con:
        con.execute("UPDATE ducklake_metadata SET value = ? WHERE key = 'version'", [version])


def test_until_it_is_asked_nothing_changes_and_readers_read(
    old: Layout, expected: dict[str, Any], digest: Callable[..., dict[str, str]]
) -> None:
    before = digest(old.root, folders=False)
    assert answers(old) == expected
    with pytest.raises(WarehouseError, match=f"lacks {', '.join(SINCE_0_1_0)}") as refused:
        open_warehouse(old.root, read_only=False)
    assert refused.value.exit_code == 3
    assert refused.value.cure.startswith("Run 'roentgene upgrade'")
    found = upgrade(old.root, dry_run=True)
    assert (found.migrations, found.backup, found.is_needed) == (SINCE_0_1_0, None, True)
    assert digest(old.root, folders=False) == before


def test_every_value_is_as_it_was_and_there_is_a_way_back(
    old: Layout, expected: dict[str, Any]
) -> None:
    assert expected["values"] and expected["survival"] and expected["releases"]
    done = upgrade(old.root)
    assert done.migrations == SINCE_0_1_0
    assert answers(old) == expected
    with open_warehouse(old.root, read_only=False) as warehouse:
        ((action, subject),) = warehouse.rows("SELECT action, subject FROM ops.event")
    assert (action, subject) == ("upgrade", ", ".join(SINCE_0_1_0))
    assert old.published.is_file()
    assert not upgrade(old.root).is_needed
    # the copy in the catalogue's place is the warehouse of before
    assert done.backup is not None
    shutil.copyfile(done.backup, old.catalogue)
    assert upgrade(old.root, dry_run=True).migrations == SINCE_0_1_0
    assert answers(old) == expected


@pytest.mark.parametrize(
    "place",
    [
        "roentgene.warehouse.upgrade._sync",
        "roentgene.warehouse.migrate._deploy",
        "roentgene.warehouse.upgrade.renew",
    ],
)
def test_killed_in_the_middle_it_is_old_or_new_and_is_finished(
    old: Layout, expected: dict[str, Any], place: str
) -> None:
    command = [sys.executable, "-c", KILLED, str(old.root), place]
    assert subprocess.run(command).returncode == -signal.SIGKILL
    found = upgrade(old.root, dry_run=True)
    is_new = place.endswith("renew")
    assert found.migrations == (() if is_new else SINCE_0_1_0)
    assert answers(old) == expected
    upgrade(old.root)
    assert not upgrade(old.root).is_needed
    assert answers(old) == expected


def test_an_older_ducklake_is_told_refused_and_upgraded(
    old: Layout, expected: dict[str, Any]
) -> None:
    set_ducklake(old, "0.4")
    with pytest.raises(WarehouseError, match="tables of another DuckLake") as refused:
        open_warehouse(old.root)
    assert "roentgene upgrade" in refused.value.cure
    found = upgrade(old.root, dry_run=True)
    assert (found.ducklake_before, found.ducklake_after) == ("0.4", DUCKLAKE_VERSION)
    assert found.migrations == SINCE_0_1_0
    assert ducklake_version(old.catalogue) == "0.4"
    done = upgrade(old.root)
    assert done.backup is not None
    assert ducklake_version(done.backup) == "0.4"
    assert ducklake_version(old.catalogue) == DUCKLAKE_VERSION
    assert answers(old) == expected


def test_a_newer_ducklake_is_refused_and_left_alone(old: Layout) -> None:
    set_ducklake(old, "9.9")
    before = old.catalogue.read_bytes()
    with pytest.raises(WarehouseError, match=r"DuckLake 9\.9 cannot be brought") as refused:
        upgrade(old.root)
    assert "upgrade roentgene" in refused.value.cure
    assert old.catalogue.read_bytes() == before


def test_new_catalogues_have_the_form_that_is_known(study: Layout) -> None:
    assert ducklake_version(study.catalogue) == DUCKLAKE_VERSION
    assert not upgrade(study.root, dry_run=True).is_needed


def test_the_commands_tell_it(old: Layout) -> None:
    def run(*words: str) -> Any:
        return CliRunner().invoke(app, [*words, "-w", str(old.root)])

    refused = run("audit", "--since", "2020-01-01")
    assert (refused.exit_code, "roentgene upgrade" in refused.stderr) == (3, True)
    told = run("upgrade", "--dry-run")
    # views may have changed beside, before they are released
    applied = "".join(f"migration {name} would be applied\n" for name in SINCE_0_1_0)
    assert told.stdout.startswith(applied)
    done = run("upgrade")
    assert (done.exit_code, "The catalogue as it was: " in done.stdout) == (0, True)
    again = run("upgrade", "--json")
    assert json.loads(again.stdout)["is_needed"] is False
    rows = json.loads(run("audit", "--since", "2020-01-01", "--json").stdout)
    # all that 0.1.0 did, though its commits do not name their program
    found = [(row["who"], row["what"]) for row in rows]
    assert found[1:5] == [(("ann"), what) for what in ("ingest", "waive", "analyze", "release")]
    assert (len(found), found[-1][1]) == (6, "upgrade")
