"""The stability run: how well features repeat between raters, repetitions, visits or engines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from roentgene.analyses.findings import Findings, Store
from roentgene.analyses.stability import rating_table
from roentgene.analyses.stability.agreement import Agreement, agreement
from roentgene.analyses.stability.intraclass_correlation import (
    IntraclassCorrelation,
    intraclass_correlations,
    without_interval,
)
from roentgene.analyses.stability.rating_table import STABILITY_KEY, RatedFeatures, rated_features
from roentgene.analyses.stability.reml_table import reml_features
from roentgene.queries.query_file import query_text
from roentgene.schemas.analyses.stability import IccForm, Stability
from roentgene.schemas.errors import FileError
from roentgene.schemas.tables import table

TABLE = "result.stability"
POLICY = "result.stability_policy"
QUERIES = (
    "analyses/known_cohorts",
    "analyses/stability_flow",
    "analyses/stability_ratings",
    "analyses/stability_engines",
    *rating_table.QUERIES,
)
LIBRARIES = ("duckdb", "numpy", "pyarrow", "scipy")


def find(warehouse: Store, spec: Stability) -> Findings:
    """Intraclass correlations of the design that a spec asks for.

    Raises
    ------
    FileError
        If nothing fits the spec, if a rater rated a target twice, if a two-way form is asked for
        targets that different raters rated, if patients of several sites are taken together
        unasked, or if the table is to speak for a cohort that is not there.
    """
    parameters = _parameters(spec)
    _require_cohorts(warehouse, spec)
    flow = warehouse.arrow(query_text("analyses/stability_flow"), _flow_parameters(parameters))
    counted = flow.to_pylist()[0]
    _require_one_site(counted["sites"], spec)
    cells = _cells(warehouse, spec, parameters)
    if cells.num_rows == 0:
        msg = f"{spec.name}: no values of cohort {spec.cohort_id} fit the design {spec.design}"
        raise FileError(msg, "Check cohort_id and the filters against 'roentgene status'")
    rated = _rated(cells, spec)
    counts = {
        **counted,
        "rating_rows": cells.num_rows,
        "rating_rows_of_complete_targets": pc.sum(cells["is_complete"]).as_py(),
        "features": rated.features.num_rows,
        "features_with_dropped_targets": int((rated.features["n_dropped"].to_numpy() > 0).sum()),
    }
    return Findings(lambda run_id: _rows(run_id, spec, rated), counts)


def _parameters(spec: Stability) -> dict[str, Any]:
    asked = spec.model_dump(
        include={"cohort_id", "design", "n_raters", "raters", "timepoints", "regions", "sites"}
        | {"sequences", "profiles", "features"}
    )
    asked["raters_crossed"] = spec.crossed
    return {name: list(v) if isinstance(v, tuple) else v for name, v in asked.items()}


def _flow_parameters(parameters: dict[str, Any]) -> dict[str, Any]:
    left_out = {"n_raters", "features", "raters_crossed"}
    return {name: value for name, value in parameters.items() if name not in left_out}


def _cells(warehouse: Store, spec: Stability, parameters: dict[str, Any]) -> pa.Table:
    if spec.design != "cross_engine":
        return warehouse.arrow(query_text("analyses/stability_ratings"), parameters)
    asked = {k: v for k, v in parameters.items() if k not in {"design", "raters_crossed"}}
    return warehouse.arrow(query_text("analyses/stability_engines"), asked)


def _rated(cells: pa.Table, spec: Stability) -> RatedFeatures:
    if spec.estimator == "reml":
        return reml_features(cells, crossed=spec.crossed)
    rated = rated_features(cells)
    _require_crossed(rated, spec)
    return rated


def _require_cohorts(warehouse: Store, spec: Stability) -> None:
    asked = set(spec.also_for or ())
    found = warehouse.arrow(query_text("analyses/known_cohorts"), {"cohorts": sorted(asked)})
    unknown = sorted(asked - set(found["cohort_id"].to_pylist()))
    if unknown:
        msg = f"{spec.name}: 'also_for' names {unknown[0]}, which is no cohort of the warehouse"
        raise FileError(msg, "Check the spelling, or ingest that cohort first")


def _require_one_site(n_sites: int, spec: Stability) -> None:
    if n_sites > 1 and not spec.across_sites:
        msg = f"{spec.name}: the patients come from {n_sites} sites, between which targets differ"
        raise FileError(msg, "Name one in 'sites', or say 'across_sites: true'")


def _require_crossed(rated: RatedFeatures, spec: Stability) -> None:
    """Refuse two-way forms where raters differ: there is no effect of a rater to estimate."""
    names, wanted = rated.features["n_rater_names"].to_numpy(), rated.squares.n_raters
    mixed = np.flatnonzero(names > wanted)
    if mixed.size == 0 or not spec.crossed:
        return
    first = rated.features.slice(int(mixed[0]), 1).to_pylist()[0]
    msg = (
        f"{spec.name}: targets of {first['region']} on {first['sequence']} have "
        f"{first['n_raters']} ratings each, but by {first['n_rater_names']} different raters"
    )
    raise FileError(msg, "Name the raters in 'raters', or say 'raters_crossed: false'")


def _rows(run_id: str, spec: Stability, rated: RatedFeatures) -> Iterator[tuple[str, pa.Table]]:
    found = (
        without_interval(rated.squares, spec.all_forms)
        if spec.estimator == "reml"
        else intraclass_correlations(rated.squares, spec.all_forms)
    )
    beside = agreement(rated.squares, crossed=spec.crossed)
    parts = [
        _form_rows(run_id, spec, rated, form, numbers, beside) for form, numbers in found.items()
    ]
    key = [(name, "ascending") for name in table(TABLE).key]
    yield TABLE, pa.concat_tables(parts).sort_by(key)
    yield POLICY, _policy_rows(run_id, spec)


def _policy_rows(run_id: str, spec: Stability) -> pa.Table:
    policy = {
        "analysis_run_id": run_id,
        "measured_in": spec.cohort_id,
        "icc_form": spec.policy_form,
        "bound": spec.policy.bound,
        "threshold": spec.policy.threshold,
    }
    cohorts = sorted({spec.cohort_id, *(spec.also_for or ())})
    rows = [policy | {"cohort_id": cohort} for cohort in cohorts]
    return pa.Table.from_pylist(rows, table(POLICY).arrow_schema)


def _form_rows(
    run_id: str,
    spec: Stability,
    rated: RatedFeatures,
    form: IccForm,
    found: IntraclassCorrelation,
    beside: Agreement,
) -> pa.Table:
    features = rated.features
    n = features.num_rows
    columns: dict[str, Any] = {
        "analysis_run_id": pa.repeat(run_id, n),
        **{name: features[name] for name in (*STABILITY_KEY, "feature")},
        "stability_key": pc.binary_join_element_wise(*(features[k] for k in STABILITY_KEY), "|"),
        "design": pa.repeat(spec.design, n),
        "icc_form": pa.repeat(form, n),
        "estimator": pa.repeat(_estimator(spec), n),
        **{name: features[name] for name in ("n_targets", "n_raters", "n_dropped")},
        **_numbers(found, beside),
    }
    schema = table(TABLE).arrow_schema
    return pa.table([pa.chunked_array(_cast(columns[f.name], f.type)) for f in schema], schema)


def _estimator(spec: Stability) -> str:
    if spec.estimator == "reml":
        return "reml_two_way" if spec.crossed else "reml_one_way"
    return spec.estimator


def _numbers(found: IntraclassCorrelation, beside: Agreement) -> dict[str, pa.Array]:
    def number(values: Any) -> pa.Array:
        return pa.array(values, from_pandas=True)

    def words(values: Any) -> pa.Array:
        return pa.array([word or None for word in values.tolist()], pa.string())

    return {
        "icc": number(found.icc),
        "ci95_low": number(found.ci_low),
        "ci95_high": number(found.ci_high),
        "f_value": number(found.f_value),
        "p_value": number(found.p_value),
        "within_subject_sd": number(found.within_subject_sd),
        "repeatability_coefficient": number(beside.repeatability_coefficient),
        "wcv": number(beside.wcv),
        "wcv_reason": words(beside.wcv_reason),
        "ccc": number(beside.ccc),
        "ccc_reason": words(beside.ccc_reason),
        "status": pa.array(np.where(np.isnan(found.icc), "not_computed", "ok").tolist()),
        "reason": words(found.reason),
    }


def _cast(values: Any, kind: pa.DataType) -> list[pa.Array]:
    chunks = values.chunks if isinstance(values, pa.ChunkedArray) else [values]
    return [chunk.cast(kind) for chunk in chunks]
