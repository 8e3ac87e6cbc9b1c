"""``roentgene schedule``: units and cron lines that mean what was asked, whatever a path holds."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from roentgene.app.crontab import cron_line, with_line
from roentgene.app.schedule_times import Every, Times
from roentgene.app.scheduled_command import scheduled_words, timer_name
from roentgene.app.systemd_units import exec_line, unit_texts
from roentgene.schemas.errors import FileError

AWKWARD = ["/data/my study", '/data/5 "%h" \\n', "/data/$HOME's", "/data/naïve;rm -rf &"]
NOW = datetime(2026, 11, 22, 7, 5, 30)  # a Sunday


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for units, and a crontab that is a file."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    program = tmp_path / "bin" / "crontab"
    program.parent.mkdir()
    table = shlex.quote(str(tmp_path / "crontab.txt"))
    program.write_text(f'#!/bin/sh\nif [ "$1" = -l ]; then cat {table}; else cat > {table}; fi\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


@pytest.mark.parametrize(
    ("every", "at", "on_calendar", "of_cron", "after"),
    [
        (Every.HOURLY, "09:05", "*-*-* *:05:00", "5 * * * *", datetime(2026, 11, 22, 8, 5)),
        (Every.HOURLY, "00:06", "*-*-* *:06:00", "6 * * * *", datetime(2026, 11, 22, 7, 6)),
        (Every.DAILY, "02:30", "*-*-* 02:30:00", "30 2 * * *", datetime(2026, 11, 23, 2, 30)),
        (Every.DAILY, "23:59", "*-*-* 23:59:00", "59 23 * * *", datetime(2026, 11, 22, 23, 59)),
        (Every.WEEKLY, "02:30", "Mon *-*-* 02:30:00", "30 2 * * 1", datetime(2026, 11, 23, 2, 30)),
        (Every.MONTHLY, "02:30", "*-*-01 02:30:00", "30 2 1 * *", datetime(2026, 12, 1, 2, 30)),
    ],
)
def test_times(every: Every, at: str, on_calendar: str, of_cron: str, after: datetime) -> None:
    times = Times.at(every, at)
    assert (times.on_calendar, times.of_cron) == (on_calendar, of_cron)
    assert times.next_after(NOW) == after


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
@pytest.mark.parametrize("every", Every)
def test_systemd_reads_the_same_next_time(every: Every) -> None:
    times = Times.at(every, "02:30")
    words = ("systemd-analyze", "calendar", f"--base-time={NOW:%Y-%m-%d %H:%M:%S}")
    told = subprocess.run([*words, times.on_calendar], capture_output=True, text=True, check=True)
    assert f"{times.next_after(NOW):%Y-%m-%d %H:%M:00}" in told.stdout


@pytest.mark.parametrize("at", ["24:00", "2:30", "02:60", "", "02:30:00", "0٢:30"])
def test_what_is_no_time_of_day_is_refused(at: str, roentgene: Callable[..., Any]) -> None:
    answer = roentgene("schedule", "daily", "--at", at)
    assert answer.exit_code == 2
    assert "is no time of day" in answer.err


def unquoted(line: str) -> list[str]:
    """Take words out of ExecStart as systemd documents it."""
    words, word, quoted = [], "", False
    signs = iter(line)
    for sign in signs:
        if sign == '"':
            words += [word] if quoted else []
            word, quoted = "", not quoted
        elif sign == "\\":
            word += next(signs)
        elif sign in "%$" and ((quoted and len(words) > 0) or sign == "%"):
            assert next(signs) == sign, f"a single {sign} is taken for something else"
            word += sign
        elif quoted:
            word += sign
    return words


@pytest.mark.parametrize("folder", AWKWARD)
def test_systemd_takes_every_word_as_it_is(folder: str) -> None:
    words = scheduled_words(Path(folder), ["--on-finish", "mail -s '100 %' \"$USER\""])
    assert unquoted(exec_line(words)) == words


@pytest.mark.parametrize("folder", AWKWARD)
def test_the_shell_of_cron_takes_every_word_as_it_is(folder: str) -> None:
    words = scheduled_words(Path(folder), [])
    line = cron_line("n", words, Times(Every.DAILY, 2, 30))
    command = line.removeprefix("30 2 * * * ")
    assert "%" not in command.replace("\\%", "")
    code = "import json, sys; print(json.dumps(sys.argv[1:]))"
    shown = f"{shlex.join([sys.executable, '-ISc', code])} {command}".replace("\\%", "%")
    told = subprocess.run(["/bin/sh", "-c", shown], capture_output=True, text=True, check=True)
    assert json.loads(told.stdout) == words


def test_a_line_break_in_a_path_is_refused() -> None:
    with pytest.raises(FileError, match="line break"):
        scheduled_words(Path("/data/a\n* * * * * root evil"), [])


def test_a_description_stays_on_its_line() -> None:
    texts = unit_texts("n", "5 %\nExecStart=evil \\", ["/bin/r"], Times(Every.DAILY, 2, 30))
    for text in texts.values():
        (line,) = (one for one in text.splitlines() if one.startswith("Description="))
        assert line.rstrip().endswith("of 5 %% ExecStart=evil")
        assert sum(one.startswith("ExecStart=") for one in text.splitlines()) <= 1


def test_units_are_written_shown_and_removed(
    roentgene: Callable[..., Any], made_study: Path, home: Path
) -> None:
    folder = home / "config" / "systemd" / "user"
    words = ("schedule", "monthly", "--at", "03:15", "-w", made_study)
    shown = roentgene(*words, "--dry-run")
    assert shown.exit_code == 0
    assert "OnCalendar=*-*-01 03:15:00" in shown.out
    assert not folder.exists()

    done = roentgene(*words, "--json")
    assert done.exit_code == 0
    name = timer_name(made_study)
    assert sorted(path.name for path in folder.iterdir()) == [f"{name}.service", f"{name}.timer"]
    assert {path: Path(path).read_text() for path in done.json["files"]} == done.json["files"]
    service = (folder / f"{name}.service").read_text()
    assert f'"ingest" "run" "--pending" "--warehouse" "{made_study}"' in service
    assert "SuccessExitStatus=75" in service
    assert datetime.fromisoformat(done.json["next_run"]).strftime("%d %H:%M") == "01 03:15"
    assert f"systemctl --user enable --now {name}.timer" in done.json["then"]

    (folder / "timers.target.wants").mkdir()
    enabled = folder / "timers.target.wants" / f"{name}.timer"
    enabled.symlink_to(folder / f"{name}.timer")
    (folder / "other.timer").write_text("")
    assert roentgene("schedule", "--remove", "--dry-run", "-w", made_study).exit_code == 0
    assert enabled.is_symlink()
    gone = roentgene("schedule", "--remove", "--json", "-w", made_study)
    assert len(gone.json["removed"]) == 3
    assert [path.name for path in folder.rglob("*") if path.is_file()] == ["other.timer"]
    again = roentgene("schedule", "--remove", "-w", made_study)
    assert again.out.startswith("nothing to remove")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_verifies_the_units(tmp_path: Path) -> None:
    folder = tmp_path / "my 5 % $x study"
    words = ["/bin/true", *scheduled_words(folder, ["--on-finish", "a 'b c'"])[1:]]
    texts = unit_texts("roentgene-x", "Glioma 100 %", words, Times(Every.WEEKLY, 2, 30))
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    files = [str(tmp_path / name) for name in texts]
    command = ["systemd-analyze", "--user", "verify", "--man=no", *files]
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    told = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert not [line for line in told.stderr.splitlines() if "roentgene-x" in line]


def test_a_crontab_keeps_its_other_lines(
    roentgene: Callable[..., Any], made_study: Path, home: Path
) -> None:
    table = home / "crontab.txt"
    table.write_text("MAILTO=me\n0 1 * * * backup # mine\n")
    words = ("schedule", "-w", made_study, "--cron")
    assert roentgene(*words, "--dry-run").exit_code == 0
    assert len(table.read_text().splitlines()) == 2
    assert roentgene(*words).exit_code == 0
    done = roentgene(*words[:1], "weekly", *words[1:], "--json")
    lines = table.read_text().splitlines()
    assert lines == ["MAILTO=me", "0 1 * * * backup # mine", done.json["line"]]
    assert lines[-1].startswith("30 2 * * 1 ")
    gone = roentgene(*words, "--remove", "--json")
    assert gone.json["removed"] == lines[-1:]
    assert table.read_text().splitlines() == lines[:2]


def test_without_cron_the_way_out_is_told(
    roentgene: Callable[..., Any], made_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    answer = roentgene("schedule", "--cron", "-w", made_study)
    assert answer.exit_code == 2
    assert "'--dry-run' shows the line" in answer.err
    assert roentgene("schedule", "--cron", "--dry-run", "-w", made_study).exit_code == 0


def test_two_folders_of_one_name_have_two_timers() -> None:
    assert timer_name(Path("/a/study")) != timer_name(Path("/b/study"))
    table = with_line("", timer_name(Path("/a/study")), "x # " + timer_name(Path("/a/study")))
    assert with_line(table, timer_name(Path("/b/study")), None) == table
