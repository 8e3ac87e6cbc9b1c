"""Which cases come first, and which of them a job of a job array takes."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from roentgene.ingest.extract.work import Case

_SHARD = re.compile(r"([0-9]{1,9})/([0-9]{1,9})")


def work_size(case: Case) -> int:
    """Guess how long a case takes: bytes of its image times extractions, and never nothing."""
    paths = map(Path, case.slices or (case.path,))
    n_bytes = sum(path.stat().st_size for path in paths if path.is_file())
    return max(1, n_bytes * case.n_due)


def largest_first(cases: Iterable[Case]) -> list[Case]:
    """Order cases so that none of the long ones is left for the end; the same in every process."""
    return [case for _, case in _sized(cases)]


@dataclass(frozen=True)
class Shard:
    """One of ``count`` shares of the cases of a plan, about equal in work.

    Parameters
    ----------
    number : int
        Which share, from 1 to ``count``.
    count : int
        How many there are.

    Raises
    ------
    ValueError
        If there is no such share.
    """

    number: int = 1
    count: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count:
            msg = f"there is no shard {self}: they are numbered from 1 to {self.count}"
            raise ValueError(msg)

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read ``i/n``.

        Raises
        ------
        ValueError
            If it is none.

        Examples
        --------
        >>> Shard.parse("2/8")
        Shard(number=2, count=8)
        """
        found = _SHARD.fullmatch(text.strip())
        if found is None:
            msg = f"{text!r} is no shard: write i/n, as 1/8 for the first of eight"
            raise ValueError(msg)
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def of(self, cases: Sequence[Case]) -> list[Case]:
        """Take this share of the cases, the largest first.

        Each case in turn, from the largest to the smallest, goes to the share with the least
        work so far. Whoever makes the same plan finds the same shares: nothing is drawn and
        nothing depends on the order in which files were found.
        """
        shares = [(0, number) for number in range(1, self.count + 1)]
        taken = []
        for size, case in _sized(cases):
            load, number = shares[0]
            heapq.heapreplace(shares, (load + size, number))
            if number == self.number:
                taken.append(case)
        return taken


def _sized(cases: Iterable[Case]) -> list[tuple[int, Case]]:
    sized = [(work_size(case), case) for case in cases]
    return sorted(sized, key=lambda one: (-one[0], one[1].case_key))
