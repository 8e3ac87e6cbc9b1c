"""A task that worker processes can import: it kills the worker of one patient."""

import os
import signal
from pathlib import Path

from roentgene.ingest.extract.work import Case
from roentgene.ingest.staging.case import stage_case


def stage_or_die(case: Case, folder: Path) -> None:
    """Stands in for a crash in C code."""
    if case.patient_id == "P2":
        os.kill(os.getpid(), signal.SIGKILL)
    stage_case(case, folder)
