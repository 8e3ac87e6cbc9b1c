"""The run of a selection's stability: what a rule chooses when the persons are drawn again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa

from roentgene.analyses.association.correlation_blocks import one_blas_thread
from roentgene.analyses.association.name_check import absent, refuse_absent
from roentgene.analyses.association.rank_correlation import spearman
from roentgene.analyses.constant import Floats
from roentgene.analyses.findings import Findings, Store
from roentgene.analyses.person_matrix import PersonMatrix, person_matrix
from roentgene.analyses.preparation import correlation
from roentgene.analyses.preparation.parameters import StoredStep
from roentgene.analyses.stability.selection import (
    Chosen,
    Rule,
    SelectionIndex,
    most_associated,
    resampled,
    selection_index,
)
from roentgene.queries.query_file import query_text
from roentgene.schemas.analyses.selection_stability import (
    SelectionStability,
    TopAssociated,
    Uncorrelated,
)
from roentgene.schemas.errors import FileError
from roentgene.schemas.release_steps import CorrelationStep
from roentgene.schemas.tables import table

TABLE = "result.selection_stability"
_FEATURES = "analyses/association_features"
_CLINICAL = "analyses/association_clinical"
_OUTCOME = "analyses/association_targets_outcome"
QUERIES = (_FEATURES, _CLINICAL, _OUTCOME)
LIBRARIES = ("duckdb", "numpy", "polars", "pyarrow", "scipy")
_FILTERS = ("regions", "sequences", "profiles", "features")
_COLUMN = ("sequence", "region", "profile", "feature")
#: Fewer persons give draws in which most are the same one.
MIN_PERSONS = 10


class _Found(NamedTuple):
    matrix: PersonMatrix
    n_persons: int
    chosen: Chosen
    draws: Chosen
    stability: SelectionIndex


def find(warehouse: Store, spec: SelectionStability) -> Findings:
    """Shares of resamples that choose each feature, and the index of stability.

    Raises
    ------
    FileError
        If a filter or the rule names what does not exist, a person has more than one value of a
        feature or of the target, or too few persons have both.
    """
    matrix = _features(warehouse, spec)
    values, target = _values(warehouse, spec, matrix)
    if len(values) < MIN_PERSONS:
        msg = f"{spec.name}: {len(values)} persons of {spec.cohort_id} have what the rule needs"
        raise FileError(msg, f"It takes {MIN_PERSONS}; check the filters and the target")
    rule = _rule(spec, values, target)
    # products of many draws and features differ in their last digits with the threads of BLAS
    with one_blas_thread():
        draws = resampled(rule, len(values), spec.resamples, spec.seed)
        chosen = rule(np.arange(len(values)))
        index = selection_index(draws)
    found = _Found(matrix, len(values), chosen, draws, index)
    counts = {
        "persons_with_features": len(matrix.persons),
        "persons": len(values),
        "features": matrix.columns.num_rows,
        "chosen": int(chosen.sum()),
    }
    return Findings(lambda run_id: _rows(run_id, spec, found), counts)


def _features(warehouse: Store, spec: SelectionStability) -> PersonMatrix:
    """Features of the persons, each filter of which must have met something."""
    filters = {name: _list(getattr(spec, name)) for name in _FILTERS}
    visit = {"cohorts": list(spec.cohorts), "timepoint": spec.timepoint}
    sql = query_text(_FEATURES)
    rows = warehouse.arrow(sql, visit | filters)
    for name, names in filters.items():
        column = name.removesuffix("s")
        if absent(names, rows[column]):
            everything = warehouse.arrow(sql, visit | dict.fromkeys(_FILTERS))
            refuse_absent(spec.name, name, names, everything[column])
    cure = "Name one visit, and set the lesion rule of study.yaml"
    return person_matrix(rows.select(["person_id", *_COLUMN, "value"]), _COLUMN, "features", cure)


def _list(names: tuple[str, ...] | None) -> list[str] | None:
    return None if names is None else list(names)


def _values(
    warehouse: Store, spec: SelectionStability, matrix: PersonMatrix
) -> tuple[Floats, Floats | None]:
    """Values of the persons that count, and the target that the rule looks at."""
    if not isinstance(spec.rule, TopAssociated):
        return matrix.values, None
    asked: dict[str, Any] = {"cohorts": list(spec.cohorts)}
    if spec.rule.clinical is not None:
        what, names, sql = "clinical", [spec.rule.clinical], query_text(_CLINICAL)
        asked["timepoint"] = spec.timepoint
    else:
        what, names, sql = "outcome", [str(spec.rule.outcome)], query_text(_OUTCOME)
        asked["start_anchor"] = None
    rows = warehouse.arrow(sql, asked | {"names": names})
    if absent(names, rows["target"]):
        everything = warehouse.arrow(sql, asked | {"names": None})
        refuse_absent(spec.name, what, names, everything["target"])
    target = person_matrix(rows, ["target"], "the target", "Give each person one value")
    both = sorted(set(target.persons) & set(matrix.persons))
    if not both:
        return np.empty((0, matrix.columns.num_rows)), None
    return matrix.of(both), target.of(both)


def _rule(spec: SelectionStability, values: Floats, target: Floats | None) -> Rule:
    if isinstance(spec.rule, TopAssociated) and target is not None:
        k = spec.rule.k
        return lambda drawn: most_associated(spearman(values[drawn], target[drawn]).rho[:, 0], k)
    if not isinstance(spec.rule, Uncorrelated):  # pragma: no cover - a target is asked for above
        raise TypeError(spec.rule)
    step = CorrelationStep(
        kind="correlation", method=spec.rule.method, threshold=spec.rule.threshold
    )
    names = [f"{number:06d}" for number in range(values.shape[1])]

    def uncorrelated(drawn: np.ndarray[Any, np.dtype[np.intp]]) -> Chosen:
        training = pl.DataFrame(values[drawn], schema=names, orient="row")
        gone = set(StoredStep(correlation.fit(training, names, step)).dropped())
        return np.array([name not in gone for name in names])

    return uncorrelated


def _rows(run_id: str, spec: SelectionStability, found: _Found) -> Iterator[tuple[str, pa.Table]]:
    n = found.matrix.columns.num_rows
    index = {
        name: None if np.isnan(number) else number
        for name, number in zip(
            ("stability_index", "ci95_low", "ci95_high"), found.stability, strict=True
        )
    }
    columns: dict[str, Any] = {
        "analysis_run_id": [run_id] * n,
        "cohort_id": [spec.cohort_id] * n,
        "timepoint_id": [spec.timepoint] * n,
        **{name: found.matrix.columns[name] for name in _COLUMN},
        "rule": [spec.rule.kind] * n,
        "n_persons": [found.n_persons] * n,
        "n_features": [n] * n,
        "n_resamples": [spec.resamples] * n,
        "chosen": found.chosen,
        "share_chosen": found.draws.mean(axis=0),
        "mean_chosen": [float(found.draws.sum(axis=1).mean())] * n,
        **{name: [number] * n for name, number in index.items()},
        "reason": ["all_or_none_chosen" if index["stability_index"] is None else None] * n,
    }
    schema = table(TABLE).arrow_schema
    made = pa.table({name: columns[name] for name in schema.names}).cast(schema)
    yield TABLE, made.sort_by([(name, "ascending") for name in table(TABLE).key])
