"""How much memory there is for workers, and what of it each case is planned to take."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from roentgene.ingest.extract.work import Case

#: A worker with all its libraries and nothing to do; measured: 375 to 420 MB with the kernels of
#: the fast path loaded, 265 MB without.
WORKER_BYTES = 420 * 10**6

# the rest is for this process, the cache of the file system, and what was guessed too low
_SHARE_OF_FREE = 0.8


@dataclass(frozen=True)
class MemoryBudget:
    """What the workers of a pool may take together.

    Parameters
    ----------
    n_bytes : int
        The budget.
    need : callable
        Bytes that a case is expected to take at its peak, beside the worker itself.
    worker_bytes : int
        Bytes of a worker that has nothing to do.
    """

    n_bytes: int
    need: Callable[[Case], int]
    worker_bytes: int = WORKER_BYTES

    def for_cases(self, workers: int) -> int:
        """Give what is left for cases; nothing where the workers alone take more than there is."""
        return max(0, self.n_bytes - workers * self.worker_bytes)


def memory_budget(root: Path = Path("/")) -> int:
    """Give the bytes that workers may take together on this machine: four fifths of what is free.

    What is free is the least of what the kernel calls available (all memory, where it does not
    say) and what the control groups of this process leave it, which is how SLURM and containers
    limit memory.

    Parameters
    ----------
    root : Path
        Where ``proc`` and ``sys`` are.
    """
    return int(min([_available(root), *_left_by_control_groups(root)]) * _SHARE_OF_FREE)


def _available(root: Path) -> int:
    for line in _lines(root / "proc/meminfo"):
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return int(value.split()[0]) * 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _left_by_control_groups(root: Path) -> Iterator[int]:
    """Bytes left below each limit that holds for this process, from its own group upward."""
    groups = root / "sys/fs/cgroup"
    for line in _lines(root / "proc/self/cgroup"):
        _, _, named = line.partition(":")
        controllers, _, path = named.partition(":")
        if controllers == "":
            yield from _left(groups, path, "memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            limit, usage = "memory.limit_in_bytes", "memory.usage_in_bytes"
            yield from _left(groups / "memory", path, limit, usage, "total_inactive_file")


def _left(top: Path, path: str, limit: str, usage: str, reclaimable: str) -> Iterator[int]:
    own = top / path.strip("/")
    for group in (own, *own.parents):
        most, used = _number(group / limit), _number(group / usage)
        if most is not None and used is not None:
            # the kernel takes back what it only keeps of files before it kills anybody
            kept = (line.split() for line in _lines(group / "memory.stat"))
            back = sum(int(value) for name, value in kept if name == reclaimable)
            yield max(0, most - used + back)
        if group == top:
            return


def _number(file: Path) -> int | None:
    text = "".join(_lines(file))
    return int(text) if text.isdigit() else None


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="ascii").splitlines()
    except OSError:
        return []
