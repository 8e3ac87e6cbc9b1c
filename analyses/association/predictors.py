"""What an association tests: features of a visit, their changes or dose, one value a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from roentgene.analyses.constant import Floats
from roentgene.analyses.findings import Store
from roentgene.analyses.person_matrix import PersonMatrix, person_matrix
from roentgene.analyses.visit_features import (
    FEATURE_KEYS,
    FEATURES_QUERY,
    ONE_VALUE,
    UNSETTLED_QUERY,
    filtered_rows,
    refuse_unsettled,
)
from roentgene.queries.query_file import query_text
from roentgene.schemas.analyses.association import Association, DeltaPredictor, DosePredictor
from roentgene.schemas.errors import FileError

_QUERIES = {
    "feature": FEATURES_QUERY,
    "delta": "analyses/association_deltas",
    "dose": "analyses/association_doses",
}
_STABLE = "analyses/association_stable_features"
PREDICTOR_QUERIES = (*_QUERIES.values(), UNSETTLED_QUERY, _STABLE)
_CURES = {
    "feature": ONE_VALUE,
    "delta": ONE_VALUE,
    "dose": "Name one of 'summation_types', one profile, and regions of one lesion",
}


class Place(NamedTuple):
    """Where a person's features come from."""

    cohort_id: str
    site: str | None


@dataclass(frozen=True)
class Predictors:
    """Features of persons.

    ``baseline`` holds the values at the earlier visit of changes, in the shape of
    ``matrix.values``; ``is_shape`` and ``columns`` (plain text) have one element a feature.
    """

    matrix: PersonMatrix
    columns: pa.Table
    baseline: Floats | None
    is_shape: NDArray[np.bool_]
    places: Mapping[str, frozenset[Place]]
    counts: Mapping[str, Any]


def read_predictors(warehouse: Store, spec: Association) -> Predictors:
    """Read what is tested, one value a person and column.

    Raises
    ------
    FileError
        If there are none, a filter names what does not exist, or a person has several values.
    """
    if not isinstance(spec.predictors, DosePredictor):
        refuse_unsettled(warehouse, spec, getattr(spec.predictors, "baseline", spec.timepoint))
    rows = filtered_rows(warehouse, spec, _QUERIES[spec.predictors.view], _parameters(spec))
    what = {"feature": "features", "delta": "changes", "dose": "dose"}[spec.predictors.view]
    if rows.num_rows == 0:
        where = f"of cohort {', '.join(spec.cohorts)} at {spec.timepoint}"
        msg = f"{spec.name}: no {what} {where} fit"
        raise FileError(msg, "Check cohort_id, timepoint and filters against mart.patient_feature")
    counts: dict[str, Any] = {"feature_rows": rows.num_rows}
    rows = _with_values(rows, counts)
    rows = _stable(warehouse, spec, rows, counts)
    return _arranged(spec, rows, what, counts)


def _parameters(spec: Association) -> dict[str, Any]:
    parameters: dict[str, Any] = {"cohorts": list(spec.cohorts), "timepoint": spec.timepoint}
    if isinstance(spec.predictors, DeltaPredictor):
        parameters |= {"baseline": spec.predictors.baseline, "form": spec.predictors.form}
    elif isinstance(spec.predictors, DosePredictor):
        chosen = spec.predictors.summation_types
        parameters["summation_types"] = None if chosen is None else list(chosen)
    return parameters


def _with_values(rows: pa.Table, counts: dict[str, Any]) -> pa.Table:
    """Leave out changes that are not defined, and count why."""
    if "delta_status" not in rows.column_names:
        return rows
    lost = rows.filter(pc.is_null(rows["value"]))["delta_status"]
    why = {pair["values"]: pair["counts"] for pair in lost.value_counts().to_pylist()}
    counts["changes_not_defined"] = dict(sorted(why.items()))
    return rows.filter(pc.is_valid(rows["value"]))


def _stable(
    warehouse: Store, spec: Association, rows: pa.Table, counts: dict[str, Any]
) -> pa.Table:
    """Keep features that a stability run found stable enough, and count the others."""
    policy = spec.stability
    if policy is None:
        return rows
    asked = {"run": policy.run, "cohorts": list(spec.cohorts)}
    judged = warehouse.arrow(query_text(_STABLE), asked)
    if judged.num_rows == 0:
        msg = (
            f"{spec.name}: no current stability run {policy.run!r} judges features of cohort "
            f"{', '.join(spec.cohorts)}"
        )
        raise FileError(msg, "Check the name, or name the cohort under 'also_for' of that run")
    keys = ["sequence", "region", "profile", "feature"]
    columns = rows.group_by(keys).aggregate([])
    known = columns.join(judged, keys, join_type="inner")
    stable = known.filter(known["stable"]).select(keys)
    counts["stability"] = {
        "features": columns.num_rows,
        "stable": stable.num_rows,
        "not_stable": known.num_rows - stable.num_rows,
        "not_judged": columns.num_rows - known.num_rows,
    }
    if stable.num_rows == 0:
        msg = f"{spec.name}: none of {columns.num_rows} features is stable by {policy.run!r}"
        raise FileError(msg, "Choose another run, or another policy in its file")
    return rows.join(stable, keys, join_type="inner")


def _arranged(spec: Association, rows: pa.Table, what: str, counts: dict[str, Any]) -> Predictors:
    if rows.num_rows == 0:
        msg = f"{spec.name}: no change from one visit to the other is defined"
        raise FileError(msg, "Check both visits, and delta_status in mart.delta_pair")
    matrix = person_matrix(rows, FEATURE_KEYS, what, _CURES[spec.predictors.view])
    baseline = None
    if "baseline_value" in rows.column_names:
        earlier = rows.drop_columns(["value"]).rename_columns({"baseline_value": "value"})
        baseline = person_matrix(earlier, FEATURE_KEYS, what, "").values
    several = rows.filter(pc.greater(rows["n_lesions"], 1))["person_id"]
    counts |= {
        "features": matrix.columns.num_rows,
        "persons_with_features": len(matrix.persons),
        "persons_with_several_lesions": len(pc.unique(several)),
    }
    text = pa.schema([(name, pa.string()) for name in FEATURE_KEYS])
    return Predictors(
        matrix, matrix.columns.cast(text), baseline, _shapes(rows, matrix), _places(rows), counts
    )


def _shapes(rows: pa.Table, matrix: PersonMatrix) -> NDArray[np.bool_]:
    shapes = rows.filter(rows["is_shape"]).select(FEATURE_KEYS)
    known = {tuple(row.values()) for row in shapes.group_by(FEATURE_KEYS).aggregate([]).to_pylist()}
    return np.array([tuple(row.values()) in known for row in matrix.columns.to_pylist()], bool)


def _places(rows: pa.Table) -> dict[str, frozenset[Place]]:
    found: dict[str, set[Place]] = {}
    names = ["person_id", "cohort_id", "site"]
    for row in rows.group_by(names).aggregate([]).to_pylist():
        found.setdefault(row["person_id"], set()).add(Place(row["cohort_id"], row["site"]))
    return {person: frozenset(places) for person, places in found.items()}
