"""How far an extraction is: lines for a log, a bar on a terminal."""

from __future__ import annotations

import io
import sys

import pytest

from roentgene.app.progress import Pace, ProgressLines, Speed, describe, shown_progress
from roentgene.ingest.staging.cases import Progress


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_it_says_done_failed_left_features_a_second_and_time_left() -> None:
    assert describe(Progress(12, 1, 42, 9000), Speed(95.0, 1234.4)) == (
        "12 of 42 cases done, 1 failed, 30 left, 1,234 features/s, about 2 min to go"
    )
    assert describe(Progress(0, 0, 1), None) == "0 of 1 case done, 1 left"
    assert describe(Progress(1, 0, 9), Speed(20_000, 0)).endswith("left, about 5.6 h to go")


def test_at_the_end_it_says_what_comes_next() -> None:
    ended = Progress(42, 0, 42, 5000)
    assert describe(ended, Speed(0, 10), "checking") == (
        "42 of 42 cases done, 10 features/s; checking"
    )
    assert describe(ended, None) == "42 of 42 cases done"
    assert describe(Progress(41, 0, 42), None, "checking") == "41 of 42 cases done, 1 left"


def test_cases_staged_before_say_nothing_of_the_pace() -> None:
    clock = Clock()
    pace = Pace(clock)
    # 40 of 100 were staged by a run that was stopped
    assert pace.of(Progress(40, 0, 100)) is None
    clock.now += 20
    assert pace.of(Progress(50, 0, 100, 3000)) == Speed(pytest.approx(100), pytest.approx(150))


def test_the_pace_starts_anew_with_another_plan() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.of(Progress(0, 0, 10))
    clock.now += 100
    pace.of(Progress(10, 0, 10, 500))
    clock.now += 1000
    assert pace.of(Progress(0, 0, 4)) is None
    clock.now += 5
    assert pace.of(Progress(1, 0, 4, 50)) == Speed(pytest.approx(15), pytest.approx(10))


def test_a_log_gets_the_first_line_the_last_and_one_now_and_then() -> None:
    clock = Clock()
    lines: list[str] = []
    tell = ProgressLines(lines.append, clock)
    for done in range(101):
        tell(Progress(done, 0, 100))
        clock.now += 1
    assert [line.split()[0] for line in lines] == ["0", "30", "60", "90", "100"]
    assert "about 70 s to go" in lines[1]


def test_nothing_to_extract_is_no_line() -> None:
    lines: list[str] = []
    ProgressLines(lines.append)(Progress(0, 0, 0))
    assert lines == []


def test_without_a_terminal_there_is_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress() as tell:
        tell(Progress(0, 0, 2))
        tell(Progress(2, 1, 2))
    told = capsys.readouterr()
    assert told.out == ""
    assert (
        told.err
        == "0 of 2 cases done, 2 left\n2 of 2 cases done, 1 failed; checking and committing\n"
    )


def test_on_a_terminal_there_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with shown_progress() as tell:
        tell(Progress(1, 0, 2))
    assert "1 of 2 cases done, 1 left" in terminal.getvalue()
    assert "\x1b[" in terminal.getvalue()
