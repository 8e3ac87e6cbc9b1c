"""The operator's command after a run, and the log of the run."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from roentgene.app.on_finish import Finish, tell_command, words_of
from roentgene.app.run_log import RunLog, opened_log
from roentgene.schemas.scheduled import ScheduledIngest
from roentgene.warehouse.layout import Layout

PYTHON = (sys.executable, "-I", "-S", "-c")
# it starts a child of its own, as a script does, and both stay
STAYING = "import subprocess, sys; subprocess.run(['sleep', '1000'])"


def test_the_command_gets_the_run_on_its_standard_input(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    code = f"import sys; open({str(heard)!r}, 'wb').write(sys.stdin.buffer.read())"
    assert tell_command([*PYTHON, code], '{"ü": 1}', 60) == Finish(0, None)
    assert json.loads(heard.read_bytes()) == {"ü": 1}


def test_no_shell_sees_the_command() -> None:
    code = 'raise SystemExit(len(__import__("sys").argv))'
    words = words_of(f"{sys.executable} -I -S -c '{code}' ; touch x")
    assert tell_command(words, "", 60).exit_code == 4


@pytest.mark.parametrize(
    ("words", "exit_code", "told"),
    [
        ((*PYTHON, "raise SystemExit(3)"), 3, "ended with 3"),
        ((*PYTHON, "import os; os.kill(os.getpid(), 9)"), -9, "ended with -9"),
        (("/nonexistent/command",), None, "could not be started: No such file"),
        ((*PYTHON, "raise SystemExit(0)"), 0, None),
    ],
)
def test_how_it_ended_is_told(
    words: tuple[str, ...], exit_code: int | None, told: str | None
) -> None:
    finish = tell_command(words, "x" * 1_000_000, 60)  # more than a pipe holds
    assert finish.exit_code == exit_code
    assert (finish.failure is None) == (told is None)
    assert told is None or told in str(finish.failure)


def test_after_its_time_it_is_killed_with_what_it_started() -> None:
    finish = tell_command([*PYTHON, STAYING], "", 0.2)
    assert finish == Finish(None, f"{sys.executable} was stopped after 0.2 s")


@pytest.mark.parametrize("command", ["", "  ", "mail 'me"])
def test_what_is_no_command_is_refused(command: str) -> None:
    with pytest.raises(ValueError, match=r"no command|quotation"):
        words_of(command)


def lines(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_a_line_stands_in_the_file_before_the_next_step(tmp_path: Path) -> None:
    file = tmp_path / "log"
    with opened_log(Layout(tmp_path), ScheduledIngest(), file, "r1") as log:
        log.step("planned", source=1, n_new=4, error=None)
        (line,) = lines(file)
        assert {name: line[name] for name in ("run_id", "step", "source", "n_new")} == {
            **{"run_id": "r1", "step": "planned", "source": 1, "n_new": 4}
        }
        assert "error" not in line
        assert str(line["time"]).endswith("+00:00")
        assert isinstance(line["seconds"], float)
    with opened_log(Layout(tmp_path), ScheduledIngest(), file, "r2") as log:
        log.step("planned")
    assert [line["run_id"] for line in lines(file)] == ["r1", "r2"]
    assert not (tmp_path / "logs").exists()


def test_each_run_has_a_log_of_its_own_and_the_oldest_go(tmp_path: Path) -> None:
    settings = ScheduledIngest(keep_logs=2)
    runs = [f"2026110{day}T020000Z-00aa" for day in range(1, 5)]
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "mine.jsonl").write_text("")
    for run in runs:
        with opened_log(Layout(tmp_path), settings, None, run) as log:
            log.step("run_started")
    kept = sorted(path.stem for path in (tmp_path / "logs").iterdir())
    assert kept == [*runs[-2:], "mine"]


def test_where_no_folder_is_named_nothing_is_written(tmp_path: Path) -> None:
    with opened_log(Layout(tmp_path), ScheduledIngest(logs=None), None, "r") as log:
        assert isinstance(log, RunLog)
        log.step("run_started")
    assert list(tmp_path.iterdir()) == []
