"""What every command has in common: help at once, errors in one line, exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
import pytest

from roentgene.app.commands import status
from roentgene.schemas.errors import BatchRefusedError

HEAVY = {"duckdb", "pyarrow", "pandas", "numpy", "polars", "pydantic", "sqlglot", "yaml", "rich"}


def test_help_names_the_commands_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; from roentgene.app.cli import main\n"
        "try: main()\n"
        "finally: sys.stderr.write(' '.join(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "--help"], capture_output=True, text=True, check=True
    )
    for command in ("demo", "init", "ingest", "status", "gates", "quarantine", "sql", "views"):
        assert f"  {command} " in done.stdout
    assert done.stdout.index("  init ") < done.stdout.index("  ingest ")
    assert not HEAVY & {name.split(".")[0] for name in done.stderr.split()}


def test_version(roentgene: Callable[..., Any]) -> None:
    assert roentgene("--version").out == f"roentgene {version('roentgene')}\n"


def test_an_error_is_one_line_and_its_code(roentgene: Callable[..., Any], tmp_path: Path) -> None:
    answer = roentgene("status", "-w", tmp_path)
    assert (answer.exit_code, answer.out) == (3, "")
    assert answer.err.startswith(f"error: {tmp_path} is no warehouse")
    assert answer.err.count("\n") == 1
    assert "Make one with 'roentgene init" in answer.err


def test_an_error_is_an_object_for_a_program(roentgene: Callable[..., Any], tmp_path: Path) -> None:
    answer = roentgene("status", "--json", "-w", tmp_path)
    assert (answer.exit_code, answer.out) == (3, "")
    told = json.loads(answer.err)
    assert set(told) == {"code", "message", "cure"}
    assert told["code"] == "warehouse_unusable"


def test_a_wrong_call_is_told_apart(roentgene: Callable[..., Any]) -> None:
    answer = roentgene("status", "--nonsense")
    assert answer.exit_code == 2
    assert "No such option" in answer.err
    assert roentgene("nonsense").exit_code == 2


@pytest.mark.parametrize(
    ("error", "exit_code", "told"),
    [
        (BatchRefusedError("a key stands twice", "Report it"), 4, "a key stands twice. Report it"),
        (OSError(28, "No space left on device", "a"), 4, "a: No space left on device. Make room"),
        (duckdb.IOException("cannot read x\nmore"), 3, "cannot read x. 'roentgene doctor'"),
    ],
)
def test_errors_from_below_become_one_line(
    roentgene: Callable[..., Any],
    made_study: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    exit_code: int,
    told: str,
) -> None:
    def fail(_: object) -> None:
        raise error

    monkeypatch.setattr(status, "_cohorts", fail)
    answer = roentgene("status", "-w", made_study)
    assert answer.exit_code == exit_code
    assert answer.err.startswith(f"error: {told}")
    assert answer.err.count("\n") == 1


def test_a_fault_of_ours_is_no_answer_of_a_command(
    roentgene: Callable[..., Any], made_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        msg = "a broken promise"
        raise ZeroDivisionError(msg)

    monkeypatch.setattr(status, "_cohorts", fail)
    answer = roentgene("status", "-w", made_study)
    assert answer.exit_code == 70
    assert "ZeroDivisionError: a broken promise" in answer.err


def test_the_warehouse_is_found_upward_and_by_the_environment(
    roentgene: Callable[..., Any],
    made_study: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    count = ("sql", "SELECT count(*) FROM study.patient", "--format", "csv")
    monkeypatch.delenv("ROENTGENE_WAREHOUSE", raising=False)
    monkeypatch.chdir(tmp_path)
    assert roentgene(*count).exit_code == 3
    monkeypatch.setenv("ROENTGENE_WAREHOUSE", str(made_study))
    assert roentgene(*count).out.splitlines()[1] == "8"
    monkeypatch.delenv("ROENTGENE_WAREHOUSE")
    monkeypatch.chdir(made_study / "data")
    assert roentgene(*count).out.splitlines()[1] == "8"


def test_a_reader_who_has_seen_enough_gets_no_traceback(made_study: Path) -> None:
    code = "from roentgene.app.cli import main; main()"
    query = "SELECT repeat('x', 1000) FROM range(10000)"
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", code, "sql", query, "--format", "csv", "-w", str(made_study)],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writer)
    os.read(reader, 10)
    os.close(reader)
    _, told = process.communicate(timeout=60)
    assert "Traceback" not in told
