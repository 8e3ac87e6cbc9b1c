import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from roentgene.schemas.errors import QueryError
from roentgene.schemas.study import QueryLimits
from roentgene.warehouse import query
from roentgene.warehouse.connection import attach, connect
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.query import run_limited
from roentgene.warehouse.statement import LimitedRows

LIMITS = QueryLimits(seconds=20, memory_mb=256, rows=100)


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    layout = Layout(tmp_path_factory.mktemp("lake"))
    layout.data.mkdir()
    layout.spill.mkdir(parents=True)
    with connect(layout) as writer:
        attach(writer, layout, read_only=False)
        writer.execute("CALL lake.set_option('data_inlining_row_limit', 0)")
        writer.execute("CREATE SCHEMA study")
        writer.execute("CREATE TABLE study.scan (patient_id VARCHAR, sex VARCHAR, volume DOUBLE)")
        writer.execute("INSERT INTO study.scan VALUES ('p1', 'F', 10), ('p2', 'M', 8)")
        writer.execute("INSERT INTO study.scan VALUES ('p3', 'F', 12)")
    with connect(layout) as reader:
        attach(reader, layout, read_only=True)
        yield reader


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT sum(volume) AS v FROM study.scan", {"v": [30.0]}),
        ("FROM study.scan SELECT patient_id WHERE sex = 'M'", {"patient_id": ["p2"]}),
        ("(SELECT 1 AS a)", {"a": [1]}),
        ("VALUES (1)", {"col0": [1]}),
        ("WITH f AS (FROM study.scan) SELECT count(*) AS n FROM f", {"n": [3]}),
        (
            "PIVOT (SELECT sex, volume FROM study.scan) ON sex USING avg(volume)",
            {"F": [11.0], "M": [8.0]},
        ),
        ("SELECT ';' AS a -- ; \n ; ; ", {"a": [";"]}),
        (
            "SELECT $$it's$$ AS a, repeat('x', 2) AS checkpoint",
            {"a": ["it's"], "checkpoint": ["xx"]},
        ),
        ("SELECT count(*) AS n FROM lake.snapshots() WHERE snapshot_id > 0", {"n": [4]}),
        ("SELECT range AS n FROM range(2)", {"n": [0, 1]}),
    ],
)
def test_reading_statements_are_answered(
    con: duckdb.DuckDBPyConnection, sql: str, expected: dict[str, list[object]]
) -> None:
    result = run_limited(con, sql, None, LIMITS)
    assert result.table.to_pydict() == expected
    assert not result.truncated


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("DESCRIBE study.scan", 3),
        ("DESC SELECT 1", 1),
        ("SHOW ALL TABLES", 1),
        ("SUMMARIZE study.scan", 3),
        ("TABLE study.scan", 3),
        ("UNPIVOT study.scan ON volume", 3),
        ("EXPLAIN SELECT 1", 1),
        ("EXPLAIN (SELECT 1)", 1),
        ("EXPLAIN ANALYZE FROM study.scan", 1),
        ("explain (analyze, format json) select 1", 1),
    ],
)
def test_everything_that_reads_is_a_query(
    con: duckdb.DuckDBPyConnection, sql: str, rows: int
) -> None:
    assert run_limited(con, sql, None, LIMITS).table.num_rows == rows


def test_values_are_bound(con: duckdb.DuckDBPyConnection) -> None:
    named = run_limited(con, "FROM study.scan WHERE sex = $s", {"s": "M"}, LIMITS)
    placed = run_limited(con, "FROM study.scan WHERE volume > ?", [9], LIMITS)
    assert (named.table.num_rows, placed.table.num_rows) == (1, 2)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("PRAGMA database_list", "PRAGMA is not allowed"),
        ("PRAGMA enable_profiling", "PRAGMA is not allowed"),
        ("CALL pragma_version()", "CALL is not allowed"),
        ("SET threads = 1", "SET is not allowed"),
        ("USE lake", "USE is not allowed"),
        ("CHECKPOINT", "CHECKPOINT is not allowed"),
        ("ATTACH ':memory:' AS m", "ATTACH is not allowed"),
        ("CREATE TEMP TABLE t AS SELECT 1", "CREATE is not allowed"),
        ("CREATE TEMP TABLE t AS PIVOT study.scan ON sex", "CREATE is not allowed"),
        ("INSERT INTO study.scan VALUES ('p9', 'F', 1)", "INSERT is not allowed"),
        ("WITH n AS (SELECT 'p9') INSERT INTO study.scan FROM n", "INSERT is not allowed"),
        ("COPY study.scan TO '{out}'", "COPY is not allowed"),
        ("EXPLAIN ANALYZE COPY study.scan TO '{out}'", "COPY is not allowed"),
        ("EXPLAIN (ANALYZE, FORMAT json) COPY study.scan TO '{out}'", "COPY is not allowed"),
        ("EXPLAIN/**/ANALYZE COPY study.scan TO '{out}'", "COPY is not allowed"),
        ("EXPLAIN ANALYZE WITH n AS (SELECT 1) DELETE FROM study.scan", "DELETE is not allowed"),
        ("EXPORT DATABASE '{out}'", "EXPORT is not allowed"),
        ("LOAD httpfs", "LOAD is not allowed"),
        ("SELECT 1; COPY study.scan TO '{out}'", "several statements"),
        ("SELECT 1 /* ; */; SELECT 2", "several statements"),
        ("PIVOT study.scan ON sex; COPY study.scan TO '{out}'", "several statements"),
        ("-- nothing", "no statement"),
        ("EXPLAIN PIVOT study.scan ON sex", "EXPLAIN cannot show a PIVOT"),
        ("FROM ducklake_merge_adjacent_files('lake')", "ducklake_merge_adjacent_files is not"),
        ("FROM lake.merge_adjacent_files()", "ducklake_merge_adjacent_files is not"),
        ('SELECT * FROM lake."rewrite_data_files" ()', "ducklake_rewrite_data_files is not"),
        ("EXPLAIN ANALYZE FROM lake.cleanup_old_files()", "ducklake_cleanup_old_files is not"),
        ("SELECT (SELECT 1 FROM force_checkpoint('lake'))", "force_checkpoint is not"),
        ("FROM query('FROM lake.merge_adjacent_files()')", "query is not"),
        ("FROM sqlite_attach('{out}')", "sqlite_attach is not"),
        ("FROM enable_logging()", "enable_logging is not"),
        ("SELEC 1", "Correct the SQL"),
        ("SELECT 'a", "Correct the SQL"),
        ("SELECT nothing FROM study.scan", "DESCRIBE"),
        ("FROM study.nowhere", "SHOW ALL TABLES"),
        ("SELECT 'a'::INTEGER", "TRY_CAST"),
        ("SELECT $x", "Values were not provided"),
    ],
)
def test_whatever_does_more_than_read_is_refused(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, sql: str, words: str
) -> None:
    with pytest.raises(QueryError) as caught:
        run_limited(con, sql.replace("{out}", str(tmp_path / "out")), None, LIMITS)
    assert words in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("rows", "got", "truncated"), [(1, 1, True), (3, 3, False), (4, 3, False)])
def test_rows_stop_at_their_limit(
    con: duckdb.DuckDBPyConnection, rows: int, got: int, truncated: bool
) -> None:
    limits = QueryLimits(seconds=20, memory_mb=256, rows=rows)
    result = run_limited(con, "FROM study.scan", None, limits)
    assert (result.table.num_rows, result.truncated) == (got, truncated)


def test_endless_rows_are_streamed(con: duckdb.DuckDBPyConnection) -> None:
    limits = QueryLimits(seconds=20, memory_mb=256, rows=250_000)
    result = run_limited(con, "FROM range(1000000000000)", None, limits)
    assert result.table.column(0).to_pylist() == list(range(250_000))
    assert result.truncated


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM range(1000000) a, range(1000000) b"
        " WHERE hash(a.range) > hash(b.range)",
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT max(n) FROM r",
    ],
)
def test_a_query_ends_at_its_deadline_and_the_connection_lives_on(
    con: duckdb.DuckDBPyConnection, sql: str
) -> None:
    begun = time.monotonic()
    with pytest.raises(QueryError, match=r"stopped after 0\.5 s"):
        run_limited(con, sql, None, QueryLimits(seconds=0.5, memory_mb=256))
    assert time.monotonic() - begun < 5
    assert run_limited(con, "SELECT 1 AS a", None, LIMITS).table.to_pydict() == {"a": [1]}


def test_memory_beyond_the_limit_is_refused(con: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT list(md5(n::VARCHAR)) FROM range(50000000) t(n)"
    with pytest.raises(QueryError, match="more than 64 MB of memory"):
        run_limited(con, sql, None, QueryLimits(seconds=20, memory_mb=64))


def test_an_error_amid_the_rows_is_explained(con: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT (CASE WHEN n = 400000 THEN 'x' ELSE '1' END)::INTEGER FROM range(500000) t(n)"
    with pytest.raises(QueryError, match="Conversion Error"):
        run_limited(con, sql, None, QueryLimits(seconds=20, memory_mb=256))


def test_a_failure_reported_as_an_interruption_is_asked_for_again(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    class InterruptedAtFirst(LimitedRows):
        def __iter__(self) -> Iterator[pa.RecordBatch]:
            asked.append("again")
            if len(asked) == 1:
                # what DuckDB says about once in a hundred times when a row fails in one thread
                msg = "INTERRUPT Error: Interrupted!"
                raise OSError(msg)
            return super().__iter__()

    monkeypatch.setattr(query, "LimitedRows", InterruptedAtFirst)
    with pytest.raises(QueryError, match="Conversion Error"):
        run_limited(con, "SELECT 'x'::INTEGER + n FROM range(3) t(n)", None, LIMITS)
    assert run_limited(con, "SELECT 1 AS a", None, LIMITS).table.to_pydict() == {"a": [1]}
