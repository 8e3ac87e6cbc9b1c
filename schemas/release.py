"""The model of a release file: which patients, which columns, which target, which splits."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, field_validator, model_validator

from roentgene.schemas.declared import Declared, Name, read_declared
from roentgene.schemas.errors import FileError
from roentgene.schemas.release_leaks import Leak
from roentgene.schemas.release_splits import SplitDeclaration
from roentgene.schemas.release_steps import HarmonizationStep, Step

#: A version as semantic versioning writes it, without labels: 1.0.0.
VERSION = re.compile(r"(?P<major>0|[1-9]\d*)\.(?P<minor>0|[1-9]\d*)\.(?P<patch>0|[1-9]\d*)")

_RELEASE_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
#: Columns of the inclusion query that say who is meant; the others describe the patients.
PATIENT_KEYS = ("cohort_id", "patient_id")


def _listed(given: Any) -> Any:
    """Take a single word for a list of one."""
    return (given,) if isinstance(given, str) else given


Words = Annotated[tuple[str, ...], Field(min_length=1), BeforeValidator(_listed)]
ReleaseName = Annotated[str, Field(pattern=_RELEASE_NAME, max_length=60)]


class Patients(Declared):
    """Who is in the release: one of ``cohorts``, ``sql`` and ``file``."""

    cohorts: Words | None = None
    """All patients of these cohorts."""
    sql: str | None = None
    """The inclusion query: one SELECT with ``cohort_id`` and ``patient_id``, a row a patient. It is
    run read-only, within the limits of study.yaml. Further columns describe the patients: ``site``
    stands in place of the stored one, others may be named by splits and steps.
    """
    file: str | None = None
    """File with the inclusion query, relative to the release file. Its text is kept in the release.
    """

    @model_validator(mode="after")
    def _one_way(self) -> Patients:
        given = [name for name in ("cohorts", "sql", "file") if getattr(self, name) is not None]
        if len(given) != 1:
            msg = f"give one of 'cohorts', 'sql' and 'file', not {' and '.join(given) or 'none'}"
            raise ValueError(msg)
        return self


Measure = Literal["delta_absolute", "delta_relative", "delta_log_ratio", "delta_per_day"]


class FeatureBlock(Declared):
    """Image features; what is left out lets everything in. Names may hold ``*`` and ``?``."""

    view: Literal["patient_feature", "delta_radiomics"] = "patient_feature"
    """Where the values come from: the value at a visit, or the change since the baseline visit."""
    measure: Measure | None = None
    """Which change, for ``delta_radiomics``."""
    profile: Words = ("*",)
    """Profiles."""
    engine: Words = ("*",)
    """Engines; needed where two of them have one profile and one feature."""
    region: Words = ("*",)
    """Regions."""
    sequence: Words = ("*",)
    """Sequences."""
    timepoint: Words = ("*",)
    """Visits; of a change the later one."""
    image_types: Words = ("*",)
    """Image types: original, wavelet-LLH …"""
    classes: Words = ("*",)
    """Feature classes: shape, firstorder, glcm …"""
    features: Words = ("*",)
    """Features by their whole names."""

    @model_validator(mode="after")
    def _measure_fits(self) -> FeatureBlock:
        if (self.view == "delta_radiomics") != (self.measure is not None):
            msg = "'measure' belongs to 'view: delta_radiomics', and it needs one"
            raise ValueError(msg)
        return self


class ClinicalBlock(Declared):
    """Clinical variables; categories stay text."""

    variables: Words | None = None
    """Names of ``clinical.variable``, ``*`` and ``?`` standing for any letters."""
    patient: tuple[Literal["sex", "age_at_day_zero"], ...] = ()
    """Columns of ``study.patient``."""
    timepoint: Words | None = None
    """Visits; left out, variables that belong to the patient and to no visit."""

    @model_validator(mode="after")
    def _asks_something(self) -> ClinicalBlock:
        if self.variables is None and not self.patient:
            msg = "name 'variables', 'patient' columns, or both"
            raise ValueError(msg)
        return self


class DoseBlock(Declared):
    """Dose-volume metrics and dosiomics of a structure. Names may hold ``*`` and ``?``."""

    features: Words
    """Metrics and features: Dmean, D95, V20Gy …"""
    region: Words = ("*",)
    """Structures."""
    timepoint: Words = ("*",)
    """Visits."""
    profile: Words = ("dvh",)
    """Profiles: ``dvh``, ``dosiomics`` or your own."""


class ExpressionBlock(Declared):
    """Expression of genes, one specimen a person by the cohort's ``specimen_rule``."""

    kind: Literal["expression"]
    profile: str
    """Molecular profile, as the cohort file calls it."""
    genes: Words = ("*",)
    """Genes, ``*`` and ``?`` standing for any letters."""
    sample_types: Words | None = None
    """Kinds of specimens that count; left out, all but normal tissue where there is a rule."""


class MutationBlock(Declared):
    """Gene status: 1 mutant, 0 wild type, missing where the gene was not profiled."""

    kind: Literal["mutation"]
    genes: Words
    """Genes, ``*`` and ``?`` standing for any letters."""


class BiomarkerBlock(Declared):
    """Marker results as words; missing where there is none, or where they contradict each other."""

    kind: Literal["biomarker"]
    markers: Words
    """Markers: MGMT, 1p/19q …"""


GenomicBlock: TypeAlias = Annotated[
    ExpressionBlock | MutationBlock | BiomarkerBlock, Field(discriminator="kind")
]


class BiomarkerTarget(Declared):
    """A marker's result."""

    kind: Literal["biomarker"]
    name: str
    """Marker: IDH, MGMT …"""
    positive: Words | None = None
    """Results that are 1; all others are 0. Left out, the target is the word."""


class GeneTarget(Declared):
    """Whether a gene is mutated: MUT or WT; who was not profiled is lost."""

    kind: Literal["gene"]
    name: str
    """Gene."""
    positive: Words | None = None
    """Status that is 1; left out, the target is the word."""


class ClinicalTarget(Declared):
    """A clinical variable, a number or a word."""

    kind: Literal["clinical"]
    name: str
    """Variable."""
    timepoint: str | None = None
    """Visit; left out, a variable of the patient."""
    positive: Words | None = None
    """Words that are 1; all others are 0. Left out, the target is as given."""


class OutcomeTarget(Declared):
    """Survival: ``target__time_days``; ``target__event``: 0 censored, 1 event, 2 … competing."""

    kind: Literal["outcome"]
    name: str
    """Endpoint: OS, PFS …"""
    start_anchor: str | None = None
    """Event from which the time counts, where the endpoint is stored with several."""


class ResponseTarget(Declared):
    """A response assessment, known on its own day: predictors must be earlier."""

    kind: Literal["response"]
    name: str
    """Criteria: RANO, RECIST 1.1 …"""
    timepoint: str
    """Visit of the assessment."""
    positive: Words | None = None
    """Categories that are 1; all others are 0. Left out, the target is the category."""


class ProgressionTarget(Declared):
    """Whether a progression was true or pseudoprogression, by ``mart.response_label``.

    Predictors must be earlier than the day on which it was known; unconfirmed ones are lost.
    """

    kind: Literal["progression"]
    name: str
    """Criteria: RANO, RECIST 1.1 …"""
    timepoint: str | None = None
    """Visit of the progression; left out, the first one of the patient."""
    positive: Words | None = None
    """Label that is 1, ``pseudo`` or ``true``; left out, the target is the label."""


ReleaseTarget: TypeAlias = Annotated[
    BiomarkerTarget
    | GeneTarget
    | ClinicalTarget
    | OutcomeTarget
    | ResponseTarget
    | ProgressionTarget,
    Field(discriminator="kind"),
]


class ReleaseSpec(Declared):
    """A release: a frozen data set with its splits, from one snapshot."""

    name: ReleaseName
    """Name of the data set."""
    version: str | None = None
    """Semantic version; left out, 1.0.0, or the next minor version of the name."""
    title: str
    """What the data set is, in a sentence."""
    motivation: str | None = None
    """What it was made for; goes into the datasheet."""
    snapshot: int | str = "latest"
    """Snapshot that is read: ``latest``, its number, or a time such as 2026-11-21T10:00:00Z."""
    view_versions: dict[str, int] = {}
    """Versions of views; others are those that study.yaml pins, else the newest."""
    patients: Patients
    """Who is in it."""
    rows: Literal["person", "person_timepoint"] = "person"
    """What a row is. With ``person_timepoint`` every visit is a row, and features carry no visit in
    their names.
    """
    features: tuple[FeatureBlock, ...] = ()
    """Image features; columns ``rad__…``."""
    clinical: tuple[ClinicalBlock, ...] = ()
    """Clinical variables; columns ``clin__…``."""
    dose: tuple[DoseBlock, ...] = ()
    """Dose metrics and dosiomics; columns ``dose__…``."""
    genomic: tuple[GenomicBlock, ...] = ()
    """Expression, mutation and markers; columns ``gen__…``."""
    target: ReleaseTarget
    """What is to be predicted."""
    anchor: str | None = None
    """Event by whose day predictors must be known: the cohort's day zero or a kind of event, as
    ``mart.anchor`` has them. A survival target has its own.
    """
    anchor_day: int | None = None
    """Instead of an event: the day, counted from the cohort's day zero."""
    landmark_day: int | None = Field(default=None, ge=0)
    """Of a survival target: day after its anchor at which the clock restarts. Predictors until then
    are let in; whoever had the event or was lost until then is left out, and counted.
    """
    splits: tuple[SplitDeclaration, ...] = ()
    """Who is trained on and who is tested."""
    prepare: tuple[Step, ...] = ()
    """Steps that are fitted on the training rows of each fold, in this order."""
    allow_leaks: tuple[Leak, ...] = ()
    """Leaks that are let in by hand, for experiments on leakage; the datasheet says so."""

    @field_validator("version", mode="before")
    @classmethod
    def _is_semantic(cls, version: Any) -> Any:
        # YAML takes 1.0 for a number
        if version is not None and not VERSION.fullmatch(str(version)):
            msg = f"{version!r} is no semantic version; write it like 1.0.0"
            raise ValueError(msg)
        return version

    @model_validator(mode="after")
    def _fits(self) -> ReleaseSpec:
        if not (self.features or self.clinical or self.dose or self.genomic):
            msg = "no predictors: name 'features', 'clinical', 'dose' or 'genomic'"
            raise ValueError(msg)
        if self.anchor is not None and self.anchor_day is not None:
            msg = "give one of 'anchor' and 'anchor_day'"
            raise ValueError(msg)
        survival = isinstance(self.target, OutcomeTarget)
        if survival and (self.anchor is not None or self.anchor_day is not None):
            msg = "a survival target counts from its own anchor; give 'landmark_day' instead"
            raise ValueError(msg)
        if self.landmark_day is not None and not survival:
            msg = "'landmark_day' belongs to a survival target; give 'anchor_day' instead"
            raise ValueError(msg)
        repeated = sorted({s.split_id for s in self.splits if self._count(s.split_id) > 1})
        if repeated:
            msg = f"split {repeated[0]!r} stands twice"
            raise ValueError(msg)
        if self.prepare and not self.splits:
            msg = "'prepare' fits on training rows; declare 'splits' that say which those are"
            raise ValueError(msg)
        if "target_as_covariate" not in self.allow_leaks and any(
            isinstance(step, HarmonizationStep) and step.preserves_target for step in self.prepare
        ):
            msg = "target_as_covariate: harmonization preserves the target; leave it out"
            raise ValueError(msg)
        return self

    def _count(self, split_id: Name) -> int:
        return [split.split_id for split in self.splits].count(split_id)


def read_release_spec(path: Path) -> ReleaseSpec:
    """Read a release file; an inclusion query in a file of its own is put into it.

    Raises
    ------
    FileError
        See :func:`roentgene.schemas.declared.read_declared`; also if the query cannot be read.
    """
    spec = read_declared(path, ReleaseSpec)
    if spec.patients.file is None:
        return spec
    file = path.parent / spec.patients.file
    try:
        sql = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: patients.file: {spec.patients.file} cannot be read"
        raise FileError(msg, "Check the path and that the file is UTF-8 text") from error
    return spec.model_copy(update={"patients": Patients(sql=sql)})
