"""The model of ``cohort.yaml``: what an operator writes about one population."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from roentgene.schemas.declared import Declared, read_declared

DayZero = Literal["diagnosis", "first_surgery", "baseline_scan", "rt_start"]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._+-]*$", max_length=100)]

#: Words that mean "no value" in every table, unless the table declares its own.
MISSING_WORDS = (
    "",
    "NA",
    "N/A",
    "NaN",
    "nan",
    "NULL",
    "None",
    "?",
    "Unknown",
    "unknown",
    "Not Available",
    "[Not Available]",
    "Not Collected",
)


class IdRule(Declared):
    """One step of the declared way from an id as given to the id of the cohort."""

    rule: Literal[
        "trim", "upper", "lower", "tcga_patient", "strip_prefix", "strip_suffix", "add_prefix"
    ]
    argument: str = ""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        """Accept ``upper`` and ``{strip_suffix: _11}``."""
        if isinstance(value, str):
            return {"rule": value}
        if isinstance(value, dict) and len(value) == 1 and "rule" not in value:
            ((rule, argument),) = value.items()
            return {"rule": rule, "argument": str(argument)}
        return value

    @model_validator(mode="after")
    def _argument_where_needed(self) -> IdRule:
        needs = self.rule in {"strip_prefix", "strip_suffix", "add_prefix"}
        if needs != bool(self.argument):
            msg = f"write '{{{self.rule}: TEXT}}'" if needs else f"'{self.rule}' takes no argument"
            raise ValueError(msg)
        return self


class Timepoint(Declared):
    """A visit: its order, and its day where that is the same for everybody."""

    order: int = Field(ge=0)
    day: int | None = None


class ImageSource(Declared):
    """Where images and masks are: a file pattern with its mask pattern, or a manifest.

    Placeholders of patterns and columns of manifests are ``patient_id``, ``timepoint``,
    ``sequence``, ``rater_id``, ``lesion_id``, ``repeat_no`` and ``region``; a key of that name
    gives the value where the files do not. Paths of a manifest lie below ``root``, by default the
    folder of the manifest.
    """

    pattern: str | None = None
    mask: str | None = None
    manifest: str | None = None
    root: str | None = None
    patient_id: str | None = None
    timepoint: str | None = None
    sequence: str | None = None
    rater_id: str | None = None
    lesion_id: str | None = None
    repeat_no: int | None = Field(default=None, ge=1)
    region: Name | None = None
    modality: dict[str, str] | str | None = None
    labels: dict[int, Name] | None = None
    reference_sequence: str | None = None
    normalise: tuple[IdRule, ...] = ()

    @field_validator("labels")
    @classmethod
    def _labels_positive(cls, labels: dict[int, str] | None) -> dict[int, str] | None:
        if labels is not None and (not labels or min(labels) < 1):
            msg = "labels map mask values of 1 and more to regions; 0 is background"
            raise ValueError(msg)
        return labels

    @model_validator(mode="after")
    def _one_way_in(self) -> ImageSource:
        if (self.manifest is None) == (self.pattern is None and self.mask is None):
            msg = "give either 'pattern' with 'mask', or 'manifest'"
            raise ValueError(msg)
        if self.manifest is None and (self.pattern is None or self.mask is None):
            msg = "'pattern' and 'mask' belong together"
            raise ValueError(msg)
        return self


class Region(Declared):
    """A region made of others: a union of labels, or a ring around one."""

    region: Name
    union: tuple[Name, ...] | None = Field(default=None, min_length=1)
    from_: Name | None = Field(default=None, alias="from")
    ring_mm: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _one_rule(self) -> Region:
        ring = self.from_ is not None and self.ring_mm is not None
        if ring == (self.union is not None) or (self.from_ is None) != (self.ring_mm is None):
            msg = "give either 'union: [A, B]' or 'from: A' with 'ring_mm: [inner, outer]'"
            raise ValueError(msg)
        if self.ring_mm is not None and not 0 <= self.ring_mm[0] < self.ring_mm[1]:
            msg = "ring_mm is [inner, outer] in millimetres with 0 <= inner < outer"
            raise ValueError(msg)
        return self

    @property
    def parts(self) -> tuple[str, ...]:
        """Regions it is made of."""
        return self.union or (self.from_ or "",)


class TableSource(Declared):
    """What every table declares: its file, its id column, and the rules that lead to our ids."""

    file: str
    id: str
    normalise: tuple[IdRule, ...] = ()
    missing: tuple[str, ...] = MISSING_WORDS


class PatientColumns(Declared):
    """Columns of a clinical table that describe the patient."""

    sex: str | None = None
    age_at_day_zero: str | None = None
    site: str | None = None


class ClinicalTable(TableSource):
    """One row a patient (and visit); every other column becomes a variable."""

    kind: Literal["clinical"]
    variables: tuple[str, ...] | None = None
    timepoint: str | None = None
    patient: PatientColumns = PatientColumns()
    units: dict[str, str] = {}


class OutcomeTable(TableSource):
    """Time to an event: one row a patient."""

    kind: Literal["outcome"]
    endpoint: Name
    time: str | None = None
    time_unit: Literal["days", "months", "years"] = "days"
    event: str
    event_codes: dict[str, int] = {}
    anchor: str | None = None


class ExpressionTable(Declared):
    """Gene expression: long (a row a value) or wide (a matrix, genes in rows or in columns)."""

    kind: Literal["expression"]
    file: str
    layout: Literal["long", "genes_in_rows", "genes_in_columns"]
    gene: str | None = None
    sample: str | None = None
    value: str | None = None
    profile: Name
    unit: str
    normalise: tuple[IdRule, ...] = ()
    missing: tuple[str, ...] = MISSING_WORDS

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
    sample_type: str | None = None
    collection_day: str | None = None
    lesion_id: str | None = None


class TimepointTable(TableSource):
    """The days of the visits, one row a patient and visit."""

    kind: Literal["timepoint"]
    timepoint: str
    day: str


class EventTable(TableSource):
    """A time line: surgery, biopsy, radiotherapy, progression."""

    kind: Literal["event"]
    event_type: str
    start_day: str
    stop_day: str | None = None
    detail: str | None = None


class Profiled(Declared):
    """What an assay looked at, for without it nobody is wild type."""

    assay: Name = "mutation"
    panel: Name | None = None
    genes: Literal["all"] | tuple[str, ...] = "all"
    samples: Literal["in_file", "all"] | tuple[str, ...] = "in_file"

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
    id: str = "Tumor_Sample_Barcode"
    normalise: tuple[IdRule, ...] = ()
    missing: tuple[str, ...] = (*MISSING_WORDS, ".")
    genome: Literal["GRCh37", "GRCh38"] | None = None
    profiled: Profiled | None = None


class FeaturesTable(TableSource):
    """Features that others extracted: one row a region and rater, a column a feature.

    ``timepoint``, ``sequence``, ``region``, ``lesion_id``, ``rater_id`` and ``repeat_no`` are
    constants, or templates whose placeholders are columns: ``rater_id: "{reader}"``.
    """

    kind: Literal["features"]
    timepoint: str
    sequence: str
    region: str
    modality: str | None = None
    lesion_id: str = "1"
    rater_id: str = "1"
    repeat_no: str = "1"
    engine: Name
    engine_version: str
    profile: Name
    features: tuple[str, ...] = Field(min_length=1)
    value_scale: Literal["raw", "zscore"] = "raw"


TableDeclaration = Annotated[
    ClinicalTable
    | OutcomeTable
    | ExpressionTable
    | SampleTable
    | TimepointTable
    | EventTable
    | MutationTable
    | FeaturesTable,
    Field(discriminator="kind"),
]


class Expectation(Declared):
    """What every patient should have; coverage counts against it."""

    timepoints: tuple[str, ...] = ()
    sequences: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()


class Cohort(Declared):
    """A population: who it is, where its images and tables are, what to measure."""

    cohort_id: Name
    title: str
    license: str
    day_zero: DayZero
    timepoints: dict[Name, Timepoint] = {"baseline": Timepoint(order=0, day=0)}
    images: tuple[ImageSource, ...] = ()
    regions: tuple[Region, ...] = ()
    profiles: tuple[str, ...] = ("original",)
    tables: tuple[TableDeclaration, ...] = ()
    expect: Expectation = Expectation()

    @model_validator(mode="after")
    def _consistent(self) -> Cohort:
        orders = [timepoint.order for timepoint in self.timepoints.values()]
        if len(set(orders)) != len(orders):
            msg = "two timepoints have the same order"
            raise ValueError(msg)
        names = [region.region for region in self.regions]
        if len(set(names)) != len(names):
            msg = "a region is declared twice"
            raise ValueError(msg)
        unknown = sorted(set(self.expect.timepoints) - set(self.timepoints))
        if unknown:
            msg = f"expect names timepoints that are not declared: {', '.join(unknown)}"
            raise ValueError(msg)
        return self


def read_cohort(path: Path) -> Cohort:
    """Read a cohort file; see :func:`roentgene.schemas.declared.read_declared` for errors."""
    return read_declared(path, Cohort)
