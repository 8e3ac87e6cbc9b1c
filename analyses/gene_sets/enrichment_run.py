"""The enrichment run: gene sets in the genes that go with a feature or a signature."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from roentgene.analyses.constant import Floats, is_constant
from roentgene.analyses.findings import Findings, Store
from roentgene.analyses.gene_sets.enrichment_score import enrichment_score, leading_edge, ranked
from roentgene.analyses.gene_sets.gene_ranking import GeneRanking
from roentgene.analyses.gene_sets.library import prerank, require_library
from roentgene.analyses.gene_sets.reading import (
    EXPRESSION_QUERY,
    SETS_QUERY,
    Expression,
    GeneSets,
    read_expression,
    read_gene_sets,
)
from roentgene.analyses.gene_sets.significance import Significance, significance
from roentgene.analyses.gene_sets.stored_ranking import (
    GENES_QUERY,
    RANKING_QUERY,
    read_stored_rankings,
)
from roentgene.analyses.person_matrix import PersonMatrix
from roentgene.analyses.visit_features import FEATURE_KEYS, VISIT_QUERIES, read_visit_features
from roentgene.schemas.analyses.enrichment import Enrichment, Signature
from roentgene.schemas.errors import FileError
from roentgene.schemas.tables import table

TABLE = "result.enrichment"
QUERIES = (*VISIT_QUERIES, EXPRESSION_QUERY, SETS_QUERY, RANKING_QUERY, GENES_QUERY)
LIBRARIES = ("duckdb", "gseapy", "numpy", "pyarrow", "scipy")
_FEWEST_PERSONS = 10


class Enriched(NamedTuple):
    """All sets of one ranking; ``reason`` says why there are none."""

    key: dict[str, str]
    n_persons: int | None
    n_genes: int
    sets: dict[str, list[str]]
    score: Floats
    found: Significance
    leading: list[list[str]]
    reason: str | None = None


def find(warehouse: Store, spec: Enrichment) -> Findings:
    """Enrichment of the sets of a spec in the genes ranked by each feature.

    Raises
    ------
    FileError
        If something named does not exist, a person has several values, or no set is measured.
    MissingExtraError
        If genes are to be permuted and GSEApy is not installed.
    """
    if spec.permute == "genes":
        require_library()
    sets = read_gene_sets(warehouse, spec.name, spec.gene_sets)
    counts: dict[str, Any] = {"gene_sets": len(sets.members)}
    if spec.association is not None:
        rankings, told = read_stored_rankings(warehouse, spec)
        enriched = [
            _by_genes(spec, sets, one.key, None, one.genes, one.values)
            if one.genes
            else _none(sets, one.key, None, "no_correlations")
            for one in rankings
        ]
        counts |= told
    else:
        matrix, told = read_visit_features(warehouse, _scope(spec), spec.timepoint)
        expression = read_expression(warehouse, spec.name, spec.cohort_id, spec.expression)
        columns = matrix if spec.signature is None else _summed(spec, spec.signature, matrix)
        enriched = _enrich(spec, sets, columns, expression)
        counts |= told | expression.counts
    counts["rankings"] = [
        {**one.key, "persons": one.n_persons, "genes": one.n_genes, "reason": one.reason}
        for one in enriched
    ]
    return Findings(lambda run_id: _rows(run_id, spec, sets, enriched), counts)


def _scope(spec: Enrichment) -> Enrichment:
    """Name the features of a signature in the spec."""
    if spec.signature is None:
        return spec
    return spec.model_copy(update={"features": tuple(sorted(spec.signature.weights))})


def _summed(spec: Enrichment, signature: Signature, matrix: PersonMatrix) -> PersonMatrix:
    """One column: features scaled to SD 1, by their weights; NaN where one is missing."""
    places = {tuple(row[k] for k in FEATURE_KEYS[:4]) for row in matrix.columns.to_pylist()}
    if len(places) > 1:
        msg = f"{spec.name}: the features of {signature.name} stand in {len(places)} places"
        raise FileError(msg, "Name one of sequences, regions and profiles each")
    names = matrix.columns["feature"].to_pylist()
    sd = np.nanstd(matrix.values, axis=0, ddof=1)
    flat = is_constant(np.nanmin(matrix.values, axis=0), np.nanmax(matrix.values, axis=0))
    if flat.any():
        msg = f"{spec.name}: {names[int(np.argmax(flat))]} of {signature.name} is constant"
        raise FileError(msg, "Leave it out of the weights")
    weights = np.array([signature.weights[name] for name in names])
    total = ((matrix.values - np.nanmean(matrix.values, axis=0)) / sd * weights).sum(axis=1)
    first = matrix.columns.slice(0, 1).to_pylist()[0] | {"feature": signature.name}
    return PersonMatrix(matrix.persons, pa.Table.from_pylist([first]), total[:, None])


def _enrich(
    spec: Enrichment, sets: GeneSets, features: PersonMatrix, expression: Expression
) -> list[Enriched]:
    both = sorted(set(features.persons) & set(expression.persons))
    if not both:
        msg = (
            f"{spec.name}: of {len(features.persons)} persons with features and "
            f"{len(expression.persons)} with expression nobody has both"
        )
        raise FileError(msg, "Check the ids: 'roentgene ingest plan' lists what matched nobody")
    values = features.of(both)
    found = []
    for key, column in zip(features.columns.to_pylist(), values.T, strict=True):
        known = ~np.isnan(column)
        persons = [person for person, here in zip(both, known.tolist(), strict=True) if here]
        reason = None
        if len(persons) < _FEWEST_PERSONS:
            reason = "too_few_persons"
        elif is_constant(column[known].min(), column[known].max()):
            reason = "constant_feature"
        if reason is not None:
            found.append(_none(sets, key, len(persons), reason))
            continue
        chosen = expression.of(persons)
        ranking = GeneRanking(column[known], chosen.values)
        if spec.permute == "persons":
            found.append(_by_persons(spec, sets, key, chosen, ranking))
        else:
            found.append(_by_genes(spec, sets, key, len(persons), chosen.genes, ranking.observed()))
    return found


def _none(sets: GeneSets, key: dict[str, str], n_persons: int | None, reason: str) -> Enriched:
    members: dict[str, list[str]] = {name: [] for name in sorted(sets.members)}
    nothing = np.full(len(members), np.nan)
    empty = Significance(nothing, nothing, nothing)
    return Enriched(key, n_persons, 0, members, nothing, empty, [[] for _ in members], reason)


def _by_persons(
    spec: Enrichment,
    sets: GeneSets,
    key: dict[str, str],
    expression: Expression,
    ranking: GeneRanking,
) -> Enriched:
    """Compare with rankings of shuffled persons: genes keep their correlation with each other."""
    measured = sets.measured(expression.genes, spec.gene_sets)
    column = {gene: place for place, gene in enumerate(expression.genes)}
    members = [np.array([column[g] for g in measured[name]]) for name in sorted(measured)]
    parts = []
    for part in ranking.permuted(spec.permutations, spec.seed):
        shuffled = ranked(part, spec.weight)
        parts.append(np.stack([enrichment_score(shuffled, one) for one in members]))
    observed = ranked(ranking.observed()[None], spec.weight)
    score = np.array([enrichment_score(observed, one)[0] for one in members])
    found = significance(score, np.hstack(parts))
    leading = [
        [expression.genes[g] for g in leading_edge(observed, one, float(es))]
        for one, es in zip(members, score, strict=True)
    ]
    n_persons = len(expression.persons)
    return Enriched(key, n_persons, len(column), measured, score, found, leading)


def _by_genes(
    spec: Enrichment,
    sets: GeneSets,
    key: dict[str, str],
    n_persons: int | None,
    genes: list[str],
    values: Floats,
) -> Enriched:
    """Compare with shuffled genes, by the library."""
    measured = sets.measured(genes, spec.gene_sets)
    order = np.argsort(-values, kind="stable")
    found = prerank(
        [genes[place] for place in order],
        values[order],
        measured,
        weight=spec.weight,
        permutations=spec.permutations,
        seed=spec.seed,
    )
    column = {gene: place for place, gene in enumerate(genes)}
    observed = ranked(values[None], spec.weight)
    leading = [
        [genes[g] for g in leading_edge(observed, np.array([column[m] for m in measured[n]]), es)]
        for n, es in zip(found.names, found.score.tolist(), strict=True)
    ]
    told = significance(found.score, found.null)
    return Enriched(key, n_persons, len(genes), measured, found.score, told, leading)


def _rows(
    run_id: str, spec: Enrichment, sets: GeneSets, enriched: list[Enriched]
) -> Iterator[tuple[str, pa.Table]]:
    schema = table(TABLE).arrow_schema
    for one in enriched:
        rows = [
            {
                "analysis_run_id": run_id,
                "cohort_id": spec.cohort_id,
                **one.key,
                "collection": sets.collection,
                "version": sets.version,
                "gene_set": name,
                "molecular_profile_id": spec.expression.profile,
                "permute": spec.permute,
                "permutations": spec.permutations,
                "n": one.n_persons,
                "n_ranked_genes": one.n_genes,
                "n_genes": len(one.sets[name]),
                "es": _number(one.score[place]),
                "nes": _number(one.found.normalised[place]),
                "p_value": _number(one.found.p_value[place]),
                "q_value": _number(one.found.q_value[place]),
                "leading_edge": json.dumps(one.leading[place]),
                "status": "ok" if one.reason is None else "not_tested",
                "reason": one.reason,
            }
            for place, name in enumerate(sorted(one.sets))
        ]
        yield TABLE, pa.Table.from_pylist(rows, schema)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
