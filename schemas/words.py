"""Closed lists: statuses, reason codes, and the vocabularies that come with roentgene."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from roentgene.schemas.packaged import packaged_text, packaged_yaml

Severity = Literal["error", "batch", "warning"]
#: Defined terms of DoseType: physical, weighted by biological effect, or a difference to a desired
#: dose (DICOM PS3.3 C.8.8.3).
DoseType = Literal["PHYSICAL", "EFFECTIVE", "ERROR"]
#: How a DICOM file holds regions: as contours or as segments.
DicomMaskKind = Literal["structure_set", "segmentation_object"]
#: How any file holds them: also as one value a voxel.
MaskKind = Literal["label_map"] | DicomMaskKind

#: Engines whose vocabulary is by the stem of a feature's name.
_WITH_STEMS = ("mirp", "pysera")


@dataclass(frozen=True)
class ReasonCode:
    """Why something was refused or has no value."""

    code: str
    severity: Severity
    means: str
    cure: str


@dataclass(frozen=True)
class FeatureWord:
    """What is known of a feature of an engine, whatever image it is measured on."""

    feature_class: str
    name: str
    ibsi_code: str | None
    ibsi_aggregation: str | None
    ibsi_status: str
    unit: str | None
    volume_dependent: bool


def _vocabulary(name: str) -> Any:
    return packaged_yaml("vocabulary", name)


def _text(name: str) -> str:
    return packaged_text("vocabulary", name)


@cache
def reason_codes() -> Mapping[str, ReasonCode]:
    """Every reason code with its severity, meaning and cure."""
    return {
        code: ReasonCode(code, row["severity"], row["means"], row["cure"])
        for code, row in _vocabulary("reason_codes.yaml").items()
    }


@cache
def closed_list(name: str) -> Mapping[str, str]:
    """Words of a closed list with their meanings, e.g. ``measurement_status``."""
    if name == "reason_code":
        return {code.code: code.means for code in reason_codes().values()}
    return dict(_vocabulary("words.yaml")[name])


@cache
def packaged_regions() -> Mapping[str, Mapping[str, str]]:
    """Regions known everywhere, e.g. the BraTS ones."""
    return dict(_vocabulary("regions.yaml"))


@cache
def pyradiomics_features() -> Mapping[tuple[str, str], FeatureWord]:
    """PyRadiomics features by (class, name), with corrected IBSI codes.

    The codes come from the IBSI reference manual; their status was computed on the IBSI 1
    digital phantom with PyRadiomics 3.0.1 (see ``docs/reference``).
    """
    rows = csv.DictReader(_text("pyradiomics_features.csv").splitlines())
    return {
        (row["class"], row["name"]): FeatureWord(
            feature_class=row["class"],
            name=row["name"],
            ibsi_code=row["ibsi_code"] or None,
            ibsi_aggregation=row["ibsi_aggregation"] or None,
            ibsi_status=row["ibsi_status"],
            unit=row["unit"] or None,
            volume_dependent=row["volume_dependent"] == "true",
        )
        for row in rows
    }


@cache
def engine_features(engine: str) -> Mapping[str, FeatureWord]:
    """Features of an engine that calls them neither by class nor by image type.

    Parameters
    ----------
    engine : str
        Name of the engine.

    Returns
    -------
    mapping of str to FeatureWord
        By the stem of their names: what is left of MIRP's ``cm_contrast_d1_3d_avg`` or PySERA's
        ``glcm_contrast_3D_avg`` without distance and aggregation. Empty for an engine without a
        vocabulary. The codes come from the IBSI reference manual; the status was computed on the
        IBSI 1 digital phantom with MIRP 2.7.0 and PySERA 2.1.5.
    """
    if engine not in _WITH_STEMS:
        return {}
    return {
        row["stem"]: FeatureWord(
            feature_class=row["class"],
            name=row["stem"],
            ibsi_code=row["ibsi_code"] or None,
            ibsi_aggregation=None,
            ibsi_status=row["ibsi_status"],
            unit=row["unit"] or None,
            volume_dependent=row["volume_dependent"] == "true",
        )
        for row in csv.DictReader(_text(f"{engine}_features.csv").splitlines())
    }
