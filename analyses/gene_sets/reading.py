"""Expression of persons and gene sets, as far as they meet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from roentgene.analyses.association.name_check import refuse_absent
from roentgene.analyses.constant import Floats, is_constant
from roentgene.analyses.findings import Store
from roentgene.analyses.person_matrix import person_matrix
from roentgene.queries.query_file import query_text
from roentgene.schemas.analyses.gene_sets import ExpressionChoice, GeneSetChoice
from roentgene.schemas.errors import FileError

EXPRESSION_QUERY = "analyses/association_targets_assay"
SETS_QUERY = "analyses/gene_sets"


class Expression(NamedTuple):
    """Values of genes, shape (persons, genes); persons and genes are sorted, nothing is missing."""

    persons: list[str]
    genes: list[str]
    values: Floats
    counts: dict[str, int]

    def of(self, persons: list[str]) -> Expression:
        """Of these persons, without the genes that are constant among them."""
        place = {person: row for row, person in enumerate(self.persons)}
        values = self.values[[place[person] for person in persons]]
        varying = ~is_constant(values.min(axis=0), values.max(axis=0))
        genes = [gene for gene, keep in zip(self.genes, varying.tolist(), strict=True) if keep]
        counts = {"genes_constant_left_out": int((~varying).sum())}
        return Expression(persons, genes, values[:, varying], counts)


class GeneSets(NamedTuple):
    """Sets of one version of a collection, their genes sorted."""

    collection: str
    version: str
    members: Mapping[str, list[str]]

    def measured(self, genes: list[str], choice: GeneSetChoice) -> dict[str, list[str]]:
        """Those genes of each set that are measured, of the sets that have enough and not too many.

        Raises
        ------
        FileError
            If no set is left.
        """
        known = set(genes)
        found = {name: [g for g in members if g in known] for name, members in self.members.items()}
        largest = min(choice.max_size, len(genes) - 1)
        kept = {n: m for n, m in found.items() if choice.min_size <= len(m) <= largest}
        if not kept:
            most = max(len(members) for members in found.values())
            msg = (
                f"no set of {self.collection} {self.version} has {choice.min_size} to {largest} "
                f"genes among the {len(genes)} that are measured; the largest has {most}"
            )
            raise FileError(
                msg, "Look into mart.gene_set_coverage, or change min_size and max_size"
            )
        return kept


def read_expression(
    warehouse: Store, name: str, cohort_id: str, choice: ExpressionChoice
) -> Expression:
    """Expression of the persons of a cohort; genes that somebody lacks are left out, and counted.

    Raises
    ------
    FileError
        If there is none, or a person has several specimens.
    """
    asked = {
        "block": "expression",
        "cohorts": [cohort_id],
        "profile": choice.profile,
        "sample_types": None if choice.sample_types is None else list(choice.sample_types),
        "names": None,
    }
    rows = warehouse.arrow(query_text(EXPRESSION_QUERY), asked)
    if rows.num_rows == 0:
        msg = f"{name}: cohort {cohort_id} has no expression under {choice.profile}"
        raise FileError(msg, "Check expression: profile and sample_types")
    cure = "Declare specimen_rule in the cohort file, or name one of 'sample_types'"
    matrix = person_matrix(rows, ("target",), f"expression {choice.profile}", cure)
    complete = np.isfinite(matrix.values).all(axis=0)
    genes = np.asarray(matrix.columns["target"].to_pylist(), dtype=object)[complete].tolist()
    if not genes:
        msg = f"{name}: no gene has a value of every person under {choice.profile}"
        raise FileError(msg, "Leave persons out that were measured on another panel")
    counts = {
        "persons_with_expression": len(matrix.persons),
        "genes": int(complete.size),
        "genes_with_missing_or_infinite_values_left_out": int((~complete).sum()),
    }
    return Expression(matrix.persons, genes, matrix.values[:, complete], counts)


def read_gene_sets(warehouse: Store, name: str, choice: GeneSetChoice) -> GeneSets:
    """Gene sets of one version.

    Raises
    ------
    FileError
        If the collection, the version or a set does not exist, or the version is not settled.
    """
    asked = {"collection": choice.collection, "version": choice.version}
    rows = warehouse.arrow(query_text(SETS_QUERY), asked)
    versions = sorted(set(rows["version"].to_pylist()))
    if len(versions) != 1:
        told = f"the versions {', '.join(versions)}" if versions else "no gene set"
        version = "" if choice.version is None else f" {choice.version}"
        msg = f"{name}: the warehouse has {told} of {choice.collection}{version}"
        cure = "Name one as 'version'" if versions else "Ingest it (kind: gene_set), or correct it"
        raise FileError(msg, cure)
    asked_names = None if choice.names == "all" else list(choice.names)
    refuse_absent(name, "gene_sets: names", asked_names, rows["gene_set"])
    members: dict[str, list[str]] = {}
    pairs = zip(rows["gene_set"].to_pylist(), rows["hugo_symbol"].to_pylist(), strict=True)
    for gene_set, gene in pairs:
        if asked_names is None or gene_set in asked_names:
            members.setdefault(gene_set, []).append(gene)
    return GeneSets(choice.collection, versions[0], members)
