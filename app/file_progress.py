"""How far one is with many files: a bar on a terminal, otherwise a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from roentgene.app.terminal import counted, note

OnFile: TypeAlias = Callable[[str, int, int], None]

_LINE_EVERY_SECONDS = 30.0


@contextmanager
def shown_files(doing: str) -> Iterator[OnFile]:
    """Show on standard error how far one is with many files.

    Parameters
    ----------
    doing : str
        What is done with each, such as ``copying``.

    Yields
    ------
    callable
        To be told the path of each file, its number, and how many there are.
    """
    if not sys.stderr.isatty():
        yield FileLines(doing, note)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=None)

        def show(path: str, number: int, n_files: int) -> None:
            bar.update(task, total=n_files, completed=number)

        yield show


class FileLines:
    """Lines for a log, one every half minute.

    Parameters
    ----------
    doing : str
        What is done with each file.
    write : callable
        Takes a line.
    clock : callable
        Gives seconds.
    """

    def __init__(
        self,
        doing: str,
        write: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._doing = doing
        self._write = write
        self._clock = clock
        self._last = clock()

    def __call__(self, path: str, number: int, n_files: int) -> None:
        """Write a line if it is time for one."""
        now = self._clock()
        if now - self._last >= _LINE_EVERY_SECONDS:
            self._last = now
            self._write(f"{self._doing}: {number:,} of {counted(n_files, 'file')}")
