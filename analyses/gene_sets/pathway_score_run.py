"""The pathway run: scores of gene sets in each person."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from roentgene.analyses.findings import Findings, Store
from roentgene.analyses.gene_sets.library import gsva, require_library, ssgsea
from roentgene.analyses.gene_sets.reading import (
    EXPRESSION_QUERY,
    SETS_QUERY,
    read_expression,
    read_gene_sets,
)
from roentgene.schemas.analyses.pathway_score import PathwayScore
from roentgene.schemas.tables import table

TABLE = "result.gene_set_score"
QUERIES = (EXPRESSION_QUERY, SETS_QUERY)
LIBRARIES = ("duckdb", "gseapy", "numpy", "pyarrow", "scipy")


def find(warehouse: Store, spec: PathwayScore) -> Findings:
    """Score of every gene set of a spec in each person with expression.

    Raises
    ------
    FileError
        If something named does not exist, a person has several specimens, or no set is measured.
    MissingExtraError
        If GSEApy is not installed.
    """
    require_library()
    expression = read_expression(warehouse, spec.name, spec.cohort_id, spec.expression)
    sets = read_gene_sets(warehouse, spec.name, spec.gene_sets)
    if spec.method == "gsva":
        # it ranks each gene among the samples, which says nothing of a constant one
        varying = expression.of(expression.persons)
        expression = varying._replace(counts={**expression.counts, **varying.counts})
    measured = sets.measured(expression.genes, spec.gene_sets)
    if spec.method == "ssgsea":
        scores = ssgsea(expression.genes, expression.values, measured, weight=spec.weight)
    else:
        scores = gsva(expression.genes, expression.values, measured, kernel=spec.kernel)
    names, n_persons = sorted(measured), len(expression.persons)
    sizes = np.array([len(measured[name]) for name in names])
    undefined = ~np.isfinite(scores.ravel())
    counts = {
        **expression.counts,
        "gene_sets": len(sets.members),
        "gene_sets_too_small_or_large": len(sets.members) - len(names),
        "scores_not_defined": int(undefined.sum()),
    }

    def rows(run_id: str) -> Iterator[tuple[str, pa.Table]]:
        size = n_persons * len(names)
        values = {
            "analysis_run_id": pa.repeat(run_id, size),
            "cohort_id": pa.repeat(spec.cohort_id, size),
            "person_id": pa.array(np.repeat(expression.persons, len(names)).tolist()),
            "collection": pa.repeat(sets.collection, size),
            "version": pa.repeat(sets.version, size),
            "gene_set": pa.array(names * n_persons),
            "molecular_profile_id": pa.repeat(spec.expression.profile, size),
            "method": pa.repeat(spec.method, size),
            "n_genes": pa.array(np.tile(sizes, n_persons)),
            "score": pa.array(scores.ravel(), mask=undefined),
        }
        schema = table(TABLE).arrow_schema
        yield TABLE, pa.table([values[f.name].cast(f.type) for f in schema], schema)

    return Findings(rows, counts)
