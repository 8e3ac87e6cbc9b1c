"""The tables of a cohort file: one model a kind, with its file, its columns and its id rules."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from roentgene.schemas.declared import Declared, Name
from roentgene.schemas.measured_tables import DvhTable, FeaturesTable
from roentgene.schemas.table_source import MISSING_WORDS, DividedIds, IdRule, TableSource


class PatientColumns(Declared):
    """Columns of a clinical table that describe the patient."""

    sex: str | None = None
    """Column with the sex: male or m, female or f, other, unknown."""
    age_at_day_zero: str | None = None
    """Column with the age at day zero, in years."""
    site: str | None = None
    """Column with the institution or scanner site."""
    index_lesion: str | None = None
    """Column with the ``lesion_id`` of the patient's index lesion."""


class ClinicalTable(DividedIds):
    """One row a patient (and visit); every other column becomes a variable."""

    kind: Literal["clinical"]
    variables: tuple[str, ...] | None = None
    """Columns that become variables; left out, all that no other key names."""
    timepoint: str | None = None
    """Column with the visit; where ``id_pattern`` does not say it either, the values are the
    patient's.
    """
    patient: PatientColumns = PatientColumns()
    """Columns that describe the patient; they become no variables."""
    units: dict[str, str] = {}
    """Unit of each variable that has one."""

    @model_validator(mode="after")
    def _visit_said_once(self) -> ClinicalTable:
        if self.timepoint is not None and "timepoint" in self.parts_of_id:
            msg = "the timepoint is said by 'timepoint' and by id_pattern; once is enough"
            raise ValueError(msg)
        return self


class OutcomeTable(TableSource):
    """Time to an event: one row a patient."""

    kind: Literal["outcome"]
    endpoint: Name
    """Name of the endpoint: OS, PFS."""
    time: str | None = None
    """Column with the time to the event or to the end of follow-up."""
    time_unit: Literal["days", "months", "years"] = "days"
    """Unit of that time; it is stored in days (a month is 30.4375 of them)."""
    event: str
    """Column that says whether the event was seen."""
    event_codes: dict[str, int] = {}
    """Code of each word of that column: 0 censored, 1 event, more for competing events."""
    anchor: str | None = None
    """What the time counts from; left out, day zero."""


class ExpressionTable(Declared):
    """Gene expression: long (a row a value) or wide (a matrix, genes in rows or in columns)."""

    kind: Literal["expression"]
    file: str
    """Path of the table, relative to the cohort file: CSV, TSV (.gz or not) or Parquet."""
    layout: Literal["long", "genes_in_rows", "genes_in_columns"]
    """A row a value (long), or a matrix with the genes in its rows or in its columns."""
    gene: str | None = None
    """Column with the gene's symbol; not for genes in columns."""
    sample: str | None = None
    """Column with the sample; not for genes in rows."""
    value: str | None = None
    """Column with the value; for the long layout alone."""
    profile: Name
    """Name of the molecular profile, by which analyses ask for it."""
    unit: str
    """Unit of the values: TPM, log2(FPKM + 1)."""
    normalise: tuple[IdRule, ...] = ()
    """Rules that lead from the sample's id to that of its patient."""
    missing: tuple[str, ...] = MISSING_WORDS
    """Cells that mean no value; what is written here takes the place of the default."""

    @model_validator(mode="after")
    def _columns_of_layout(self) -> ExpressionTable:
        needed = {
            "long": ("gene", "sample", "value"),
            "genes_in_rows": ("gene",),
            "genes_in_columns": ("sample",),
        }[self.layout]
        absent = [name for name in needed if getattr(self, name) is None]
        if absent:
            msg = f"layout {self.layout} needs the column names {', '.join(absent)}"
            raise ValueError(msg)
        return self


class SampleTable(TableSource):
    """A sample sheet: which specimen belongs to whom."""

    kind: Literal["sample"]
    sample: str
    """Column with the sample's id."""
    sample_type: str | None = None
    """Column with the kind of specimen: Primary Solid Tumor, Blood Derived Normal."""
    collection_day: str | None = None
    """Column with the day of its collection, from day zero."""
    lesion_id: str | None = None
    """Column with the lesion that it was taken from."""


class TimepointTable(TableSource):
    """The days of the visits, one row a patient and visit."""

    kind: Literal["timepoint"]
    timepoint: str
    """Column with the visit, one of ``timepoints``."""
    day: str
    """Column with the day of the visit, from day zero."""


class EventTable(TableSource):
    """A time line: surgery, biopsy, radiotherapy, progression."""

    kind: Literal["event"]
    event_type: str
    """Column that says what happened."""
    start_day: str
    """Column with the day on which it began, from day zero."""
    stop_day: str | None = None
    """Column with the day on which it ended, from day zero."""
    detail: str | None = None
    """Column with whatever else is to be known."""


class Profiled(Declared):
    """What an assay looked at, for without it nobody is wild type."""

    assay: Name = "mutation"
    """Name of the assay."""
    panel: Name | None = None
    """Name of the panel, where ``genes`` is a list."""
    genes: Literal["all"] | tuple[str, ...] = "all"
    """Genes that were looked at; all of them for a whole exome or genome."""
    samples: Literal["in_file", "all"] | tuple[str, ...] = "in_file"
    """Samples that were looked at: those that the file names, all that the cohort knows besides, or
    a list. One without a variant is named by no file.
    """

    @model_validator(mode="after")
    def _panel_named(self) -> Profiled:
        if (self.genes == "all") == (self.panel is not None):
            msg = "a list of genes needs 'panel: NAME', and 'genes: all' needs none"
            raise ValueError(msg)
        return self


class MutationTable(Declared):
    """Variant calls as MAF."""

    kind: Literal["mutation"]
    file: str
    """Path of the MAF, relative to the cohort file."""
    id: str = "Tumor_Sample_Barcode"
    """Column with the sample's id."""
    normalise: tuple[IdRule, ...] = ()
    """Rules that lead from the sample's id to that of its patient."""
    missing: tuple[str, ...] = (*MISSING_WORDS, ".")
    """Cells that mean no value; what is written here takes the place of the default."""
    genome: Literal["GRCh37", "GRCh38"] | None = None
    """Genome build of all rows; left out where the column ``NCBI_Build`` says it."""
    profiled: Profiled | None = None
    """What was looked at; left out, a person without a variant is not known to be wild type."""


TableDeclaration = Annotated[
    ClinicalTable
    | OutcomeTable
    | ExpressionTable
    | SampleTable
    | TimepointTable
    | EventTable
    | MutationTable
    | FeaturesTable
    | DvhTable,
    Field(discriminator="kind"),
]
