"""``roentgene audit`` tells all that was done, by whom, and what other programs committed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from roentgene.warehouse.connection import attach, connect
from roentgene.warehouse.events import record_alone
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.opening import create_warehouse, open_warehouse

Roentgene = Callable[..., Any]
LONG_AGO = "2020-01-01"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse in which people did something, and another program too."""
    layout = create_warehouse(tmp_path_factory.mktemp("audit") / "study")
    with open_warehouse(layout.root, read_only=False) as warehouse:
        record_alone(warehouse, "release", "idh@1.0.0", {"fingerprint": "f"}, author="ann")
        record_alone(warehouse, "backup", "to the vault", author="ben")
        batch = {
            "batch_id": "b1",
            "cohort_id": "LGG",
            "author": "ann",
            "message": "ingest LGG, batch b1",
            "code_version": "0.1.0",
        }
        with warehouse.transaction("ann", batch["message"]) as tx:
            tx.execute_statement(
                "INSERT INTO ops.batch BY NAME SELECT 'b1' AS batch_id, 'LGG' AS cohort_id,"
                " 'ann' AS author, 'ingest LGG, batch b1' AS message, now() AS started_at,"
                " now() AS committed_at, '0.1.0' AS code_version, 3 AS n_measurements,"
                " 9 AS n_values, 2 AS n_table_rows, 1 AS n_refused"
            )
        with warehouse.transaction("ann", "work without a row") as tx:
            tx.execute_statement("INSERT INTO study.setting VALUES ('x', 'y')")
    with connect(layout) as con:
        attach(con, layout, read_only=False)
        con.execute("BEGIN")
        # the words of a batch, and not its program
        con.execute("CALL lake.set_commit_message('ann', 'ingest LGG, batch b1')")
        con.execute("INSERT INTO study.setting VALUES ('P017', 'theirs')")
        con.execute("COMMIT")
        con.execute("BEGIN")
        con.execute("CALL lake.set_commit_message('eve', 'P017 made better')")
        con.execute("INSERT INTO study.setting VALUES ('P018', 'theirs')")
        con.execute("COMMIT")
    return layout.root


@pytest.fixture
def audit(kept: Path, roentgene: Roentgene) -> Callable[..., list[dict[str, Any]]]:
    def rows(*options: str) -> list[dict[str, Any]]:
        done = roentgene("audit", "--since", LONG_AGO, "--json", "-w", kept, *options)
        assert done.exit_code == 0, done.err
        found: list[dict[str, Any]] = done.json
        return found

    return rows


def test_everything_is_told_in_its_order(audit: Callable[..., list[dict[str, Any]]]) -> None:
    rows = audit()
    assert [(row["who"], row["what"]) for row in rows][1:] == [
        ("ann", "release"),
        ("ben", "backup"),
        ("ann", "ingest"),
        ("ann", "commit"),
        ("ann", "commit"),
        ("eve", "commit"),
    ]
    assert rows[0]["what"] == "create"
    assert [row["at_utc"] for row in rows] == sorted(row["at_utc"] for row in rows)
    ingest = rows[3]
    assert ingest["subject"] == "LGG, batch b1"
    assert json.loads(ingest["details"])["n_values"] == 9


def test_commits_of_others_are_told_without_their_words(
    audit: Callable[..., list[dict[str, Any]]],
) -> None:
    ours, forged, theirs = audit("--what", "commit")
    assert ours["subject"] == "work without a row"
    assert ours["program"].startswith("roentgene ")
    for row in (forged, theirs):
        assert row["program"] == "unknown"
        assert row["subject"].startswith("snapshot ")
        assert "study.setting" in row["details"]
    assert theirs["who"] == "eve"
    assert "P01" not in json.dumps(audit())


def test_it_is_asked_of_a_person_or_a_span(audit: Callable[..., list[dict[str, Any]]]) -> None:
    assert {row["who"] for row in audit("--who", "ben")} == {"ben"}
    assert audit("--until", "2021-01-01") == []
    assert len(audit("--until", "2999-01-01T00:00:00Z")) == len(audit())


def test_as_a_table_for_a_spreadsheet(kept: Path, roentgene: Roentgene) -> None:
    done = roentgene("audit", "--since", LONG_AGO, "--format", "csv", "-w", kept)
    head, *lines = done.out.splitlines()
    assert head == "at_utc,who,what,subject,details,program"
    assert len(lines) == 7


@pytest.mark.parametrize(
    ("options", "told"),
    [(("--what", "relase"), "Did you mean 'release'?"), (("--until", "soon"), "'soon'")],
)
def test_what_is_asked_wrongly_is_said(
    kept: Path, roentgene: Roentgene, options: tuple[str, ...], told: str
) -> None:
    done = roentgene("audit", "--since", LONG_AGO, "-w", kept, *options)
    assert (done.exit_code, told in done.err) == (2, True)


def test_what_was_committed_and_whose_snapshot_has_gone_is_still_told(
    kept: Path, tmp_path: Path, roentgene: Roentgene
) -> None:
    shutil.copytree(kept, tmp_path / "study")
    layout = Layout(tmp_path / "study")
    with open_warehouse(layout.root, read_only=False) as warehouse:
        known = [one.snapshot_id for one in warehouse.snapshots()][:-1]
        warehouse.connection.execute(
            "CALL ducklake_expire_snapshots('lake', versions => $versions)", {"versions": known}
        )
    done = roentgene("audit", "--since", LONG_AGO, "--json", "-w", layout.root)
    told = [row["what"] for row in done.json]
    assert told[:4] == ["create", "release", "backup", "ingest"]
