"""What a Dask worker does with a case: it carries it out at most once an attempt."""

from __future__ import annotations

import os
from dataclasses import astuple, dataclass
from importlib.metadata import version
from threading import Lock
from typing import TYPE_CHECKING

from roentgene.ingest.extract.executors import DIED, NOT_OF_THE_CASE, Outcome, Task, one_line
from roentgene.ingest.extract.work import Case
from roentgene.schemas.errors import ExtractionUnavailableError

if TYPE_CHECKING:
    from distributed import Client

#: Distribution that workers must have, and its version, which they must have too.
PACKAGE = "roentgene"
VERSION = version(PACKAGE)

# the C code below the engines and Python's threads do not agree: a process takes one case at a time
_ONE_AT_A_TIME = Lock()


@dataclass(frozen=True)
class Answer:
    """How an attempt ended.

    Parameters
    ----------
    n_values : int
        Feature values made.
    error : str or None
        What the task raised, in one line.
    is_suspect : bool
        Whether a worker died of it, or had no memory for it, and a neighbour may be to blame.
    """

    n_values: int = 0
    error: str | None = None
    is_suspect: bool = False

    def outcome(self, case: Case) -> Outcome:
        """Make it the last word on a case."""
        if self.error is not None:
            return Outcome(case, "engine_failed", self.error)
        if self.is_suspect:
            return Outcome(case, "worker_died", DIED)
        return Outcome(case, n_values=self.n_values)


def carry_out(task: Task, case: Case, attempt: list[str], wanted_version: str) -> Answer:
    """Carry a case out, unless this attempt has cost another worker its life.

    Dask gives a task whose worker died to the next worker. The scheduler's metadata keep that an
    attempt has begun and how it ended, for whoever dies cannot tell.

    Parameters
    ----------
    task : callable
        What to do.
    case : Case
        What to do it with.
    attempt : list of str
        Key of the attempt in the scheduler's metadata.
    wanted_version : str
        Version of roentgene that the client has.

    Raises
    ------
    ExtractionUnavailableError
        If this worker cannot carry out any case.
    DiskFullError
        If there is no room for what it makes.
    """
    from distributed import get_client

    if wanted_version != VERSION:
        msg = f"a Dask worker has roentgene {VERSION}"
        raise ExtractionUnavailableError(msg, same_everywhere(wanted_version))
    scheduler = get_client()
    with _ONE_AT_A_TIME:
        if (before := kept_answer(scheduler, attempt)) is not None:
            return before
        scheduler.set_metadata(attempt, [])
        # read once, when ITK is loaded; Dask itself gives one thread to the libraries below numpy
        os.environ.setdefault("ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS", "1")
        answer = _attempt(task, case)
        scheduler.set_metadata(attempt, list(astuple(answer)))
        return answer


def kept_answer(client: Client, attempt: list[str]) -> Answer | None:
    """Ask the scheduler how an attempt ended, where its worker has died.

    Parameters
    ----------
    client : distributed.Client
        Any client of the scheduler.
    attempt : list of str
        Key of the attempt in the scheduler's metadata.

    Returns
    -------
    Answer or None
        Its answer, if the worker died before anybody had fetched it; a suspect, if the worker
        died in it; None if no worker had begun it.
    """
    kept = client.get_metadata(attempt, default=None)
    if kept is None:
        return None
    return Answer(*kept) if kept else Answer(is_suspect=True)


def same_everywhere(wanted_version: str) -> str:
    """Say what to do about workers that are unlike the client."""
    return f"Install roentgene {wanted_version} with the same extras on every worker"


def _attempt(task: Task, case: Case) -> Answer:
    try:
        return Answer(task(case))
    except NOT_OF_THE_CASE:
        raise
    except MemoryError as error:
        return Answer(error=one_line(error), is_suspect=True)
    except Exception as error:
        return Answer(error=one_line(error))
