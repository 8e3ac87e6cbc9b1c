"""How far an extraction is: a bar on a terminal, otherwise a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from roentgene.app.terminal import counted, note

if TYPE_CHECKING:
    from roentgene.ingest.run import Progress

OnProgress: TypeAlias = "Callable[[Progress], None]"

_LINE_EVERY_SECONDS = 30.0


@contextmanager
def shown_progress() -> Iterator[OnProgress]:
    """Show on standard error how far an extraction is.

    Yields
    ------
    callable
        To be told the progress, once before the first case and after each.
    """
    if not sys.stderr.isatty():
        yield ProgressLines(note)
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
            words = describe(progress, pace.seconds_left(progress))
            bar.update(task, total=progress.n_total, completed=progress.n_done, description=words)

        yield show


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

    def seconds_left(self, progress: Progress) -> float | None:
        """Time left at the pace so far; None until a case has come to its end."""
        now = self._clock()
        if self._n_before is None or progress.n_done < self._n_done:
            # cases staged by an earlier run say nothing of the pace of this one
            self._start, self._n_before = now, progress.n_done
        self._n_done = progress.n_done
        n_finished = progress.n_done - self._n_before
        if n_finished == 0:
            return None
        return (now - self._start) / n_finished * (progress.n_total - progress.n_done)


class ProgressLines:
    """Lines for a log: the first, the last, and one every half minute.

    Parameters
    ----------
    write : callable
        Takes a line.
    clock : callable
        Gives seconds.
    """

    def __init__(
        self, write: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._write = write
        self._clock = clock
        self._pace = Pace(clock)
        self._last = -_LINE_EVERY_SECONDS

    def __call__(self, progress: Progress) -> None:
        """Write a line if it is time for one."""
        seconds_left = self._pace.seconds_left(progress)
        now = self._clock()
        ended = progress.n_done == progress.n_total
        if progress.n_total and (ended or now - self._last >= _LINE_EVERY_SECONDS):
            self._last = now
            self._write(describe(progress, seconds_left))


def describe(progress: Progress, seconds_left: float | None) -> str:
    """Say how far an extraction is: done, failed, left, and the time left."""
    parts = [f"{progress.n_done:,} of {counted(progress.n_total, 'case')} done"]
    if progress.n_failed:
        parts.append(f"{progress.n_failed:,} failed")
    n_left = progress.n_total - progress.n_done
    if not n_left:
        return f"{', '.join(parts)}; checking and committing"
    parts.append(f"{n_left:,} left")
    if seconds_left is not None:
        parts.append(f"about {_duration(seconds_left)} to go")
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
