"""The stability run: how well features repeat between raters, repetitions or visits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from roentgene.analyses.findings import Findings, Store
from roentgene.analyses.stability import rating_table
from roentgene.analyses.stability.intraclass_correlation import (
    IntraclassCorrelation,
    intraclass_correlation,
)
from roentgene.analyses.stability.rating_table import STABILITY_KEY, RatedFeatures, rated_features
from roentgene.queries.query_file import query_text
from roentgene.schemas.analyses.stability import IccForm, Stability
from roentgene.schemas.errors import FileError
from roentgene.schemas.tables import table

TABLE = "result.stability"
QUERIES = ("analyses/stability_flow", "analyses/stability_ratings", *rating_table.QUERIES)
LIBRARIES = ("duckdb", "numpy", "pyarrow", "scipy")
_ESTIMATOR = "anova_complete_cases"


def find(warehouse: Store, spec: Stability) -> Findings:
    """Intraclass correlations of the design that a spec asks for.

    Raises
    ------
    FileError
        If nothing fits the spec, if a rater rated a target twice, or if a two-way form is asked
        for targets that different raters rated.
    """
    parameters = _parameters(spec)
    cells = warehouse.arrow(query_text("analyses/stability_ratings"), parameters)
    if cells.num_rows == 0:
        msg = f"{spec.name}: no values of cohort {spec.cohort_id} fit the design {spec.design}"
        raise FileError(msg, "Check cohort_id and the filters against 'roentgene status'")
    flow_parameters = {k: v for k, v in parameters.items() if k not in {"n_raters", "features"}}
    flow = warehouse.arrow(query_text("analyses/stability_flow"), flow_parameters)
    rated = rated_features(cells)
    _require_crossed(rated, spec)
    counts = {
        **flow.to_pylist()[0],
        "rating_rows": cells.num_rows,
        "rating_rows_of_complete_targets": pc.sum(cells["is_complete"]).as_py(),
        "features": rated.features.num_rows,
        "features_with_dropped_targets": int((rated.features["n_dropped"].to_numpy() > 0).sum()),
    }
    return Findings(lambda run_id: _rows(run_id, spec, rated), counts)


def _parameters(spec: Stability) -> dict[str, Any]:
    asked = spec.model_dump(
        include={"cohort_id", "design", "n_raters", "raters", "timepoints", "regions"}
        | {"sequences", "profiles", "features"}
    )
    return {name: list(v) if isinstance(v, tuple) else v for name, v in asked.items()}


def _require_crossed(rated: RatedFeatures, spec: Stability) -> None:
    """Refuse two-way forms where raters differ: there is no effect of a rater to estimate."""
    names, wanted = rated.features["n_rater_names"].to_numpy(), rated.squares.n_raters
    mixed = np.flatnonzero(names > wanted)
    if mixed.size == 0 or all(form.startswith("ICC(1") for form in spec.forms):
        return
    first = rated.features.slice(int(mixed[0]), 1).to_pylist()[0]
    msg = (
        f"{spec.name}: targets of {first['region']} on {first['sequence']} have "
        f"{first['n_raters']} ratings each, but by {first['n_rater_names']} different raters"
    )
    raise FileError(msg, "Name the raters in 'raters', or ask for ICC(1,1) and ICC(1,k) alone")


def _rows(run_id: str, spec: Stability, rated: RatedFeatures) -> Iterator[tuple[str, pa.Table]]:
    parts = [_form_rows(run_id, spec, rated, form) for form in spec.forms]
    key = [(name, "ascending") for name in table(TABLE).key]
    yield TABLE, pa.concat_tables(parts).sort_by(key)


def _form_rows(run_id: str, spec: Stability, rated: RatedFeatures, form: IccForm) -> pa.Table:
    found = intraclass_correlation(rated.squares, form)
    features = rated.features
    n = features.num_rows
    columns: dict[str, Any] = {
        "analysis_run_id": pa.repeat(run_id, n),
        **{name: features[name] for name in (*STABILITY_KEY, "feature")},
        "stability_key": pc.binary_join_element_wise(*(features[k] for k in STABILITY_KEY), "|"),
        "design": pa.repeat(spec.design, n),
        "icc_form": pa.repeat(form, n),
        "estimator": pa.repeat(_ESTIMATOR, n),
        **{name: features[name] for name in ("n_targets", "n_raters", "n_dropped")},
        **_numbers(found),
    }
    schema = table(TABLE).arrow_schema
    return pa.table([pa.chunked_array(_cast(columns[f.name], f.type)) for f in schema], schema)


def _numbers(found: IntraclassCorrelation) -> dict[str, pa.Array]:
    def number(values: Any) -> pa.Array:
        return pa.array(values, from_pandas=True)

    return {
        "icc": number(found.icc),
        "ci95_low": number(found.ci_low),
        "ci95_high": number(found.ci_high),
        "f_value": number(found.f_value),
        "p_value": number(found.p_value),
        "within_subject_sd": number(found.within_subject_sd),
        "status": pa.array(np.where(np.isnan(found.icc), "not_computed", "ok").tolist()),
        "reason": pa.array([reason or None for reason in found.reason.tolist()], pa.string()),
    }


def _cast(values: Any, kind: pa.DataType) -> list[pa.Array]:
    chunks = values.chunks if isinstance(values, pa.ChunkedArray) else [values]
    return [chunk.cast(kind) for chunk in chunks]
