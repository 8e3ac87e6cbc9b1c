"""``roentgene backup`` and ``restore``: what they say, and how they end."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from roentgene.app.file_progress import FileLines
from roentgene.warehouse.care.backup import back_up
from roentgene.warehouse.layout import Layout

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def kept(made_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one backup; no test writes to it."""
    study = shutil.copytree(made_study, tmp_path_factory.mktemp("from") / "lgg")
    folder = tmp_path_factory.mktemp("kept") / "backups"
    back_up(Layout(Path(study)), folder)
    return folder


@pytest.fixture
def backups(kept: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(kept, tmp_path / "backups"))


def test_backup_dir_makes_one_and_says_what_was_new(
    roentgene: Run, study: Path, tmp_path: Path
) -> None:
    first = roentgene("backup", tmp_path / "b", "-w", study)
    assert first.exit_code == 0
    assert "is a new folder of backups" in first.out
    second = roentgene("backup", "make", tmp_path / "b", "-w", study, "--json").json
    assert (second["n_new"], second["is_first"]) == (0, False)
    listed = roentgene("backup", "list", tmp_path / "b", "--json").json
    assert [row["whole"] for row in listed] == [True, True]
    assert listed[-1]["backup"] == second["backup"]
    assert "glioma" in roentgene("backup", "list", tmp_path / "b").out


def test_the_group_explains_itself(roentgene: Run) -> None:
    for words in (("backup", "--help"), ("backup",)):
        answer = roentgene(*words)
        assert "'backup DIR' makes one" in " ".join((answer.out + answer.err).split())


def test_verification_of_a_damaged_backup_fails(roentgene: Run, backups: Path) -> None:
    assert roentgene("backup", "verify", backups).exit_code == 0
    largest = max((backups / "contents").rglob("*"), key=lambda file: file.stat().st_size)
    largest.chmod(0o600)
    largest.write_bytes(b"x")
    answer = roentgene("backup", "verify", backups)
    assert (answer.exit_code, "damaged" in answer.out) == (3, True)


def test_pruning_by_number(roentgene: Run, study: Path, backups: Path) -> None:
    roentgene("backup", backups, "-w", study)
    would = roentgene("backup", "prune", backups, "--keep", 1, "--dry-run")
    assert "would be removed" in would.out
    assert "1 backup kept" in roentgene("backup", "prune", backups, "--keep", 1).out
    assert len(roentgene("backup", "list", backups, "--json").json) == 1


def test_backups_that_precede_an_erasure_are_marked_and_removed(
    roentgene: Run, study: Path, backups: Path
) -> None:
    reports = study / "reports"
    reports.mkdir(exist_ok=True)
    for number in ("abcdefghij", "klmnopqrst"):
        (reports / f"withdrawal-{number}.json").write_text("{}", encoding="utf-8")
        roentgene("backup", backups, "-w", study)
    listed = roentgene("backup", "list", backups, "--json").json
    assert [row["precedes"] for row in listed] == [
        ["abcdefghij", "klmnopqrst"],
        ["klmnopqrst"],
        [],
    ]
    told = roentgene("backup", "list", backups).out
    assert "before 2 erasures" in told
    would = roentgene("backup", "prune", backups, "--before-erasure", "--dry-run").out
    assert (would.count("would be removed"), "1 backup kept" in would) == (3, True)
    assert roentgene("backup", "prune", backups, "--before-erasure").exit_code == 0
    (left,) = roentgene("backup", "list", backups, "--json").json
    assert left["backup"] == listed[-1]["backup"]


def test_a_backup_of_another_study_precedes_nothing_here(
    roentgene: Run, study: Path, backups: Path
) -> None:
    (study / "reports").mkdir(exist_ok=True)
    (study / "reports" / "withdrawal-abcdefghij.json").write_text("{}", encoding="utf-8")
    settings = study / "study.yaml"
    said = settings.read_text(encoding="utf-8")
    settings.write_text(re.sub("(?m)^name: .*$", "name: other", said), encoding="utf-8")
    roentgene("backup", backups, "-w", study)
    listed = roentgene("backup", "list", backups, "--json").json
    assert len({row["study"] for row in listed}) == 2
    assert not any(row["precedes"] for row in listed)


def test_a_warehouse_comes_back(roentgene: Run, backups: Path, study: Path, tmp_path: Path) -> None:
    query = ("sql", "SELECT count(*) AS n FROM study.patient", "--json", "-w")
    answer = roentgene("restore", backups, "--to", tmp_path / "back")
    assert answer.exit_code == 0
    assert "Restored" in answer.out
    assert roentgene(*query, tmp_path / "back").json == [{"n": 8}]
    refused = roentgene("restore", backups, "-w", study)
    assert (refused.exit_code, "--replace" in refused.err) == (2, True)
    (study / "catalog.sqlite").unlink()
    replaced = roentgene("restore", backups, "-w", study, "--replace", "--json").json
    assert Path(replaced["aside"]).is_dir()
    assert roentgene(*query, study).json == [{"n": 8}]


def test_the_place_of_a_restore_must_be_known(
    roentgene: Run, backups: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ROENTGENE_WAREHOUSE", raising=False)
    monkeypatch.chdir(tmp_path)
    answer = roentgene("restore", backups)
    assert (answer.exit_code, "--to FOLDER" in answer.err) == (2, True)
    monkeypatch.setenv("ROENTGENE_WAREHOUSE", str(tmp_path / "named"))
    assert roentgene("restore", backups).exit_code == 0
    assert (tmp_path / "named" / "study.yaml").is_file()


def test_a_log_gets_a_line_every_half_minute() -> None:
    times = iter([0.0, 10.0, 31.0, 40.0])
    lines: list[str] = []
    show = FileLines("copying", lines.append, lambda: next(times))
    for number in (1, 2, 3):
        show("data/a.parquet", number, 3)
    assert lines == ["copying: 2 of 3 files"]
