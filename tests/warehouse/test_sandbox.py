import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from roentgene.schemas.errors import QueryError, WarehouseError
from roentgene.schemas.study import QueryLimits
from roentgene.warehouse import sandbox, sandbox_child
from roentgene.warehouse.connection import extension_file
from roentgene.warehouse.sandbox import run_sandboxed

CANARY = "canary7f3a"
LIMITS = QueryLimits(seconds=20, memory_mb=256, rows=100)


@dataclass(frozen=True)
class Attempt:
    group: str
    name: str
    sql: str
    unlocked: str = ""
    answers: bool = False

    def within(self, house: Path) -> str:
        sql = self.sql.replace("{extension}", str(extension_file("sqlite_scanner")))
        sql = sql.replace("{file}", str(house / "published" / "analyst.duckdb"))
        sql = sql.replace("{published}", str(house / "published"))
        return sql.replace("{host}", str(house / "host"))


def _attempts() -> list[Attempt]:
    text = Path(__file__).with_name("escape_attempts.yaml").read_text(encoding="utf-8")
    groups = yaml.safe_load(text).items()
    return [Attempt(group, name, **row) for group, rows in groups for name, row in rows.items()]


ATTEMPTS = _attempts()
EVERYDAY = (
    {"read_text", "read_csv", "glob", "name_of_parquet", "in_query_function", "sqlite_scan"}
    | {"attach_duckdb", "own_file", "environment", "copy_csv", "copy_over_own_file"}
    | {"copy_in_explain", "copy_after_pivot", "export", "attach_new", "create_table"}
    | {"log_to_file", "install", "load_file", "unknown_spatial", "shell_pipe", "https_name"}
    | {"configuration", "paths", "module", "secrets"}
)


def _cases(attempts: Iterable[Attempt]) -> list[object]:
    """Every attempt takes a process; the long tail is left to the slow tests."""
    return [
        pytest.param(a, id=a.name, marks=() if a.name in EVERYDAY else pytest.mark.torture)
        for a in attempts
    ]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the analyst's file, and one beside it that is nobody else's business."""
    house = tmp_path_factory.mktemp("sandbox") / "house"
    host, published = house / "host", house / "published"
    host.mkdir(parents=True)
    published.mkdir()
    secret = {CANARY: [CANARY]}
    (host / f"{CANARY}.txt").touch()
    (host / "secret.txt").write_text(CANARY)
    (host / "secret.csv").write_text(f"{CANARY},n\n{CANARY},1\n")
    (host / "secret.json").write_text(json.dumps({CANARY: CANARY}))
    pq.write_table(pa.table(secret), host / "secret.parquet")
    with sqlite3.connect(host / "secret.sqlite") as lite:
        lite.execute("CREATE TABLE t AS SELECT 'canary7f3a' AS s")
    lite.close()
    with duckdb.connect(str(host / "secret.duckdb")) as con:
        con.execute("CREATE TABLE t AS SELECT 'canary7f3a' AS s")
    (published / "link.txt").symlink_to("../host/secret.txt")
    _fill(published / "analyst.duckdb")
    return house


def _fill(file: Path) -> None:
    with duckdb.connect(str(file)) as con:
        con.execute("CREATE SCHEMA study")
        con.execute("CREATE SCHEMA mart")
        con.execute("CREATE TABLE study.patient (patient_id VARCHAR, sex VARCHAR, age DOUBLE)")
        con.execute(
            "INSERT INTO study.patient VALUES ('p1', 'F', 40), ('p2', 'M', 50), ('p3', 'F', 70)"
        )
        con.execute("CREATE TABLE study.scan (patient_id VARCHAR, day INTEGER, volume DOUBLE)")
        con.execute("INSERT INTO study.scan VALUES ('p1', 0, 10), ('p1', 90, 15), ('p2', 0, 8)")
        con.execute("CREATE VIEW mart.women AS SELECT * FROM study.patient WHERE sex = 'F'")


@pytest.fixture(scope="module")
def file(house: Path) -> Path:
    return house / "published" / "analyst.duckdb"


def _state(folder: Path) -> dict[str, str]:
    """Every path below a folder with its mode and the hash of its content."""
    return {
        str(path.relative_to(folder)): f"{path.lstat().st_mode:o} "
        + (hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "")
        for path in sorted(folder.rglob("*"))
    }


@dataclass(frozen=True)
class Outcome:
    refused: bool
    words: str
    before: Mapping[str, str]
    after: Mapping[str, str]


def _try_sandboxed(attempt: Attempt, house: Path) -> Outcome:
    before = _state(house)
    try:
        result = run_sandboxed(
            house / "published" / "analyst.duckdb", attempt.within(house), LIMITS
        )
    except QueryError as error:
        return Outcome(True, str(error), before, _state(house))
    return Outcome(False, str(result.table.to_pydict()), before, _state(house))


@pytest.fixture(scope="module")
def outcomes(
    request: pytest.FixtureRequest, house: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[Attempt, Future[Outcome]]]:
    """Each attempt in a copy of the house, two at once, for a child takes a while to start."""
    cases = [item.callspec for item in request.session.items if hasattr(item, "callspec")]
    asked = [case.params["escape"] for case in cases if "escape" in case.params]
    with ThreadPoolExecutor(2) as pool:
        yield {
            attempt: pool.submit(_try_sandboxed, attempt, _copy(house, tmp_path_factory))
            for attempt in asked
        }


def _copy(house: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("attempt") / "house"
    shutil.copytree(house, copy, symlinks=True)
    return copy


@pytest.mark.parametrize("escape", _cases(ATTEMPTS))
def test_no_way_out(escape: Attempt, outcomes: Mapping[Attempt, Future[Outcome]]) -> None:
    outcome = outcomes[escape].result()
    assert CANARY not in outcome.words
    assert outcome.after == outcome.before
    assert outcome.refused or escape.answers
    if outcome.refused and "{" not in escape.sql:
        assert "/house" not in outcome.words


@pytest.mark.parametrize("control", _cases(a for a in ATTEMPTS if a.unlocked))
def test_the_same_attempt_succeeds_where_nothing_is_locked(
    control: Attempt, house: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    copy = _copy(house, tmp_path_factory)
    before = _state(copy)
    with duckdb.connect(str(copy / "published" / "analyst.duckdb")) as con:
        answer = str(con.execute(control.within(copy)).fetchall())
    if control.unlocked == "reads":
        assert CANARY in answer
    else:
        assert _state(copy) != before


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
