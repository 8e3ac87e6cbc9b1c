"""The stored rows behind the target of an association: ``expression:rna_tpm:EGFR``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from roentgene.warehouse.store import Warehouse
from roentgene.warehouse.tracing.evidence import Evidence
from roentgene.warehouse.tracing.stored import StoredRows

_RUN, _PATIENT = "ops.analysis_run", "study.patient"
#: Blocks of values under a molecular profile: table, and the column that names the target.
_UNDER_PROFILES: Mapping[str, tuple[str, str]] = {
    "expression": ("genomic.expression", "hugo_symbol"),
    "copy_number": ("genomic.copy_number", "hugo_symbol"),
    "methylation": ("genomic.methylation", "probe_id"),
    "assay_value": ("genomic.assay_value", "entity"),
}
_PLAIN: Mapping[str, tuple[str, str]] = {
    "mutation": ("genomic.mutation", "hugo_symbol"),
    "biomarker": ("genomic.biomarker", "marker"),
    "clinical": ("clinical.variable", "variable"),
    "category": ("clinical.variable", "variable"),
    "outcome": ("clinical.outcome", "endpoint"),
}
#: Variables that a patient has where no table delivers one of that name.
_OF_PATIENT = frozenset({"age_at_day_zero", "sex"})


def cohorts_of(spec: Mapping[str, Any], cohort_id: str | None) -> list[str]:
    """Cohorts that a row of a run speaks of; of several together its cohort_id is ``A+B``."""
    named = [spec.get("cohort_id"), *(spec.get("further_cohorts") or ())]
    together = [str(name) for name in named if name is not None]
    if cohort_id is None or cohort_id == "+".join(sorted(together)):
        return sorted(together)
    return [cohort_id]


def target_rows(
    warehouse: Warehouse, spec: Mapping[str, Any], cohort_id: str, target: str, limit: int
) -> Iterator[Evidence]:
    """Find stored rows of the target of an association in one cohort.

    Parameters
    ----------
    warehouse : Warehouse
        The warehouse, at the snapshot that the run read.
    spec : mapping
        The spec of the run: names of profiles and runs may hold colons themselves.
    cohort_id : str
        Cohort.
    target : str
        Target, as ``mart.association`` has it.
    limit : int
        Rows to give at most.
    """
    block, _, name = target.partition(":")
    stored = StoredRows(warehouse)
    for declared in spec.get("targets", ()):
        if declared.get("block") != block:
            continue
        for full_name, shared in _asked(stored, declared, name):
            shared = {"cohort_id": cohort_id, **shared}
            rows, n_rows = stored.alike(full_name, shared, limit)
            yield Evidence(full_name, "target", False, shared, n_rows, tuple(rows))
        if name in _OF_PATIENT and block in ("clinical", "category"):
            rows, n_rows = stored.alike(_PATIENT, {"cohort_id": cohort_id}, limit)
            yield Evidence(_PATIENT, "target", False, {"cohort_id": cohort_id}, n_rows, tuple(rows))


def _asked(
    stored: StoredRows, declared: Mapping[str, Any], name: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Tables of a declared block, and the values by which its target is found in them."""
    block = declared["block"]
    if block in _UNDER_PROFILES:
        full_name, column = _UNDER_PROFILES[block]
        profile = declared["profile"]
        if name.startswith(f"{profile}:"):
            named = name.removeprefix(f"{profile}:")
            yield full_name, {"molecular_profile_id": profile, column: named}
    elif block == "gene_set":
        run = declared["run"]
        if name.startswith(f"{run}:"):
            made, _ = stored.alike(_RUN, {"name": run, "current": True}, 1)
            for one in made:
                shared = {"analysis_run_id": one.row["analysis_run_id"]}
                yield (
                    "result.gene_set_score",
                    {**shared, "gene_set": name.removeprefix(f"{run}:")},
                )
    elif block in _PLAIN:
        full_name, column = _PLAIN[block]
        shared = {column: name}
        if declared.get("start_anchor") is not None:
            shared["start_anchor"] = declared["start_anchor"]
        yield full_name, shared
