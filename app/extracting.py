"""How a command extracts: its options, and the executor that they mean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from roentgene.app.options import cpus
from roentgene.app.terminal import note

if TYPE_CHECKING:
    from pathlib import Path

    from roentgene.ingest.extract.executors import Executor
    from roentgene.warehouse.layout import Layout

#: Loaded once for all workers of a pool, which import the main module of a command as well.
PRELOADED = ("roentgene.app.cli", "roentgene.ingest.staging.preloaded")

_INTERRUPTED = 130

EnginePathOption: TypeAlias = Annotated[
    Literal["fast", "stock"],
    typer.Option(
        "--engine-path",
        help="'stock' keeps the engines to their own code; what is measured already stays.",
    ),
]
Dask: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--dask",
        metavar="SCHEDULER",
        help="Extract on the workers of a Dask scheduler: tcp://HOST:PORT, or a scheduler file.",
    ),
]
MemoryMb: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--memory-mb",
        min=1,
        metavar="MB",
        help="Memory for all workers together; by default four fifths of what is free.",
    ),
]


@contextmanager
def chosen_executor(
    workers: int | None, memory_mb: int | None, dask: str | None
) -> Iterator[Executor]:
    """Open the executor that the options mean: a pool on this machine, or a Dask cluster.

    Parameters
    ----------
    workers : int or None
        Processes of the pool; one a CPU by default.
    memory_mb : int or None
        Memory of the pool in MB; by default what is free.
    dask : str or None
        Scheduler of the cluster.

    Raises
    ------
    typer.BadParameter
        If options of both are given.
    ExtractionUnavailableError
        If no scheduler answers, or Dask is not installed.
    """
    check_executor_options(workers, memory_mb, dask)
    if dask is None:
        from roentgene.ingest.extract.executors.local_pool import LocalPool
        from roentgene.ingest.extract.executors.memory import MemoryBudget, memory_budget
        from roentgene.ingest.staging.memory_need import memory_needed

        n_bytes = memory_budget() if memory_mb is None else memory_mb * 10**6
        budget = MemoryBudget(n_bytes, memory_needed)
        yield LocalPool(workers or cpus(), budget, PRELOADED)
        return
    from roentgene.ingest.extract.executors.dask_cluster import DaskCluster

    with DaskCluster(dask) as cluster:
        yield cluster


def check_executor_options(workers: int | None, memory_mb: int | None, dask: str | None) -> None:
    """Refuse options of a pool beside those of a cluster (``typer.BadParameter``)."""
    if dask is not None and (workers is not None or memory_mb is not None):
        msg = "a Dask cluster has its own workers and memory: leave --workers and --memory-mb out"
        raise typer.BadParameter(msg)


def warm_up_for_first(executor: Executor, layout: Layout, cohort_file: Path) -> None:
    """Let workers load their libraries beside this process, which has its own to load.

    Only where images come into a warehouse that no batch has come into: of a later delivery often
    nothing is due, which :func:`roentgene.ingest.run.run_ingest` will see.

    Parameters
    ----------
    executor : Executor
        The workers.
    layout : Layout
        The warehouse.
    cohort_file : Path
        The cohort file.

    Raises
    ------
    FileError
        If the cohort file is wrong.
    """
    from roentgene.ingest.extract.executors import WarmsUp

    if isinstance(executor, WarmsUp) and not any(layout.reports.glob("*.html")):
        from roentgene.schemas.cohort import read_cohort

        if read_cohort(cohort_file).images:
            executor.warm_up()


@contextmanager
def stoppable() -> Iterator[None]:
    """Let Ctrl-C end a command with a word on how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        note("Stopped. What was extracted is kept: the same command goes on from here.")
        raise typer.Exit(_INTERRUPTED) from None
