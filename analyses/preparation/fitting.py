"""Fitting of the steps of a release on the training rows of each fold, and their application.

A step sees the rows of training persons and nothing else, in one order; so whoever permutes or
changes the other rows gets the same parameters to the last bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

import polars as pl

from roentgene.analyses.preparation import (
    correlation,
    cut_points,
    harmonization,
    imputation,
    scaling,
    stability_choice,
    variance,
)
from roentgene.analyses.preparation.parameters import STEP_SCHEMA, StoredStep
from roentgene.schemas.errors import FileError, WarehouseError
from roentgene.schemas.release_steps import (
    CorrelationStep,
    CutPointStep,
    HarmonizationStep,
    ImputationStep,
    ScalingStep,
    StabilityStep,
    Step,
    VarianceStep,
)

#: What identifies a row of a release; training rows are fitted in their order.
ROW_KEY = ("person_id", "cohort_id", "patient_id", "timepoint_id")
#: What identifies a fold.
FOLD_KEY = ("split_id", "repeat", "fold", "inner_fold")

_APPLICATIONS = {
    "harmonization": harmonization.apply,
    "stability": stability_choice.apply,
    "variance": variance.apply,
    "correlation": correlation.apply,
    "imputation": imputation.apply,
    "scaling": scaling.apply,
    "cut_point": cut_points.apply,
}

#: Ratings, or bounds of a stored run, by the number of the stability step that needs them.
Repeated = Mapping[int, pl.DataFrame]


def fit(
    table: pl.DataFrame,
    columns: Sequence[str],
    steps: Sequence[Step],
    train: Sequence[str],
    repeated: Repeated | None = None,
) -> pl.DataFrame:
    """Fit the steps of one fold, each on what the steps before it made of the training rows.

    Parameters
    ----------
    table : polars.DataFrame
        The release: ``person_id`` and further key columns, predictors, targets.
    columns : sequence of str
        Names of the predictors.
    steps : sequence of Step
        What is done, in this order.
    train : sequence of str
        Training persons; other rows are not looked at.
    repeated : mapping of int to polars.DataFrame, optional
        Repeated measurements for stability steps, by ``step_no`` (from 1); see
        :func:`roentgene.analyses.preparation.stability_choice.fit`.

    Returns
    -------
    polars.DataFrame
        ``step_no, step, column, parameter, level, value, text``; parameters of a whole step have
        no column.

    Raises
    ------
    FileError
        If a step does not fit the table.
    """
    _require_patterns(columns, steps)
    order = [name for name in ROW_KEY if name in table.columns]
    training = table.filter(pl.col("person_id").is_in(list(train))).sort(order)
    if training.height == 0:
        msg = "no row belongs to a training person"
        raise FileError(msg, "Check the splits")
    parts = [pl.DataFrame(schema=STEP_SCHEMA)]
    for step_no, step in enumerate(steps, start=1):
        # what an earlier step dropped is gone; the indicators that one added are left alone
        here = _columns_of(step, training, columns)
        found = _fit_one(training, here, step, train, (repeated or {}).get(step_no))
        if step_no < len(steps):
            training = _APPLICATIONS[step.kind](training, StoredStep(found))
        number = pl.lit(step_no, pl.Int32).alias("step_no")
        parts.append(found.select(number, pl.lit(step.kind).alias("step"), pl.all()))
    return pl.concat(parts)


def _fit_one(
    training: pl.DataFrame,
    columns: Sequence[str],
    step: Step,
    train: Sequence[str],
    repeated: pl.DataFrame | None,
) -> pl.DataFrame:
    match step:
        case HarmonizationStep():
            return harmonization.fit(training, columns, step)
        case StabilityStep():
            if repeated is None:
                msg = "a stability step has no repeated measurements"
                raise FileError(msg, "Check 'design' against the raters that the cohorts have")
            return stability_choice.fit(columns, step, train, repeated)
        case VarianceStep():
            return variance.fit(training, columns, step)
        case CorrelationStep():
            return correlation.fit(training, columns, step)
        case ImputationStep():
            return imputation.fit(training, columns, step)
        case ScalingStep():
            return scaling.fit(training, columns, step)
        case CutPointStep():
            return cut_points.fit(training, columns, step)


def _columns_of(step: Step, table: pl.DataFrame, columns: Sequence[str]) -> list[str]:
    """Numbers among the columns that a step works on."""
    schema = table.schema
    return [
        column
        for column in columns
        if column in schema
        and (schema[column].is_numeric() or schema[column] == pl.Boolean)
        and column.partition("__")[0] in step.blocks
        and (step.columns is None or any(fnmatchcase(column, one) for one in step.columns))
    ]


def _require_patterns(columns: Sequence[str], steps: Sequence[Step]) -> None:
    for number, step in enumerate(steps, start=1):
        for pattern in step.columns or ():
            if not any(fnmatchcase(column, pattern) for column in columns):
                msg = f"step {number} ({step.kind}): no column is like {pattern!r}"
                raise FileError(msg, "Name columns of the release; * stands for any letters")


def fit_folds(
    table: pl.DataFrame,
    columns: Sequence[str],
    steps: Sequence[Step],
    splits: pl.DataFrame,
    repeated: Repeated | None = None,
) -> pl.DataFrame:
    """Fit the steps of every fold, outer and inner.

    Parameters
    ----------
    table, columns, steps, repeated
        As of :func:`fit`.
    splits : polars.DataFrame
        Rows of :func:`roentgene.analyses.splitting.make_splits`.

    Returns
    -------
    polars.DataFrame
        ``split_id, repeat, fold, inner_fold`` and the columns of :func:`fit`.

    Raises
    ------
    FileError
        If a step cannot be fitted, or could not be applied to the other rows of its fold (a batch
        that training did not see); the message names the fold.
    """
    parts = []
    for key, fold in splits.group_by(FOLD_KEY, maintain_order=True):
        train = fold.filter(pl.col("role") == "train")["person_id"].to_list()
        rows = table.filter(pl.col("person_id").is_in(fold["person_id"].to_list()))
        try:
            found = fit(rows, columns, steps, train, repeated)
            _require_applicable(rows, found)
        except FileError as error:
            msg = f"{_fold_name(key)}: {error.message}"
            raise FileError(msg, error.cure) from error
        keys = [
            pl.lit(value, splits.schema[name]).alias(name)
            for name, value in zip(FOLD_KEY, key, strict=True)
        ]
        parts.append(found.select(*keys, pl.all()))
    schema = {name: splits.schema[name] for name in FOLD_KEY} | STEP_SCHEMA
    return pl.concat([pl.DataFrame(schema=schema), *parts])


def _fold_name(key: tuple[object, ...]) -> str:
    split_id, repeat, fold, inner = key
    name = f"split {split_id}, repeat {repeat}, fold {fold}"
    return name if inner is None else f"{name}, inner fold {inner}"


def _require_applicable(rows: pl.DataFrame, parameters: pl.DataFrame) -> None:
    for kind, stored in _stored_steps(parameters):
        if kind == "harmonization":
            harmonization.require_known(rows, stored)


def apply(table: pl.DataFrame, parameters: pl.DataFrame) -> pl.DataFrame:
    """Apply the stored parameters of one fold; nothing is estimated here.

    Parameters
    ----------
    table : polars.DataFrame
        Rows of a release, of any persons.
    parameters : polars.DataFrame
        Rows of :func:`fit`; keys of the fold may stand beside them.

    Returns
    -------
    polars.DataFrame
        The rows in their order; columns that a step dropped are gone, and the indicators of
        imputation stand at the end.

    Raises
    ------
    FileError
        If rows are of a batch that training did not see.
    WarehouseError
        If a step is of a kind that this version of roentgene does not know.
    """
    for kind, stored in _stored_steps(parameters):
        if kind not in _APPLICATIONS:
            msg = f"the release has a step of kind {kind}, which this version does not know"
            raise WarehouseError(msg, "Load it with the version of roentgene that made it")
        table = _APPLICATIONS[kind](table, stored)
    return table


def _stored_steps(parameters: pl.DataFrame) -> list[tuple[str, StoredStep]]:
    numbers = parameters.select("step_no", "step").unique().sort("step_no").rows()
    return [
        (kind, StoredStep(parameters.filter(pl.col("step_no") == number)))
        for number, kind in numbers
    ]
