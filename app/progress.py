"""How far an extraction is: a bar on a terminal, otherwise a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from roentgene.app.terminal import counted, note

if TYPE_CHECKING:
    from roentgene.ingest.staging.cases import Progress

OnProgress: TypeAlias = "Callable[[Progress], None]"

_LINE_EVERY_SECONDS = 30.0


@contextmanager
def shown_progress(then: str = "checking and committing") -> Iterator[OnProgress]:
    """Show on standard error how far an extraction is.

    Parameters
    ----------
    then : str
        What comes after it; empty where nothing does.

    Yields
    ------
    callable
        To be told the progress, once before the first case and after each.
    """
    if not sys.stderr.isatty():
        yield ProgressLines(note, then=then)
        return
    from rich import progress as rich_progress
    from rich.console import Console

    columns = (
        rich_progress.BarColumn(),
        rich_progress.TextColumn("{task.description}"),
        rich_progress.TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with rich_progress.Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("planning", total=None)
        pace = Pace()

        def show(progress: Progress) -> None:
            words = describe(progress, pace.of(progress), then)
            bar.update(task, total=progress.n_total, completed=progress.n_done, description=words)

        yield show


@dataclass(frozen=True)
class Speed:
    """How fast an extraction goes.

    Parameters
    ----------
    seconds_left : float
        Time left at the pace so far.
    values_per_second : float
        Feature values a second so far.
    """

    seconds_left: float
    values_per_second: float


class Pace:
    """How fast cases come to their end.

    Parameters
    ----------
    clock : callable
        Gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._start = clock()
        self._n_before: int | None = None
        self._n_done = 0

    def of(self, progress: Progress) -> Speed | None:
        """Tell the pace so far; None until a case has come to its end."""
        now = self._clock()
        if self._n_before is None or progress.n_done < self._n_done:
            # cases staged by an earlier run say nothing of the pace of this one
            self._start, self._n_before = now, progress.n_done
        self._n_done = progress.n_done
        n_finished = progress.n_done - self._n_before
        seconds = now - self._start
        if n_finished == 0 or seconds <= 0:
            return None
        n_left = progress.n_total - progress.n_done
        return Speed(seconds / n_finished * n_left, progress.n_values / seconds)


class ProgressLines:
    """Lines for a log: the first, the last, and one every half minute.

    Parameters
    ----------
    write : callable
        Takes a line.
    clock : callable
        Gives seconds.
    then : str
        What comes after the extraction.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        then: str = "",
    ) -> None:
        self._write = write
        self._then = then
        self._clock = clock
        self._pace = Pace(clock)
        self._last = -_LINE_EVERY_SECONDS

    def __call__(self, progress: Progress) -> None:
        """Write a line if it is time for one."""
        speed = self._pace.of(progress)
        now = self._clock()
        ended = progress.n_done == progress.n_total
        if progress.n_total and (ended or now - self._last >= _LINE_EVERY_SECONDS):
            self._last = now
            self._write(describe(progress, speed, self._then))


def describe(progress: Progress, speed: Speed | None, then: str = "") -> str:
    """Say how far an extraction is: done, failed, left, features a second, and the time left."""
    parts = [f"{progress.n_done:,} of {counted(progress.n_total, 'case')} done"]
    if progress.n_failed:
        parts.append(f"{progress.n_failed:,} failed")
    n_left = progress.n_total - progress.n_done
    if n_left:
        parts.append(f"{n_left:,} left")
    if speed is not None and progress.n_values:
        parts.append(f"{speed.values_per_second:,.0f} features/s")
    if speed is not None and n_left:
        parts.append(f"about {_duration(speed.seconds_left)} to go")
    told = ", ".join(parts)
    return f"{told}; {then}" if then and not n_left else told


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
