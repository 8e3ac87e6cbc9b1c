"""A task that worker processes can import: it kills the workers of some patients."""

import os
import signal
from pathlib import Path

from roentgene.ingest.extract.work import Case
from roentgene.ingest.staging.case import stage_case


def stage_or_die(case: Case, folder: Path) -> int:
    """Stands in for a crash in C code, and for the kernel where memory has run out.

    ``P2`` dies whenever it is tried, ``P3`` only the first time.
    """
    marker = folder.parent / f"died-{case.case_key}"
    if case.patient_id == "P2" or (case.patient_id == "P3" and not marker.exists()):
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return stage_case(case, folder)
