"""Tasks that worker processes can import: each leaves a file in the case's folder."""

import os
import signal
import time
from pathlib import Path

from roentgene.ingest.extract.work import Case


def _log(case: Case, word: str) -> None:
    with (Path(case.patient_id) / "log").open("a") as stream:
        stream.write(f"{case.case_key} {word} {os.getpid()}\n")


def good(case: Case) -> None:
    _log(case, "done")


def killer(case: Case) -> None:
    _log(case, "begun")
    if case.case_key.startswith("kill"):
        time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.1)
    _log(case, "done")


def kills_once(case: Case) -> None:
    _log(case, "begun")
    if case.case_key.startswith("kill"):
        marker = Path(case.patient_id) / f"killed-{case.case_key}"
        if not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    _log(case, "done")


def fails(case: Case) -> None:
    if case.case_key == "bad":
        msg = "no such thing\nand a long dump\nof what happened"
        raise ValueError(msg)
    _log(case, "done")


def says_threads(case: Case) -> None:
    import numpy as np  # noqa: F401
    import SimpleITK as sitk

    threads = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    words = [os.environ[f"{name}_NUM_THREADS"] for name in ("OPENBLAS", "OMP", "MKL")]
    _log(case, "-".join([*words, str(threads)]))


def slow(case: Case) -> None:
    _log(case, "begun")
    time.sleep(0.3)
    _log(case, "done")
