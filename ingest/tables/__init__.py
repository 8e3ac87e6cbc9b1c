"""Tables: clinical, molecular and feature tables become staged rows; one module a kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from roentgene.ingest.tables import (
    assay_value,
    biomarker,
    clinical,
    copy_number,
    dvh,
    event,
    expression,
    features,
    gene_panel,
    gene_panel_matrix,
    gene_set,
    genotype,
    gistic,
    methylation,
    mutation,
    outcome,
    person_link,
    redcap,
    response,
    sample,
    sample_variable,
    segment,
    structural_variant,
    time_line,
    timepoint,
    treatment,
)
from roentgene.ingest.tables.people import without_people
from roentgene.ingest.tables.refusing import TableRefusedError
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.schemas.cohort_tables import TableDeclaration
from roentgene.schemas.variant_source import Profiled

#: How each kind of table is staged: ``stage(declaration, path, name, context)``.
KINDS: Mapping[str, Callable[[Any, Path, str, TableContext], StagedTables]] = {
    "clinical": clinical.stage,
    "outcome": outcome.stage,
    "expression": expression.stage,
    "copy_number": copy_number.stage,
    "methylation": methylation.stage,
    "assay_value": assay_value.stage,
    "segment": segment.stage,
    "gistic": gistic.stage,
    "sample": sample.stage,
    "person_link": person_link.stage,
    "timepoint": timepoint.stage,
    "event": event.stage,
    "treatment": treatment.stage,
    "response": response.stage,
    "redcap": redcap.stage,
    "biomarker": biomarker.stage,
    "mutation": mutation.stage,
    "structural_variant": structural_variant.stage,
    "genotype": genotype.stage,
    "gene_panel": gene_panel.stage,
    "gene_panel_matrix": gene_panel_matrix.stage,
    "gene_set": gene_set.stage,
    "features": features.stage,
    "dvh": dvh.stage,
    "sample_variable": sample_variable.stage,
    "time_line": time_line.stage,
}


def stage_table(
    declaration: TableDeclaration, path: Path, name: str, context: TableContext
) -> StagedTables:
    """Stage one table of a cohort.

    Parameters
    ----------
    declaration : TableDeclaration
        What the cohort file says of it.
    path : Path
        The file.
    name : str
        How messages and rows call the file.
    context : TableContext
        What is known of the cohort. For tables one after another, see
        :func:`staging_order` and :meth:`TableContext.including`.

    Returns
    -------
    StagedTables
        Rows, refusals and the match of ids, nowhere with what looks like a person. A table that is
        refused as a whole has no rows.
    """
    try:
        staged = KINDS[declaration.kind](declaration, path, name, context)
    except TableRefusedError as error:
        staged = StagedTables({}, (error.refusal,), error.id_match)
    return without_people(staged, name, context.privacy)


def staging_order(declarations: Iterable[TableDeclaration]) -> list[TableDeclaration]:
    """Tables in the order in which they can be staged.

    Sample sheets come before what has samples, tables that speak of all samples after them, links
    of persons after what has patients.
    """
    return sorted(declarations, key=_place)


def _place(declaration: TableDeclaration) -> int:
    profiled = getattr(declaration, "profiled", None)
    if isinstance(profiled, Profiled) and profiled.samples == "all":
        return 2
    return {"sample": 0, "person_link": 3}.get(declaration.kind, 1)


__all__ = ["KINDS", "StagedTables", "TableContext", "stage_table", "staging_order"]
