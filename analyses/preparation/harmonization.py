"""Harmonization of batches by ComBat, fitted on training rows and stored as rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from roentgene.analyses.constant import Floats
from roentgene.analyses.harmonization.combat import (
    UNKNOWN_BATCH,
    Codes,
    Combat,
    apply_combat,
    fit_combat,
)
from roentgene.analyses.preparation.covariates import (
    Covariate,
    covariate_columns,
    fitted_covariates,
)
from roentgene.analyses.preparation.matrix import to_matrix, with_matrix
from roentgene.analyses.preparation.parameters import ParameterRows, StoredStep
from roentgene.schemas.errors import FileError
from roentgene.schemas.release_steps import HarmonizationStep

_BATCH, _ROWS, _REFERENCE, _UNSEEN = "batch_column", "batch_rows", "reference", "unseen_batch"
#: How the columns of mart.delta_radiomics begin, whatever the measure.
_CHANGE = "rad__delta_"
_COVARIATE, _NOT_ADJUSTED = "covariate", "not_adjusted"
_CURE_UNSEEN = (
    "Use a batch column that every training set covers, another split, or 'unseen_batch: leave'"
)


def fit(training: pl.DataFrame, columns: Sequence[str], step: HarmonizationStep) -> pl.DataFrame:
    """Batch effects of training rows.

    Raises
    ------
    FileError
        If a row has no batch, a batch too few rows, batches and covariates cannot be told apart,
        or columns are changes between visits.
    """
    _refuse_changes(columns)
    batches = _batches(training, step)
    rows = ParameterRows()
    rows.of_step(_BATCH, text=step.batch)
    rows.of_step(_UNSEEN, text=step.unseen_batch)
    if step.reference is not None:
        rows.of_step(_REFERENCE, text=step.reference)
    names = batches.unique().sort().to_list()
    for name in names:
        rows.of_step(_ROWS, level=name, value=float((batches == name).sum()))
    covariates = fitted_covariates(training, step.preserve)
    for one in covariates:
        for level in one.classes or (None,):
            rows.of_step(_COVARIATE, level=level, text=one.column)
    model = _model(training, columns, step, batches, names, covariates)
    _write(rows, columns, names, covariates, model)
    return rows.frame()


def _refuse_changes(columns: Sequence[str]) -> None:
    """Refuse changes between visits: each visit has a batch, and a change has none."""
    changes = [name for name in columns if name.startswith(_CHANGE)]
    if changes:
        msg = f"harmonization of {len(changes)} changes between visits, e.g. {changes[0]}"
        cure = (
            "Harmonize before the change is taken: let 'columns' name values of visits alone, or "
            "take the visits, harmonize them, and take their differences in the model"
        )
        raise FileError(msg, cure)


def _batches(training: pl.DataFrame, step: HarmonizationStep) -> pl.Series:
    batches = _batch_column(training, step.batch)
    if batches.null_count():
        msg = f"{batches.null_count()} training rows have no {step.batch} to harmonize by"
        raise FileError(msg, f"Include only patients with a {step.batch}, or use another batch")
    counts = batches.value_counts(sort=False).sort(step.batch)
    small = counts.filter(pl.col("count") < step.minimum_batch)
    if small.height:
        msg = (
            f"batch {small[step.batch][0]} has {small['count'][0]} training rows, fewer than "
            f"{step.minimum_batch}"
        )
        cure = "Join small batches, use fewer folds or 'mean_only: true', or lower 'minimum_batch'"
        raise FileError(msg, cure)
    if counts.height < 2:
        msg = f"the training rows are of one {step.batch}: there is nothing to harmonize"
        raise FileError(msg, "Leave the step out, or split otherwise")
    if step.reference is not None and step.reference not in counts[step.batch]:
        msg = f"no training row is of the reference batch {step.reference}"
        raise FileError(msg, "Name a batch that every training set has, or split otherwise")
    return batches


def _batch_column(table: pl.DataFrame, name: str) -> pl.Series:
    if name not in table.columns:
        msg = f"the release has no column {name} to harmonize by"
        raise FileError(msg, "Name a column of the release in 'batch'")
    return table[name].cast(pl.String)


def _model(
    training: pl.DataFrame,
    columns: Sequence[str],
    step: HarmonizationStep,
    batches: pl.Series,
    names: Sequence[str],
    covariates: Sequence[Covariate],
) -> Combat:
    try:
        return fit_combat(
            to_matrix(training, columns),
            _codes(batches, names),
            covariate_columns(training, covariates),
            reference=None if step.reference is None else names.index(step.reference),
            mean_only=step.mean_only,
        )
    except ValueError as error:
        msg = f"harmonization by {step.batch}: {error}"
        raise FileError(msg, "Check 'batch', 'preserve' and the columns of the step") from error


def _codes(batches: pl.Series, names: Sequence[str]) -> Codes:
    places = {name: place for place, name in enumerate(names)}
    return np.array([places.get(name, UNKNOWN_BATCH) for name in batches.to_list()], np.intp)


def _write(
    rows: ParameterRows,
    columns: Sequence[str],
    names: Sequence[str],
    covariates: Sequence[Covariate],
    model: Combat,
) -> None:
    rows.of_columns("grand_mean", columns, _adjusted(model.grand_mean, model))
    rows.of_columns("var_pooled", columns, model.var_pooled)
    for (parameter, level), values in zip(_betas(covariates), model.beta, strict=True):
        rows.of_columns(parameter, columns, _adjusted(values, model), level=level)
    for name, gamma, delta in zip(names, model.gamma_star, model.delta_star, strict=True):
        rows.of_columns("gamma_star", columns, gamma, level=name)
        rows.of_columns("delta_star", columns, delta, level=name)
    rows.of_columns(_NOT_ADJUSTED, columns, texts=[str(reason) or None for reason in model.reason])


def _betas(covariates: Sequence[Covariate]) -> list[tuple[str, str | None]]:
    """Parameter and level of each coefficient, in the order of the model."""
    return [(f"beta:{one.column}", level) for one in covariates for level in one.levels]


def _adjusted(values: Floats, model: Combat) -> Floats:
    return np.where(model.reason == "", values, np.nan)


def apply(table: pl.DataFrame, stored: StoredStep) -> pl.DataFrame:
    """Remove the stored batch effects.

    Raises
    ------
    FileError
        If rows are of a batch that training did not see and the step does not leave those as
        they are.
    """
    require_known(table, stored)
    names = _names(stored)
    columns = stored.columns("grand_mean")
    covariates = _covariates(stored)
    betas = [stored.values(parameter, columns, level) for parameter, level in _betas(covariates)]
    reference = stored.text(_REFERENCE)
    model = Combat(
        grand_mean=stored.values("grand_mean", columns),
        var_pooled=stored.values("var_pooled", columns),
        beta=np.array(betas).reshape(len(betas), len(columns)),
        gamma_star=np.array([stored.values("gamma_star", columns, name) for name in names]),
        delta_star=np.array([stored.values("delta_star", columns, name) for name in names]),
        reason=np.full(len(columns), ""),
        reference=None if reference is None else names.index(reference),
    )
    batch = _codes(_batch_column(table, str(stored.text(_BATCH))), names)
    given = covariate_columns(table, covariates)
    return with_matrix(table, columns, apply_combat(to_matrix(table, columns), batch, model, given))


def require_known(table: pl.DataFrame, stored: StoredStep) -> None:
    """Refuse rows of batches that training did not see, unless the step leaves those."""
    if stored.text(_UNSEEN) == "leave":
        return
    column = str(stored.text(_BATCH))
    batches = _batch_column(table, column)
    unseen = batches.filter(batches.is_null() | ~batches.is_in(_names(stored)))
    if unseen.len():
        name = "no name" if unseen[0] is None else unseen[0]
        msg = f"{unseen.len()} rows are of {column} {name}, which no training row is of"
        raise FileError(msg, _CURE_UNSEEN)


def _covariates(stored: StoredStep) -> list[Covariate]:
    classes: dict[str, tuple[str, ...]] = {}
    for level, _, column in stored.of_step(_COVARIATE):
        name = str(column)
        classes[name] = (*classes.get(name, ()), *(() if level is None else (level,)))
    return [Covariate(name, levels) for name, levels in classes.items()]


def _names(stored: StoredStep) -> list[str]:
    return [str(level) for level, _, _ in stored.of_step(_ROWS)]
