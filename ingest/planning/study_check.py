"""A study folder checked without a warehouse: what an ingest would take, and what is wrong."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from roentgene.ingest.known import GROWING
from roentgene.ingest.refusal import Refusal
from roentgene.ingest.study_folder.expansion import Expansion, FileUse, expand
from roentgene.ingest.study_folder.findings import Finding, Message, collapse
from roentgene.ingest.tables import StagedTables, TableContext, stage_table, staging_order
from roentgene.schemas.cohort import Cohort
from roentgene.schemas.study_folder import StudyFolder
from roentgene.schemas.tables import table
from roentgene.schemas.words import reason_codes

# several files each tell what they know of one patient, sample or variable
_TOLD_BY_SEVERAL = frozenset({*GROWING, "clinical.dictionary"})
_COHORT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+-]{0,99}")


@dataclass(frozen=True)
class StudyReport:
    """What is to be said of a study folder.

    Parameters
    ----------
    study : str
        Its ``cancer_study_identifier``, or the name of the folder.
    files : tuple of FileUse
        Every file, and what becomes of it.
    rows : mapping of str to int
        Rows that an ingest would take, by table.
    messages : tuple of Message
        What is wrong: errors first, and what repeats told once.
    """

    study: str
    files: tuple[FileUse, ...]
    rows: Mapping[str, int]
    messages: tuple[Message, ...]

    @property
    def n_errors(self) -> int:
        """How much would be kept out."""
        return sum(one.count for one in self.messages if one.severity != "warning")

    @property
    def n_warnings(self) -> int:
        """How much would be taken in, marked."""
        return sum(one.count for one in self.messages if one.severity == "warning")


def check_study(folder: Path) -> StudyReport:
    """Check a study folder as an ingest would: its meta files, and every row of its data.

    Parameters
    ----------
    folder : Path
        The folder.

    Raises
    ------
    NoStudyFolderError
        If there is no such folder, or no meta file in it.
    """
    root = folder.resolve()
    declared = StudyFolder(kind="cbioportal", file=root.name)
    made = expand(declared, root.parent, declared.time_zero)
    staged: list[StagedTables] = []
    findings = [*made.findings, *_of_tables(made, root, staged)]
    study = made.study.study_id or root.name
    return StudyReport(study, made.files, _n_rows(staged), collapse(findings))


def _n_rows(staged: Iterable[StagedTables]) -> dict[str, int]:
    """Count the rows of each table; of what several files tell, each thing once."""
    frames: defaultdict[str, list[pl.DataFrame]] = defaultdict(list)
    for one in staged:
        for name, rows in one.rows.items():
            frames[name].append(rows)
    return {name: _n_distinct(name, frames[name]) for name in sorted(frames)}


def _n_distinct(name: str, frames: list[pl.DataFrame]) -> int:
    if name not in _TOLD_BY_SEVERAL:
        return sum(rows.height for rows in frames)
    key = list(table(name).key)
    return pl.concat([rows.select(key) for rows in frames]).n_unique()


def _of_tables(made: Expansion, root: Path, gave: list[StagedTables]) -> Iterator[Finding]:
    """Stage every table as an ingest into an empty warehouse would."""
    study_id = made.study.study_id or ""
    cohort = Cohort(
        cohort_id=study_id if _COHORT_ID.fullmatch(study_id) else "study",
        title="check",
        license="not stated",
        day_zero="diagnosis",
        tables=made.tables,
    )
    context = TableContext(cohort, folder=root.parent)
    for declared in staging_order(made.tables):
        staged = stage_table(declared, root.parent / declared.file, declared.file, context)
        context = context.including(staged)
        gave.append(staged)
        yield from (_finding(one, root.name) for one in staged.refusals)


def _finding(refusal: Refusal, folder: str) -> Finding:
    """Tell what a table refused in the words of its rule, so that repeats become one message."""
    file = None if refusal.file_path is None else refusal.file_path.removeprefix(f"{folder}/")
    means = reason_codes()[refusal.reason_code].means
    return Finding(
        refusal.reason_code,
        means,
        file,
        refusal.row_number,
        refusal.column_name,
        (refusal.detail,),
    )
