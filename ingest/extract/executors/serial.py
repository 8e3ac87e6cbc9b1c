"""No pool at all: the cases in this process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from roentgene.ingest.extract.executors import Outcome, Task, failed
from roentgene.ingest.extract.work import Case


class Serial:
    """In this process, one case after the other."""

    def run(self, task: Task, cases: Iterable[Case]) -> Iterator[Outcome]:
        """Carry out the cases in the order given."""
        for case in cases:
            try:
                n_values = task(case)
            except Exception as error:
                yield failed(case, error)
            else:
                yield Outcome(case, n_values=n_values)
