"""The run of a selection's stability: what a rule chooses when the persons are drawn again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

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
from roentgene.analyses.visit_features import VISIT_QUERIES, visit_rows
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
_CLINICAL = "analyses/association_clinical"
_OUTCOME = "analyses/association_targets_outcome"
QUERIES = (*VISIT_QUERIES, _CLINICAL, _OUTCOME)
LIBRARIES = ("duckdb", "numpy", "polars", "pyarrow", "scipy")
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
        feature or of the target, too few persons have both, or persons of several sites are drawn
        together unasked.
    """
    rows = _features(warehouse, spec)
    cure = "Name one visit, and set the lesion rule of study.yaml"
    matrix = person_matrix(rows.select(["person_id", *_COLUMN, "value"]), _COLUMN, "features", cure)
    persons, target = _persons_and_target(warehouse, spec, matrix)
    values = matrix.of(persons)
    sites = _sites(rows, persons)
    if len(sites) > 1 and not spec.across_sites:
        msg = (
            f"{spec.name}: the persons come from {len(sites)} sites, between which features differ"
        )
        raise FileError(msg, "Name one in 'sites', or say 'across_sites: true'")
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
        "sites": len(sites),
        "features": matrix.columns.num_rows,
        "chosen": int(chosen.sum()),
    }
    return Findings(lambda run_id: _rows(run_id, spec, found), counts)


def _features(warehouse: Store, spec: SelectionStability) -> pa.Table:
    """Features of the persons of the sites that are looked at."""
    rows = visit_rows(warehouse, spec, spec.timepoint)
    if spec.sites is None:
        return rows
    refuse_absent(spec.name, "sites", spec.sites, rows["site"])
    return rows.filter(pc.is_in(rows["site"], pa.array(spec.sites)))


def _sites(rows: pa.Table, persons: Sequence[str]) -> set[str]:
    """Sites of persons, as far as they are known."""
    own = rows.filter(pc.is_in(rows["person_id"], pa.array(persons, pa.string())))
    return set(pc.unique(own["site"]).to_pylist()) - {None}


def _persons_and_target(
    warehouse: Store, spec: SelectionStability, matrix: PersonMatrix
) -> tuple[list[str], Floats | None]:
    """Persons that count, and the target that the rule looks at."""
    if not isinstance(spec.rule, TopAssociated):
        return matrix.persons, None
    asked: dict[str, Any] = {"cohorts": list(spec.cohorts)}
    if spec.rule.clinical is not None:
        what, names, sql = "clinical", [spec.rule.clinical], query_text(_CLINICAL)
        asked["timepoint"] = spec.timepoint
    else:
        what, names, sql = "outcome", [str(spec.rule.outcome)], query_text(_OUTCOME)
        asked["start_anchor"] = spec.rule.start_anchor
    rows = warehouse.arrow(sql, asked | {"names": names})
    if absent(names, rows["target"]):
        everything = warehouse.arrow(sql, asked | {"names": None})
        refuse_absent(spec.name, what, names, everything["target"])
    cure = "Give each person one value" if what == "clinical" else "Name one 'start_anchor'"
    target = person_matrix(rows, ["target"], "the target", cure)
    both = sorted(set(target.persons) & set(matrix.persons))
    return both, target.of(both)


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
