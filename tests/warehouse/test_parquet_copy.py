"""Parquet for other engines: whole, partitioned, told by a manifest, and answering as the lake."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from roentgene.queries.registry import VERSIONS_SCHEMA, registry
from roentgene.queries.transpile import transpiled
from roentgene.schemas.errors import FileError, WarehouseError
from roentgene.schemas.study import Study
from roentgene.schemas.tables import tables
from roentgene.warehouse import parquet_copy
from roentgene.warehouse.analyst_file import catch_up, renew
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.opening import create_warehouse, open_warehouse
from roentgene.warehouse.parquet_copy import CURRENT, MANIFEST_FILE, publish_parquet
from roentgene.warehouse.store import Warehouse


@pytest.fixture(scope="module")
def full(
    tmp_path_factory: pytest.TempPathFactory, fill_every_table: Callable[[Warehouse], None]
) -> Layout:
    """A warehouse with rows in every table, and its Parquet; nobody writes to it."""
    layout = create_warehouse(tmp_path_factory.mktemp("full") / "study", Study(name="study"))
    with open_warehouse(layout.root, read_only=False) as warehouse:
        fill_every_table(warehouse)
        publish_parquet(warehouse, layout.root / "published" / "parquet")
    return layout


@pytest.fixture
def writer(full: Layout, tmp_path: Path) -> Iterator[Warehouse]:
    shutil.copytree(full.root, tmp_path / "study", symlinks=True)
    with open_warehouse(tmp_path / "study", read_only=False) as warehouse:
        yield warehouse


def parquet(warehouse: Warehouse) -> Path:
    return warehouse.folder / "published" / "parquet"


def manifest(target: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((target / MANIFEST_FILE).read_text(encoding="utf-8"))
    return content


def rows(con: duckdb.DuckDBPyConnection, table: str, source: str) -> Counter[str]:
    columns = ", ".join(f'"{column.name}"' for column in tables()[table].columns)
    return Counter(map(repr, con.execute(f"SELECT {columns} FROM {source}").fetchall()))


def test_every_table_is_there_with_its_rows_and_types(full: Layout) -> None:
    target = full.root / "published" / "parquet"
    told = manifest(target)
    assert set(told["tables"]) == set(tables())
    with open_warehouse(full.root) as warehouse:
        assert told["snapshot_id"] == warehouse.snapshot_id
        for name, one in told["tables"].items():
            pattern = target / CURRENT / one["path"] / "**" / "*.parquet"
            source = f"read_parquet('{pattern}', hive_partitioning = true, hive_types_autocast = 0)"
            assert rows(duckdb.connect(), name, source) == rows(warehouse.connection, name, name), (
                name
            )
            assert [column["name"] for column in one["columns"]] == [
                column.name for column in tables()[name].columns
            ]


def test_the_manifest_tells_every_file_and_no_other(full: Layout) -> None:
    target = full.root / "published" / "parquet"
    told = manifest(target)
    folder = target / told["folder"]
    files = {file["path"]: file for one in told["tables"].values() for file in one["files"]}
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet")}
    assert there == set(files)
    for path, file in files.items():
        content = (folder / path).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (
            file["sha256"],
            file["bytes"],
        )
    of_cohorts = [file for file in there if file.startswith("imaging.feature_value/")]
    assert of_cohorts
    assert all("/cohort_id=" in file for file in of_cohorts)


def test_a_refresh_writes_only_what_has_changed(writer: Warehouse) -> None:
    before = manifest(parquet(writer))
    with writer.transaction("ann", "a change") as transaction:
        transaction.execute_statement("UPDATE study.patient SET site = 'elsewhere'")
    report = publish_parquet(writer, parquet(writer))
    assert (report.n_written, report.n_kept) == (1, len(tables()) - 1)
    after = manifest(parquet(writer))
    changed = [n for n in tables() if before["tables"][n] != after["tables"][n]]
    assert changed == ["study.patient"]
    old, new = (parquet(writer) / told["folder"] for told in (before, after))
    kept = "imaging.series"
    for file in after["tables"][kept]["files"]:
        assert (old / file["path"]).samefile(new / file["path"])
    assert (parquet(writer) / CURRENT).resolve() == new
    # who reads the former copy goes on, and what is older is removed
    publish_parquet(writer, parquet(writer))
    assert not old.exists()
    assert new.exists()


def test_a_failure_leaves_the_former_copy_whole(
    writer: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = parquet(writer)
    before = sorted(path.relative_to(target) for path in target.rglob("*"))
    told = manifest(target)
    with writer.transaction("ann", "a change") as transaction:
        transaction.execute_statement("UPDATE study.patient SET site = 'elsewhere'")

    def full_disk(*_: object) -> Iterator[dict[str, Any]]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(parquet_copy, "_files", full_disk)
    with pytest.raises(WarehouseError, match="No space left"):
        publish_parquet(writer, target)
    assert sorted(path.relative_to(target) for path in target.rglob("*")) == before
    assert manifest(target) == told


def test_a_killed_refresh_is_not_seen_and_is_cleared_away(writer: Warehouse) -> None:
    target = parquet(writer)
    told = manifest(target)
    left = target / ".unfinished-0000"
    left.mkdir()
    (left / "half.parquet").write_bytes(b"PAR1")
    assert manifest(target) == told
    publish_parquet(writer, target)
    assert not left.exists()


def test_a_folder_with_something_else_is_refused(writer: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years", encoding="utf-8")
    with pytest.raises(FileError, match=r"holds something else: thesis\.tex"):
        publish_parquet(writer, tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.tex"]


def test_a_file_that_was_cut_is_written_again(writer: Warehouse) -> None:
    told = manifest(parquet(writer))
    file = parquet(writer) / told["folder"] / told["tables"]["study.patient"]["files"][0]["path"]
    file.chmod(0o644)
    file.write_bytes(b"PAR1")
    assert publish_parquet(writer, parquet(writer)).n_written == 1


def test_it_is_renewed_after_each_commit_where_the_study_says_so(
    full: Layout, tmp_path: Path
) -> None:
    shutil.copytree(full.root, tmp_path / "study", symlinks=True)
    with (tmp_path / "study" / "study.yaml").open("a", encoding="utf-8") as stream:
        stream.write("publish_parquet: published/parquet\n")
    with open_warehouse(tmp_path / "study", read_only=False) as warehouse:
        with warehouse.transaction("ann", "a change") as transaction:
            transaction.execute_statement("UPDATE study.patient SET site = 'elsewhere'")
        # a process that was killed after its commit left it behind
        assert catch_up(warehouse)
        assert manifest(parquet(warehouse))["snapshot_id"] == warehouse.snapshot_id
        assert not catch_up(warehouse)
        renew(warehouse)


@pytest.mark.parametrize("folder", ["data/parquet", "../elsewhere", "releases", "published", "."])
def test_the_study_cannot_name_a_folder_that_is_taken(folder: str) -> None:
    with pytest.raises(ValueError, match="a folder of its own"):
        Study(name="s", publish_parquet=folder)


_ASKING = """
import json, os, sys
from pyspark.sql import SparkSession
told = json.load(open(sys.argv[1]))
spark = (
    SparkSession.builder.master("local[1]").appName("roentgene")
    .config("spark.ui.enabled", "false").config("spark.sql.shuffle.partitions", "2")
    .config("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
    .config("spark.sql.warehouse.dir", told["scratch"]).config("spark.sql.ansi.enabled", "false")
    # Spark 4.3 fails to carry constraints through the union of coverage
    .config("spark.sql.constraintPropagation.enabled", "false")
    .config("spark.sql.session.timeZone", "UTC").config("spark.log.level", "ERROR")
    .getOrCreate()
)
for name, path in told["tables"].items():
    schema, table = name.split(".")
    spark.sql(f"CREATE DATABASE IF NOT EXISTS {schema}")
    spark.sql(f"CREATE TABLE {name} USING parquet OPTIONS (path '{path}')")
    if "cohort_id=" in " ".join(os.listdir(path)):
        spark.sql(f"MSCK REPAIR TABLE {name}")
spark.sql("CREATE DATABASE IF NOT EXISTS mart_versions")
for name, select in told["views"].items():
    spark.sql(f"CREATE VIEW {name} AS {select}")
answers = {}
for name in told["asked"]:
    frame = spark.sql(f"SELECT * FROM {name}")
    answers[name] = [list(row) for row in frame.collect()]
json.dump(answers, open(sys.argv[2], "w"), default=str)
"""
_ASKED = ("delta_radiomics", "coverage")
_SECONDS = 400


@pytest.fixture
def spark_python() -> str:
    """A Python with PySpark: this one, or the one that ``$ROENTGENE_TEST_SPARK`` names."""
    named = os.environ.get("ROENTGENE_TEST_SPARK")
    if named is None:
        pytest.importorskip("pyspark")
    if shutil.which("java") is None:
        pytest.skip("no Java for Spark")
    return named or sys.executable


@pytest.mark.extras
def test_spark_answers_as_the_lake_does(full: Layout, spark_python: str, tmp_path: Path) -> None:
    target = full.root / "published" / "parquet"
    asked = {view.name: view for view in registry().pinned({}) if view.name in _ASKED}
    below = {name for view in asked.values() for name in registry().lineage(view)}
    views = {
        f"{VERSIONS_SCHEMA}.{view.versioned_name}": transpiled(view, "spark")
        for view in registry().views
        if f"{VERSIONS_SCHEMA}.{view.versioned_name}" in below
    }
    order = {
        "tables": {
            name: str(target / CURRENT / one["path"])
            for name, one in manifest(target)["tables"].items()
        },
        "views": views,
        "asked": [f"{VERSIONS_SCHEMA}.{asked[name].versioned_name}" for name in _ASKED],
        "scratch": str(tmp_path / "scratch"),
    }
    (tmp_path / "order.json").write_text(json.dumps(order), encoding="utf-8")
    done = subprocess.run(
        [spark_python, "-c", _ASKING, tmp_path / "order.json", tmp_path / "answers.json"],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answers = json.loads((tmp_path / "answers.json").read_text(encoding="utf-8"))
    with open_warehouse(full.root) as warehouse:
        for name in order["asked"]:
            here = [list(row) for row in warehouse.rows(f"SELECT * FROM {name}")]
            assert here, name
            assert Counter(map(_cells, here)) == Counter(map(_cells, answers[name])), name


def _cells(row: list[Any]) -> str:
    # a quotient may differ in its last digit
    return repr([float(f"{cell:.12g}") if isinstance(cell, float) else cell for cell in row])
