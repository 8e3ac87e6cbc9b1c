"""Executors: who carries the cases out, here or elsewhere. Each is one module.

An executor sees a task and cases and says what became of each. It knows nothing of images, so
that a pool, a cluster or a job array can take each other's place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

from roentgene.ingest.extract.work import Case
from roentgene.schemas.errors import DiskFullError, ExtractionUnavailableError

#: Carries one case out and says how many feature values came of it.
Task = Callable[[Case], int]
Error = Literal["worker_died", "engine_failed"]

#: What no case is to blame for: the run ends with it, and the next one tries the case again.
NOT_OF_THE_CASE = (DiskFullError, ExtractionUnavailableError)

#: What is said of a case that killed its worker twice.
DIED = "its worker process was killed, the last time with no other case under way"

_LONGEST_DETAIL = 300


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
    n_values : int
        Feature values that the task made.
    """

    case: Case
    error: Error | None = None
    detail: str | None = None
    n_values: int = 0


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

        Raises
        ------
        DiskFullError, ExtractionUnavailableError
            If a task raised it; no case is to blame.
        """


@runtime_checkable
class WarmsUp(Protocol):
    """An executor that can make itself ready before it is told what to do."""

    def warm_up(self) -> None:
        """Begin to load what workers need, and return at once."""


def failed(case: Case, error: BaseException) -> Outcome:
    """Give the outcome of a case whose task raised; raise what no case is to blame for."""
    if isinstance(error, NOT_OF_THE_CASE):
        raise error
    return Outcome(case, "engine_failed", one_line(error))


def one_line(error: BaseException) -> str:
    """Say in one line what an exception says: its kind and the first line of its text."""
    lines: list[Any] = str(error).strip().splitlines()
    text = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    return text[:_LONGEST_DETAIL]
