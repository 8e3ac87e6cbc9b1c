"""A Dask cluster that runs already: any that dask-jobqueue knows, or one started by hand.

Needs the packages of the extra ``cluster``, here and on the workers, and a folder of the warehouse
that all of them see under one path.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roentgene.ingest.extract.executors import NOT_OF_THE_CASE, Outcome, Task, one_line
from roentgene.ingest.extract.executors.dask_task import (
    PACKAGE,
    VERSION,
    Answer,
    carry_out,
    kept_answer,
    same_everywhere,
)
from roentgene.ingest.extract.work import Case
from roentgene.ingest.extract.work_order import largest_first
from roentgene.schemas.errors import ExtractionUnavailableError

if TYPE_CHECKING:
    from types import TracebackType

    from distributed import Client, Future

_CONNECT_SECONDS = 30
_INSTALL = "Install the extra 'cluster': pip install 'roentgene[cluster]'"
_GOES_ON = "What was extracted is kept: start the cluster again, and the same command goes on"


class DaskCluster:
    """The workers of a Dask scheduler, one case a task, the largest first.

    A case during which its worker dies is not left to Dask, which would go on to give it to one
    worker after the other. It is tried again once, when all others have ended, with no other case
    under way; if its worker dies again, it is given up. A case that only waited on the worker is
    carried out elsewhere.

    Dask sends a task to its worker with pickle. The task and the case are of this package and of
    plain types, so they go by name and nothing of this process goes with them. Workers are trusted:
    whoever may start tasks on a scheduler may run any code on its workers.

    Parameters
    ----------
    client_or_address : distributed.Client or str
        A client, which stays open; or ``tcp://HOST:PORT``, or the path of a scheduler file, to
        which a client is opened that :meth:`close` closes.

    Raises
    ------
    ExtractionUnavailableError
        If Dask is not installed, or no scheduler answers.
    """

    #: This process is free meanwhile.
    in_other_processes = True

    def __init__(self, client_or_address: Client | str) -> None:
        self._is_own = isinstance(client_or_address, str)
        self._client: Client = (
            _connect(client_or_address) if isinstance(client_or_address, str) else client_or_address
        )

    def __enter__(self) -> DaskCluster:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the client, if it was opened here."""
        if self._is_own:
            self._client.close()

    def run(self, task: Task, cases: Iterable[Case]) -> Iterator[Outcome]:
        """Carry out the cases; see :class:`roentgene.ingest.extract.executors.Executor`.

        Closing the iterator, or Ctrl-C, takes back what no worker has begun. What is under way
        goes on to its end on the workers, and is found staged later.

        Raises
        ------
        ExtractionUnavailableError
            If a worker cannot carry out any case, as one without this version of roentgene, or
            if the scheduler went away.
        """
        self._check_workers()
        suspects: list[Case] = []
        waiting = largest_first(cases)
        while waiting:
            not_begun: list[Case] = []
            for case, answer in self._ended(task, waiting):
                if answer is None:
                    not_begun.append(case)
                elif answer.is_suspect:
                    suspects.append(case)
                else:
                    yield answer.outcome(case)
            if len(not_begun) == len(waiting):
                # workers die before they begin anything
                suspects, not_begun = suspects + not_begun, []
            waiting = not_begun
        for suspect in suspects:
            for case, answer in self._ended(task, [suspect]):
                yield (answer or Answer(is_suspect=True)).outcome(case)

    def _check_workers(self) -> None:
        """Refuse workers that could not even read a task, which would break them.

        Whoever joins later is taken at its word, and refused with its first case.
        """
        # a task, so that a cluster that grows when there is work to do has a worker to ask
        self._client.submit(version, PACKAGE, pure=False).exception()
        found = self._client.run(version, PACKAGE, on_error="return")
        for address, answer in sorted(found.items()):
            has = "no roentgene" if isinstance(answer, Exception) else f"roentgene {answer}"
            if answer != VERSION:
                msg = f"the Dask worker at {address} has {has}"
                raise ExtractionUnavailableError(msg, same_everywhere(VERSION))

    def _ended(self, task: Task, cases: list[Case]) -> Iterator[tuple[Case, Answer | None]]:
        """Submit cases and give each as it ends; without an answer where none of it was begun."""
        from distributed import as_completed

        client = self._client
        batch = ["roentgene", uuid.uuid4().hex]
        attempts = {f"{'-'.join(batch)}-{number}": case for number, case in enumerate(cases)}
        futures = [
            client.submit(carry_out, task, case, [*batch, key], VERSION, key=key, priority=-number)
            for number, (key, case) in enumerate(attempts.items())
        ]
        try:
            for future in as_completed(futures, loop=client.loop):
                answer = _answer(future) or kept_answer(client, [*batch, future.key])
                yield attempts[future.key], answer
                future.release()
        finally:
            if client.status == "running":
                client.cancel([future for future in futures if not future.done()])
                client.set_metadata(batch, None)


def _connect(address: str) -> Client:
    try:
        from distributed import Client
    except ImportError as error:
        msg = "Dask is not installed"
        raise ExtractionUnavailableError(msg, _INSTALL) from error
    is_address = "://" in address
    if not is_address and not Path(address).is_file():
        msg = f"{address} is no address of a Dask scheduler, and no scheduler file"
        raise ExtractionUnavailableError(msg, "Write tcp://HOST:PORT, or the file's path")
    where = {"address" if is_address else "scheduler_file": address}
    try:
        return Client(**where, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        msg = f"no Dask scheduler answers at {address}: {one_line(error)}"
        raise ExtractionUnavailableError(msg, "Start one, and at least one worker") from error


def _answer(future: Future[Any]) -> Answer | None:
    """Fetch the answer of an attempt that has ended; None where Dask gave it up.

    Raises
    ------
    ExtractionUnavailableError
        If no case can be carried out.
    DiskFullError
        If there is no room for what a case makes.
    """
    from distributed import CancelledError, KilledWorker

    try:
        # where the worker that held it has died meanwhile, another one gives the answer again
        answer: Answer = future.result()
    except KilledWorker:
        return None
    except NOT_OF_THE_CASE:
        raise
    except (CancelledError, OSError) as error:
        msg = f"the Dask scheduler went away: {one_line(error)}"
        raise ExtractionUnavailableError(msg, _GOES_ON) from error
    except Exception as error:
        # what the task raises is part of its answer, so this is of the worker and not of the case
        msg = f"a Dask worker could not take a case: {one_line(error)}"
        raise ExtractionUnavailableError(msg, same_everywhere(VERSION)) from error
    return answer
