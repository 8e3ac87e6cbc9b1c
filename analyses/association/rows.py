"""Rows of the tables that an association writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from roentgene.analyses.association.blocks import Answer, Question
from roentgene.analyses.association.chance import LIMIT, Summary
from roentgene.analyses.association.design import OF_GROUPS
from roentgene.analyses.association.family_sizes import FamilySizes
from roentgene.analyses.association.rank_correlation import detectable_rho
from roentgene.analyses.association.testing import FEW_PERSONS, P_METHODS, REASONS
from roentgene.analyses.constant import Floats
from roentgene.schemas.analyses.association import Association
from roentgene.schemas.tables import table

TABLE = "result.association"
FAMILY_TABLE = "result.association_family"
CONTROL_TABLE = "result.association_control"
_ROWS_AT_ONCE = 1_000_000


@dataclass(frozen=True)
class Block:
    """A block that was tested, with what stands in its rows.

    ``p_max_t`` and ``fdr`` have one element a kept pair, or are None without permutations.
    """

    question: Question
    answer: Answer
    p_max_t: Floats | None
    fdr: Floats | None


@dataclass(frozen=True)
class Context:
    """What all rows of a run share.

    ``columns`` are the keys of the features, one row each; ``baseline_correlation`` one element
    a feature, or None; ``families`` are the names of the families.
    """

    spec: Association
    columns: pa.Table
    families: Sequence[str]
    n_tests: NDArray[np.int64]
    baseline_correlation: Floats | None

    @property
    def cohort_id(self) -> str:
        """Population, of several together all of them."""
        return "+".join(sorted(self.spec.cohorts))


def association_rows(
    run_id: str, context: Context, blocks: Sequence[Block]
) -> Iterator[tuple[str, pa.Table]]:
    """Give the pairs of all blocks in the order of their key, in pieces."""
    for block in blocks:
        yield from _rows(run_id, context, block)


def _rows(run_id: str, context: Context, block: Block) -> Iterator[tuple[str, pa.Table]]:
    tested, untested = block.answer.tested, block.answer.tested.untested
    feature, target = tested.feature, tested.target
    if untested is not None:
        feature = np.concatenate([feature, untested.feature])
        target = np.concatenate([target, untested.target])
    order = np.lexsort((target, feature))
    for first in range(0, order.size, _ROWS_AT_ONCE):
        chosen = order[first : first + _ROWS_AT_ONCE]
        yield TABLE, _table(run_id, context, block, chosen, feature[chosen], target[chosen])


def _table(
    run_id: str,
    context: Context,
    block: Block,
    chosen: NDArray[np.intp],
    feature: NDArray[np.int32],
    target: NDArray[np.int32],
) -> pa.Table:
    spec, question, n = context.spec, block.question, chosen.size
    which = pa.array(feature)
    names = pa.array([f"{question.block.prefix}:{name}" for name in question.block.names])
    family = question.family[feature]
    values: dict[str, Any] = {
        "analysis_run_id": pa.repeat(run_id, n),
        "cohort_id": pa.repeat(context.cohort_id, n),
        **{name: _coded(context.columns[name], which) for name in context.columns.column_names},
        "predictor": pa.repeat(spec.predictors.view, n),
        "target": names.take(pa.array(target)),
        "target_block": pa.repeat(question.block.kind, n),
        "method": pa.repeat(question.method, n),
        "family": pa.array(context.families).take(pa.array(family)),
        "n_covariates": pa.repeat(question.n_covariates, n),
        "n_tests": pa.array(context.n_tests[family]),
        "baseline_correlation": _numbers(
            None if context.baseline_correlation is None else context.baseline_correlation[feature],
            n,
        ),
        **_results(context, block, chosen),
    }
    schema = table(TABLE).arrow_schema
    return pa.table([values[field.name].cast(field.type) for field in schema], schema)


def _coded(column: pa.ChunkedArray, which: pa.Array) -> pa.Array:
    return column.combine_chunks().take(which)


def _results(context: Context, block: Block, chosen: NDArray[np.intp]) -> dict[str, pa.Array]:
    """Columns of numbers; pairs that were not tested stand behind those that were."""
    tested, untested = block.answer.tested, block.answer.tested.untested
    n_tested = tested.feature.size
    ok = chosen < n_tested
    place = np.where(ok, chosen, 0)

    def of_pairs(values: NDArray[Any] | None) -> NDArray[Any] | None:
        if values is None or not n_tested:
            return None
        return np.where(ok, values[place].astype(np.float64), np.nan)

    n = tested.n
    reason = np.zeros(chosen.size, np.int8)
    n_strata = block.answer.n_strata
    if untested is not None:
        n = np.concatenate([n, untested.n])
        n_strata = np.concatenate([n_strata, np.zeros(untested.n.size, np.int32)])
        reason[~ok] = untested.reason[chosen[~ok] - n_tested]
    n, n_strata = n[chosen], n_strata[chosen]
    detectable = _detectable(block, n, n_strata)
    of_groups = block.question.method in OF_GROUPS
    method = np.zeros(chosen.size, np.int8)
    method[ok] = tested.p_method[chosen[ok]]
    return {
        "n": pa.array(n),
        "n_strata": pa.array(n_strata),
        **{
            name: _numbers(of_pairs(values), chosen.size)
            for name, values in {
                "estimate": tested.estimate,
                "statistic": tested.statistic,
                "auc": tested.auc,
                "p_value": tested.p_value,
                # an upper bound is no q
                "q_value": np.where(tested.q_is_exact, tested.q_value, np.nan),
                "p_max_t": block.p_max_t,
                "fdr_permutation": block.fdr,
                "heterogeneity_p": block.answer.heterogeneity_p,
            }.items()
        },
        "p_method": _words(P_METHODS, method, ok),
        "detectable_estimate": _numbers(detectable, chosen.size),
        # with fewer than four persons no effect is detectable at all
        "underpowered": pa.array(
            ~(detectable <= context.spec.underpowered_above), mask=np.full(n.size, of_groups)
        ),
        "few_persons": pa.array(n < FEW_PERSONS),
        "status": _words(("not_tested", "ok"), ok.astype(np.int8), None),
        "reason": _words(REASONS, reason, ~ok),
    }


def _detectable(block: Block, n: NDArray[np.int32], n_strata: NDArray[np.int32]) -> Floats:
    """Smallest correlation that would be found; NaN of tests of groups, whose effect is none."""
    if block.question.method in OF_GROUPS:
        return np.full(n.size, np.nan)
    k, strata = block.question.n_covariates, np.maximum(n_strata, 1)
    if block.answer.heterogeneity_p is None:
        return detectable_rho((n - k - (strata - 1)).astype(np.int32))
    # each of the combined sites has lost a mean, Fisher's three and its covariates
    return detectable_rho((n - (strata * (3 + k) - 3)).astype(np.int32))


def _numbers(values: NDArray[Any] | None, size: int) -> pa.Array:
    """Numbers; what is not finite is NULL."""
    if values is None:
        return pa.nulls(size, pa.float64())
    return pa.array(values, pa.float64(), mask=~np.isfinite(values))


def _words(
    words: tuple[str, ...], codes: NDArray[np.int8], where: NDArray[np.bool_] | None
) -> pa.Array:
    indices = pa.array(codes, mask=None if where is None else ~where)
    return pa.DictionaryArray.from_arrays(indices, pa.array(words)).cast(pa.string())


def family_rows(
    run_id: str,
    context: Context,
    sizes: FamilySizes,
    real: Summary,
    shuffled: Sequence[Summary],
    keep_p: float,
) -> Iterator[tuple[str, pa.Table]]:
    """Give one row a family, and one a family and control."""
    n, n_controls = len(context.families), len(shuffled)
    p05 = real.n_p05 if keep_p >= LIMIT else None
    q05 = real.n_q05 if keep_p >= LIMIT else None
    values: dict[str, Any] = {
        "analysis_run_id": pa.repeat(run_id, n),
        "cohort_id": pa.repeat(context.cohort_id, n),
        "family": pa.array(context.families),
        "n_features": pa.array(sizes.n_features),
        "n_targets": pa.array(sizes.n_targets),
        "n_pairs": pa.array(sizes.n_pairs),
        "n_tests": pa.array(real.n_tests),
        "n_effective_features": _numbers(sizes.effective_features, n),
        "n_effective_targets": _numbers(sizes.effective_targets, n),
        "n_effective": _numbers(sizes.effective_features * sizes.effective_targets, n),
        "smallest_p": _numbers(real.smallest_p, n),
        "n_p05": pa.nulls(n) if p05 is None else pa.array(p05),
        "n_q05": pa.nulls(n) if q05 is None else pa.array(q05),
        "n_controls": pa.repeat(n_controls, n),
        **_controlled(real, shuffled, n),
    }
    schema = table(FAMILY_TABLE).arrow_schema
    yield FAMILY_TABLE, _declared(values, schema)
    if shuffled:
        yield CONTROL_TABLE, _control_table(run_id, context, shuffled)


def _controlled(real: Summary, shuffled: Sequence[Summary], n: int) -> dict[str, pa.Array]:
    names = ("control_smallest_p", "control_n_p05", "control_n_q05", "controls_as_small")
    if not shuffled:
        return {name: pa.nulls(n) for name in names}
    # without a kept p the smallest one is above the limit
    smallest = np.nan_to_num(np.stack([one.smallest_p for one in shuffled]), nan=np.inf)
    median = np.median(smallest, axis=0)
    as_small = (smallest <= np.nan_to_num(real.smallest_p, nan=np.inf)).sum(axis=0)
    columns = (
        _numbers(median, n),
        _numbers(np.median([one.n_p05 for one in shuffled], axis=0), n),
        _numbers(np.mean([one.n_q05 for one in shuffled], axis=0), n),
        pa.array(as_small),
    )
    return dict(zip(names, columns, strict=True))


def _control_table(run_id: str, context: Context, shuffled: Sequence[Summary]) -> pa.Table:
    n_families, n_controls = len(context.families), len(shuffled)
    n = n_families * n_controls

    def flat(name: str) -> NDArray[Any]:
        return np.stack([getattr(one, name) for one in shuffled], axis=1).ravel()

    values: dict[str, Any] = {
        "analysis_run_id": pa.repeat(run_id, n),
        "family": pa.array(context.families).take(
            pa.array(np.repeat(np.arange(n_families), n_controls))
        ),
        "cohort_id": pa.repeat(context.cohort_id, n),
        "control_no": pa.array(np.tile(np.arange(1, n_controls + 1), n_families)),
        "n_tests": pa.array(flat("n_tests")),
        "smallest_p": _numbers(flat("smallest_p"), n),
        "n_p05": pa.array(flat("n_p05")),
        "n_q05": pa.array(flat("n_q05")),
    }
    return _declared(values, table(CONTROL_TABLE).arrow_schema)


def _declared(values: dict[str, Any], schema: pa.Schema) -> pa.Table:
    return pa.table([values[field.name].cast(field.type) for field in schema], schema)
