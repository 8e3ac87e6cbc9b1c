"""The target blocks of an association: what features are tested against."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from roentgene.schemas.analyses.scope import AllOrNames, Names
from roentgene.schemas.declared import Declared


class ExpressionTarget(Declared):
    """Expression of genes under one molecular profile."""

    block: Literal["expression"]
    profile: str
    """Molecular profile, as the cohort file calls it."""
    genes: AllOrNames = "all"
    """Genes that are tested."""
    sample_types: Names | None = None
    """Kinds of specimens that count, for each person may have one alone; left out, all but normal
    tissue where the cohort has a ``specimen_rule``, which then says which one stands.
    """


class MutationTarget(Declared):
    """Gene status: 1 mutant, 0 wild type, missing where the gene was not profiled."""

    block: Literal["mutation"]
    genes: AllOrNames = "all"
    """Genes that are tested."""


class ClinicalTarget(Declared):
    """Clinical variables that are numbers, of the patient or of the visit."""

    block: Literal["clinical"]
    variables: AllOrNames = "all"
    """Variables that are tested."""


class OutcomeTarget(Declared):
    """Whether the event was seen: 1 or 0. The time to it belongs to a survival analysis."""

    block: Literal["outcome"]
    endpoints: AllOrNames = "all"
    """Endpoints that are tested."""


Target = Annotated[
    ExpressionTarget | MutationTarget | ClinicalTarget | OutcomeTarget,
    Field(discriminator="block"),
]


def block_prefix(target: Target) -> str:
    """How the names of a block's targets begin: ``mutation``, ``expression:rna_tpm``."""
    if isinstance(target, ExpressionTarget):
        return f"{target.block}:{target.profile}"
    return target.block
