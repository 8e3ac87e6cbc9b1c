"""Features of persons by the filters of an analysis file; those of one visit as a matrix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from roentgene.analyses.association.name_check import absent, refuse_absent
from roentgene.analyses.findings import Store
from roentgene.analyses.person_matrix import PersonMatrix, person_matrix
from roentgene.queries.query_file import query_text
from roentgene.schemas.analyses.scope import Scope
from roentgene.schemas.errors import FileError

FEATURE_KEYS = ("timepoint_id", "sequence", "region", "profile", "feature")
FEATURES_QUERY = "analyses/association_features"
UNSETTLED_QUERY = "analyses/association_unsettled"
#: Everything that features of one visit are read by.
VISIT_QUERIES = (FEATURES_QUERY, UNSETTLED_QUERY)
ONE_VALUE = "Choose profiles of one engine and sequences of one volume"
_FILTERS = ("regions", "sequences", "profiles", "features")


def filters_of(spec: Scope) -> dict[str, list[str] | None]:
    """Names that each filter lets in; None lets everything in."""
    asked = {name: getattr(spec, name) for name in _FILTERS}
    return {name: None if names is None else list(names) for name, names in asked.items()}


def filtered_rows(warehouse: Store, spec: Scope, query: str, asked: Mapping[str, Any]) -> pa.Table:
    """Rows of a query of features, each filter of which must have met something.

    Parameters
    ----------
    warehouse : Store
        An open warehouse.
    spec : Scope
        What the filters let in.
    query : str
        Name of the query; its rows have a column for each filter.
    asked : mapping
        Its other parameters.

    Raises
    ------
    FileError
        If a filter names what does not exist.
    """
    filters, sql = filters_of(spec), query_text(query)
    rows = warehouse.arrow(sql, {**asked, **filters})
    columns = {name: name.removesuffix("s") for name in filters}
    if any(absent(names, rows[columns[name]]) for name, names in filters.items()):
        everything = warehouse.arrow(sql, {**asked, **dict.fromkeys(filters)})
        for name, names in filters.items():
            refuse_absent(spec.name, name, names, everything[columns[name]])
    return rows


def refuse_unsettled(warehouse: Store, spec: Scope, timepoint: str) -> None:
    """Refuse persons who would be missing only because nobody said which rater counts.

    To be asked before the features: a filter could seem to meet nothing for want of a rule.

    Raises
    ------
    FileError
        If there are such persons at the visit.
    """
    places = {name: names for name, names in filters_of(spec).items() if name != "features"}
    asked = {"cohorts": list(spec.cohorts), "timepoint": timepoint, **places}
    found = warehouse.arrow(query_text(UNSETTLED_QUERY), asked)
    if found.num_rows:
        msg = (
            f"{spec.name}: {found.num_rows} persons have regions by several raters at {timepoint}, "
            f"e.g. {found['person_id'][0].as_py()}, and no rule says whose count"
        )
        raise FileError(msg, "Name reference_rater under patient_feature in study.yaml")


def visit_rows(warehouse: Store, spec: Scope, timepoint: str) -> pa.Table:
    """Features of the persons of the one cohort of a spec at a visit, one row each.

    Raises
    ------
    FileError
        If there are none, a filter names what does not exist, or no rule says whose masks count.
    """
    refuse_unsettled(warehouse, spec, timepoint)
    visit = {"cohorts": [spec.cohort_id], "timepoint": timepoint}
    rows = filtered_rows(warehouse, spec, FEATURES_QUERY, visit)
    if rows.num_rows == 0:
        msg = f"{spec.name}: no features of cohort {spec.cohort_id} at {timepoint} fit"
        raise FileError(msg, "Check cohort_id, timepoint and filters against mart.patient_feature")
    return rows


def read_visit_features(
    warehouse: Store, spec: Scope, timepoint: str
) -> tuple[PersonMatrix, dict[str, int]]:
    """Features of the persons at a visit, and counts; infinite values are missing.

    Raises
    ------
    FileError
        If there are none, a filter names what does not exist, no rule says whose masks count, or a
        person has several values.
    """
    rows = visit_rows(warehouse, spec, timepoint)
    matrix = person_matrix(rows, FEATURE_KEYS, "features", ONE_VALUE)
    infinite = np.isinf(matrix.values)
    counts = {
        "feature_rows": rows.num_rows,
        "features": matrix.columns.num_rows,
        "persons_with_features": len(matrix.persons),
        "infinite_values_left_out": int(infinite.sum()),
    }
    return matrix._replace(values=np.where(infinite, np.nan, matrix.values)), counts
