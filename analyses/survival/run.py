"""The survival run: features against times to events, at one visit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from roentgene.analyses.constant import Floats
from roentgene.analyses.findings import Findings, Store
from roentgene.analyses.multiple_testing import Corrected, benjamini_hochberg
from roentgene.analyses.person_matrix import PersonMatrix
from roentgene.analyses.survival.covariates import COVARIATES_QUERY, read_covariates
from roentgene.analyses.survival.groups import compare_groups
from roentgene.analyses.survival.per_feature import REASONS, fit_features
from roentgene.analyses.survival.reading import (
    OUTCOMES_QUERY,
    Endpoint,
    read_endpoints,
)
from roentgene.analyses.survival.result_rows import Fitted, curve_rows, log_rank_rows, model_rows
from roentgene.analyses.visit_features import VISIT_QUERIES, read_visit_features
from roentgene.schemas.analyses.survival import Survival
from roentgene.schemas.errors import FileError

QUERIES = (*VISIT_QUERIES, OUTCOMES_QUERY, COVARIATES_QUERY)
LIBRARIES = ("duckdb", "numpy", "pyarrow", "scipy", "statsmodels")


def find(warehouse: Store, spec: Survival) -> Findings:
    """Cox model of every feature and endpoint of a spec, person by person.

    Raises
    ------
    FileError
        If something named does not exist, a person has several values, features were measured
        after the clock started, or nobody is left.
    """
    matrix, counts = read_visit_features(warehouse, spec, spec.timepoint)
    endpoints = read_endpoints(warehouse, spec, matrix)
    _refuse_cut(spec, matrix, endpoints)
    fitted = [
        _fit(warehouse, spec, matrix, one, [other.name for other in endpoints]) for one in endpoints
    ]
    labels = [label for part in fitted for label in part.families]
    family = np.unique(np.asarray(labels), return_inverse=True)[1]
    p_values = np.concatenate([part.models.p_value for part in fitted])
    corrected = benjamini_hochberg(p_values, family)
    # each feature has one row of the test, where there are groups at all
    of_tests = np.concatenate([[one.p_value for one in part.groups] for part in fitted])
    tested = benjamini_hochberg(of_tests, family) if of_tests.size else None
    told = {**counts, "endpoints": {part.endpoint.name: _counts(part) for part in fitted}}
    return Findings(
        lambda run_id: _rows(run_id, spec, matrix.columns, fitted, corrected, tested), told
    )


def _rows(
    run_id: str,
    spec: Survival,
    columns: pa.Table,
    fitted: list[Fitted],
    corrected: Corrected,
    tested: Corrected | None,
) -> Iterator[tuple[str, pa.Table]]:
    n = columns.num_rows
    for place, part in enumerate(fitted):
        own = slice(place * n, (place + 1) * n)
        yield "result.survival", model_rows(run_id, spec, columns, part, _of(corrected, own))
    if tested is None:
        return
    for part in fitted:
        yield "result.survival_curve", curve_rows(run_id, spec, columns, part)
    for place, part in enumerate(fitted):
        own = slice(place * n, (place + 1) * n)
        yield "result.survival_test", log_rank_rows(run_id, spec, columns, part, _of(tested, own))


def _of(corrected: Corrected, own: slice) -> Corrected:
    return Corrected(corrected.q_value[own], corrected.n_tests[own])


def _fit(
    warehouse: Store, spec: Survival, matrix: PersonMatrix, endpoint: Endpoint, names: list[str]
) -> Fitted:
    covariates = read_covariates(warehouse, spec, endpoint.persons, names)
    if not covariates.persons:
        msg = f"{spec.name}: nobody with a time to {endpoint.name} has every covariate"
        raise FileError(msg, "Leave covariates out that few have; the counts say which")
    place = {person: row for row, person in enumerate(endpoint.persons)}
    chosen = [place[person] for person in covariates.persons]
    time, event = endpoint.time[chosen], endpoint.event[chosen]
    values = matrix.of(covariates.persons)
    families = _families(spec, endpoint, matrix.columns)
    duplicate = np.zeros(len(families), np.bool_)
    if spec.duplicate_features == "skip":
        duplicate = _duplicates(values, families)
    models = fit_features(
        values,
        covariates.values,
        time,
        event,
        ties=spec.ties,
        min_events=spec.min_events,
        duplicate=duplicate,
    )
    features = matrix.columns["feature"].to_pylist()
    groups = (
        [] if spec.cut is None else compare_groups(spec.cut, features, values, time, event, models)
    )
    counts = {**endpoint.counts, **covariates.counts, "persons_of_the_models": len(chosen)}
    return Fitted(endpoint, covariates.names, families, models, groups, counts)


def _families(spec: Survival, endpoint: Endpoint, columns: pa.Table) -> list[str]:
    if spec.family is not None:
        return [spec.family] * columns.num_rows
    pairs = zip(columns["region"].to_pylist(), columns["profile"].to_pylist(), strict=True)
    return [f"{spec.name}|{endpoint.name}|{region}|{profile}" for region, profile in pairs]


def _duplicates(values: Floats, families: list[str]) -> NDArray[np.bool_]:
    """Which features have the values of an earlier one of their family, as shapes do."""
    seen: set[tuple[str, bytes]] = set()
    found = np.zeros(len(families), np.bool_)
    for place, family in enumerate(families):
        key = (family, values[:, place].tobytes())
        found[place] = key in seen
        seen.add(key)
    return found


def _refuse_cut(spec: Survival, matrix: PersonMatrix, endpoints: list[Endpoint]) -> None:
    if spec.cut is None:
        return
    competing = [one.name for one in endpoints if one.counts["competing_events_censored"]]
    if competing:
        msg = (
            f"{spec.name}: {competing[0]} has competing events, with which Kaplan-Meier curves "
            "show fewer survivors than there are"
        )
        raise FileError(msg, "Leave 'cut' out; the Cox models are of the cause-specific hazard")
    if isinstance(spec.cut, str | float):
        return
    features = set(matrix.columns["feature"].to_pylist())
    unknown = sorted(set(spec.cut) - features)
    if unknown:
        msg = f"{spec.name}: cut: {unknown[0]} is none of the features that are tested"
        raise FileError(msg, "Name features as in 'features'")


def _counts(part: Fitted) -> dict[str, int]:
    reason, frequency = np.unique(part.models.reason, return_counts=True)
    told = {
        REASONS[code] or "fitted": int(number)
        for code, number in zip(reason.tolist(), frequency.tolist(), strict=True)
    }
    return {**part.counts, **told}
