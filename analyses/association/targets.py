"""What features are tested against: one matrix of values a target block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from roentgene.analyses.association.name_check import absent, refuse_absent
from roentgene.analyses.association.testing import Method
from roentgene.analyses.constant import Floats
from roentgene.analyses.findings import Store
from roentgene.analyses.person_matrix import PersonMatrix, person_matrix
from roentgene.queries.query_file import query_text
from roentgene.schemas.analyses.association import VOLUME, Association
from roentgene.schemas.analyses.targets import (
    AssayTarget,
    BiomarkerTarget,
    CategoryTarget,
    ClinicalTarget,
    GeneSetTarget,
    OutcomeTarget,
    Target,
    asked_names,
    block_prefix,
)
from roentgene.schemas.errors import FileError

_CLINICAL = "analyses/association_clinical"
_VOLUMES = "analyses/association_volumes"
_ASSAY = "analyses/association_targets_assay"
_QUERIES: Mapping[str, str] = {
    "expression": _ASSAY,
    "copy_number": _ASSAY,
    "methylation": _ASSAY,
    "assay_value": _ASSAY,
    "mutation": "analyses/association_targets_mutation",
    "biomarker": "analyses/association_targets_biomarker",
    "gene_set": "analyses/association_targets_gene_set",
    "clinical": _CLINICAL,
    "category": "analyses/association_targets_category",
    "outcome": "analyses/association_targets_outcome",
}
TARGET_QUERIES = (*sorted(set(_QUERIES.values())), _VOLUMES)
_ONE_PATIENT = "Declare one patient a person within the cohort"
_ONE_SPECIMEN = "Declare specimen_rule in the cohort file, or name one of 'sample_types'"
_ONE_VALUE = "Deliver one value a person: of the patient or of the visit"
_CURES: Mapping[str, str] = {
    "expression": _ONE_SPECIMEN,
    "copy_number": _ONE_SPECIMEN,
    "methylation": _ONE_SPECIMEN,
    "assay_value": _ONE_SPECIMEN,
    "mutation": _ONE_PATIENT,
    "biomarker": _ONE_PATIENT,
    "gene_set": "Score one specimen a person",
    "clinical": _ONE_VALUE,
    "category": _ONE_VALUE,
    "outcome": "Name one 'start_anchor', or deliver one row a person and endpoint",
}


@dataclass(frozen=True)
class Block:
    """One target block.

    ``prefix`` begins the names of its targets; ``names`` has one element a column of ``matrix``;
    ``n_rows`` counts the rows it came from.
    """

    kind: str
    prefix: str
    method: Method
    names: list[str]
    matrix: PersonMatrix
    n_rows: int


def read_block(warehouse: Store, spec: Association, target: Target) -> Block:
    """Read the targets of one block, one value a person and target.

    Raises
    ------
    FileError
        If a target does not exist or a person has several values.
    """
    prefix = block_prefix(target)
    asked = asked_names(target)
    parameters = _parameters(spec, target)
    sql = query_text(_QUERIES[target.block])
    rows = warehouse.arrow(sql, parameters | {"names": None if asked is None else list(asked)})
    if absent(asked, rows["target"]):
        everything = warehouse.arrow(sql, parameters | {"names": None})
        refuse_absent(spec.name, prefix, asked, everything["target"])
    if rows.num_rows == 0:
        msg = f"{spec.name}: cohort {', '.join(spec.cohorts)} has no values of {prefix}"
        raise FileError(msg, "Ingest the table, or leave the block out")
    matrix = person_matrix(rows, ("target",), prefix, _CURES[target.block])
    names: list[str] = matrix.columns["target"].to_pylist()
    if target.method == "mann_whitney":
        _require_two_values(spec.name, prefix, names, matrix.values)
    return Block(target.block, prefix, target.method, names, matrix, rows.num_rows)


def _parameters(spec: Association, target: Target) -> dict[str, Any]:
    parameters: dict[str, Any] = {"cohorts": list(spec.cohorts)}
    if isinstance(target, AssayTarget):
        chosen = None if target.sample_types is None else list(target.sample_types)
        parameters |= {"block": target.block, "profile": target.profile, "sample_types": chosen}
    elif isinstance(target, BiomarkerTarget):
        parameters["positive"] = None if target.positive is None else list(target.positive)
    elif isinstance(target, GeneSetTarget):
        parameters["run"] = target.run
    elif isinstance(target, ClinicalTarget | CategoryTarget):
        parameters["timepoint"] = spec.timepoint
    elif isinstance(target, OutcomeTarget):
        parameters["start_anchor"] = target.start_anchor
    return parameters


def _require_two_values(run: str, prefix: str, names: list[str], values: Floats) -> None:
    for name, column in zip(names, values.T, strict=True):
        met = np.unique(column[np.isfinite(column)])
        if met.size > 2:
            msg = f"{run}: {prefix}:{name} has {met.size} values, and mann_whitney compares two"
            raise FileError(msg, "Use 'method: spearman' for numbers, 'kruskal' for categories")


@dataclass(frozen=True)
class Covariates:
    """What is held constant.

    ``clinical`` has a column a covariate; ``volumes``, where the volume is one, a column for each
    sequence, region and profile.
    """

    clinical: PersonMatrix | None
    volumes: PersonMatrix | None

    @property
    def n(self) -> int:
        """Number of covariates."""
        n_clinical = 0 if self.clinical is None else self.clinical.columns.num_rows
        return n_clinical + (self.volumes is not None)


def read_covariates(warehouse: Store, spec: Association, visit: str) -> Covariates:
    """Read what is held constant; the volume is that of the visit.

    Raises
    ------
    FileError
        If one does not exist or a person has several values of it.
    """
    asked = [name for name in spec.covariates or () if name != VOLUME]
    parameters = {"cohorts": list(spec.cohorts), "timepoint": spec.timepoint, "names": asked}
    clinical = volumes = None
    if asked:
        sql = query_text(_CLINICAL)
        rows = warehouse.arrow(sql, parameters)
        if absent(asked, rows["target"]):
            everything = warehouse.arrow(sql, parameters | {"names": None})
            refuse_absent(spec.name, "covariates", asked, everything["target"])
        clinical = person_matrix(rows, ("target",), "covariates", _ONE_VALUE)
    if VOLUME in (spec.covariates or ()):
        asked_volumes = {"cohorts": list(spec.cohorts), "timepoint": visit}
        rows = warehouse.arrow(query_text(_VOLUMES), asked_volumes)
        if rows.num_rows == 0:
            msg = f"{spec.name}: no region at {visit} has a volume"
            raise FileError(msg, "Leave 'volume' out of the covariates")
        volumes = person_matrix(rows, ("sequence", "region", "profile"), "volume", _ONE_VALUE)
    return Covariates(clinical, volumes)
