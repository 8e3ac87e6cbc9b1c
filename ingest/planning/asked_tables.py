"""The tables that a cohort file asks for: how the catalogue knows them, and which are due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from roentgene.ingest.identity import file_hash
from roentgene.ingest.known import Known, SourceFile
from roentgene.ingest.privacy import Privacy
from roentgene.ingest.tables import StagedTables, staging_order
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
from roentgene.schemas.measured_tables import FeaturesTable
from roentgene.schemas.table_source import TableSource

# stored tables to whose rows several small files may speak, by the kinds that give them
_SHARED = {
    "clinical": ("clinical.variable",),
    "redcap": ("clinical.variable",),
    "outcome": ("clinical.outcome",),
    "biomarker": ("genomic.biomarker",),
    "treatment": ("clinical.treatment",),
    "response": ("clinical.response",),
    "event": ("clinical.event",),
    "time_line": ("clinical.event", "clinical.treatment"),
    "sample_variable": ("clinical.sample_variable",),
}


@dataclass
class AskedTable:
    """A declared table on its way to a plan.

    Parameters
    ----------
    declaration : TableDeclaration
        What the cohort file says of it.
    label : str
        Kind with endpoint or profile, by which the catalogue knows it.
    path : Path
        The file.
    content_hash : str
        Of everything that decides what it gives, but for the patients it meets.
    before : SourceFile or None
        As it was last ingested.
    staged : StagedTables or None
        Its rows, once they are staged.
    """

    declaration: TableDeclaration
    label: str
    path: Path
    content_hash: str
    before: SourceFile | None
    staged: StagedTables | None = None

    @property
    def is_unchanged(self) -> bool:
        """Whether it says what it said when it was last ingested."""
        return self.before is not None and self.before.content_hash == self.content_hash


def asked_tables(
    cohort: Cohort, folder: Path, known: Known, privacy: Privacy
) -> Iterator[AskedTable]:
    """Go through the tables of a cohort file in the order in which they can be staged."""
    seen: Counter[tuple[str, str]] = Counter()
    for declaration in staging_order(cohort.tables):
        label = _label(declaration)
        seen[declaration.file, label] += 1
        n_before = seen[declaration.file, label] - 1
        label = f"{label}#{n_before + 1}" if n_before else label
        path = folder / declaration.file
        said = canonical_json(declaration.model_dump(mode="json"))
        # with other rules of privacy, another key, dictionary or day zero, other rows come in
        further = "".join(
            f" {_digest(folder / file)}" for file in _files_beside(declaration, cohort)
        )
        around = _said_around(declaration, cohort)
        said = f"{_digest(path)} {said}{privacy.said(declaration)}{further}{around}"
        before = known.source_files.get((declaration.file, label))
        yield AskedTable(declaration, label, path, text_hash(said), before)


def files_of_tables(cohort: Cohort, folder: Path) -> frozenset[Path]:
    """Everything that the tables of a cohort file are read from.

    Parameters
    ----------
    cohort : Cohort
        The cohort file as it was written: of a study folder it is the folder.
    folder : Path
        Its folder.
    """
    return frozenset(
        folder / file
        for declaration in cohort.tables
        for file in (declaration.file, *_files_beside(declaration, cohort))
    )


def due_tables(asked: Sequence[AskedTable], retried: Collection[str]) -> list[AskedTable]:
    """Choose the tables that are to be staged whomever they meet.

    They are those that are new or changed or that somebody asked for, the others of their files,
    and small tables that may speak of the same rows: whether two files contradict each other can
    only be seen where both are read.

    Parameters
    ----------
    asked : sequence of AskedTable
        All tables of the cohort file.
    retried : collection of str
        Files that are to be worked on again.
    """
    due = [one for one in asked if not one.is_unchanged or one.declaration.file in retried]
    while True:
        files = {one.declaration.file for one in due}
        rows = {name for one in due for name in _shared_rows(one.declaration)}
        found = [
            one
            for one in asked
            if one.declaration.file in files or rows.intersection(_shared_rows(one.declaration))
        ]
        if len(found) == len(due):
            return found
        due = found


def _shared_rows(declaration: TableDeclaration) -> frozenset[str]:
    """Rows that other files may give too."""
    tables = _SHARED.get(declaration.kind, ())
    about = declaration.endpoint if isinstance(declaration, OutcomeTable) else ""
    return frozenset(f"{name} {about}" for name in tables)


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


def _said_around(declaration: TableDeclaration, cohort: Cohort) -> str:
    """Give what else the cohort file says that decides the rows of a table: visits and days.

    A row of a visit that was not declared comes in once it is, though its file stays as it was.
    """
    if not isinstance(declaration, TableSource):
        # samples have no visits of their own
        return ""
    parts: list[object] = [cohort.day_zero]
    parts.append({name: one.model_dump(mode="json") for name, one in cohort.timepoints.items()})
    if isinstance(declaration, Dated) and declaration.dates is not None and cohort.anchors:
        parts.append(cohort.anchors.model_dump(mode="json"))
    return canonical_json(parts)


def _label(declaration: TableDeclaration) -> str:
    """Kind of a table, with what tells it from others of that kind in the same file."""
    match declaration:
        case OutcomeTable():
            return f"{declaration.kind}:{declaration.endpoint}"
        case ExpressionTable() | FeaturesTable():
            return f"{declaration.kind}:{declaration.profile}"
        case _:
            return declaration.kind
