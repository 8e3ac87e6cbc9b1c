"""Rows of survival analyses: models, curves and tests, in the order of their keys."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from roentgene.analyses.constant import Floats
from roentgene.analyses.multiple_testing import Corrected
from roentgene.analyses.survival.groups import Groups
from roentgene.analyses.survival.kaplan_meier import Curve
from roentgene.analyses.survival.per_feature import REASONS, FeatureModels
from roentgene.analyses.survival.reading import Endpoint
from roentgene.schemas.analyses.survival import Survival
from roentgene.schemas.tables import table

_CI = 1.959963984540054


class Fitted(NamedTuple):
    """All models of an endpoint, and the groups where a cut is stated."""

    endpoint: Endpoint
    covariate_names: list[str]
    families: list[str]
    models: FeatureModels
    groups: list[Groups]
    counts: dict[str, int]


def model_rows(
    run_id: str, spec: Survival, columns: pa.Table, part: Fitted, corrected: Corrected
) -> pa.Table:
    """Rows of ``result.survival``: a Cox model a feature."""
    found = part.models
    fitted = found.reason == 0
    # coefficients are per standard deviation unless the unit of the feature is asked for
    scale = np.ones(len(fitted)) if spec.standardize else found.feature_sd
    coefficient, error = found.coefficient / scale, found.standard_error / scale
    with np.errstate(over="ignore"):
        ratios = [np.exp(coefficient + _CI * side * error) for side in (0, -1, 1)]
    words = [REASONS[code] or None for code in found.reason.tolist()]
    return _table(
        "result.survival",
        _keys(run_id, spec, columns, part),
        len(fitted),
        {
            "method": "cox",
            "ties": spec.ties,
            "landmark_day": spec.landmark_day,
            "family": part.families,
            "n": found.n,
            "n_events": found.n_events,
            "n_tests": corrected.n_tests,
            "per": "sd" if spec.standardize else "unit",
            "feature_sd": _numbers(found.feature_sd),
            "coef": _numbers(coefficient),
            "standard_error": _numbers(error),
            "hazard_ratio": _numbers(ratios[0]),
            "ci95_low": _numbers(ratios[1]),
            "ci95_high": _numbers(ratios[2]),
            "p_value": _numbers(found.p_value),
            "q_value": _numbers(corrected.q_value),
            "concordance": _numbers(found.concordance),
            "ph_p_value": _numbers(found.ph_p_value),
            "covariates": _covariates(part.covariate_names, found.covariates),
            "status": np.where(fitted, "ok", "not_fitted").tolist(),
            "reason": pa.array(words, pa.string()),
        },
    )


def _covariates(names: list[str], coefficients: Floats) -> list[str]:
    """Names of the covariates with their coefficients, as JSON; null where there is no model."""
    return [
        json.dumps(
            dict(zip(names, (None if np.isnan(c) else c for c in row), strict=True)), sort_keys=True
        )
        for row in coefficients.tolist()
    ]


def log_rank_rows(
    run_id: str, spec: Survival, columns: pa.Table, part: Fitted, corrected: Corrected
) -> pa.Table:
    """Rows of ``result.survival_test``: the log-rank test a feature."""
    groups = part.groups
    words = [one.reason for one in groups]
    return _table(
        "result.survival_test",
        _keys(run_id, spec, columns, part),
        len(groups),
        {
            "method": "log_rank",
            "landmark_day": spec.landmark_day,
            "cut": "median" if spec.cut == "median" else "given",
            "cut_point": _numbers([one.cut_point for one in groups]),
            "family": part.families,
            "n_low": [one.n[0] for one in groups],
            "n_high": [one.n[1] for one in groups],
            "n_events_low": [one.n_events[0] for one in groups],
            "n_events_high": [one.n_events[1] for one in groups],
            "n_tests": corrected.n_tests,
            "chi_squared": _numbers([one.chi_squared for one in groups]),
            "p_value": _numbers([one.p_value for one in groups]),
            "q_value": _numbers(corrected.q_value),
            "status": ["ok" if word is None else "not_tested" for word in words],
            "reason": pa.array(words, pa.string()),
        },
    )


def curve_rows(run_id: str, spec: Survival, columns: pa.Table, part: Fitted) -> pa.Table:
    """Rows of ``result.survival_curve``: every distinct time of each group of a feature."""
    curves = [
        (place, name, one.cut_point, curve)
        for place, one in enumerate(part.groups)
        for name, curve in sorted(one.curves.items())
    ]
    sizes = [curve.time.size for *_, curve in curves]
    which = np.repeat([place for place, *_ in curves], sizes).astype(np.int64)
    keys = _keys(run_id, spec, columns, part)
    keys |= {name: columns[name].take(pa.array(which)) for name in columns.column_names}

    def joined(name: str) -> Floats:
        parts = [getattr(curve, name) for *_, curve in curves]
        return np.concatenate(parts) if parts else np.empty(0)

    values: dict[str, Any] = {
        "risk_group": np.repeat([name for _, name, _, _ in curves], sizes).tolist(),
        "cut_point": np.repeat([cut for *_, cut, _ in curves], sizes),
        "time_days": joined("time"),
        **{name: joined(name).astype(np.int64) for name in Curve._fields if name.startswith("n_")},
        "survival": joined("survival"),
        "standard_error": _numbers(joined("standard_error")),
        "ci95_low": _numbers(joined("ci_low")),
        "ci95_high": _numbers(joined("ci_high")),
    }
    return _table("result.survival_curve", keys, int(which.size), values)


def _keys(run_id: str, spec: Survival, columns: pa.Table, part: Fitted) -> dict[str, Any]:
    return {
        "analysis_run_id": run_id,
        "cohort_id": spec.cohort_id,
        **{name: columns[name] for name in columns.column_names},
        "endpoint": part.endpoint.name,
        "start_anchor": part.endpoint.start_anchor,
    }


def _table(name: str, keys: Mapping[str, Any], size: int, values: Mapping[str, Any]) -> pa.Table:
    """Rows with the declared columns; a value that is one for all is repeated."""
    schema = table(name).arrow_schema
    given = {**keys, **values}
    arrays = []
    for field in schema:
        value = given[field.name]
        if value is None or isinstance(value, str | int):
            value = pa.nulls(size, field.type) if value is None else pa.repeat(value, size)
        elif isinstance(value, pa.ChunkedArray):
            value = value.combine_chunks()
        arrays.append((value if isinstance(value, pa.Array) else pa.array(value)).cast(field.type))
    return pa.table(arrays, schema)


def _numbers(values: ArrayLike) -> pa.Array:
    """Numbers, NULL where there is none."""
    given = np.asarray(values, np.float64)
    return pa.array(np.where(np.isfinite(given), given, np.nan), pa.float64(), from_pandas=True)
