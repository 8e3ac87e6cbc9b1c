"""The ingest of one cohort file as the options of a command ask for it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from roentgene.app.extracting import chosen_executor, warm_up_for_first
from roentgene.app.progress import shown_progress
from roentgene.ingest.steps import OnStep, untold

if TYPE_CHECKING:
    from pathlib import Path

    from roentgene.ingest.arrivals import Arrived
    from roentgene.ingest.ingest_report import IngestReport
    from roentgene.warehouse.layout import Layout


@dataclass(frozen=True)
class Asked:
    """How to extract: the options of ``roentgene ingest run``.

    Parameters
    ----------
    workers : int or None
        Processes of the pool; one a CPU by default.
    memory_mb : int or None
        Memory of the pool in MB; by default what is free.
    dask : str or None
        Scheduler of a Dask cluster.
    engine_path : {'fast', 'stock'}
        Whether engines may take their quicker way to the same values.
    """

    workers: int | None = None
    memory_mb: int | None = None
    dask: str | None = None
    engine_path: Literal["fast", "stock"] = "fast"

    def ingest(
        self,
        layout: Layout,
        cohort: Path,
        on_step: OnStep = untold,
        arrived: Arrived | None = None,
    ) -> IngestReport:
        """Ingest a cohort file; of one that has not changed nothing is loaded.

        Raises
        ------
        RoentgeneError
            As :func:`roentgene.ingest.run.run_ingest`.
        """
        from roentgene.ingest.seal import unchanged_delivery

        report = None if arrived else unchanged_delivery(layout, cohort)
        if report is not None:
            return report
        with (
            chosen_executor(self.workers, self.memory_mb, self.dask) as executor,
            shown_progress() as on_progress,
        ):
            warm_up_for_first(executor, layout, cohort)
            from roentgene.warehouse.opening import Opener

            # DuckDB loads its extensions while Python loads modules, a second of them
            with ThreadPoolExecutor(1) as beside:
                opening = beside.submit(Opener, layout.root)
                from roentgene.ingest.run import run_ingest

            return run_ingest(
                opening.result(), cohort, executor, on_progress, self.engine_path, on_step, arrived
            )
