"""The model of ``study.yaml``: the settings of one warehouse."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from roentgene.schemas.declared import Declared, read_declared

STUDY_FILE = "study.yaml"


class Profile(Declared):
    """How features are extracted: engine, image types with their parameters, settings.

    ``image_types`` and ``settings`` are PyRadiomics' own; ``feature_classes`` are all of them
    unless named.
    """

    engine: Literal["pyradiomics"] = "pyradiomics"
    image_types: dict[str, dict[str, Any]] = Field(default={"Original": {}}, min_length=1)
    feature_classes: tuple[str, ...] | None = None
    settings: dict[str, Any] = {}


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
}


class GateThresholds(Declared):
    """Limits of the image and mask gate.

    ``geometry_tolerance_mm`` bounds the distance between corresponding corners of image and
    mask; ``min_dimensions`` is the number of axes along which a region must be longer than one
    voxel.
    """

    min_voxels: int = Field(default=16, ge=1)
    min_dimensions: int = Field(default=2, ge=1, le=3)
    geometry_tolerance_mm: float = Field(default=1e-3, ge=0)
    min_grey_levels: int = Field(default=8, ge=1)
    max_grey_levels: int = Field(default=1024, ge=1)


class PatientFeatureRules(Declared):
    """How ``mart.patient_feature`` picks one row a patient.

    ``reference_rater`` names the rater whose regions count; left out, a region must have been
    drawn by one rater alone. ``lesion_rule`` picks among lesions.
    """

    reference_rater: str | None = None
    lesion_rule: Literal["largest", "only"] = "largest"


class QueryLimits(Declared):
    """Limits of one query."""

    seconds: float = Field(default=60.0, gt=0)
    memory_mb: int = Field(default=2048, ge=64)
    rows: int = Field(default=1_000_000, ge=1)


class Study(Declared):
    """Settings of a warehouse; every key has a default."""

    name: str
    profiles: dict[str, Profile] = {}
    gates: GateThresholds = GateThresholds()
    patient_feature: PatientFeatureRules = PatientFeatureRules()
    view_versions: dict[str, int] = {}
    limits: QueryLimits = QueryLimits()
    publish: bool = True

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

    def profile_names(self) -> list[str]:
        """All profile names."""
        return sorted({*self.profiles, *PACKAGED_PROFILES})


def read_study(folder: Path) -> Study:
    """Read the ``study.yaml`` of a warehouse folder."""
    return read_declared(folder / STUDY_FILE, Study)
