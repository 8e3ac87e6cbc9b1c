"""``roentgene publish`` and ``roentgene optimize``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from roentgene.schemas.tables import tables

Run = Callable[..., Any]


def test_publish_renews_the_analysts_file(roentgene: Run, study: Path) -> None:
    file = study / "published" / "analyst.duckdb"
    file.unlink()
    told = roentgene("publish", "--json", "-w", study).json
    assert Path(told["file"]) == file
    assert file.is_file()


def test_publish_writes_parquet_and_then_only_what_has_changed(
    roentgene: Run, study: Path, tmp_path: Path
) -> None:
    target = tmp_path / "parquet"
    first = roentgene("publish", "--parquet", target, "--json", "-w", study).json
    assert first["n_written"] == len(tables())
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    assert Path(first["folder"]).name == manifest["folder"]
    said = roentgene("publish", "--parquet", target, "-w", study).out
    assert f"0 tables written, {len(tables())} unchanged" in said


def test_publish_does_not_write_over_what_is_not_its_own(roentgene: Run, study: Path) -> None:
    answer = roentgene("publish", "--parquet", study / "data", "-w", study)
    assert (answer.exit_code, "holds something else" in answer.err) == (2, True)


def test_optimize_says_what_it_would_do_and_does_it(roentgene: Run, study: Path) -> None:
    would = roentgene("optimize", "--dry-run", "--expire-older-than", 0, "-w", study)
    assert (would.exit_code, "would be expired" in would.out) == (0, True)
    done = roentgene("optimize", "--json", "-w", study).json
    assert (done["expired"], done["dry_run"]) == ([], False)
    assert "Nothing to merge" in roentgene("optimize", "-w", study).out


def test_a_new_warehouse_has_an_empty_analysts_file(roentgene: Run, tmp_path: Path) -> None:
    roentgene("init", tmp_path / "new")
    with duckdb.connect(str(tmp_path / "new" / "published" / "analyst.duckdb"), True) as file:
        assert file.execute("FROM mart.coverage").fetchall() == []
