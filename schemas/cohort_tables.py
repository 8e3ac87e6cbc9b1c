"""The tables of a cohort file: one model a kind, with its file, its columns and its id rules."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from roentgene.schemas.declared import Declared, Name
from roentgene.schemas.name_patterns import placeholders

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
    """One step of the declared way from an id as given to the id of the cohort.

    A step without a text is written as a word, ``upper``; one with a text as ``{strip_suffix:
    _11}``. ``tcga_patient`` keeps the first twelve characters of a TCGA barcode. ``keyed_hash``
    puts a hash in place of what the rules before it leave, made with the key that the environment
    variable ``ROENTGENE_ID_KEY`` names; where one source of a cohort has it, all must. Blanks
    around an id are always taken away.
    """

    rule: Literal[
        "trim",
        "upper",
        "lower",
        "tcga_patient",
        "strip_prefix",
        "strip_suffix",
        "add_prefix",
        "keyed_hash",
    ]
    """What is done to the id."""
    argument: str = ""
    """The text that is stripped or added."""

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


class TableSource(Declared):
    """What every table declares: its file, its id column, and the rules that lead to our ids."""

    file: str
    """Path of the table, relative to the cohort file: CSV, TSV (.gz or not) or Parquet."""
    id: str
    """Column with the patient's id."""
    normalise: tuple[IdRule, ...] = ()
    """Rules that lead from the id of the file to that of the cohort, in their order."""
    missing: tuple[str, ...] = MISSING_WORDS
    """Cells that mean no value; what is written here takes the place of the default."""


#: Parts of a measurement's identity, as the cohort file calls them.
FEATURE_KEYS = ("timepoint", "sequence", "region", "lesion_id", "rater_id", "repeat_no")


class DividedIds(TableSource):
    """What tables declare whose id may hold more than the patient."""

    id_pattern: str | None = None
    """Form of the id where it holds more than the patient: ``{patient_id}_{timepoint}``, or a
    regular expression with ``(?P<patient_id>…)`` that is looked for in it. An id that can be
    divided in two ways is refused.
    """
    rename: dict[str, dict[str, str]] = {}
    """Words of the file and what they are called here, for the visit and whatever else says what
    a row is about: ``{timepoint: {11: baseline}}``.
    """

    @field_validator("rename", mode="before")
    @classmethod
    def _words_as_text(cls, value: Any) -> Any:
        """Accept ``11: baseline``, which YAML reads as a number."""
        if not isinstance(value, dict):
            return value
        return {
            key: {str(word): ours for word, ours in words.items()}
            if isinstance(words, dict)
            else words
            for key, words in value.items()
        }

    @property
    def parts_of_id(self) -> tuple[str, ...]:
        """Parts that ``id_pattern`` takes out of the id."""
        return placeholders(self.id_pattern) if self.id_pattern else ()

    @model_validator(mode="after")
    def _ids_readable(self) -> DividedIds:
        if self.id_pattern and "patient_id" not in self.parts_of_id:
            msg = "id_pattern has no {patient_id}"
            raise ValueError(msg)
        unknown = sorted(key for key in self.rename if key not in FEATURE_KEYS)
        if unknown:
            msg = f"rename: '{unknown[0]}' is none of {', '.join(FEATURE_KEYS)}"
            raise ValueError(msg)
        return self


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


class VisitRank(Declared):
    """The visit as its rank among those of the patient, where the file has no name for it."""

    rank_of: str
    """Column, or part of the id, whose values put the visits of a patient in order: numbers, or
    dates that begin with the year. The first becomes the first of ``timepoints``, and so on.
    """
    dates: bool = False
    """Whether the values are calendar dates. They are not stored; where ``day_zero`` is
    ``baseline_scan``, the days since the patient's first become the days of the visits.
    """


class FeaturesTable(DividedIds):
    """Features that others extracted: one row a region and rater, a column a feature.

    ``timepoint``, ``sequence``, ``region``, ``lesion_id``, ``rater_id`` and ``repeat_no`` are
    constants, or templates whose placeholders are columns: ``rater_id: "{reader}"``. What stands
    in the id or in the names of the columns, ``id_pattern`` and ``columns`` take from there; parts
    of the id that have another name stand in templates like columns.

    Features of PyRadiomics get the names of today, so that an old table joins a fresh one; those
    whose formula has changed since keep theirs with ``@before-VERSION`` behind it.
    """

    kind: Literal["features"]
    timepoint: str | VisitRank | None = None
    """Visit, one of ``timepoints``."""
    sequence: str | None = None
    """Sequence of the image."""
    region: str | None = None
    """Region that was measured."""
    modality: str | None = None
    """DICOM modality of the images."""
    lesion_id: str = "1"
    """Lesion that was measured."""
    rater_id: str = "1"
    """Who drew the region."""
    repeat_no: str = "1"
    """Which repetition by the rater it is."""
    engine: Name
    """Program that extracted the features."""
    engine_version: str | None = None
    """Version of that program; left out, the table's diagnostics say it."""
    profile: Name
    """Name for the settings of that program."""
    features: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Columns that hold features; left out, those that ``columns`` describes, and for PyRadiomics
    all that are named like its features.
    """
    columns: str | None = None
    """Form of the names of columns that hold features: ``{sequence}_{region}_{feature}``. A
    placeholder takes as little as it can, the last one the rest.
    """
    ignore: tuple[str, ...] = ()
    """Columns that are left aside without a word."""
    value_scale: Literal["raw", "zscore"] = "raw"
    """Whether the values were z-scored; such values are never compared with raw ones."""

    @property
    def parts_of_columns(self) -> tuple[str, ...]:
        """Parts that ``columns`` takes out of the names of columns."""
        return placeholders(self.columns) if self.columns else ()

    @model_validator(mode="after")
    def _columns_readable(self) -> FeaturesTable:
        if self.columns and "feature" not in self.parts_of_columns:
            msg = "columns has no {feature}"
            raise ValueError(msg)
        foreign = sorted({*self.parts_of_columns} - {*FEATURE_KEYS, "class", "feature"})
        if foreign:
            known = ", ".join(f"{{{name}}}" for name in (*FEATURE_KEYS, "class", "feature"))
            msg = f"columns has the unknown placeholder {{{foreign[0]}}}; there are {known}"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _keys_said_once(self) -> FeaturesTable:
        for key in FEATURE_KEYS:
            said = [
                name
                for name, says in (
                    (f"'{key}'", key in self.model_fields_set and getattr(self, key) is not None),
                    ("id_pattern", key in self.parts_of_id),
                    ("columns", key in self.parts_of_columns),
                )
                if says
            ]
            if len(said) > 1:
                msg = f"the {key} is said by {' and by '.join(said)}; once is enough"
                raise ValueError(msg)
            if not said and getattr(self, key) is None:
                cure = f"write '{key}: …', or {{{key}}} in id_pattern or columns"
                msg = f"nothing says the {key}: {cure}"
                raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _features_said(self) -> FeaturesTable:
        if self.features is not None and self.columns is not None:
            msg = "give either 'features' or 'columns'"
            raise ValueError(msg)
        if self.engine != "pyradiomics":
            if self.features is None and self.columns is None:
                msg = f"say by 'features' or 'columns' which columns hold features of {self.engine}"
                raise ValueError(msg)
            if self.engine_version is None:
                msg = f"say by 'engine_version' which version of {self.engine} it was"
                raise ValueError(msg)
        return self


class DvhTable(TableSource):
    """Dose-volume metrics that others computed: one row a structure and metric.

    ``timepoint``, ``structure``, ``metric``, ``unit``, ``dose``, ``lesion_id``, ``rater_id`` and
    ``repeat_no`` are constants, or templates whose placeholders are columns: ``"{roi}"``.
    """

    kind: Literal["dvh"]
    timepoint: str
    """Visit, one of ``timepoints``."""
    structure: str = "{structure}"
    """Structure that was measured."""
    metric: str = "{metric}"
    """Metric: Dmean, D95, V20Gy."""
    value: str = "value"
    """Column with the value."""
    unit: str = "{unit}"
    """Unit of the value: Gy, cGy (stored in Gy), percent, or cm3."""
    dose: str = "RTDOSE"
    """Name of the dose, where a visit has several."""
    lesion_id: str = "1"
    """Lesion that the structure shows."""
    rater_id: str = "1"
    """Who drew the structure."""
    repeat_no: str = "1"
    """Which repetition by the rater it is."""
    rename: dict[str, str] = {}
    """Metrics as the file calls them, and their names here: ``{"Mean dose": Dmean}``."""
    engine: Name
    """Program that computed the metrics."""
    engine_version: str
    """Version of that program."""
    profile: Name
    """Name for the settings of that program."""
    settings: dict[str, Any] = {}
    """What is known of them; where there is EQD2 or BED, ``alpha_beta``."""


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
