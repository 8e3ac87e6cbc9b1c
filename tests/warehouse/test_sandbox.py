import json
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import duckdb
import pytest

with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    from made_house import House, make_house

from roentgene.schemas.errors import QueryError, WarehouseError
from roentgene.schemas.study import QueryLimits
from roentgene.warehouse import sandbox, sandbox_child
from roentgene.warehouse.sandbox import run_sandboxed

LIMITS = QueryLimits(seconds=20, memory_mb=256, rows=100)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return make_house(tmp_path_factory.mktemp("sandbox") / "house")


@pytest.fixture(scope="module")
def file(house: House) -> Path:
    return house.file


def test_every_lock_is_set(file: Path) -> None:
    table = run_sandboxed(file, "SELECT name, value FROM duckdb_settings()", QueryLimits()).table
    settings = dict(zip(*table.to_pydict().values(), strict=True))
    expected = {
        "allow_community_extensions": "false",
        "allow_persistent_secrets": "false",
        "allow_unsigned_extensions": "false",
        "allowed_directories": "[]",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "enable_external_access": "false",
        "extension_directory": "/nonexistent",
        "home_directory": "/nonexistent",
        "lock_configuration": "true",
        "memory_limit": "1.9 GiB",
        "python_enable_replacements": "false",
        "secret_directory": "/nonexistent",
        "temp_directory": "",
    }
    assert {name: settings[name] for name in expected} == expected
    databases = run_sandboxed(file, "SELECT * FROM duckdb_databases()", LIMITS).table.to_pydict()
    named = dict(zip(databases["database_name"], databases["readonly"], strict=True))
    assert named == {"analyst": True, "system": False, "temp": False}
    # DuckDB hides the setting, and allows itself its own file
    with pytest.raises(QueryError, match="LocalFileSystem has been disabled"):
        run_sandboxed(file, f"FROM read_blob('{file}')", LIMITS)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT count(*) AS n FROM mart.women", {"n": [2]}),
        (
            "SELECT patient_id, sum(volume) AS v FROM study.patient JOIN study.scan"
            " USING (patient_id) GROUP BY ALL ORDER BY ALL",
            {"patient_id": ["p1", "p2"], "v": [25.0, 8.0]},
        ),
        (
            "SELECT day, volume - lag(volume) OVER (PARTITION BY patient_id ORDER BY day) AS d"
            " FROM study.scan WHERE patient_id = 'p1' ORDER BY day",
            {"day": [0, 90], "d": [None, 5.0]},
        ),
        (
            "PIVOT (SELECT sex, age FROM study.patient) ON sex USING avg(age)",
            {"F": [55.0], "M": [50.0]},
        ),
        (
            "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5)"
            " SELECT sum(n)::INTEGER AS s FROM r",
            {"s": [15]},
        ),
        ("SELECT list(patient_id ORDER BY 1) AS p FROM mart.women", {"p": [["p1", "p3"]]}),
        (
            "SELECT NULL::DOUBLE AS x, 'é' AS y, 1.50::DECIMAL(9, 2)::VARCHAR AS z;",
            {
                "x": [None],
                "y": ["é"],
                "z": ["1.50"],
            },
        ),
    ],
)
def test_an_analysts_sql_is_answered(
    file: Path, sql: str, expected: dict[str, list[object]]
) -> None:
    result = run_sandboxed(file, sql, LIMITS)
    assert result.table.to_pydict() == expected
    assert not result.truncated
    assert 0 < result.seconds < LIMITS.seconds


@pytest.mark.parametrize(
    "sql", ["DESCRIBE study.patient", "SHOW ALL TABLES", "SUMMARIZE study.scan"]
)
def test_what_is_there_can_be_looked_up(file: Path, sql: str) -> None:
    assert run_sandboxed(file, sql, LIMITS).table.num_rows == 3


@pytest.mark.parametrize(("rows", "got", "truncated"), [(2, 2, True), (3, 3, False)])
def test_rows_stop_at_their_limit(file: Path, rows: int, got: int, truncated: bool) -> None:
    limits = QueryLimits(seconds=20, memory_mb=64, rows=rows)
    result = run_sandboxed(file, "FROM study.patient", limits)
    assert (result.table.num_rows, result.truncated) == (got, truncated)


def test_endless_rows_are_streamed(file: Path) -> None:
    limits = QueryLimits(seconds=20, memory_mb=64, rows=250_000)
    result = run_sandboxed(file, "FROM range(1000000000000)", limits)
    assert result.table.column(0).to_pylist() == list(range(250_000))
    assert result.truncated


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELEC 1", "Correct the SQL"),
        ("SELECT nobody FROM study.patient", "DESCRIBE"),
        ("SELECT 1; SELECT 2", "several statements"),
        ("-- nothing", "no statement"),
        ("EXPLAIN PIVOT study.patient ON sex USING count(*)", "EXPLAIN cannot show a PIVOT"),
        ("\ud800", "Correct the SQL"),
    ],
)
def test_a_wrong_statement_is_explained(file: Path, sql: str, words: str) -> None:
    with pytest.raises(QueryError) as caught:
        run_sandboxed(file, sql, LIMITS)
    assert words in str(caught.value)


class _Watched(subprocess.Popen[bytes]):
    started: ClassVar[list["_Watched"]] = []
    orders: ClassVar[list[tuple[list[str], dict[str, object]]]] = []

    def __init__(self, command: list[str], **options: object) -> None:
        self.orders.append((command, options))
        super().__init__(command, **options)  # type: ignore[call-overload]
        self.started.append(self)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> type[_Watched]:
    monkeypatch.setattr(_Watched, "started", [])
    monkeypatch.setattr(_Watched, "orders", [])
    monkeypatch.setattr(subprocess, "Popen", _Watched)
    return _Watched


BOMBS = {
    "cross_join": "SELECT count(*) FROM range(1000000) a, range(1000000) b"
    " WHERE hash(a.range) > hash(b.range)",
    "recursion": "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r)"
    " SELECT max(n) FROM r",
    "levenshtein": "SELECT levenshtein(repeat('ab', 500000), repeat('ba', 500000))",
    "sleep": "SELECT sleep_ms(600000)",
}


@pytest.mark.parametrize("sql", BOMBS.values(), ids=BOMBS)
def test_a_runaway_query_dies_at_its_deadline(
    file: Path, sql: str, watched: type[_Watched]
) -> None:
    limits = QueryLimits(seconds=0.5, memory_mb=512)
    begun = time.monotonic()
    with pytest.raises(QueryError, match=r"stopped after 0\.5 s"):
        run_sandboxed(file, sql, limits)
    assert time.monotonic() - begun < 10
    (process,) = watched.started
    assert process.returncode == -signal.SIGKILL
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


def test_a_child_whose_parent_is_gone_dies_by_its_own_alarm(
    file: Path, monkeypatch: pytest.MonkeyPatch, watched: type[_Watched]
) -> None:
    monkeypatch.setattr(sandbox._Child, "kill", lambda self: None)
    limits = QueryLimits(seconds=0.2, memory_mb=512)
    with pytest.raises(QueryError, match="stopped"):
        run_sandboxed(file, "SELECT sleep_ms(5000)", limits)
    assert watched.started[0].returncode == -signal.SIGALRM


MEMORY_BOMBS = {
    "one_string": "SELECT length(repeat('x', 4000000000))",
    "many_strings": "SELECT list(repeat('x', 50000000) || n) FROM range(200) t(n)",
    "sort": "SELECT n, md5(n::VARCHAR) AS s FROM range(100000000) t(n) ORDER BY s",
    "wide_answer": "SELECT repeat('x', 1000000) FROM range(1000000)",
}
_PEAK_OF_CHILD = """
import resource, sys
from pathlib import Path
from typing import ClassVar
from roentgene.schemas.errors import QueryError
from roentgene.schemas.study import QueryLimits
from roentgene.warehouse.sandbox import run_sandboxed
try:
    run_sandboxed(Path(sys.argv[1]), sys.argv[2], QueryLimits(seconds=30, memory_mb=64))
except QueryError as error:
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, error)
"""


def _python(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("sql", MEMORY_BOMBS.values(), ids=MEMORY_BOMBS)
def test_memory_beyond_the_limit_is_refused_and_never_taken(file: Path, sql: str) -> None:
    peak_mb, _, words = _python(_PEAK_OF_CHILD, str(file), sql).partition(" ")
    assert "64 MB" in words
    # Python with its libraries takes 100 MB; the allowance is 256
    assert int(peak_mb) < 100 + 64 + 256


def test_an_answer_beyond_the_limit_is_refused(file: Path) -> None:
    # narrow rows: each batch is small, so that the child itself never runs out of memory
    limits = QueryLimits(seconds=60, memory_mb=64, rows=20_000_000)
    with pytest.raises(QueryError, match="the answer is larger than 64 MB"):
        run_sandboxed(file, "SELECT n FROM range(10_000_000) t(n)", limits)


_LIMITED = """
import json, resource, socket
from roentgene.warehouse.sandbox_child import address_space_with, limit_process
limit_process(address_space_with(64), 30)
refused = {}
for name, action in {
    "file": lambda: open("/dev/null"),
    "socket": socket.socket,
    "memory": lambda: bytearray(10**9),
}.items():
    try:
        action()
    except (OSError, MemoryError) as error:
        refused[name] = type(error).__name__
limits = {n: resource.getrlimit(getattr(resource, n)) for n in
          ("RLIMIT_CORE", "RLIMIT_FSIZE", "RLIMIT_NPROC", "RLIMIT_NOFILE")}
print(json.dumps([refused, limits]))
"""


def test_the_process_itself_can_take_nothing_more() -> None:
    refused, limits = json.loads(_python(_LIMITED))
    assert refused == {"file": "OSError", "socket": "OSError", "memory": "MemoryError"}
    assert all(limit == [0, 0] for limit in limits.values())


def test_the_child_inherits_nothing_and_its_arguments_say_nothing(
    file: Path, watched: type[_Watched]
) -> None:
    run_sandboxed(file, "SELECT 'secret question'", LIMITS)
    ((command, options),) = watched.orders
    assert command == [sys.executable, "-I", "-X", "utf8", sandbox_child.__file__]
    assert options["env"] == {}
    assert options["start_new_session"] is True


def test_a_child_that_breaks_is_reported(file: Path, watched: type[_Watched]) -> None:
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(run_sandboxed, file, "SELECT sleep_ms(20000)", LIMITS)
        while not watched.started:
            time.sleep(0.01)
        watched.started[0].send_signal(signal.SIGSEGV)
        with pytest.raises((QueryError, WarehouseError), match=r"broke|did not start"):
            asked.result()


def test_the_folder_is_kept_out_of_error_messages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "analyst.duckdb"
    with duckdb.connect(str(file)) as con:
        con.execute("CREATE TABLE t AS SELECT random() AS x FROM range(500000)")
    prepare = sandbox._prepare

    def prepare_and_cut(child: sandbox._Child, file: Path, limits: QueryLimits) -> None:
        prepare(child, file, limits)
        os.truncate(file, 300_000)

    monkeypatch.setattr(sandbox, "_prepare", prepare_and_cut)
    with pytest.raises(QueryError, match=r'file "analyst\.duckdb"') as caught:
        run_sandboxed(file, "SELECT sum(x) FROM t", LIMITS)
    assert str(tmp_path) not in str(caught.value)


def test_a_file_that_is_missing_or_none_of_ours_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="no analyst's file"):
        run_sandboxed(tmp_path / "analyst.duckdb", "SELECT 1", LIMITS)
    (tmp_path / "other.duckdb").write_text("no database" * 1000)
    with pytest.raises(WarehouseError, match="cannot be used"):
        run_sandboxed(tmp_path / "other.duckdb", "SELECT 1", LIMITS)


def test_a_system_that_cannot_limit_memory_is_refused(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(WarehouseError, match="Linux"):
        run_sandboxed(file, "SELECT 1", LIMITS)


def test_many_readers_at_once_and_a_folder_with_odd_letters(file: Path, tmp_path: Path) -> None:
    odd = tmp_path / "Röntgen 'x'"
    odd.mkdir()
    shutil.copy(file, odd / "analyst.duckdb")
    with ThreadPoolExecutor(3) as pool:
        asked = [
            pool.submit(run_sandboxed, odd / "analyst.duckdb", f"SELECT {n} AS n", LIMITS)
            for n in range(4)
        ]
        assert [a.result().table.to_pydict() for a in asked] == [{"n": [n]} for n in range(4)]
