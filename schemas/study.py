"""The model of ``study.yaml``: the settings of one warehouse."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from roentgene.schemas.declared import Declared, Name, read_declared
from roentgene.schemas.scheduled import ScheduledIngest
from roentgene.schemas.storage import Storage

STUDY_FILE = "study.yaml"
# what the warehouse keeps there is nobody else's
_KEPT_FOLDERS = frozenset({"data", "staging", "quarantine", "releases", "reports"})


class Profile(Declared):
    """How features are extracted: engine, image types with their parameters, settings."""

    engine: Literal["pyradiomics", "mirp", "pysera", "onnx", "dvh"] = "pyradiomics"
    """What extracts the features; ``dvh`` takes dose-volume metrics of dose grids."""
    image_types: dict[str, dict[str, Any]] = Field(default={"Original": {}}, min_length=1)
    """Image types by the engine's own names, each with its own settings. PyRadiomics has Original,
    LoG, Wavelet and others; MIRP has Original and its filters; PySERA and ONNX have Original alone.
    """
    feature_classes: tuple[str, ...] | None = None
    """Feature classes by the engine's own names; left out, all (of PyRadiomics, all
    three-dimensional ones).
    """
    kind: Literal["stock", "whole-image"] = "stock"
    """Where PyRadiomics' images are resampled: ``stock`` crops and resamples around each region, as
    PyRadiomics does; ``whole-image`` resamples the image once, so that filters see the same
    image whatever is measured on it, and regions share them.
    """
    settings: dict[str, Any] = {}
    """The engine's settings by their own names; one that is misspelt is refused."""


#: Profiles that come with roentgene; study.yaml may add others but not change these.
PACKAGED_PROFILES: Mapping[str, Profile] = {
    "original": Profile(settings={"binWidth": 25}),
    "standard": Profile(
        image_types={"Original": {}, "LoG": {"sigma": [1.0, 3.0, 5.0]}, "Wavelet": {}},
        settings={
            "binWidth": 25,
            "resampledPixelSpacing": [1, 1, 1],
            "interpolator": "sitkBSpline",
            "normalize": True,
            "normalizeScale": 100,
        },
    ),
    # of dose grids, so that a bin is half a gray
    "dosiomics": Profile(settings={"binWidth": 0.5}),
    "dvh": Profile(engine="dvh"),
}


class GateThresholds(Declared):
    """Limits of the image and mask gate."""

    min_voxels: int = Field(default=16, ge=1)
    """Voxels that a region must have; a smaller one is not measured."""
    min_dimensions: int = Field(default=2, ge=1, le=3)
    """Axes along which a region must be longer than one voxel."""
    min_slices: int = Field(default=2, ge=1)
    """Voxels along its shortest side below which a region is measured, but with a warning."""
    max_components: int | None = Field(default=20, ge=1)
    """Pieces above which a region is measured, but with a warning; null for no warning."""
    max_labels: int = Field(default=512, ge=1)
    """Different values beside 0 above which a mask is refused, for it may be an image."""
    geometry_tolerance_mm: float = Field(default=1e-3, ge=0)
    """Largest distance in mm between corresponding corners of image and mask."""
    min_grey_levels: int = Field(default=8, ge=1)
    """Grey levels below which a measurement is taken, but with a warning."""
    max_grey_levels: int = Field(default=1024, ge=1)
    """Grey levels above which a region is refused."""


class AllowedText(Declared):
    """A text that looks like a person and is none: an id that was published with a shifted date."""

    column: str
    """Column as its file calls it, or as the stored table does: note, series_description."""
    table: str | None = None
    """File of the column as the cohort file calls it, or its stored table, ``imaging.series``;
    left out, any.
    """
    pattern: str
    """Regular expression that the whole text must fit."""
    reason: str = Field(min_length=1)
    """Why it is no person's."""

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            msg = f"pattern is no regular expression: {error}"
            raise ValueError(msg) from error
        return pattern


class PrivacyRules(Declared):
    """What the gate of privacy lets in although it looks like a person."""

    allow: tuple[AllowedText, ...] = ()
    """Texts that may come in."""


class PatientFeatureRules(Declared):
    """How ``mart.patient_feature`` picks one row a patient."""

    reference_rater: str | None = None
    """Rater whose regions count, and whom analyses of one rater look at; left out, a region must
    have been drawn by one rater alone.
    """
    series_rule: Literal["only", "first_volume", "finest"] = "only"
    """Which series counts where one sequence of a visit stands on several, as the volumes of a
    four-dimensional image do: none, the first volume, or the one of the smallest voxels.
    """
    lesion_rule: Literal["largest", "only", "index", "weighted_mean"] = "largest"
    """Which lesion counts: at each visit the one of the largest volume, none unless it is the only
    one, at all visits the index lesion of the patient, as ``mart.index_lesion`` has it, or all of
    them by their mean, weighted by volume.
    """
    index_region: str | None = None
    """Region whose volume at baseline makes a lesion the index lesion; left out, the largest of
    those that were drawn.
    """


class DayWindow(Declared):
    """A window of days, by which ``mart.window_visit`` and ``mart.delta_window`` pick a visit."""

    from_: int = Field(alias="from", ge=-36_500, le=36_500)
    """First day that counts; negative for days before."""
    to: int = Field(ge=-36_500, le=36_500)
    """Last day that counts."""
    after: str = Field(default="baseline", min_length=1)
    """From which the days count: ``baseline``, the visit of which changes are told; ``day_zero`` of
    the cohort; ``rt_end``, as ``mart.radiotherapy_end`` has it; or another event, on its first day.
    """

    @model_validator(mode="after")
    def _forward(self) -> DayWindow:
        if self.from_ > self.to:
            msg = f"the window ends on day {self.to}, before it begins on day {self.from_}"
            raise ValueError(msg)
        return self


#: Windows that come with roentgene; a window of the same name in study.yaml takes their place.
PACKAGED_WINDOWS: Mapping[str, DayWindow] = {
    "post_treatment": DayWindow.model_validate({"from": 7, "to": 14, "after": "rt_end"}),
}


class QueryLimits(Declared):
    """Limits of one query."""

    seconds: float = Field(default=60.0, gt=0)
    """Time after which a query is stopped."""
    memory_mb: int = Field(default=2048, ge=64)
    """Memory that a query may use, in MB."""
    rows: int = Field(default=1_000_000, ge=1)
    """Rows after which an answer is cut, with a warning."""
    at_once: int = Field(default=4, ge=1)
    """Queries of strangers, in the sandbox, that run at the same time; others wait."""


class Study(Declared):
    """Settings of a warehouse; every key but ``name`` has a default."""

    name: str
    """Name of the study."""
    profiles: dict[str, Profile] = {}
    """Profiles beside those that come with roentgene."""
    gates: GateThresholds = GateThresholds()
    """Limits of the gate that images and masks pass."""
    privacy: PrivacyRules = PrivacyRules()
    """What looks like a person and may come in."""
    patient_feature: PatientFeatureRules = PatientFeatureRules()
    """How one row a patient is picked."""
    windows: dict[Name, DayWindow] = {}
    """Windows of days beside those that come with roentgene: ``post_treatment``, days 7 to 14 after
    radiotherapy ended. One of the same name takes its place.
    """
    view_versions: dict[str, int] = {}
    """Version that the plain name of a view stands for; others get their newest."""
    limits: QueryLimits = QueryLimits()
    """Limits of one query."""
    ingest: ScheduledIngest = ScheduledIngest()
    """What an ingest takes in that nobody watches."""
    storage: Storage = Storage()
    """Where catalogue and data lie."""
    publish: bool = True
    """Whether the analyst's file is renewed after each commit."""
    publish_parquet: str | None = None
    """Folder whose Parquet copy for Spark, Trino and others is renewed after each commit, within
    the warehouse (``published/parquet``) or by its absolute path; left out, there is none.
    """

    @field_validator("publish_parquet")
    @classmethod
    def _is_a_folder_for_it(cls, given: str | None) -> str | None:
        if given is None or PurePath(given).is_absolute():
            return given
        parts = PurePath(given).parts
        if not parts or ".." in parts or parts[0] in _KEPT_FOLDERS or parts == ("published",):
            msg = "name a folder of its own, such as published/parquet, or an absolute path"
            raise ValueError(msg)
        return given

    @model_validator(mode="after")
    def _packaged_profiles_stay(self) -> Study:
        changed = sorted(set(self.profiles) & set(PACKAGED_PROFILES))
        if changed:
            msg = f"profile {changed[0]!r} comes with roentgene and cannot be changed; rename yours"
            raise ValueError(msg)
        return self

    def profile(self, name: str) -> Profile | None:
        """Profile of a name, packaged or own."""
        return self.profiles.get(name) or PACKAGED_PROFILES.get(name)

    def named_windows(self) -> dict[str, DayWindow]:
        """All windows by name, packaged or own."""
        return {**PACKAGED_WINDOWS, **self.windows}

    def profile_names(self) -> list[str]:
        """All profile names."""
        return sorted({*self.profiles, *PACKAGED_PROFILES})


def read_study(folder: Path) -> Study:
    """Read the ``study.yaml`` of a warehouse folder."""
    return read_declared(folder / STUDY_FILE, Study)
