"""``roentgene doctor``: what it finds in the installation and in a damaged warehouse."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import duckdb
import pytest

from roentgene.app import engine_health, installation_health, warehouse_health
from roentgene.app.engine_health import EngineFinding, check_engines
from roentgene.app.finding import Finding
from roentgene.app.installation_health import check_installation
from roentgene.app.warehouse_health import check_warehouse
from roentgene.ingest.decisions import choose, decide, quarantined
from roentgene.ingest.extract.phantom import PhantomFeature, PhantomResult
from roentgene.queries.migration import Migration, migrations
from roentgene.schemas.errors import ExtractionUnavailableError, QueryError
from roentgene.schemas.phantom import ReferenceValue
from roentgene.warehouse.care.under_way import UnderWay, write_under_way
from roentgene.warehouse.id_key import KEY_SETTING, KEY_VARIABLE, read_id_key
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.opening import open_warehouse


@pytest.fixture
def no_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the installation out, which has tests of its own."""
    monkeypatch.setattr(installation_health, "check_installation", lambda: iter(()))


def by_check(findings: Iterable[Finding]) -> dict[str, Finding]:
    return {finding.check: finding for finding in findings}


def damaged(folder: Path) -> dict[str, Finding]:
    """What is not well with a warehouse."""
    found = by_check(check_warehouse(Layout(folder)))
    return {check: finding for check, finding in found.items() if finding.level != "ok"}


def a_data_file(folder: Path, table: str) -> Path:
    return next((folder / "data" / table).rglob("*.parquet"))


def test_a_sound_installation_and_warehouse(
    roentgene: Callable[..., Any], made_study: Path
) -> None:
    answer = roentgene("doctor", "--json", "-w", made_study)
    assert answer.exit_code == 0
    found = {row["check"]: row for row in answer.json}
    assert {row["level"] for row in found.values()} == {"ok"}
    assert found["duckdb"]["detail"].startswith(duckdb.__version__)
    for path in ("stock", "fast"):
        engine = found[f"engine pyradiomics ({path})"]
        assert (len(engine["match"]), len(engine["vary"])) == (99, 2)
        assert engine["offset"] == ["original_firstorder_Kurtosis"]
    assert "snapshot 4" in found["catalogue"]["detail"]
    told = roentgene("doctor", "-w", made_study).out.splitlines()
    assert [line.split()[0] for line in told] == ["ok"] * len(found)


def test_without_a_warehouse_the_installation_is_checked(
    roentgene: Callable[..., Any],
    no_installation: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("ROENTGENE_WAREHOUSE", raising=False)
    monkeypatch.chdir(tmp_path)
    answer = roentgene("doctor")
    assert (answer.exit_code, "none lies here or upward" in answer.out) == (0, True)
    assert roentgene("doctor", "-w", tmp_path).exit_code == 3


def test_extensions_of_another_version_are_bad(
    roentgene: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(duckdb, "__version__", "9.9.9")
    monkeypatch.setattr(
        installation_health,
        "check_installation",
        lambda: iter([installation_health._duckdb()]),
    )
    monkeypatch.delenv("ROENTGENE_WAREHOUSE", raising=False)
    monkeypatch.chdir(tmp_path)
    answer = roentgene("doctor")
    assert answer.exit_code == 3
    assert "bad     duckdb: 9.9.9: the DuckDB extension httpfs is not made for" in answer.out


def test_an_engine_without_its_c_extension_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "radiomics._cmatrices", None)
    found = installation_health._package("pyradiomics", "pyradiomics", "radiomics._cmatrices")
    assert found.level == "warning"
    assert "radiomics._cmatrices" in found.detail


def test_an_engine_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == "roentgene":
            return "0"
        raise PackageNotFoundError(name)

    monkeypatch.setattr(installation_health, "version", version)
    monkeypatch.setattr(installation_health, "_sandbox", lambda: Finding("sandbox", "ok", ""))
    monkeypatch.setattr(installation_health, "check_engines", lambda: iter(()))
    found = by_check(check_installation())
    for name in ("pyradiomics", "SimpleITK"):
        assert found[name].level == "warning"
        assert "images cannot be measured" in found[name].detail
        assert "roentgene[extract]" in found[name].cure


def phantom_result(*features: PhantomFeature) -> Callable[[str], Iterator[PhantomResult]]:
    return lambda name: iter([PhantomResult(name, "9.9", "fast", features, 3)])


def one_feature(value: float | None, declared: str) -> PhantomFeature:
    return PhantomFeature("glcm_Contrast", value, ReferenceValue(5.32, 0.0), declared)


def test_features_that_are_as_declared_are_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    features = one_feature(5.321, "exact"), one_feature(6.32, "offset"), one_feature(4.1, "variant")
    monkeypatch.setattr(engine_health, "measure_phantom", phantom_result(*features))
    found = by_check(check_engines())["engine pyradiomics (fast)"]
    assert (found.level, found.cure) == ("ok", "")
    assert found.detail == (
        "9.9, 1 of 3 features match the IBSI phantom; offset: glcm_Contrast by +1; "
        "vary: glcm_Contrast (4.1, agreed 5.32)"
    )
    assert isinstance(found, EngineFinding)
    assert found.match == found.offset == found.vary == ("glcm_Contrast",)


@pytest.mark.parametrize(
    ("value", "declared"), [(5.32, "variant"), (None, "exact"), (6.32, "exact")]
)
def test_a_feature_that_is_not_as_declared_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, value: float | None, declared: str
) -> None:
    result = phantom_result(one_feature(value, declared))
    monkeypatch.setattr(engine_health, "measure_phantom", result)
    found = by_check(check_engines())["engine mirp (fast)"]
    assert (found.level, "unlike vocab.feature: glcm_Contrast" in found.detail) == ("warning", True)


def test_an_engine_that_fails_or_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def measure(name: str) -> Iterator[PhantomResult]:
        if name == "pyradiomics":
            msg = "no such function"
            raise AttributeError(msg)
        msg = f"{name} is not installed"
        raise ExtractionUnavailableError(msg, "install it")
        yield

    monkeypatch.setattr(engine_health, "measure_phantom", measure)
    found = by_check(check_engines())
    assert found["engine mirp"].level == found["engine pysera"].level == "ok"
    assert found["engine mirp"].detail == "not installed, and not checked"
    assert found["engine pyradiomics"].level == "warning"
    assert "AttributeError: no such function" in found["engine pyradiomics"].detail


def test_a_sandbox_that_reads_files_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation_health, "run_sandboxed", lambda *_: None)
    found = installation_health._sandbox()
    assert (found.level, "could read a file" in found.detail) == ("bad", True)


def test_a_sandbox_that_does_not_work_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert installation_health._sandbox().level == "warning"
    monkeypatch.undo()

    def fail(*_: object) -> None:
        msg = "the process that ran the query broke"
        raise QueryError(msg)

    monkeypatch.setattr(installation_health, "run_sandboxed", fail)
    found = installation_health._sandbox()
    assert (found.level, found.detail) == ("warning", "the process that ran the query broke")


def test_a_data_file_that_is_gone_is_named(
    roentgene: Callable[..., Any], no_installation: None, study: Path
) -> None:
    gone = a_data_file(study, "study/patient")
    gone.unlink()
    answer = roentgene("doctor", "--json", "-w", study)
    assert answer.exit_code == 3
    found = {row["check"]: row for row in answer.json if row["level"] == "bad"}
    assert set(found) == {"data files", "tables"}
    assert str(gone.relative_to(study / "data")) in found["data files"]["detail"]
    assert found["tables"]["detail"].startswith("study.patient: ")


def test_a_data_file_that_is_cut_is_named(study: Path) -> None:
    cut = a_data_file(study, "study/patient")
    cut.write_bytes(cut.read_bytes()[:-10])
    found = damaged(study)
    assert "bytes instead of" in found["data files"].detail
    assert found["tables"].level == "bad"


def test_rotten_values_are_found_by_reading_them(study: Path) -> None:
    rotten = a_data_file(study, "imaging/series")
    content = bytearray(rotten.read_bytes())
    # inside the column pages: name, size and footer are as the catalogue says
    content[4:200] = bytes(196)
    rotten.write_bytes(content)
    found = damaged(study)
    assert set(found) == {"tables"}
    assert found["tables"].detail.startswith("imaging.series: ")


def test_a_file_of_an_older_snapshot_counts_too(study: Path) -> None:
    before = set((study / "data" / "study" / "patient").rglob("*.parquet"))
    with (
        open_warehouse(study, read_only=False) as warehouse,
        warehouse.transaction("tester", "forget everybody") as transaction,
    ):
        transaction.execute_statement("DELETE FROM study.patient")
    for file in before:
        file.unlink()
    found = damaged(study)
    assert str(next(iter(before)).relative_to(study / "data")) in found["data files"].detail
    assert "tables" not in found


def test_an_analysts_file_of_an_older_commit_is_told(study: Path) -> None:
    with open_warehouse(study, read_only=False) as warehouse:
        decide(warehouse, choose(quarantined(warehouse), ["b"]), "retry")
    assert damaged(study)["analyst's file"].detail == "is not of the last commit"


def test_an_analysts_file_that_is_gone_or_broken_is_told(study: Path) -> None:
    file = Layout(study).published
    file.chmod(0o644)
    file.write_bytes(b"no database")
    found = damaged(study)
    assert found["analyst's file"].level == "warning"
    assert found["analyst's file"].detail.startswith("cannot be read")
    file.unlink()
    assert damaged(study)["analyst's file"].detail == "there is none"
    with (study / "study.yaml").open("a", encoding="utf-8") as stream:
        stream.write("publish: false\n")
    assert damaged(study) == {}


def test_an_erasure_that_has_not_ended_is_told(study: Path) -> None:
    layout = Layout(study)
    write_under_way(layout, UnderWay("abcdefghij", "0" * 64, "all", "2026-01-02T03:04:05", "eve"))
    found = damaged(study)["erasure"]
    assert found.level == "warning"
    assert found.detail.startswith("withdrawal abcdefghij, begun at 2026-01-02T03:04:05, has not")
    assert "roentgene erase --finish" in found.cure
    layout.erasure.write_text("cut o", encoding="utf-8")
    assert "how far is unknown" in damaged(study)["erasure"].detail


def test_a_key_that_is_gone_is_told_before_an_ingest_needs_it(
    study: Path, deliver: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "withdrawals" not in by_check(check_warehouse(Layout(study)))
    file = tmp_path / "id.key"
    file.write_bytes(bytes(range(32)))
    file.chmod(0o600)
    monkeypatch.setenv(KEY_VARIABLE, str(file))
    gone = {"person_hash": "0" * 64, "scope": "all", "withdrawal_id": "abcdefghij"}
    setting = {"name": KEY_SETTING, "value": read_id_key().fingerprint}
    deliver(study, {"ops.withdrawal": [gone], "study.setting": [setting]})
    assert by_check(check_warehouse(Layout(study)))["withdrawals"].level == "ok"
    file.write_bytes(bytes(range(1, 34)))
    assert "names another key" in damaged(study)["withdrawals"].detail
    monkeypatch.delenv(KEY_VARIABLE)
    found = damaged(study)["withdrawals"]
    assert (found.level, "could not be told" in found.detail) == ("warning", True)
    assert found.cure.startswith(f"Set {KEY_VARIABLE} to the key file")


def test_rights_that_let_anybody_write_are_told(study: Path) -> None:
    (study / "catalog.sqlite").chmod(0o666)
    found = damaged(study)
    assert "lgg/catalog.sqlite" in found["file rights"].detail
    assert found["file rights"].cure == f"chmod -R o-w {study}"


def test_migrations_of_another_version_are_told(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = migrations()
    newer = [*known, Migration("0002_more", "SELECT 1")]
    monkeypatch.setattr(warehouse_health, "migrations", lambda: newer)
    found = damaged(study)["migrations"]
    assert (found.level, found.detail) == ("warning", "0002_more not applied yet")
    other = [Migration(migration.name, migration.text + " ") for migration in known]
    monkeypatch.setattr(warehouse_health, "migrations", lambda: other)
    found = damaged(study)["migrations"]
    assert (found.level, "0001_tables is not a migration" in found.detail) == ("bad", True)


def leave_hot_journal(study: Path) -> None:
    """Leave the catalogue as a writer does that is killed inside its commit."""
    layout = Layout(study)
    copy = study / "copy"
    with sqlite3.connect(layout.catalogue, isolation_level=None) as con:
        con.execute("PRAGMA cache_size = 1")  # so that pages reach the file before the commit
        con.execute("BEGIN")
        con.execute("UPDATE ducklake_column SET column_name = column_name || '_half_written'")
        copy.mkdir()
        for file in (layout.catalogue, layout.hot_journal):
            shutil.copy(file, copy / file.name)
        con.execute("ROLLBACK")
    con.close()
    for file in copy.iterdir():
        file.replace(study / file.name)
    copy.rmdir()


def test_a_commit_that_was_cut_off_is_rolled_back(
    roentgene: Callable[..., Any], no_installation: None, study: Path
) -> None:
    leave_hot_journal(study)
    query = ("sql", "SELECT count(*) AS n FROM study.patient", "-w", study, "--json")
    assert roentgene(*query).exit_code == 3
    answer = roentgene("doctor", "--json", "-w", study)
    assert answer.exit_code == 0
    found = {row["check"]: row for row in answer.json}
    assert found["catalogue"]["level"] == "warning"
    assert "it was rolled back just now" in found["catalogue"]["detail"]
    assert {row["level"] for row in answer.json} == {"ok", "warning"}
    assert not Layout(study).hot_journal.exists()
    assert roentgene(*query).json == [{"n": 8}]


def test_a_broken_catalogue_is_bad(study: Path) -> None:
    (study / "catalog.sqlite").write_bytes(b"x" * 1000)
    found = damaged(study)
    assert (found["catalogue"].level, set(found)) == ("bad", {"catalogue"})


def test_the_walls_of_the_kernel_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation_health, "kernel_walls", lambda *_: ("Landlock", "seccomp"))
    found = installation_health._walls()
    assert (found.level, found.detail) == (
        "ok",
        "DuckDB's locks, limits of the process, Landlock, seccomp",
    )
    monkeypatch.setattr(installation_health, "kernel_walls", lambda *_: ("Landlock",))
    found = installation_health._walls()
    assert found.level == "warning"
    assert "not on this machine: seccomp; answers may name the folder" in found.detail
