"""Tasks that worker processes can import, which leave a line in a log; cases to give them."""

import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

from roentgene.ingest.extract.executors import Outcome
from roentgene.ingest.extract.work import Case, MaskWork, RegionWork
from roentgene.ingest.region_rule import Rule
from roentgene.schemas.errors import DiskFullError
from roentgene.schemas.study import GateThresholds


def case(folder: Path, key: str, image: str = "none.nrrd", n_due: int = 1) -> Case:
    due = {f"e{i}": "w" for i in range(n_due)}
    region = RegionWork("s", "GTV", Rule("labels", labels=(1,)), "label 1", due)
    mask = MaskWork("m", "m", "h", "1", "1", 1, "series", True, (region,))
    return Case(
        case_key=key,
        cohort_id="C",
        patient_id=str(folder),
        timepoint_id="baseline",
        series_id="series",
        sequence="CT",
        modality="CT",
        path=str(folder / image),
        name=image,
        content_hash="h",
        masks=(mask,),
        extractions=(),
        thresholds=GateThresholds(),
    )


def by_key(outcomes: Iterable[Outcome]) -> dict[str, Outcome]:
    found = list(outcomes)
    keys = [outcome.case.case_key for outcome in found]
    assert len(set(keys)) == len(keys)
    return dict(zip(keys, found, strict=True))


def log(folder: Path) -> list[list[str]]:
    path = folder / "log"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def done(folder: Path) -> list[str]:
    return [key for key, word, _ in log(folder) if word == "done"]


def _log(case: Case, word: str) -> None:
    with (Path(case.patient_id) / "log").open("a") as stream:
        stream.write(f"{case.case_key} {word} {os.getpid()}\n")


def good(case: Case) -> int:
    _log(case, "done")
    return 7


def killer(case: Case) -> int:
    _log(case, "begun")
    if case.case_key.startswith("kill"):
        time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.1)
    _log(case, "done")
    return 0


def kills_once(case: Case) -> int:
    _log(case, "begun")
    if case.case_key.startswith("kill"):
        marker = Path(case.patient_id) / f"killed-{case.case_key}"
        if not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    _log(case, "done")
    return 0


def fails(case: Case) -> int:
    if case.case_key == "bad":
        msg = "no such thing\nand a long dump\nof what happened"
        raise ValueError(msg)
    _log(case, "done")
    return 0


def has_no_room(case: Case) -> int:
    if case.case_key == "b":
        msg = "no space is left"
        raise DiskFullError(msg, "make room")
    _log(case, "done")
    return 0


def says_threads(case: Case) -> int:
    import numpy as np  # noqa: F401
    import SimpleITK as sitk

    threads = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    words = [os.environ[f"{name}_NUM_THREADS"] for name in ("OPENBLAS", "OMP", "MKL")]
    _log(case, "-".join([*words, str(threads)]))
    return 0


def says_loaded(case: Case) -> int:
    import sys

    _log(case, "loaded" if "slow_to_load" in sys.modules else "not")
    return 0


def slow(case: Case) -> int:
    _log(case, "begun")
    time.sleep(0.3)
    _log(case, "done")
    return 0


def hungry(case: Case) -> int:
    """Fills memory until none is given: always, or only while it has a neighbour."""
    import resource

    _log(case, "begun")
    if case.case_key.startswith("hungry"):
        once = Path(case.patient_id) / f"fed-{case.case_key}"
        if "always" in case.case_key or not once.exists():
            once.touch()
            limits = resource.getrlimit(resource.RLIMIT_AS)
            size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (size + 2**27, limits[1]))
            try:
                held = [bytearray(2**24) for _ in range(1000)]
                del held
            finally:
                resource.setrlimit(resource.RLIMIT_AS, limits)
    time.sleep(0.05)
    _log(case, "done")
    return 0


def says_neighbours(case: Case) -> int:
    """Writes down who is under way at the same time."""
    folder = Path(case.patient_id)
    mine = folder / f"running-{case.case_key}"
    mine.touch()
    time.sleep(0.2)
    beside = sorted(path.name.removeprefix("running-") for path in folder.glob("running-*"))
    time.sleep(0.1)
    mine.unlink()
    _log(case, "+".join(beside))
    return 0


def dies(case: Case) -> int:
    """Kills its worker, though not before its nanny knows that it has started."""
    _log(case, "begun")
    marker = Path(case.patient_id) / f"killed-{case.case_key}"
    if case.case_key == "always" or (case.case_key == "once" and not marker.exists()):
        marker.touch()
        time.sleep(1)
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.1)
    _log(case, "done")
    return 1
