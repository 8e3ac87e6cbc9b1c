"""The association run: features, their changes or dose against molecular and clinical targets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from roentgene.analyses.association.blocks import Answer, Question, answer, rows_of, volume_columns
from roentgene.analyses.association.chance import controls, permutations, summary
from roentgene.analyses.association.design import OF_GROUPS
from roentgene.analyses.association.families import counted_before, family_labels, numbered
from roentgene.analyses.association.family_sizes import family_sizes
from roentgene.analyses.association.predictors import (
    PREDICTOR_QUERIES,
    Predictors,
    read_predictors,
)
from roentgene.analyses.association.rows import (
    Block,
    Context,
    association_rows,
    family_rows,
)
from roentgene.analyses.association.strata import strata_of
from roentgene.analyses.association.targets import (
    TARGET_QUERIES,
    Covariates,
    read_block,
    read_covariates,
)
from roentgene.analyses.association.targets import Block as TargetBlock
from roentgene.analyses.association.testing import associate, correct_together
from roentgene.analyses.constant import Floats
from roentgene.analyses.findings import Findings, Store
from roentgene.schemas.analyses.association import Association, DeltaPredictor
from roentgene.schemas.analyses.targets import block_prefix
from roentgene.schemas.errors import FileError

QUERIES = (*PREDICTOR_QUERIES, *TARGET_QUERIES)
LIBRARIES = ("duckdb", "numpy", "pyarrow", "scipy", "statsmodels")
#: Up to so many pairs all are stored, beyond it only those of small p.
_ALL_PAIRS = 1_000_000
_TAIL = 0.05
#: Pairs of a change with its baseline are the diagonal of a matrix: small ones waste little.
_COLUMNS_AT_ONCE = 50


def find(warehouse: Store, spec: Association) -> Findings:
    """Test every feature of a spec with every target, person by person.

    Raises
    ------
    FileError
        If something named does not exist, a person has several values, nobody has both sides, or
        persons of several sites are to be compared without a word on how.
    """
    predictors = read_predictors(warehouse, spec)
    covariates = read_covariates(warehouse, spec, _earlier(spec))
    targets = sorted(spec.targets, key=block_prefix)
    blocks = [read_block(warehouse, spec, target) for target in targets]
    keep_p = _keep_p(spec, predictors, blocks)
    labels = [family_labels(spec, block.prefix, predictors.columns) for block in blocks]
    families, codes = numbered(labels)
    questions = [
        _question(spec, predictors, covariates, block, family, keep_p)
        for block, family in zip(blocks, codes, strict=True)
    ]
    answers = [answer(question) for question in questions]
    corrected = correct_together([one.tested for one in answers])
    answers = [one._replace(tested=part) for one, part in zip(answers, corrected, strict=True)]
    real = summary(corrected, len(families))
    shuffled = list(controls(questions, spec.controls, spec.seed, len(families)))
    sizes = family_sizes(questions, len(families))
    context = Context(
        spec, predictors.columns, families, real.n_tests, _baseline_correlation(predictors)
    )
    permuted = permutations(spec, questions, answers)
    tested = [
        Block(question, one, *columns)
        for question, one, columns in zip(questions, answers, permuted, strict=True)
    ]
    counts = {
        **predictors.counts,
        "keep_p": keep_p,
        "covariates": list(spec.covariates or ()),
        "blocks": {
            block.prefix: _counts(predictors, block, question, one)
            for block, question, one in zip(blocks, questions, answers, strict=True)
        },
    }

    def rows(run_id: str) -> Iterator[tuple[str, pa.Table]]:
        yield from association_rows(run_id, context, tested)
        yield from family_rows(run_id, context, sizes, real, shuffled, keep_p)

    return Findings(rows, counts)


def _earlier(spec: Association) -> str:
    """Visit whose rules picked the measurements, and whose volume is the covariate."""
    if isinstance(spec.predictors, DeltaPredictor):
        return spec.predictors.baseline
    return spec.timepoint


def _keep_p(spec: Association, predictors: Predictors, blocks: Sequence[TargetBlock]) -> float:
    if spec.keep_p is not None:
        return spec.keep_p
    n_targets = sum(len(block.names) for block in blocks)
    return 1.0 if predictors.columns.num_rows * n_targets <= _ALL_PAIRS else _TAIL


def _question(
    spec: Association,
    predictors: Predictors,
    covariates: Covariates,
    block: TargetBlock,
    family: NDArray[np.intp],
    keep_p: float,
) -> Question:
    """Bring features, targets and covariates of one block to the persons that have both."""
    both = sorted(set(predictors.matrix.persons) & set(block.matrix.persons))
    if not both:
        msg = (
            f"{spec.name}: of {len(predictors.matrix.persons)} persons with features and "
            f"{len(block.matrix.persons)} with {block.prefix} nobody has both"
        )
        raise FileError(msg, "Check the ids: 'roentgene ingest plan' lists what matched nobody")
    strata = strata_of(spec, both, predictors.places)
    persons = strata.persons
    adjusted = isinstance(spec.predictors, DeltaPredictor) and spec.predictors.baseline_adjusted
    place = {person: row for row, person in enumerate(predictors.matrix.persons)}
    chosen = [place[person] for person in persons]
    features = predictors.matrix.values[chosen]
    question = Question(
        block=block,
        method=block.method,
        persons=persons,
        features=features,
        targets=block.matrix.of(persons),
        strata=strata,
        meta=spec.combine == "meta",
        family=family,
        duplicate=None
        if spec.duplicate_features == "test"
        else counted_before(features, predictors.columns, predictors.is_shape, family),
        clinical=rows_of(covariates.clinical, persons),
        volumes=None if covariates.volumes is None else rows_of(covariates.volumes, persons),
        volume_of=volume_columns(spec.name, predictors, covariates),
        baseline=predictors.baseline[chosen]
        if adjusted and predictors.baseline is not None
        else None,
        keep_p=keep_p,
        list_untested=keep_p >= 1,
    )
    _refuse_groups(spec, question)
    return question


def _refuse_groups(spec: Association, question: Question) -> None:
    """Refuse tests of groups where something is to be held constant: they cannot."""
    if question.method not in OF_GROUPS:
        return
    several = len(question.strata.names) > 1
    if several or question.n_covariates:
        why = "several sites" if several else "covariates"
        msg = f"{spec.name}: {question.method} of {question.block.prefix} cannot allow for {why}"
        raise FileError(msg, "Test 0 and 1 by 'method: spearman', or one site without covariates")


def _baseline_correlation(predictors: Predictors) -> Floats | None:
    """Rank correlation of each change with its value at the earlier visit."""
    if predictors.baseline is None:
        return None
    found = np.full(predictors.columns.num_rows, np.nan)
    for first in range(0, found.size, _COLUMNS_AT_ONCE):
        some = slice(first, first + _COLUMNS_AT_ONCE)
        tested = associate(predictors.matrix.values[:, some], predictors.baseline[:, some])
        own = tested.feature == tested.target
        found[first + tested.feature[own]] = tested.estimate[own]
    return found


def _counts(
    predictors: Predictors, block: TargetBlock, question: Question, one: Answer
) -> dict[str, Any]:
    """Rows in and out of every filter of a block."""
    both = set(predictors.matrix.persons) & set(block.matrix.persons)
    counts: dict[str, Any] = {
        "target_rows": block.n_rows,
        "persons_with_features": len(predictors.matrix.persons),
        "persons_with_targets": len(block.matrix.persons),
        "persons_with_both": len(both),
        "infinite_values_left_out": one.tested.n_infinite,
        **one.tested.counts,
    }
    without_site = len(both) - len(question.persons)
    if without_site or len(question.strata.names) > 1:
        sizes = question.strata.sizes
        counts["persons_without_site"] = without_site
        counts["persons_by_stratum"] = sizes
        # nobody is there to compare them with
        counts["persons_alone_in_stratum"] = sum(size == 1 for size in sizes.values())
    return counts
