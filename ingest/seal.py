"""A seal says that a delivery holds nothing new, while nothing that it was read from changes.

To plan a delivery takes libraries and queries, seconds of them; to find a seal whole takes neither.
Only deliveries of tables alone are sealed: of images nobody knows which file will be there next.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from os.path import relpath
from pathlib import Path

from roentgene.ingest.identity import SETTLED_NS, file_hash, file_state
from roentgene.ingest.ingest_report import IngestReport
from roentgene.schemas.canonical import canonical_json, text_hash
from roentgene.warehouse.last_commit import last_commit
from roentgene.warehouse.layout import Layout


@dataclass(frozen=True)
class Seal:
    """What a delivery was read from, when nothing in it was new.

    Parameters
    ----------
    cohort_id : str
        Cohort.
    n_known_refusals : int
        What stands refused.
    code_version : str
        Version of roentgene.
    snapshot_id : int
        Last commit to the warehouse, whoever made it.
    study : str
        Hash of ``study.yaml``.
    published : str or None
        State of the analyst's file; None where there is none.
    delivery : mapping of str to str
        State of each file that was read, relative to the folder of the cohort file; of a folder,
        that of all that lies below it.
    """

    cohort_id: str
    n_known_refusals: int
    code_version: str
    snapshot_id: int
    study: str
    published: str | None
    delivery: Mapping[str, str]


def unchanged_delivery(layout: Layout, cohort_file: Path) -> IngestReport | None:
    """Report on a delivery of which nothing has changed since it was sealed.

    Parameters
    ----------
    layout : Layout
        The warehouse.
    cohort_file : Path
        The cohort file.

    Returns
    -------
    IngestReport or None
        None where there is no seal, or something changed: a file of the delivery, ``study.yaml``,
        the analyst's file, the version of roentgene, or by anybody's commit the warehouse.
    """
    begun = time.monotonic()
    try:
        seal = Seal(**json.loads(_place(layout, cohort_file).read_text(encoding="utf-8")))
        is_whole = (
            seal.code_version == version("roentgene")
            and seal.snapshot_id == last_commit(layout)
            and _states(cohort_file.parent, seal.delivery) == seal.delivery
            and study_hash(layout) == seal.study
            and _published(layout) == seal.published
        )
    except (OSError, ValueError, TypeError):
        return None  # it cannot be read, or a file of the delivery is gone
    if not is_whole:
        return None
    seconds = time.monotonic() - begun
    return IngestReport(seal.cohort_id, None, {}, (), (), seal.n_known_refusals, None, seconds)


def seal_delivery(
    layout: Layout,
    cohort_file: Path,
    paths: Iterable[Path],
    begun_ns: int,
    study: str,
    *,
    cohort_id: str,
    n_known_refusals: int,
    snapshot_id: int,
) -> None:
    """Seal a delivery in which nothing is new any more.

    It is left unsealed where a file was written so short a time before the run that its state says
    nothing, or was written since.

    Parameters
    ----------
    layout : Layout
        The warehouse.
    cohort_file : Path
        The cohort file.
    paths : iterable of Path
        Files and folders that the delivery was read from, beside the cohort file.
    begun_ns : int
        Nanoseconds since the epoch when the run began to read.
    study : str
        Hash of ``study.yaml`` before it began.
    cohort_id : str
        Cohort.
    n_known_refusals : int
        What stands refused.
    snapshot_id : int
        Commit by which nothing was new.
    """
    read = (cohort_file, *paths)
    try:
        if any(_changed_ns(path) > begun_ns - SETTLED_NS for path in read):
            return
        if study_hash(layout) != study:
            return
        delivery = _states(cohort_file.parent, [relpath(one, cohort_file.parent) for one in read])
        made = _published(layout)
    except OSError:
        return
    code = version("roentgene")
    seal = Seal(cohort_id, n_known_refusals, code, snapshot_id, study, made, delivery)
    place = _place(layout, cohort_file)
    place.parent.mkdir(parents=True, exist_ok=True)
    unfinished = place.with_suffix(f".{time.time_ns()}")
    unfinished.write_text(canonical_json(asdict(seal)), encoding="utf-8")
    unfinished.replace(place)


def study_hash(layout: Layout) -> str:
    """Hash ``study.yaml``, which is short, so that it may be as new as it likes."""
    return file_hash(layout.study)


def _published(layout: Layout) -> str | None:
    return _state(layout.published) if layout.published.is_file() else None


def _place(layout: Layout, cohort_file: Path) -> Path:
    return layout.seals / f"{text_hash(str(cohort_file.resolve()))[:32]}.json"


def _states(folder: Path, names: Iterable[str]) -> dict[str, str]:
    return {name: _state(folder / name) for name in names}


def _state(path: Path) -> str:
    below = [(str(one.relative_to(path)), file_state(one.stat())) for one in _files(path)]
    return text_hash(canonical_json(below))


def _changed_ns(path: Path) -> int:
    times = [one.stat() for one in (path, *_files(path))]
    return max(max(facts.st_mtime_ns, facts.st_ctime_ns) for facts in times)


def _files(path: Path) -> list[Path]:
    """Give a file itself, and of a folder every file below it."""
    if not path.is_dir():
        return [path]
    return sorted(one for one in path.rglob("*") if not one.is_dir())
