"""One study folder becomes many ordinary tables, and nothing in it is left without a word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from roentgene.ingest.privacy import hashes_ids
from roentgene.ingest.refusal import Refusal
from roentgene.ingest.study_folder.case_list import CASE_LISTS, PANEL_FILES
from roentgene.ingest.study_folder.clinical_declarations import declare_clinical
from roentgene.ingest.study_folder.cross_checks import check_across
from roentgene.ingest.study_folder.declarations import (
    declare,
    declare_gene_sets,
    declare_panels,
)
from roentgene.ingest.study_folder.findings import Finding
from roentgene.ingest.study_folder.making import Making, NotTakenError
from roentgene.ingest.study_folder.meta_file import DataFile
from roentgene.ingest.study_folder.study import Study, read_study
from roentgene.schemas.cohort import Cohort
from roentgene.schemas.cohort_tables import TableDeclaration
from roentgene.schemas.study_folder import StudyFolder

_CLINICAL = frozenset({"patient_attributes", "sample_attributes", "time_line"})
# what lies beside data and is none
_ABOUT = ("readme", "license", "licence", "changelog", "citation")


@dataclass(frozen=True)
class FileUse:
    """What becomes of a file of a study folder.

    Parameters
    ----------
    file : str
        The file below the folder.
    becomes : tuple of str
        Kinds of tables that it is read as, or what else it says; empty where it is not taken.
    reason : str or None
        Why it is not taken.
    """

    file: str
    becomes: tuple[str, ...] = ()
    reason: str | None = None


@dataclass(frozen=True)
class Expansion:
    """What a study folder becomes.

    Parameters
    ----------
    study : Study
        The folder as read.
    tables : tuple of TableDeclaration
        Its data files as tables of the cohort file.
    files : tuple of FileUse
        Every file of the folder.
    findings : tuple of Finding
        What is wrong with the folder, and what is not taken.
    """

    study: Study
    tables: tuple[TableDeclaration, ...]
    files: tuple[FileUse, ...]
    findings: tuple[Finding, ...]


def expand(declared: StudyFolder, folder: Path, day_zero: str) -> Expansion:
    """Expand a study folder.

    Parameters
    ----------
    declared : StudyFolder
        What the cohort file says of it.
    folder : Path
        Folder of the cohort file.
    day_zero : str
        Event from which the cohort counts its days.

    Raises
    ------
    NoStudyFolderError
        If there is no such folder, or no meta file in it.
    """
    study = read_study(folder / declared.file, declared.missing)
    making = Making(declared, study, day_zero)
    gene_sets = declare_gene_sets(making)
    tables = [*declare_panels(making), *gene_sets]
    findings = [*study.findings, *check_across(study, declared.missing)]
    uses = {use.file: use for use in _beside_data(study)}
    for one in gene_sets:
        name = one.file.removeprefix(making.path(""))
        uses[name] = FileUse(name, (one.kind,))
    for data in study.data:
        made, found, use = _declared(data, making)
        tables += made
        findings += found
        uses[data.name] = use
    for name in study.files:
        if name not in uses:
            detail = "no meta file describes it"
            uses[name] = FileUse(name, reason=detail)
            findings.append(Finding("file_not_described", detail, name))
    return Expansion(
        study, tuple(tables), tuple(uses[name] for name in sorted(uses)), tuple(findings)
    )


def expanded_cohort(cohort: Cohort, folder: Path) -> tuple[Cohort, tuple[Refusal, ...]]:
    """Put the tables of study folders in the place of the folders.

    Parameters
    ----------
    cohort : Cohort
        The cohort file.
    folder : Path
        Its folder.

    Returns
    -------
    Cohort
        The same with ordinary tables alone.
    tuple of Refusal
        What is wrong with the folders themselves.

    Raises
    ------
    NoStudyFolderError
        If a folder is none.
    """
    tables: list[TableDeclaration] = []
    refusals: list[Refusal] = []
    for declared in cohort.tables:
        if isinstance(declared, StudyFolder):
            made = expand(declared, folder, cohort.day_zero)
            tables += made.tables
            quotes = not hashes_ids(declared.normalise)
            name = declared.file.rstrip("/")
            refusals += [one.refusal(name, quotes=quotes) for one in made.findings]
        else:
            tables.append(declared)
    return cohort.model_copy(update={"tables": tuple(tables)}), tuple(refusals)


def _declared(
    data: DataFile, making: Making
) -> tuple[list[TableDeclaration], list[Finding], FileUse]:
    maker = declare_clinical if data.type.name in _CLINICAL else declare
    try:
        tables, findings = maker(data, making)
    except NotTakenError as why:
        return [], [data.finding(why.rule, why.detail)], FileUse(data.name, reason=why.detail)
    kinds = tuple(dict.fromkeys(table.kind for table in tables))
    return tables, findings, FileUse(data.name, kinds)


def _beside_data(study: Study) -> Iterator[FileUse]:
    """Files that no table is made of, and that need no meta file."""
    tags = None if study.meta is None else study.meta.get("tags_file")
    panels = {panel.file.name for panel in study.panels.values()}
    for name in study.files:
        path = PurePosixPath(name)
        if name in study.metas:
            yield FileUse(name, ("meta",))
        elif path.parent.name == CASE_LISTS and path.suffix == ".txt":
            known = any(one.name == name for one in study.case_lists.values())
            yield FileUse(name, ("case list",)) if known else FileUse(name, reason="it is refused")
        elif name in panels:
            yield FileUse(name, ("gene_panel",))
        elif name in study.left_out:
            yield FileUse(name, reason=f"{study.left_out[name]} is refused")
        elif path.match(PANEL_FILES) and not any(one.name == name for one in study.data):
            yield FileUse(name, reason="it is refused")
        elif name == tags:
            yield FileUse(name, reason="it says who loaded the study, and is not read")
        elif path.stem.casefold().startswith(_ABOUT):
            yield FileUse(name, reason="it is about the folder and holds no data")
