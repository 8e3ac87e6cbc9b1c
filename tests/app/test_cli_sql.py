"""``roentgene sql``: forms of the answer, parameters, snapshots, the sandbox."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from roentgene.app import answer
from roentgene.app.answer import Format, write_answer


def csv_of(sql: str) -> str:
    stream = io.BytesIO()
    write_answer(duckdb.sql(sql).to_arrow_table(), Format.CSV, stream)
    return stream.getvalue().decode()


def test_csv_is_what_a_shell_expects(roentgene: Callable[..., Any], made_study: Path) -> None:
    query = "SELECT patient_id, 841 || ' ' || 36 AS counts FROM study.patient ORDER BY 1 LIMIT 2"
    answer = roentgene("sql", query, "-w", made_study, "--format", "csv")
    assert answer.out == "patient_id,counts\nP01,841 36\nP02,841 36\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("NULL", ""),
        ("''", '""'),
        ("'a,b'", '"a,b"'),
        ("'a\"b'", '"a""b"'),
        ("'a' || chr(10) || 'b'", '"a\nb"'),
        ("' a '", " a "),
        ("true", "true"),
        ("1e300::DOUBLE", "1e+300"),
        ("0.1::DOUBLE + 0.2", "0.30000000000000004"),
        ("2::DOUBLE", "2.0"),
        ("'nan'::DOUBLE", "nan"),
        ("1.50::DECIMAL(4, 2)", "1.50"),
        ("sum(170141183460469231731687303715884105727::HUGEINT)", str(2**127 - 1)),
        ("TIMESTAMPTZ '2026-01-02 03:04:05+01'", "2026-01-02 02:04:05.000000Z"),
        ("DATE '2026-01-02'", "2026-01-02"),
        ("[1, NULL]", '"[1, null]"'),
        ("{'a': 'x'}", '"{""a"": ""x""}"'),
    ],
)
def test_csv_of_each_type(value: str, text: str) -> None:
    assert csv_of(f"SELECT {value} AS v, 1 AS n") == f"v,n\n{text},1\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        # findings read back as they are stored
        ("+7/-10", "+7/-10"),
        ("-", "-"),
    ],
)
def test_csv_runs_nothing_in_a_spreadsheet(value: str, text: str) -> None:
    quoted = value.replace("'", "''")
    assert csv_of(f"SELECT '{quoted}' AS v") == f"v\n{text}\n"


def test_csv_numbers_read_back_to_the_bit() -> None:
    values = [1 / 3, 1e-310, -0.0, 123456789.123456789, 5e-324]
    stream = io.BytesIO()
    write_answer(pa.table({"v": values}), Format.CSV, stream)
    read = [float(row["v"]) for row in csv.DictReader(io.StringIO(stream.getvalue().decode()))]
    assert [value.hex() for value in read] == [value.hex() for value in values]


def test_csv_of_no_rows_has_its_header() -> None:
    assert csv_of('SELECT 1 AS a, 2 AS "b,c" WHERE false') == 'a,"b,c"\n'


def test_json_is_json_whatever_the_values(roentgene: Callable[..., Any], made_study: Path) -> None:
    query = (
        "SELECT 1 AS n, NULL AS missing, 'nan'::DOUBLE AS nan, '-inf'::DOUBLE AS low, "
        "sum(5) AS total, 'é' AS text, [DATE '2026-01-02'] AS days, 1 AS n, '\\x01'::BLOB AS b"
    )
    answer = roentgene("sql", query, "-w", made_study, "--format", "json")
    assert answer.json == [
        {
            "n": 1,
            "missing": None,
            "nan": "NaN",
            "low": "-Infinity",
            "total": 5,
            "text": "é",
            "days": ["2026-01-02"],
            "n_1": 1,
            "b": "01",
        }
    ]
    assert roentgene("sql", query, "-w", made_study, "--json").out == answer.out
    assert roentgene("sql", "SELECT 1 WHERE false", "-w", made_study, "--json").json == []


def test_table_lines_up_and_says_what_it_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer, "_SHOWN_ROWS", 2)
    stream = io.BytesIO()
    rows = pa.table({"name": ["漢", None, "c"], "n": [Decimal(1), None, None]})
    write_answer(rows, Format.TABLE, stream)
    assert stream.getvalue().decode().splitlines() == [
        "name     n",
        "────  ────",
        "漢       1",
        "NULL  NULL",
        "… and 1 row more: --format csv writes them all",
    ]


def test_data_does_not_steer_the_terminal(roentgene: Callable[..., Any], made_study: Path) -> None:
    answer = roentgene("sql", "SELECT 'a' || chr(27) || '[31m' || chr(10) AS v", "-w", made_study)
    assert answer.out.splitlines()[2] == "a\\x1b[31m\\n"


def test_parquet_keeps_the_types(
    roentgene: Callable[..., Any], made_study: Path, tmp_path: Path
) -> None:
    file = tmp_path / "answer.parquet"
    query = "SELECT 1::SMALLINT AS n, [1.5] AS v"
    answer = roentgene("sql", query, "-w", made_study, "--format", "parquet", "--output", file)
    assert (answer.exit_code, answer.out) == (0, "")
    assert pq.read_table(file).to_pylist() == [{"n": 1, "v": [1.5]}]
    assert pq.read_table(file).schema.field("n").type == pa.int16()
    assert [path.name for path in tmp_path.iterdir()] == ["answer.parquet"]


def test_parquet_does_not_go_to_a_terminal(
    roentgene: Callable[..., Any], made_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = ("sql", "SELECT 1", "-w", made_study, "--format", "parquet")

    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("roentgene.app.commands.sql.sys", _System(Terminal(io.BytesIO())))
    answer = roentgene(*query)
    assert answer.exit_code == 2
    assert "--output" in answer.err


class _System:
    """The module sys with another standard output."""

    def __init__(self, stdout: Any) -> None:
        self.stdout = stdout
        self.stdin = sys.stdin


def test_a_failed_query_leaves_the_former_file(
    roentgene: Callable[..., Any], made_study: Path, tmp_path: Path
) -> None:
    file = tmp_path / "answer.csv"
    file.write_text("before", encoding="utf-8")
    answer = roentgene("sql", "SELECT nope", "-w", made_study, "--output", file)
    assert answer.exit_code == 2
    assert answer.err.startswith('error: Binder Error: Referenced column "nope"')
    assert file.read_text(encoding="utf-8") == "before"


def test_the_statement_comes_from_a_file_or_from_standard_input(
    roentgene: Callable[..., Any], made_study: Path, tmp_path: Path
) -> None:
    file = tmp_path / "q.sql"
    file.write_text("SELECT 7 AS n", encoding="utf-8")
    common = ("-w", made_study, "--format", "csv")
    assert roentgene("sql", "--file", file, *common).out == "n\n7\n"
    assert roentgene("sql", "-", *common, stdin="SELECT 8 AS n").out == "n\n8\n"
    assert roentgene("sql", "SELECT 1", "--file", file, *common).exit_code == 2
    assert roentgene("sql", *common).exit_code == 2
    missing = roentgene("sql", "--file", tmp_path / "no.sql", *common)
    assert (missing.exit_code, missing.err.count("\n")) == (2, 1)


def test_parameters_are_bound_and_not_put_into_the_text(
    roentgene: Callable[..., Any], made_study: Path
) -> None:
    query = "SELECT count(*) AS n FROM study.patient WHERE patient_id = $p"
    for value, n in (("P01", 1), ("x' OR '1'='1", 0), ("a=b", 0)):
        answer = roentgene("sql", query, "--param", f"p={value}", "-w", made_study, "--json")
        assert answer.json == [{"n": n}]
    number = "SELECT measurement_id FROM imaging.measurement WHERE measurement_id = $n"
    answer = roentgene("sql", number, "--param", "n=3", "-w", made_study, "--json")
    assert answer.json == [{"measurement_id": 3}]
    assert roentgene("sql", query, "--param", "p", "-w", made_study).exit_code == 2


def test_at_asks_of_what_was_known_then(roentgene: Callable[..., Any], made_study: Path) -> None:
    query = ("sql", "SELECT count(*) AS n FROM study.patient", "-w", made_study, "--json")
    assert roentgene(*query, "--at", "3").json == [{"n": 0}]
    assert roentgene(*query, "--at", "4").json == [{"n": 8}]
    assert roentgene(*query, "--at", "2999-01-01").json == [{"n": 8}]
    gone = roentgene(*query, "--at", "99")
    assert (gone.exit_code, "snapshot 99 does not exist" in gone.err) == (2, True)


def test_it_reads_only(roentgene: Callable[..., Any], made_study: Path) -> None:
    answer = roentgene("sql", "DELETE FROM study.patient", "-w", made_study)
    assert answer.exit_code == 2
    assert answer.err.startswith("error: DELETE is not allowed here")


def test_an_answer_that_is_cut_says_so(roentgene: Callable[..., Any], study: Path) -> None:
    with (study / "study.yaml").open("a", encoding="utf-8") as stream:
        stream.write("limits: {rows: 3}\n")
    answer = roentgene("sql", "FROM range(10)", "-w", study, "--format", "csv")
    assert answer.out.splitlines() == ["range", "0", "1", "2"]
    assert "more than these 3 rows" in answer.err


def test_the_sandbox_answers_from_the_analysts_file(
    roentgene: Callable[..., Any], made_study: Path
) -> None:
    common = ("--sandbox", "-w", made_study, "--format", "csv")
    assert roentgene("sql", "SELECT count(*) AS n FROM study.patient", *common).out == "n\n8\n"
    escape = roentgene("sql", "SELECT * FROM read_text('/proc/self/status')", *common)
    assert (escape.exit_code, escape.out) == (2, "")
    # what the sandbox does not offer is refused and not left out in silence
    assert roentgene("sql", "SELECT 1", "--at", "1", *common).exit_code == 2
    assert roentgene("sql", "SELECT $a", "--param", "a=1", *common).exit_code == 2


def test_a_short_answer_does_without_pandas(made_study: Path) -> None:
    code = (
        "import sys; from roentgene.app.cli import main\n"
        "try: main()\n"
        "finally: sys.stderr.write(str('pandas' in sys.modules))"
    )
    query = "SELECT 1 AS a, 'x' AS b, now() AS c, 0.5 AS d, NULL AS e"
    for form in ("csv", "json", "table"):
        command = [sys.executable, "-c", code, "sql", query, "--format", form]
        done = subprocess.run(
            [*command, "-w", str(made_study)], capture_output=True, text=True, check=True
        )
        assert (form, done.stderr) == (form, "False")
