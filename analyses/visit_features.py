"""Features of persons at one visit as a matrix, for analyses that look at one visit."""

from __future__ import annotations

import numpy as np

from roentgene.analyses.association.name_check import absent, refuse_absent
from roentgene.analyses.findings import Store
from roentgene.analyses.person_matrix import PersonMatrix, person_matrix
from roentgene.queries.query_file import query_text
from roentgene.schemas.analyses.scope import Scope
from roentgene.schemas.errors import FileError

FEATURE_KEYS = ("timepoint_id", "sequence", "region", "profile", "feature")
FEATURES_QUERY = "analyses/association_features"
_FILTERS = ("regions", "sequences", "profiles", "features")


def read_visit_features(
    warehouse: Store, spec: Scope, timepoint: str
) -> tuple[PersonMatrix, dict[str, int]]:
    """Features of the persons at a visit, and counts; infinite values are missing.

    Raises
    ------
    FileError
        If there are none, a filter names what does not exist, or a person has several values.
    """
    asked = {name: getattr(spec, name) for name in _FILTERS}
    filters = {name: None if names is None else list(names) for name, names in asked.items()}
    visit = {"cohorts": [spec.cohort_id], "timepoint": timepoint}
    sql = query_text(FEATURES_QUERY)
    rows = warehouse.arrow(sql, visit | filters)
    for name, names in filters.items():
        column = name.removesuffix("s")
        if absent(names, rows[column]):
            everything = warehouse.arrow(sql, visit | dict.fromkeys(_FILTERS))
            refuse_absent(spec.name, name, names, everything[column])
    if rows.num_rows == 0:
        msg = f"{spec.name}: no features of cohort {spec.cohort_id} at {timepoint} fit"
        raise FileError(msg, "Check cohort_id, timepoint and filters against mart.patient_feature")
    cure = "Choose profiles of one engine and sequences of one volume"
    matrix = person_matrix(rows, FEATURE_KEYS, "features", cure)
    infinite = np.isinf(matrix.values)
    counts = {
        "feature_rows": rows.num_rows,
        "features": matrix.columns.num_rows,
        "persons_with_features": len(matrix.persons),
        "infinite_values_left_out": int(infinite.sum()),
    }
    return matrix._replace(values=np.where(infinite, np.nan, matrix.values)), counts
