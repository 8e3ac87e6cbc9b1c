"""The harmonization run: models of ComBat fitted on named persons, their parameters as rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from roentgene.analyses.findings import Findings, Store
from roentgene.analyses.harmonization import reading
from roentgene.analyses.harmonization.combat import Combat, fit_combat
from roentgene.analyses.harmonization.reading import ModelRows, batch_words, column_of
from roentgene.analyses.harmonization.refusals import (
    refuse_outcome,
    require_apart,
    require_batches,
)
from roentgene.analyses.harmonization.training import release_state, training_persons
from roentgene.analyses.preparation.covariates import (
    Covariate,
    covariate_columns,
    fitted_covariates,
)
from roentgene.schemas.analyses.harmonization import Harmonization
from roentgene.schemas.errors import FileError
from roentgene.schemas.tables import table

QUERIES = reading.QUERIES
#: A run depends on the release that says who is trained on.
further_state = release_state
#: Batches have numbers, by which values meet their parameters fast.
AFTER_ROWS = ("analyses/number_harmonization_cells",)
LIBRARIES = ("duckdb", "numpy", "polars", "pyarrow")
TABLES = (
    "result.harmonization_model",
    "result.harmonization_batch",
    "result.harmonization",
    "result.harmonization_covariate",
    "result.harmonization_effect",
    "result.harmonization_person",
)


@dataclass(frozen=True)
class _Fitted:
    """A model with the rows it was fitted on, its batches in their order and its covariates."""

    rows: ModelRows
    batches: list[str]
    covariates: list[Covariate]
    model: Combat


def find(warehouse: Store, spec: Harmonization) -> Findings:
    """Fit a model for each region, sequence, profile and engine.

    Raises
    ------
    FileError
        If nothing fits the spec, the outcome is a covariate, or a batch is small or cannot be told
        from a covariate.
    WarehouseError
        If the release that says who is trained on has changed.
    """
    training = training_persons(warehouse, spec)
    refuse_outcome(spec, training.target, reading.endpoints_of(warehouse, spec))
    models = [_fit(spec, rows) for rows in reading.read_models(warehouse, spec, training.persons)]
    counts: dict[str, Any] = {
        "persons_of_the_fold": None if training.persons is None else len(training.persons),
        "models": {"|".join(one.rows.key.values()): _counts(one) for one in models},
    }
    return Findings(lambda run_id: _rows(run_id, spec, models), counts)


def _counts(fitted: _Fitted) -> dict[str, int]:
    reasons, numbers = np.unique(fitted.model.reason, return_counts=True)
    named = zip(reasons.tolist(), numbers.tolist(), strict=True)
    left_out = {f"features_{reason or 'adjusted'}": number for reason, number in named}
    return {**fitted.rows.counts, **left_out}


def _fit(spec: Harmonization, rows: ModelRows) -> _Fitted:
    from threadpoolctl import threadpool_limits

    require_batches(spec, rows)
    batches = sorted(set(rows.batch))
    codes = np.array([batches.index(name) for name in rows.batch], np.intp)
    covariates = fitted_covariates(rows.variables, [column_of(one) for one in spec.preserve])
    given = covariate_columns(rows.variables, covariates)
    require_apart(spec, rows, codes, given, covariates)
    try:
        # threads add in another order, and the last digit would hang on their number
        with threadpool_limits(limits=1, user_api="blas"):
            model = fit_combat(
                rows.values,
                codes,
                given,
                reference=None if spec.reference is None else batches.index(spec.reference),
                mean_only=spec.method == "mean_only",
            )
    except ValueError as error:
        msg = f"{spec.name}: {'|'.join(rows.key.values())}: {error}"
        raise FileError(msg, "Look at more features together, or leave the region out") from error
    return _Fitted(rows, batches, covariates, model)


def _rows(
    run_id: str, spec: Harmonization, models: list[_Fitted]
) -> Iterator[tuple[str, pa.Table]]:
    makers = (_model_row, _batch_rows, _parameters, _covariate_rows, _effects, _persons)
    for name, make in zip(TABLES, makers, strict=True):
        schema = table(name).arrow_schema
        parts = [
            _cast(
                {
                    "analysis_run_id": run_id,
                    "cohort_id": spec.cohort_id,
                    **one.rows.key,
                    **make(spec, one),
                },
                schema,
            )
            for one in models
        ]
        key = [(column, "ascending") for column in table(name).key]
        yield name, pa.concat_tables([schema.empty_table(), *parts]).sort_by(key)


def _cast(columns: Mapping[str, Any], schema: pa.Schema) -> pa.Table:
    """Columns as a table; a word stands for all rows, NaN for none."""
    size = max(len(values) for values in columns.values() if _is_many(values))
    arrays = [
        pa.array(values, field.type, from_pandas=True)
        if _is_many(values)
        else pa.array([values] * size, field.type)
        for field, values in ((field, columns[field.name]) for field in schema)
    ]
    return pa.table(arrays, schema)


def _is_many(values: Any) -> bool:
    return isinstance(values, list | np.ndarray)


def _model_row(spec: Harmonization, fitted: _Fitted) -> dict[str, Any]:
    source, variable = batch_words(spec)
    fold = None if spec.persons == "all" else spec.persons
    return {
        "timepoint_id": [spec.timepoint],
        "batch_source": source,
        "batch_variable": variable,
        "method": spec.method,
        "reference_batch": spec.reference,
        "persons": "all" if fold is None else "train",
        "release": None if fold is None else fold.release,
        "split_id": None if fold is None else fold.split,
        "repeat": None if fold is None else fold.repeat,
        "fold": None if fold is None else fold.fold,
        "inner_fold": None if fold is None else fold.inner_fold,
        "n_persons": len(fitted.rows.persons),
        "n_features": len(fitted.rows.features),
        "n_adjusted": int((fitted.model.reason == "").sum()),
    }


def _batch_rows(_: Harmonization, fitted: _Fitted) -> dict[str, Any]:
    return {
        "batch": fitted.batches,
        "n_persons": [fitted.rows.batch.count(name) for name in fitted.batches],
    }


def _parameters(_: Harmonization, fitted: _Fitted) -> dict[str, Any]:
    model, n_batches = fitted.model, len(fitted.batches)
    present = np.isfinite(fitted.rows.values)
    batch = np.array(fitted.rows.batch)
    adjusted = np.tile(model.reason == "", n_batches)
    of_features = {
        name: np.where(adjusted, np.tile(values, n_batches), np.nan)
        for name, values in (("grand_mean", model.grand_mean), ("var_pooled", model.var_pooled))
    }
    return {
        "feature": fitted.rows.features * n_batches,
        "batch": np.repeat(fitted.batches, len(fitted.rows.features)).tolist(),
        "n_values": np.concatenate([present[batch == b].sum(axis=0) for b in fitted.batches]),
        **of_features,
        "gamma_star": model.gamma_star.ravel(),
        "delta_star": model.delta_star.ravel(),
        "status": np.where(adjusted, "ok", "not_adjusted").tolist(),
        "reason": [reason or None for reason in model.reason.tolist()] * n_batches,
    }


def _covariate_rows(spec: Harmonization, fitted: _Fitted) -> dict[str, Any]:
    """Columns of the design and base classes; what is compared alone has the place 0."""
    found: list[tuple[str, str, str | None, int, bool]] = []
    place = 0
    for asked, covariate in zip(spec.preserve, fitted.covariates, strict=True):
        for base in covariate.classes[:1]:
            found.append((asked.kind, asked.name, base, 0, True))
        for level in covariate.levels:
            place += 1
            found.append((asked.kind, asked.name, level, place, True))
    for asked in spec.compare:
        column = fitted.rows.variables[column_of(asked)]
        words = [None]
        if column.dtype == pl.String:
            words = column.drop_nulls().unique().sort().to_list()
        found += [(asked.kind, asked.name, word, 0, False) for word in words]
    names = ("source", "variable", "level", "place", "preserved")
    return {name: [row[number] for row in found] for number, name in enumerate(names)}


def _effects(_: Harmonization, fitted: _Fitted) -> dict[str, Any]:
    model, rows = fitted.model, fitted.rows
    adjusted = np.flatnonzero(model.reason == "")
    n_columns = model.beta.shape[0]
    return {
        "feature": [rows.features[place] for place in adjusted] * n_columns,
        "place": np.repeat(np.arange(1, n_columns + 1), adjusted.size),
        "beta": model.beta[:, adjusted].ravel(),
    }


def _persons(_: Harmonization, fitted: _Fitted) -> dict[str, Any]:
    return {"person_id": fitted.rows.persons}
