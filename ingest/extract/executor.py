"""Who carries out the cases: one process after the other, or a pool on this machine.

An executor sees a task and cases and says what became of each. It knows nothing of images, so
that a cluster or a job array can take its place.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal, Protocol

from roentgene.ingest.extract.work import Case

Task = Callable[[Case], object]
Error = Literal["worker_died", "engine_failed"]

_LONGEST_DETAIL = 300
_DIED = "its worker process was killed, the last time with no other case under way"

# Threads below a worker process gain nothing and fight for the cores; these are read once, when
# numpy and ITK are loaded.
_ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1",
}


@dataclass(frozen=True)
class Outcome:
    """What became of a case.

    Parameters
    ----------
    case : Case
        The case.
    error : {'worker_died', 'engine_failed'} or None
        Reason code; None where the task came to its end.
    detail : str or None
        What happened, in one line.
    """

    case: Case
    error: Error | None = None
    detail: str | None = None


class Executor(Protocol):
    """Carries out a task for each of many cases."""

    def run(self, task: Task, cases: Iterable[Case]) -> Iterator[Outcome]:
        """Give one outcome a case, in the order in which they end.

        Parameters
        ----------
        task : callable
            A function at the top of a module, which another process can import.
        cases : iterable of Case
            What to carry out.
        """


class Serial:
    """In this process, one case after the other."""

    def run(self, task: Task, cases: Iterable[Case]) -> Iterator[Outcome]:
        """Carry out the cases in the order given."""
        for case in cases:
            try:
                task(case)
            except Exception as error:
                yield _failed(case, error)
            else:
                yield Outcome(case)


class LocalPool:
    """Spawned worker processes on this machine, the largest case first.

    A worker that is killed takes nothing with it but its own case: the cases under way are tried
    again one by one, each alone, and only one that kills its worker again is given up.

    Parameters
    ----------
    workers : int
        Number of processes.
    """

    def __init__(self, workers: int) -> None:
        if workers < 1:
            msg = "a pool needs at least one worker"
            raise ValueError(msg)
        self._workers = workers

    def run(self, task: Task, cases: Iterable[Case]) -> Iterator[Outcome]:
        """Carry out the cases; see :class:`Executor`.

        Closing the iterator, or Ctrl-C, starts nothing more and waits for what is under way.
        """
        waiting = deque(sorted(cases, key=_size, reverse=True))
        while waiting:
            suspects: list[Case] = []
            yield from self._until_broken(task, waiting, suspects)
            yield from _one_by_one(task, suspects)

    def _until_broken(
        self, task: Task, waiting: deque[Case], suspects: list[Case]
    ) -> Iterator[Outcome]:
        """Work the queue down; where the pool breaks, leave what was under way in suspects."""
        running: dict[Future[object], Case] = {}
        with _pool(self._workers) as pool:
            while running or (waiting and not suspects):
                # nothing is handed out ahead: whatever is under way is suspect after a death
                while waiting and not suspects and len(running) < self._workers:
                    case = waiting.popleft()
                    try:
                        running[_submit(pool, task, case)] = case
                    except BrokenProcessPool:
                        suspects.append(case)
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    case = running.pop(future)
                    if isinstance(error := future.exception(), BrokenProcessPool):
                        suspects.append(case)
                    else:
                        yield Outcome(case) if error is None else _failed(case, error)


def _one_by_one(task: Task, cases: Iterable[Case]) -> Iterator[Outcome]:
    """Try cases again with one worker and one case at a time, so that a death has one cause."""
    waiting = deque(cases)
    while waiting:
        broken = False
        with _pool(1) as pool:
            while waiting and not broken:
                case = waiting.popleft()
                try:
                    _submit(pool, task, case).result()
                except BrokenProcessPool:
                    broken = True
                    yield Outcome(case, "worker_died", _DIED)
                except Exception as error:
                    yield _failed(case, error)
                else:
                    yield Outcome(case)


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, get_context("spawn"), initializer=_start_worker)


def _submit(pool: ProcessPoolExecutor, task: Task, case: Case) -> Future[object]:
    # workers are started by submit, and take the environment of that moment
    with _environment(_ONE_THREAD):
        return pool.submit(task, case)


def _start_worker() -> None:
    """Let Ctrl-C in a terminal end a worker at once and without a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def _environment(changed: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _size(case: Case) -> int:
    """About how long a case takes: bytes of its image times extractions."""
    path = Path(case.path)
    return (path.stat().st_size if path.is_file() else 0) * case.n_due


def _failed(case: Case, error: BaseException) -> Outcome:
    return Outcome(case, "engine_failed", one_line(error))


def one_line(error: BaseException) -> str:
    """Say in one line what an exception says: its kind and the first line of its text."""
    lines: list[Any] = str(error).strip().splitlines()
    text = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    return text[:_LONGEST_DETAIL]
