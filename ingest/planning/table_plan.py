"""Which tables of a cohort are new or changed, what they give, and whose ids meet nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import polars as pl

from roentgene.ingest.identity import file_hash
from roentgene.ingest.known import Known, SourceFile
from roentgene.ingest.personal_text import DATE
from roentgene.ingest.privacy import UNDECLARED, Privacy
from roentgene.ingest.tables import StagedTables, TableContext, stage_table, staging_order
from roentgene.ingest.tables.id_proposals import LOST_PART, propose_rules
from roentgene.ingest.tables.identifiers import IdMatch, nearest_ids
from roentgene.ingest.tables.staging import no_persons
from roentgene.schemas.canonical import canonical_json, text_hash
from roentgene.schemas.cohort import Cohort
from roentgene.schemas.cohort_tables import (
    ClinicalTable,
    ExpressionTable,
    GenePanelMatrix,
    MutationTable,
    OutcomeTable,
    RedcapTable,
    StructuralVariantTable,
    TableDeclaration,
)
from roentgene.schemas.course_tables import Dated
from roentgene.schemas.errors import FileError
from roentgene.schemas.measured_tables import FeaturesTable

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
        Its rows; None where it is unchanged.
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
    def loses_patients(self) -> bool:
        """Whether more than a fifth of the patients of the table match nobody."""
        n_ids, n_matched = self.source.n_ids, self.source.n_matched
        return bool(n_ids) and n_matched is not None and n_ids - n_matched > LOST_PART * n_ids


@dataclass
class _Asked:
    """A declared table on its way to a plan."""

    declaration: TableDeclaration
    label: str
    path: Path
    content_hash: str
    before: SourceFile | None
    staged: StagedTables | None = None


def plan_tables(
    cohort: Cohort,
    folder: Path,
    known: Known,
    imaged: frozenset[str],
    privacy: Privacy = UNDECLARED,
    anchors: Mapping[str, date] | None = None,
    persons: pl.DataFrame | None = None,
) -> tuple[TablePlan, ...]:
    """Stage the tables that are new or changed.

    A table is staged again if its file or its declaration has changed, if somebody asked for it,
    or if the patients and samples are no longer those that it was joined with.

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

    Raises
    ------
    FileError
        If the path of a table looks like a person, or a panel has other genes elsewhere.
    """
    _check_paths(cohort, privacy)
    asked = list(_asked(cohort, folder, known, privacy))
    context = TableContext(
        cohort,
        known.patients | imaged,
        known.samples,
        privacy,
        anchors or {},
        folder,
        no_persons() if persons is None else persons,
    )
    files_due = {one.declaration.file for one in asked if _is_due(one, known)}
    context = _stage([one for one in asked if one.declaration.file in files_due], context)
    imaged |= known.imaged_patients | _imaged_by_tables(asked)
    known_hash = _known_hash(context, imaged)
    stale = [
        one
        for one in asked
        if one.staged is None and one.before and one.before.known_hash != known_hash
    ]
    context = _stage(stale, context)
    known_hash = _known_hash(context, imaged)
    _check_panels(asked, known)
    return tuple(_planned(one, known, context, imaged, known_hash) for one in asked)


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


def _asked(cohort: Cohort, folder: Path, known: Known, privacy: Privacy) -> Iterator[_Asked]:
    seen: Counter[tuple[str, str]] = Counter()
    for declaration in staging_order(cohort.tables):
        label = _label(declaration)
        seen[declaration.file, label] += 1
        n_before = seen[declaration.file, label] - 1
        label = f"{label}#{n_before + 1}" if n_before else label
        path = folder / declaration.file
        said = canonical_json(declaration.model_dump(mode="json"))
        digest = _digest(path)
        # with other rules of privacy, another key, dictionary or day zero, other rows come in
        further = "".join(
            f" {_digest(folder / file)}" for file in _files_beside(declaration, cohort)
        )
        content_hash = text_hash(f"{digest} {said}{privacy.said(declaration)}{further}")
        before = known.source_files.get((declaration.file, label))
        yield _Asked(declaration, label, path, content_hash, before)


def _digest(path: Path) -> str:
    return file_hash(path) if path.is_file() else ""


def _files_beside(declaration: TableDeclaration, cohort: Cohort) -> Iterator[str]:
    """Files, besides its own, that decide what a table gives."""
    match declaration:
        case ClinicalTable(dictionary=str() as file) | RedcapTable(dictionary=file):
            yield file
        case MutationTable() | StructuralVariantTable() | GenePanelMatrix():
            yield from declaration.besides
        case Dated(dates=str()) if cohort.anchors is not None:
            yield cohort.anchors.file


def _label(declaration: TableDeclaration) -> str:
    """Kind of a table, with what tells it from others of that kind in the same file."""
    match declaration:
        case OutcomeTable():
            return f"{declaration.kind}:{declaration.endpoint}"
        case ExpressionTable() | FeaturesTable():
            return f"{declaration.kind}:{declaration.profile}"
        case _:
            return declaration.kind


def _is_due(asked: _Asked, known: Known) -> bool:
    unchanged = asked.before is not None and asked.before.content_hash == asked.content_hash
    return not unchanged or asked.declaration.file in known.retried


def _stage(tables: Sequence[_Asked], context: TableContext) -> TableContext:
    for asked in tables:
        name = asked.declaration.file
        asked.staged = stage_table(asked.declaration, asked.path, name, context)
        context = context.including(asked.staged)
    return context


def _imaged_by_tables(tables: Sequence[_Asked]) -> frozenset[str]:
    """Patients with ready-made features."""
    staged = [one.staged.rows for one in tables if one.staged]
    found = [rows[_SERIES]["patient_id"] for rows in staged if _SERIES in rows]
    return frozenset(patient for patients in found for patient in patients)


def _check_panels(tables: Sequence[_Asked], known: Known) -> None:
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


def _known_hash(context: TableContext, imaged: frozenset[str]) -> str:
    parts: list[object] = [
        sorted(context.patients),
        sorted(context.samples.items()),
        sorted(imaged),
    ]
    others = context.persons.filter(pl.col("cohort_id") != context.cohort.cohort_id)
    if others.height:
        # links are joined with the patients of other cohorts too
        parts.append(sorted(others.rows()))
    return text_hash(canonical_json(parts))


def _planned(
    asked: _Asked, known: Known, context: TableContext, imaged: frozenset[str], known_hash: str
) -> TablePlan:
    name, kind = asked.declaration.file, asked.declaration.kind
    if asked.staged is None:
        # only what was ingested before is ever left unstaged
        before = asked.before or SourceFile(asked.content_hash, known_hash, 0)
        rows = known.unmatched.get(name, [])
        sides = {
            side: tuple(str(row["id"]) for row in rows if row["side"] == side)
            for side in ("table", "cohort")
        }
        nearest = {str(row["id"]): row["nearest"] for row in rows if row["nearest"] is not None}
        unmatched = sides["table"], sides["cohort"], nearest
        return TablePlan(name, kind, "unchanged", before.n_rows, *unmatched, asked.label, before)
    match = asked.staged.id_match
    ids = match.matched | set(match.only_in_table)
    # in a cohort without images every table adds patients, and none of them stands alone
    only_in_table = tuple(sorted(ids - imaged)) if imaged else ()
    if not asked.staged.rows:
        # of a refused table nobody was added
        only_in_table = match.only_in_table
    about = context.known_patients if asked.staged.has_ids else frozenset()
    only_in_cohort = tuple(sorted(about - ids))
    nearest = nearest_ids(only_in_table, context.known_patients - set(only_in_table))
    nearest |= nearest_ids(only_in_cohort, only_in_table) | dict(match.near_misses)
    n_rows = sum(rows.height for rows in asked.staged.rows.values())
    return TablePlan(
        name,
        kind,
        "changed" if asked.before else "new",
        n_rows,
        only_in_table,
        only_in_cohort,
        nearest,
        asked.label,
        SourceFile(asked.content_hash, known_hash, n_rows, *_id_counts(match, imaged)),
        asked.staged,
    )


def _id_counts(match: IdMatch, imaged: frozenset[str]) -> tuple[int | None, int | None, str | None]:
    """Patients of a table, those of them that match, and the rules that would match more."""
    if not match.n_ids:
        return None, None, None
    known = imaged or match.matched.union(match.only_in_cohort)
    if not known:
        return match.n_ids, None, None
    ids = match.matched.union(match.only_in_table)
    n_matched = len(ids & known)
    lost = match.n_ids - n_matched > LOST_PART * match.n_ids
    proposal = (match.proposal or propose_rules(ids, known)) if lost else None
    return match.n_ids, n_matched, None if proposal is None else proposal.normalise
