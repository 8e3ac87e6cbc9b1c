"""Persons with features, expression and gene sets in a store in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from roentgene.analyses.run import run_analysis
from roentgene.schemas.analyses.enrichment import Enrichment
from roentgene.schemas.analyses.pathway_score import PathwayScore


class GeneSetStudy:
    """A cohort of persons whose rows stand in their order."""

    def __init__(self, store: Any) -> None:
        self.store = store
        store.con.execute(
            "ALTER TABLE mart.patient_feature ADD COLUMN IF NOT EXISTS n_lesions BIGINT"
        )

    def persons(self, n: int) -> None:
        """Add persons with a specimen each."""
        persons = [_person(i) for i in range(n)]
        self.store.add(
            "study.patient", [one | {"person_id": f"C:{one['patient_id']}"} for one in persons]
        )
        self.store.add(
            "genomic.sample", [one | {"sample_id": f"S{i}"} for i, one in enumerate(persons)]
        )

    def features(self, values: Mapping[str, Sequence[float]], **place: Any) -> None:
        """Add features; NaN is no row."""
        common = {"timepoint_id": "baseline", "sequence": "CT", "region": "GTV"}
        common |= {"profile": "original", "engine": "pyradiomics"} | place
        rows = [
            _person(i) | common | {"person_id": f"C:P{i:03d}", "feature": name, "value": float(v)}
            for name, column in values.items()
            for i, v in enumerate(column)
            if not np.isnan(v)
        ]
        self.store.add("mart.patient_feature", rows)

    def expression(self, genes: Mapping[str, Sequence[float]]) -> None:
        """Add values of genes; NaN is no row."""
        rows = [
            {"cohort_id": "C", "sample_id": f"S{i}", "hugo_symbol": gene}
            | {"molecular_profile_id": "rna", "value": float(value)}
            for gene, column in genes.items()
            for i, value in enumerate(column)
            if not np.isnan(value)
        ]
        self.store.add("genomic.expression", rows)

    def gene_sets(self, sets: Mapping[str, Sequence[str]], version: str = "1") -> None:
        """Add the sets of a collection."""
        rows = [
            {"collection": "made", "version": version, "gene_set": name, "as_given": gene}
            | {"hugo_symbol": gene}
            for name, genes in sets.items()
            for gene in genes
        ]
        self.store.add("vocab.gene_set", rows)

    def enrich(self, **changed: Any) -> tuple[list[dict[str, Any]], Any]:
        """Rows and report of an enrichment run."""
        asked = {"analysis": "enrichment", "name": "made", "cohort_id": "C"}
        asked |= {"timepoint": "baseline", "permutations": 200, **_CHOICE} | changed
        if "signature" not in changed:
            asked = {"features": ["f"]} | asked
        return self._run(Enrichment.model_validate(asked), "result.enrichment")

    def score(self, **changed: Any) -> tuple[list[dict[str, Any]], Any]:
        """Rows and report of a pathway run."""
        asked = {"analysis": "pathway_score", "name": "made", "cohort_id": "C"} | _CHOICE | changed
        return self._run(PathwayScore.model_validate(asked), "result.gene_set_score")

    def _run(self, spec: Any, table: str) -> tuple[list[dict[str, Any]], Any]:
        report = run_analysis(self.store, spec)
        sql = f"SELECT * FROM {table} WHERE analysis_run_id = $id ORDER BY ALL"
        return self.store.arrow(sql, {"id": report.analysis_run_id}).to_pylist(), report


_CHOICE = {
    "expression": {"profile": "rna"},
    "gene_sets": {"collection": "made", "min_size": 5},
}


def _person(number: int) -> dict[str, Any]:
    return {"cohort_id": "C", "patient_id": f"P{number:03d}"}


@pytest.fixture
def study(store: Any) -> GeneSetStudy:
    """The store without persons."""
    return GeneSetStudy(store)
