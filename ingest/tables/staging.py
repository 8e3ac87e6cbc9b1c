"""What a kind of table is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import polars as pl

from roentgene.ingest.privacy import UNDECLARED, Privacy
from roentgene.ingest.refusal import Refusal
from roentgene.ingest.staged_columns import SOURCE_FILE, SOURCE_ROW, staged_schema
from roentgene.ingest.tables.identifiers import IdMatch
from roentgene.schemas.cohort import Cohort
from roentgene.schemas.tables import table

_PERSON = ["cohort_id", "patient_id", "person_id"]
_LINK = "study.person_link"


def no_persons() -> pl.DataFrame:
    """Give the persons of no cohort; see :class:`TableContext`."""
    return pl.DataFrame(schema=dict.fromkeys(_PERSON, pl.String()))


@dataclass(frozen=True)
class TableContext:
    """What is known of a cohort before one of its tables is read.

    Parameters
    ----------
    cohort : Cohort
        The cohort file.
    patients : frozenset of str
        Ids of the patients who have images or stand in the catalogue.
    samples : dict of str to str
        Patient of every known sample.
    privacy : Privacy
        Key of hashed ids, and what may come in although it looks like a person.
    anchors : mapping of str to date
        Date of each patient's day zero, for counting alone.
    folder : Path
        Folder that the paths of the cohort file are relative to.
    persons : polars.DataFrame
        ``cohort_id``, ``patient_id`` and ``person_id`` of the patients of all cohorts, where a
        table links them.
    """

    cohort: Cohort
    patients: frozenset[str] = frozenset()
    samples: Mapping[str, str] = field(default_factory=dict)
    privacy: Privacy = UNDECLARED
    anchors: Mapping[str, date] = field(default_factory=dict)
    folder: Path = Path()
    persons: pl.DataFrame = field(default_factory=no_persons)

    @property
    def known_patients(self) -> frozenset[str]:
        """Patients known by themselves or by a sample."""
        return self.patients | frozenset(self.samples.values())

    @property
    def has_sample_sheet(self) -> bool:
        """Whether a sample sheet is declared, which then says what samples there are."""
        return any(declared.kind == "sample" for declared in self.cohort.tables)

    def including(self, staged: StagedTables) -> TableContext:
        """Give the context for the next table, knowing the patients and samples of this one."""
        patients = staged.rows.get("study.patient", pl.DataFrame({"patient_id": []}))
        samples = staged.rows.get("genomic.sample", pl.DataFrame({"sample_id": []}))
        found = {row["sample_id"]: row["patient_id"] for row in samples.to_dicts()}
        return replace(
            self,
            patients=self.patients | frozenset(patients["patient_id"]),
            samples={**self.samples, **found},
            persons=self._persons_with(staged),
        )

    def _persons_with(self, staged: StagedTables) -> pl.DataFrame:
        if _LINK not in staged.rows:
            return self.persons
        linked = staged.rows["study.patient"].select(_PERSON)
        others = self.persons.join(linked, on=_PERSON[:2], how="anti")
        return pl.concat([others, linked])


@dataclass(frozen=True)
class StagedTables:
    """Everything that one table file gives.

    Rows of patients, samples, lesions and timepoints may come from several files of a batch, each
    with what it knows: they are to be joined by their key, taking what is not NULL.

    Parameters
    ----------
    rows : dict of str to polars.DataFrame
        Rows by full table name: the declared columns without those given at commit, then
        ``source_file`` and ``source_row``. ``imaging.feature_value`` names its measurement and
        feature instead of numbering them.
    refusals : tuple of Refusal
        Rows, cells and columns that were left out, or the whole table.
    id_match : IdMatch
        How the table's patients stand to the cohort's.
    has_ids : bool
        Whether the table is about patients at all; those that it does not name are then unmatched.
    """

    rows: Mapping[str, pl.DataFrame]
    refusals: tuple[Refusal, ...]
    id_match: IdMatch
    has_ids: bool = True


def staged_rows(full_name: str, rows: pl.DataFrame, file_name: str, cohort_id: str) -> pl.DataFrame:
    """Bring rows into the form of a staged table.

    Parameters
    ----------
    full_name : str
        Name of the stored table.
    rows : polars.DataFrame
        ``source_row`` and columns of that table; those that it lacks become NULL.
    file_name : str
        File that the rows come from.
    cohort_id : str
        Cohort of the rows, where the table has that column.

    Raises
    ------
    ValueError
        If a column does not belong to the table.
    """
    schema = pl.Schema(staged_schema(full_name))
    text = pl.Categorical() if table(full_name).coded else pl.String()
    schema = pl.Schema({n: text if kind == pl.String else kind for n, kind in schema.items()})
    foreign = set(rows.columns) - set(schema) - {SOURCE_ROW}
    if foreign:
        msg = f"{full_name} has no column {', '.join(sorted(foreign))}"
        raise ValueError(msg)
    constants = dict.fromkeys(schema) | {"cohort_id": cohort_id}
    columns = [
        (pl.col(name) if name in rows.columns else pl.lit(constants[name])).cast(kind).alias(name)
        for name, kind in schema.items()
    ]
    origin = pl.lit(file_name).cast(text).alias(SOURCE_FILE), pl.col(SOURCE_ROW).cast(pl.Int64)
    return rows.select(*columns, *origin)
