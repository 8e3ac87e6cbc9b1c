"""Gene panels that samples were profiled with, and whose genes nobody has told."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from roentgene.ingest.known import StoredRefusal
from roentgene.ingest.refusal import Refusal
from roentgene.ingest.tables import StagedTables

_ASSAY, _PANEL = "genomic.assay", "genomic.panel_gene"


def panels_of(staged: StagedTables | None) -> set[str]:
    """Panels whose genes a table tells."""
    rows = staged.rows.get(_PANEL) if staged else None
    return set() if rows is None else set(rows["panel"])


def with_missing_panels(staged: StagedTables, name: str, known: Collection[str]) -> StagedTables:
    """Tell the panels of a table's assays whose genes are not known (``panel_without_genes``).

    Their samples count as not profiled for every gene until the genes are delivered.

    Parameters
    ----------
    staged : StagedTables
        What a table gives.
    name : str
        How messages call its file.
    known : collection of str
        Panels of the catalogue and of this delivery.
    """
    assays = staged.rows.get(_ASSAY)
    if assays is None:
        return staged
    missing = [panel for panel in assays["panel"].unique().drop_nulls() if panel not in known]
    told = [_missing(panel, assays.filter(panel=panel).height, name) for panel in sorted(missing)]
    return replace(staged, refusals=(*staged.refusals, *told)) if told else staged


def _missing(panel: str, n_samples: int, name: str) -> Refusal:
    detail = f"{n_samples} samples were profiled with it, and no table gives its genes"
    return Refusal("staged", "panel_without_genes", f"panel {panel}", detail, file_path=name)


def files_without_genes(refusals: Iterable[StoredRefusal], panels: Collection[str]) -> set[str]:
    """Find the files of which it stands that nobody tells the genes of one of these panels.

    They are staged again, for that is over.
    """
    told = {f"panel {panel}" for panel in panels}
    return {one.file_path for one in refusals if one.subject in told and one.file_path is not None}
