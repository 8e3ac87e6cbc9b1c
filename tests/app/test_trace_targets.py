"""Stored rows behind each kind of target of an association."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from roentgene.schemas.analyses.association import Association
from roentgene.warehouse.opening import open_warehouse
from roentgene.warehouse.tracing.evidence import Evidence
from roentgene.warehouse.tracing.targets import cohorts_of, target_rows

TARGETS: list[dict[str, Any]] = [
    {"block": "copy_number", "profile": "cn"},
    {"block": "methylation", "profile": "beta:450k"},
    {"block": "assay_value", "profile": "cells"},
    {"block": "expression", "profile": "tpm"},
    {"block": "mutation"},
    {"block": "biomarker"},
    {"block": "gene_set", "run": "hallmarks"},
    {"block": "clinical"},
    {"block": "category", "variables": ["sex", "grade"]},
    {"block": "outcome", "start_anchor": "surgery"},
]
SAMPLE = {"cohort_id": "B", "patient_id": "X1", "sample_id": "S1"}
ROWS: dict[str, list[dict[str, Any]]] = {
    "study.patient": [{"cohort_id": "B", "patient_id": "X1", "person_id": "X1", "sex": "F"}],
    "genomic.sample": [SAMPLE],
    "genomic.copy_number": [SAMPLE | {"hugo_symbol": "EGFR", "molecular_profile_id": "cn"}],
    "genomic.methylation": [SAMPLE | {"probe_id": "cg:1", "molecular_profile_id": "beta:450k"}],
    "genomic.assay_value": [
        SAMPLE | {"entity": name, "molecular_profile_id": "cells"} for name in ("CD8:T", "T")
    ],
    "genomic.expression": [SAMPLE | {"hugo_symbol": "EGFR", "molecular_profile_id": "tpm"}],
    "genomic.mutation": [SAMPLE | {"hugo_symbol": "TP53"}],
    "genomic.biomarker": [{"cohort_id": "B", "patient_id": "X1", "marker": "MGMT"}],
    "clinical.variable": [
        {"cohort_id": "B", "patient_id": "X1", "variable": "grade", "value_text": "II"}
    ],
    "clinical.outcome": [
        {"cohort_id": "B", "patient_id": "X1", "endpoint": "OS", "start_anchor": anchor}
        for anchor in ("surgery", "diagnosis")
    ],
    "ops.analysis_run": [
        {"analysis_run_id": run, "name": "hallmarks", "analysis": "pathway_score", "current": now}
        for run, now in (("old", False), ("new", True))
    ],
    "result.gene_set_score": [
        {"analysis_run_id": run, "cohort_id": "B", "person_id": "X1", "gene_set": "HYPOXIA"}
        for run in ("old", "new")
    ],
}


def spec(**changed: Any) -> dict[str, Any]:
    asked = {"analysis": "association", "name": "a", "cohort_id": "LGG", "timepoint": "baseline"}
    asked |= {"targets": TARGETS, "further_cohorts": ["B"], "stratify": "cohort"}
    return json.loads(Association.model_validate(asked | changed).model_dump_json())


@pytest.fixture
def evidence(study: Path, deliver: Callable[..., None]) -> Callable[[str], list[Evidence]]:
    deliver(study, ROWS)

    def found(target: str) -> list[Evidence]:
        with open_warehouse(study) as warehouse:
            return list(target_rows(warehouse, spec(), "B", target, 10))

    return found


@pytest.mark.parametrize(
    ("target", "table", "wanted"),
    [
        ("copy_number:cn:EGFR", "genomic.copy_number", {"hugo_symbol": "EGFR"}),
        ("methylation:beta:450k:cg:1", "genomic.methylation", {"probe_id": "cg:1"}),
        ("assay_value:cells:CD8:T", "genomic.assay_value", {"entity": "CD8:T"}),
        ("expression:tpm:EGFR", "genomic.expression", {"molecular_profile_id": "tpm"}),
        ("mutation:TP53", "genomic.mutation", {"hugo_symbol": "TP53"}),
        ("biomarker:MGMT", "genomic.biomarker", {"marker": "MGMT"}),
        ("gene_set:hallmarks:HYPOXIA", "result.gene_set_score", {"analysis_run_id": "new"}),
        ("category:grade", "clinical.variable", {"value_text": "II"}),
        ("outcome:OS", "clinical.outcome", {"start_anchor": "surgery"}),
    ],
)
def test_each_kind_of_target_leads_to_its_rows(
    evidence: Callable[[str], list[Evidence]], target: str, table: str, wanted: dict[str, Any]
) -> None:
    (found,) = evidence(target)
    assert (found.table, found.role, found.n_rows) == (table, "target", 1)
    (stored,) = found.rows
    assert stored.row["cohort_id"] == "B"
    assert {name: stored.row[name] for name in wanted} == wanted


def test_what_a_patient_has_of_itself_is_found_there(
    evidence: Callable[[str], list[Evidence]],
) -> None:
    delivered, own = evidence("category:sex")
    assert (delivered.table, delivered.n_rows) == ("clinical.variable", 0)
    assert (own.table, [one.row["sex"] for one in own.rows]) == ("study.patient", ["F"])


def test_a_row_of_several_cohorts_is_traced_in_each() -> None:
    assert cohorts_of(spec(), "B+LGG") == ["B", "LGG"]
    assert cohorts_of(spec(), None) == ["B", "LGG"]
    # a cohort may have a plus in its name
    alone = spec(cohort_id="A+B", further_cohorts=None, stratify=None)
    assert cohorts_of(alone, "A+B") == ["A+B"]
