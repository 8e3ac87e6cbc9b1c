"""Which tables of a cohort are new or changed, what they give, and whose ids meet nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import polars as pl

from roentgene.ingest.known import Known, SourceFile
from roentgene.ingest.personal_text import DATE
from roentgene.ingest.planning.asked_tables import AskedTable, asked_tables, due_tables
from roentgene.ingest.planning.panels import (
    files_without_genes,
    panels_of,
    with_missing_panels,
)
from roentgene.ingest.planning.table_ids import known_hash, staged_ids, stored_ids
from roentgene.ingest.planning.withdrawn import NOBODY, Withdrawn
from roentgene.ingest.privacy import UNDECLARED, Privacy
from roentgene.ingest.tables import StagedTables, TableContext, stage_table
from roentgene.ingest.tables.id_proposals import LOST_PART
from roentgene.ingest.tables.staging import no_persons
from roentgene.schemas.cohort import Cohort
from roentgene.schemas.errors import FileError

State = Literal["new", "changed", "unchanged"]
_SERIES = "imaging.series"
_PANEL = "genomic.panel_gene"


@dataclass(frozen=True)
class TablePlan:
    """One table of a cohort file.

    Parameters
    ----------
    name : str
        File, as the cohort file calls it.
    kind : str
        Kind of table.
    state : {'new', 'changed', 'unchanged'}
        Against its last ingest; changed is also a table whose ids meet other patients now.
    n_rows : int
        Rows it gives.
    only_in_table, only_in_cohort : tuple of str
        Unmatched ids of both sides, after the declared rules.
    nearest : dict of str to str
        Most similar id on the other side, where one is similar at all.
    label : str
        Kind with endpoint or profile, by which the catalogue knows it.
    source : SourceFile
        What is to be stored of the file.
    staged : StagedTables or None
        Its rows; None where it is unchanged and nothing that changed speaks of the same rows.
    """

    name: str
    kind: str
    state: State
    n_rows: int
    only_in_table: tuple[str, ...]
    only_in_cohort: tuple[str, ...]
    nearest: Mapping[str, str]
    label: str
    source: SourceFile
    staged: StagedTables | None = None

    @property
    def is_refused(self) -> bool:
        """Whether the table was refused as a whole."""
        return self.staged is not None and not self.staged.rows and bool(self.staged.refusals)

    @property
    def loses_patients(self) -> bool:
        """Whether more than a fifth of the patients of the table match nobody."""
        n_ids, n_matched = self.source.n_ids, self.source.n_matched
        if n_ids is None or n_matched is None:
            return False
        return n_ids - n_matched > LOST_PART * n_ids


def plan_tables(
    cohort: Cohort,
    folder: Path,
    known: Known,
    imaged: frozenset[str],
    privacy: Privacy = UNDECLARED,
    anchors: Mapping[str, date] | None = None,
    persons: pl.DataFrame | None = None,
    withdrawn: Withdrawn = NOBODY,
) -> tuple[TablePlan, ...]:
    """Stage the tables that are new or changed.

    A table is staged again if its file or its declaration has changed, if somebody asked for it,
    if a table that may speak of the same rows is, or if the patients and samples are no longer
    those that it was joined with.

    Parameters
    ----------
    cohort : Cohort
        The cohort file.
    folder : Path
        Its folder.
    known : Known
        What the catalogue knows.
    imaged : frozenset of str
        Patients who have images in this delivery.
    privacy : Privacy
        Key of hashed ids, and what may come in although it looks like a person.
    anchors : mapping of str to date, optional
        Date of each patient's day zero, for tables that write days as dates.
    persons : polars.DataFrame, optional
        Persons of the patients of all cohorts, for tables that link them.
    withdrawn : Withdrawn
        Whose rows are left out.

    Raises
    ------
    FileError
        If the path of a table looks like a person, or a panel has other genes elsewhere.
    """
    _check_paths(cohort, privacy)
    asked = list(asked_tables(cohort, folder, known, privacy))
    context = TableContext(
        cohort,
        known.patients | imaged,
        known.samples,
        privacy,
        anchors or {},
        folder,
        no_persons() if persons is None else persons,
    )
    context = _stage(due_tables(asked, known.retried), context, withdrawn)
    imaged |= known.imaged_patients | _imaged_by_tables(asked)
    digest = known_hash(context, imaged)
    told = set().union(*(panels_of(one.staged) for one in asked))
    cured = files_without_genes(known.undone_refusals.values(), told)
    stale = [
        one
        for one in asked
        if one.staged is None
        and one.before
        and (one.before.known_hash != digest or one.declaration.file in cured)
    ]
    context = _stage(stale, context, withdrawn)
    digest = known_hash(context, imaged)
    _check_panels(asked, known)
    panels = set(known.panels).union(*(panels_of(one.staged) for one in asked))
    for one in asked:
        if one.staged is not None:
            one.staged = with_missing_panels(one.staged, one.declaration.file, panels)
        if withdrawn.names_somebody(one.declaration.file):
            one.staged = None  # what is stored of a table names its file
    return tuple(_planned(one, known, context, imaged, digest) for one in asked)


def _check_paths(cohort: Cohort, privacy: Privacy) -> None:
    """Refuse a cohort file whose tables have a person in their path; a date is the file's own.

    Raises
    ------
    FileError
        Which table it is, without its path.
    """
    for place, declaration in enumerate(cohort.tables, start=1):
        kind = privacy.personal_text(declaration.file, ["ops.source_file"], "file_path")
        if kind not in {None, DATE}:
            msg = f"tables: the path of table {place} ({declaration.kind}) looks like a {kind}"
            raise FileError(msg, "Rename the file or its folder: paths are stored")


def _stage(
    tables: Sequence[AskedTable], context: TableContext, withdrawn: Withdrawn
) -> TableContext:
    for asked in tables:
        name = asked.declaration.file
        staged = stage_table(asked.declaration, asked.path, name, context)
        asked.staged = withdrawn.leave_out_rows(staged)
        context = context.including(asked.staged)
    return context


def _imaged_by_tables(tables: Sequence[AskedTable]) -> frozenset[str]:
    """Patients with ready-made features."""
    staged = [one.staged.rows for one in tables if one.staged]
    found = [rows[_SERIES]["patient_id"] for rows in staged if _SERIES in rows]
    return frozenset(patient for patients in found for patient in patients)


def _check_panels(tables: Sequence[AskedTable], known: Known) -> None:
    """Refuse to give other genes to a panel that another cohort was profiled with.

    Raises
    ------
    FileError
        Its name, and what to do.
    """
    for asked in tables:
        rows = asked.staged.rows.get(_PANEL) if asked.staged else None
        for (panel,), genes in rows.group_by("panel") if rows is not None else ():
            before = known.panels.get(str(panel))
            if before and before.used_elsewhere and before.genes != set(genes["hugo_symbol"]):
                msg = f"panel {panel!r} of {asked.declaration.file} has other genes elsewhere"
                raise FileError(msg, "Another cohort uses that name: give this panel its own")


def _planned(
    asked: AskedTable, known: Known, context: TableContext, imaged: frozenset[str], digest: str
) -> TablePlan:
    name, kind = asked.declaration.file, asked.declaration.kind
    if asked.staged is None:
        # only what was ingested before is ever left unstaged
        before = asked.before or SourceFile(asked.content_hash, digest, 0)
        ids, n_rows, source = stored_ids(name, known), before.n_rows, before
    else:
        ids = staged_ids(asked.staged, context, imaged)
        n_rows = sum(rows.height for rows in asked.staged.rows.values())
        found = (ids.n_ids, ids.n_matched, ids.proposed_rules)
        source = SourceFile(asked.content_hash, digest, n_rows, *found)
    return TablePlan(
        name,
        kind,
        _state(asked, known, digest),
        n_rows,
        ids.only_in_table,
        ids.only_in_cohort,
        ids.nearest,
        asked.label,
        source,
        asked.staged,
    )


def _state(asked: AskedTable, known: Known, digest: str) -> State:
    if asked.before is None:
        return "new"
    same = asked.is_unchanged and asked.before.known_hash == digest
    wanted = asked.staged is not None and asked.declaration.file in known.retried
    return "unchanged" if asked.staged is None or (same and not wanted) else "changed"
