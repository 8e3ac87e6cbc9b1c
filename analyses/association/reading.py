"""What an association compares: features and targets of the same persons, aligned by key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from roentgene.analyses.constant import Floats
from roentgene.analyses.findings import Store
from roentgene.analyses.person_matrix import PersonMatrix, person_matrix
from roentgene.queries.query_file import query_text
from roentgene.schemas.analyses.association import Association
from roentgene.schemas.analyses.targets import (
    ClinicalTarget,
    ExpressionTarget,
    MutationTarget,
    OutcomeTarget,
    block_prefix,
)
from roentgene.schemas.errors import FileError

FEATURE_KEYS = ("timepoint_id", "sequence", "region", "profile", "feature")
_FILTERS = ("regions", "sequences", "profiles", "features")
FEATURES_QUERY = "analyses/association_features"
TARGET_QUERIES: Mapping[str, str] = {
    block: f"analyses/association_targets_{block}"
    for block in ("expression", "mutation", "clinical", "outcome")
}
_Target = ExpressionTarget | MutationTarget | ClinicalTarget | OutcomeTarget
_CURES = {
    "expression": "Declare specimen_rule in the cohort file, or name one of 'sample_types'",
    "mutation": "Declare one patient a person within the cohort",
    "clinical": "Deliver one value a person: of the patient or of the visit",
    "outcome": "Deliver one row a person and endpoint",
}


@dataclass(frozen=True)
class Block:
    """One target block beside the features of the same persons.

    ``prefix`` begins the names of its targets; ``features`` and ``targets`` have the shapes
    (persons, features) and (persons, targets) with the persons in one order; ``counts`` says how
    many persons each side has and how many both.
    """

    kind: str
    prefix: str
    target_names: list[str]
    features: Floats
    targets: Floats
    counts: Mapping[str, int]


def read_features(warehouse: Store, spec: Association) -> tuple[PersonMatrix, int]:
    """Features of the persons at the visit, and the number of rows they came from.

    Raises
    ------
    FileError
        If there are none, a filter names what does not exist, or a person has several values.
    """
    filters = {name: _listed(getattr(spec, name)) for name in _FILTERS}
    visit = {"cohort_id": spec.cohort_id, "timepoint": spec.timepoint}
    sql = query_text(FEATURES_QUERY)
    rows = warehouse.arrow(sql, visit | filters)
    if any(_absent(asked, rows[column]) for asked, column in _asked(filters)):
        everything = warehouse.arrow(sql, visit | dict.fromkeys(_FILTERS))
        for asked, column in _asked(filters):
            _refuse_unknown(spec, f"{column}s", asked, everything[column])
    if rows.num_rows == 0:
        msg = f"{spec.name}: no features of cohort {spec.cohort_id} at {spec.timepoint} fit"
        raise FileError(msg, "Check cohort_id, timepoint and filters against mart.patient_feature")
    cure = "Choose profiles of one engine and sequences of one volume"
    return person_matrix(rows, FEATURE_KEYS, "features", cure), rows.num_rows


def read_block(
    warehouse: Store, spec: Association, target: _Target, features: PersonMatrix
) -> Block:
    """Targets of one block, and the features of the persons that have both.

    Raises
    ------
    FileError
        If a target does not exist, a person has several values, or nobody has both.
    """
    prefix = block_prefix(target)
    parameters = _target_parameters(spec, target)
    sql = query_text(TARGET_QUERIES[target.block])
    rows = warehouse.arrow(sql, parameters)
    if _absent(parameters["names"], rows["target"]):
        everything = warehouse.arrow(sql, parameters | {"names": None})
        _refuse_unknown(spec, prefix, parameters["names"], everything["target"])
    if rows.num_rows == 0:
        msg = f"{spec.name}: cohort {spec.cohort_id} has no values of {prefix}"
        raise FileError(msg, "Ingest the table, or leave the block out")
    matrix = person_matrix(rows, ("target",), prefix, _CURES[target.block])
    both = sorted(set(features.persons) & set(matrix.persons))
    if not both:
        msg = (
            f"{spec.name}: of {len(features.persons)} persons with features and "
            f"{len(matrix.persons)} with {prefix} nobody has both"
        )
        raise FileError(msg, "Check the ids: 'roentgene ingest plan' lists what matched nobody")
    return Block(
        kind=target.block,
        prefix=prefix,
        target_names=matrix.columns["target"].to_pylist(),
        features=features.of(both),
        targets=matrix.of(both),
        counts={
            "target_rows": rows.num_rows,
            "persons_with_features": len(features.persons),
            "persons_with_targets": len(matrix.persons),
            "persons_with_both": len(both),
        },
    )


def _target_parameters(spec: Association, target: _Target) -> dict[str, Any]:
    parameters: dict[str, Any] = {"cohort_id": spec.cohort_id}
    if isinstance(target, ExpressionTarget):
        parameters |= {"profile": target.profile, "sample_types": _listed(target.sample_types)}
        asked = target.genes
    elif isinstance(target, MutationTarget):
        asked = target.genes
    elif isinstance(target, ClinicalTarget):
        parameters["timepoint"] = spec.timepoint
        asked = target.variables
    else:
        asked = target.endpoints
    return parameters | {"names": None if asked == "all" else _listed(asked)}


def _listed(names: tuple[str, ...] | None) -> list[str] | None:
    return None if names is None else list(names)


def _asked(filters: Mapping[str, list[str] | None]) -> list[tuple[list[str] | None, str]]:
    return [(asked, name.removesuffix("s")) for name, asked in filters.items()]


def _absent(asked: list[str] | None, column: pa.ChunkedArray) -> list[str]:
    """Asked names that a column does not hold."""
    if asked is None:
        return []
    found = set(pc.unique(column).to_pylist())
    return [name for name in asked if name not in found]


def _refuse_unknown(
    spec: Association, what: str, asked: list[str] | None, column: pa.ChunkedArray
) -> None:
    missing = _absent(asked, column)
    if not missing:
        return
    near = get_close_matches(missing[0], pc.unique(column).to_pylist(), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    msg = f"{spec.name}: {what}: {', '.join(missing[:5])} has no values here{hint}"
    raise FileError(msg, "Correct the name or leave it out")


def feature_columns(matrix: PersonMatrix) -> pa.Table:
    """Key columns of the features as plain text."""
    return matrix.columns.cast(pa.schema([(name, pa.string()) for name in FEATURE_KEYS]))
