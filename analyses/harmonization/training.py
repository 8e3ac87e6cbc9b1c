"""Who a harmonization is fitted on: the training persons of a fold, and their target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import TypeAdapter

from roentgene.analyses.findings import Store
from roentgene.schemas.analyses.harmonization import Harmonization, TrainingPersons
from roentgene.schemas.errors import FileError
from roentgene.schemas.release import ReleaseTarget
from roentgene.warehouse.releases.store import find_release, refuse_superseded, unchanged_file

_SPLITS = "splits.parquet"
_TARGET: TypeAdapter[ReleaseTarget] = TypeAdapter(ReleaseTarget)


class Training(NamedTuple):
    """Persons that are fitted on (None: all), and the target of their release, if they have one."""

    persons: list[str] | None
    target: ReleaseTarget | None


def training_persons(warehouse: Store, spec: Harmonization) -> Training:
    """Read who is trained on.

    Raises
    ------
    FileError
        If there is no such release, split or fold, or the release was superseded.
    WarehouseError
        If the splits of the release are missing or have changed.
    """
    if spec.persons == "all":
        return Training(None, None)
    fold = spec.persons
    folder, manifest = find_release(warehouse.layout, fold.release)
    refuse_superseded(manifest)
    file = unchanged_file(folder, manifest, _SPLITS)
    persons = _train(pq.read_table(file, partitioning=None), fold)
    return Training(persons, _TARGET.validate_python(dict(_target(manifest.spec))))


def release_state(warehouse: Store, spec: Harmonization) -> str | None:
    """Fingerprint of the release whose fold is fitted on, for a run of its name may be another.

    Raises
    ------
    FileError
        If it does not exist, or is superseded.
    """
    if isinstance(spec.persons, str):
        return None
    _, manifest = find_release(warehouse.layout, spec.persons.release)
    refuse_superseded(manifest)
    return manifest.fingerprint


def _target(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = spec["target"]
    return found


def _train(splits: Any, fold: TrainingPersons) -> list[str]:
    """Persons of the role train, in the order of their ids."""
    here = pc.and_(
        pc.equal(splits["split_id"], fold.split),
        pc.and_(pc.equal(splits["repeat"], fold.repeat), pc.equal(splits["fold"], fold.fold)),
    )
    inner = splits["inner_fold"]
    of_inner = (
        pc.is_null(inner)
        if fold.inner_fold is None
        else pc.fill_null(pc.equal(inner, fold.inner_fold), fill_value=False)
    )
    rows = splits.filter(pc.and_(pc.and_(here, of_inner), pc.equal(splits["role"], "train")))
    if not rows.num_rows:
        names = sorted(set(splits["split_id"].to_pylist()))
        inner_name = "" if fold.inner_fold is None else f", inner fold {fold.inner_fold}"
        msg = (
            f"{fold.release} has no split {fold.split}, repeat {fold.repeat}, "
            f"fold {fold.fold}{inner_name}"
        )
        raise FileError(msg, f"Its splits are {', '.join(names)}; 'roentgene release list' has it")
    return sorted(rows["person_id"].to_pylist())
