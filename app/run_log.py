"""The log of a run that nobody watches: one JSON object a line, and no word from the data.

Names of files may hold those of people, and so may messages: a line tells of a cohort by its id or
its place in ``study.yaml``, and of an error by its code.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from roentgene.schemas.scheduled import ScheduledIngest
    from roentgene.warehouse.layout import Layout

_SUFFIX = ".jsonl"
Fact = str | int | None


class RunLog:
    """Writes what a run does, step by step.

    Parameters
    ----------
    write : callable
        Takes a line.
    run_id : str
        The run, which every line names.
    """

    def __init__(self, write: Callable[[str], object], run_id: str) -> None:
        self._write = write
        self._run_id = run_id
        self._last = time.monotonic()

    def step(self, step: str, **facts: Fact) -> None:
        """Write a line: what has been done, its counts, and the seconds since the line before.

        Parameters
        ----------
        step : str
            What has been done.
        **facts : str, int or None
            Counts and codes; what is None is left out.
        """
        now = time.monotonic()
        told = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "run_id": self._run_id,
            "step": step,
            **{name: fact for name, fact in facts.items() if fact is not None},
            "seconds": round(now - self._last, 3),
        }
        self._last = now
        self._write(json.dumps(told, ensure_ascii=False) + "\n")


@contextmanager
def opened_log(
    layout: Layout, settings: ScheduledIngest, file: Path | None, run_id: str
) -> Iterator[RunLog]:
    """Open the log of a run.

    Parameters
    ----------
    layout : Layout
        The warehouse.
    settings : ScheduledIngest
        Where logs lie, and how many are kept.
    file : Path or None
        A file that is added to; without it, a file of the run's own in the folder of the settings.
    run_id : str
        The run.

    Yields
    ------
    RunLog
        It writes nothing where the settings name no folder.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    folder = None if settings.logs is None else layout.root / settings.logs
    if file is None and folder is None:
        yield RunLog(str, run_id)
        return
    if file is None and folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        _forget_oldest(folder, settings.keep_logs - 1)
        file = folder / f"{run_id}{_SUFFIX}"
    assert file is not None  # noqa: S101 - one of the two is there
    # a line is with the system before the next step begins, so that a kill leaves what was done
    with file.open("a", encoding="utf-8", buffering=1) as stream:
        yield RunLog(stream.write, run_id)


def _forget_oldest(folder: Path, n_kept: int) -> None:
    """Remove the oldest logs; their names begin with the time of the run."""
    logs = sorted(folder.glob(f"????????T??????Z-????{_SUFFIX}"))
    for log in logs[: max(len(logs) - n_kept, 0)]:
        log.unlink(missing_ok=True)
