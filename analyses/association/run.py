"""The association run: features against expression, mutations, clinical data and outcomes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from roentgene.analyses.association.rank_correlation import (
    REASONS,
    RankCorrelation,
    detectable_rho,
    duplicate_columns,
    spearman,
)
from roentgene.analyses.association.reading import (
    FEATURES_QUERY,
    TARGET_QUERIES,
    Block,
    feature_columns,
    read_block,
    read_features,
)
from roentgene.analyses.findings import Findings, Store
from roentgene.analyses.multiple_testing import Corrected, benjamini_hochberg
from roentgene.schemas.analyses.association import Association
from roentgene.schemas.analyses.targets import block_prefix
from roentgene.schemas.tables import table

TABLE = "result.association"
QUERIES = (FEATURES_QUERY, *TARGET_QUERIES.values())
LIBRARIES = ("duckdb", "numpy", "pyarrow", "scipy", "statsmodels")
_ROWS_AT_ONCE = 1_000_000


@dataclass(frozen=True)
class _Tested:
    """A block with its correlations, the family of each feature, and the corrected p-values."""

    block: Block
    found: RankCorrelation
    families: list[str]
    corrected: Corrected


def find(warehouse: Store, spec: Association) -> Findings:
    """Rank correlation of every feature with every target of a spec, person by person.

    Raises
    ------
    FileError
        If something named does not exist, a person has several values, or nobody has both sides.
    """
    matrix, n_rows = read_features(warehouse, spec)
    columns = feature_columns(matrix)
    targets = sorted(spec.targets, key=block_prefix)
    blocks = [read_block(warehouse, spec, target, matrix) for target in targets]
    tested = _test(spec, columns, blocks)
    counts = {
        "feature_rows": n_rows,
        "features": columns.num_rows,
        "persons_with_features": len(matrix.persons),
        "blocks": {part.block.prefix: _counts(part) for part in tested},
    }
    return Findings(lambda run_id: _rows(run_id, spec, columns, tested), counts)


def _test(spec: Association, columns: pa.Table, blocks: list[Block]) -> list[_Tested]:
    found, labels = [], []
    for block in blocks:
        families = _families(spec, block, columns)
        duplicate = None
        if spec.duplicate_features == "skip":
            duplicate = duplicate_columns(block.features, _numbered(families))
        found.append(spearman(block.features, block.targets, duplicate))
        labels.append(families)
    family = _numbered([label for families in labels for label in families])
    n_targets = [
        len(b.target_names) for b, families in zip(blocks, labels, strict=True) for _ in families
    ]
    p_values = np.concatenate([part.p_value.ravel() for part in found])
    corrected = benjamini_hochberg(p_values, np.repeat(family, n_targets))
    ends = np.cumsum([part.p_value.size for part in found])[:-1]
    q_value, n_tests = np.split(corrected.q_value, ends), np.split(corrected.n_tests, ends)
    return [
        _Tested(*parts[:3], Corrected(*parts[3:]))
        for parts in zip(blocks, found, labels, q_value, n_tests, strict=True)
    ]


def _families(spec: Association, block: Block, columns: pa.Table) -> list[str]:
    if spec.family is not None:
        return [spec.family] * columns.num_rows
    pairs = zip(columns["region"].to_pylist(), columns["profile"].to_pylist(), strict=True)
    return [f"{spec.name}|{block.prefix}|{region}|{profile}" for region, profile in pairs]


def _numbered(labels: list[str]) -> NDArray[np.intp]:
    return np.unique(np.asarray(labels), return_inverse=True)[1]


def _counts(part: _Tested) -> dict[str, int]:
    reason, frequency = np.unique(part.found.reason, return_counts=True)
    return {
        **part.block.counts,
        "infinite_values_left_out": part.found.n_infinite,
        "pairs": int(part.found.reason.size),
        **{
            REASONS[code] or "tested": int(number)
            for code, number in zip(reason.tolist(), frequency.tolist(), strict=True)
        },
    }


def _rows(
    run_id: str, spec: Association, columns: pa.Table, tested: list[_Tested]
) -> Iterator[tuple[str, pa.Table]]:
    for part in tested:
        step = max(1, _ROWS_AT_ONCE // len(part.block.target_names))
        for first in range(0, columns.num_rows, step):
            chosen = np.arange(first, min(first + step, columns.num_rows))
            yield TABLE, _table(run_id, spec, columns, part, chosen)


def _table(
    run_id: str, spec: Association, columns: pa.Table, part: _Tested, chosen: NDArray[np.intp]
) -> pa.Table:
    """Rows of some features against all targets of a block."""
    n_targets = len(part.block.target_names)
    size = chosen.size * n_targets
    which = pa.array(np.repeat(chosen, n_targets))
    prefix = part.block.prefix
    names = pa.array([f"{prefix}:{name}" for name in part.block.target_names])
    values: dict[str, Any] = {
        "analysis_run_id": pa.repeat(run_id, size),
        "cohort_id": pa.repeat(spec.cohort_id, size),
        **{name: columns[name].take(which).combine_chunks() for name in columns.column_names},
        "target": names.take(pa.array(np.tile(np.arange(n_targets), chosen.size))),
        "target_block": pa.repeat(part.block.kind, size),
        "method": pa.repeat("spearman", size),
        "family": pa.array(part.families).take(which),
        **_numbers(spec, part, chosen),
    }
    schema = table(TABLE).arrow_schema
    return pa.table([values[field.name].cast(field.type) for field in schema], schema)


def _numbers(spec: Association, part: _Tested, chosen: NDArray[np.intp]) -> dict[str, pa.Array]:
    found, shape = part.found, part.found.rho.shape
    n, reason = found.n[chosen].ravel(), found.reason[chosen].ravel()
    tested = reason == 0
    detectable = detectable_rho(n)
    exact = found.exact[chosen].ravel()
    return {
        "n": pa.array(n),
        "n_tests": pa.array(part.corrected.n_tests.reshape(shape)[chosen].ravel()),
        "estimate": pa.array(found.rho[chosen].ravel(), from_pandas=True),
        "p_value": pa.array(found.p_value[chosen].ravel(), from_pandas=True),
        "p_method": _words(("t_approximation", "exact"), exact.astype(np.int8), tested),
        "q_value": pa.array(
            part.corrected.q_value.reshape(shape)[chosen].ravel(), from_pandas=True
        ),
        "detectable_estimate": pa.array(detectable, from_pandas=True),
        # with fewer than four persons no effect is detectable at all
        "underpowered": pa.array(~(detectable <= spec.underpowered_above)),
        "status": _words(("not_tested", "ok"), tested.astype(np.int8), None),
        "reason": _words(REASONS, reason, ~tested),
    }


def _words(
    words: tuple[str, ...], codes: NDArray[np.int8], where: NDArray[np.bool_] | None
) -> pa.Array:
    indices = pa.array(codes, mask=None if where is None else ~where)
    return pa.DictionaryArray.from_arrays(indices, pa.array(words)).cast(pa.string())
