"""A pool of worker processes on this machine."""

from __future__ import annotations

import os
import signal
import sys
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import forkserver, get_context, resource_tracker

from roentgene.ingest.extract.executors import DIED, Outcome, Task, failed
from roentgene.ingest.extract.executors.memory import MemoryBudget
from roentgene.ingest.extract.work import Case
from roentgene.ingest.extract.work_order import largest_first

# Elsewhere a fork breaks libraries of the system, so that each worker starts anew.
_METHOD = "forkserver" if sys.platform == "linux" else "spawn"
# Threads below a worker process gain nothing and fight for the cores; these are read once, when
# numpy and ITK are loaded.
_ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1",
}
# so many cases are looked at for one that fits beside those under way
_LOOKED_AT = 64


class LocalPool:
    """Worker processes on this machine, the largest case first.

    On Linux they are forked off a process that has loaded their libraries and does nothing else.

    A worker that is killed takes nothing with it but its own case: the cases under way are tried
    again one by one, each alone, and only one that kills its worker again is given up. One that
    asks for more memory than it is given is tried again in the same way.

    Parameters
    ----------
    workers : int
        Number of processes.
    memory : MemoryBudget, optional
        Keeps cases waiting that do not fit beside those under way, so that large images have
        fewer neighbours. A case that is too large for the whole budget has none.
    preload : sequence of str, optional
        Modules to be loaded once for all workers, on Linux. The first pool of a process decides.
    """

    #: This process is free meanwhile.
    in_other_processes = True

    def __init__(
        self, workers: int, memory: MemoryBudget | None = None, preload: Sequence[str] = ()
    ) -> None:
        if workers < 1:
            msg = "a pool needs at least one worker"
            raise ValueError(msg)
        self._workers = workers
        self._memory = memory
        self._context = get_context(_METHOD)
        self._context.set_forkserver_preload(list(preload))

    def warm_up(self) -> None:
        """Begin to load what workers need, and return at once."""
        if _METHOD == "forkserver":
            _start_forkserver()

    def run(self, task: Task, cases: Iterable[Case]) -> Iterator[Outcome]:
        """Carry out the cases; see :class:`roentgene.ingest.extract.executors.Executor`.

        Closing the iterator, or Ctrl-C, starts nothing more and waits for what is under way.
        """
        waiting = _Waiting(cases, self._workers, self._memory)
        self.warm_up()
        while waiting:
            suspects: list[Case] = []
            yield from self._until_broken(task, waiting, suspects)
            yield from self._one_by_one(task, suspects)

    def _until_broken(
        self, task: Task, waiting: _Waiting, suspects: list[Case]
    ) -> Iterator[Outcome]:
        """Work the queue down; where the pool breaks, leave what was under way in suspects."""
        running: dict[Future[int], Case] = {}
        with self._pool(self._workers) as pool:
            while running or (waiting and not suspects):
                # nothing is handed out ahead: whatever is under way is suspect after a death
                while not suspects and (case := waiting.next(running.values())) is not None:
                    try:
                        running[_submit(pool, task, case)] = case
                    except BrokenProcessPool:
                        suspects.append(case)
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    case = running.pop(future)
                    error = future.exception()
                    if isinstance(error, BrokenProcessPool | MemoryError):
                        suspects.append(case)
                    elif error is not None:
                        yield failed(case, error)
                    else:
                        yield Outcome(case, n_values=future.result())
            # all is done: how long workers take to end is of no interest
            pool.shutdown(wait=False)

    def _one_by_one(self, task: Task, cases: Iterable[Case]) -> Iterator[Outcome]:
        """Try cases again with one worker and one case at a time, so that a death has one cause."""
        waiting = deque(cases)
        while waiting:
            broken = False
            with self._pool(1) as pool:
                while waiting and not broken:
                    case = waiting.popleft()
                    try:
                        n_values = _submit(pool, task, case).result()
                    except BrokenProcessPool:
                        broken = True
                        yield Outcome(case, "worker_died", DIED)
                    except Exception as error:
                        yield failed(case, error)
                    else:
                        yield Outcome(case, n_values=n_values)

    def _pool(self, workers: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(workers, self._context, initializer=_start_worker)


class _Waiting:
    """The cases that wait, and which of them may be started beside those under way."""

    def __init__(self, cases: Iterable[Case], workers: int, memory: MemoryBudget | None) -> None:
        self._queue = deque(largest_first(cases))
        self._workers = workers
        self._memory = memory
        self._needs: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self._queue)

    def next(self, running: Collection[Case]) -> Case | None:
        """Take the largest case that fits; None where all workers are busy or none fits."""
        if not self._queue or len(running) >= self._workers:
            return None
        # one that is too large for the budget is never to be had with less memory than alone
        place = 0 if not running else self._first_that_fits(running)
        if place is None:
            return None
        case = self._queue[place]
        del self._queue[place]
        return case

    def _first_that_fits(self, running: Collection[Case]) -> int | None:
        if self._memory is None:
            return 0
        taken = sum(self._need(self._memory, case) for case in running)
        left = self._memory.for_cases(self._workers) - taken
        places = range(min(len(self._queue), _LOOKED_AT))
        return next((p for p in places if self._need(self._memory, self._queue[p]) <= left), None)

    def _need(self, memory: MemoryBudget, case: Case) -> int:
        if case.case_key not in self._needs:
            self._needs[case.case_key] = memory.need(case)
        return self._needs[case.case_key]


def _submit(pool: ProcessPoolExecutor, task: Task, case: Case) -> Future[int]:
    # workers are started by submit, and take the environment of that moment
    with _environment(_ONE_THREAD):
        return pool.submit(task, case)


def _start_forkserver() -> None:
    """Start the process that workers are forked off, which loads its modules and then waits."""
    resource_tracker.ensure_running()  # it would unblock what is blocked below
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        # it takes the environment and the mask of this moment: Ctrl-C is nothing to it
        with _environment(_ONE_THREAD):
            forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_worker() -> None:
    """Let Ctrl-C in a terminal end a worker at once and without a traceback."""
    os.environ.update(_ONE_THREAD)  # where the host's own forkserver was there first
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


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
