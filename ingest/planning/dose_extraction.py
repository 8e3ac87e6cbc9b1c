"""The extraction of dose-volume metrics: like one of features, but of no engine of images."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from roentgene.ingest.dose.settings import read_dose_settings
from roentgene.ingest.extract.work import Extraction
from roentgene.ingest.identity import identity
from roentgene.schemas.canonical import canonical_json, text_hash
from roentgene.schemas.errors import FileError
from roentgene.schemas.study import Profile

#: To be raised whenever a change of our own code changes metrics.
CODE_VERSION = "1"


def make_dose_extraction(profile_name: str, profile: Profile) -> Extraction:
    """Make the extraction that a profile of engine ``dvh`` asks for.

    Its id comes from all settings, those with their default value included, and the code version.

    Parameters
    ----------
    profile_name : str
        Its name.
    profile : Profile
        What it asks for.

    Raises
    ------
    FileError
        If a setting is wrong, or one is given that only features of images have.
    """
    only_of_images = {"image_types", "feature_classes", "kind"} & profile.model_fields_set
    if only_of_images:
        msg = f"profile {profile_name!r}: {sorted(only_of_images)[0]} is not for engine 'dvh'"
        raise FileError(msg, "Leave it out")
    try:
        settings = read_dose_settings(profile.settings).model_dump(mode="json")
    except FileError as error:
        msg = f"profile {profile_name!r}: {error.message}"
        raise FileError(msg, error.cure) from error
    return Extraction(
        extraction_id=identity("extraction", profile.engine, settings, CODE_VERSION),
        profile=profile_name,
        engine=profile.engine,
        image_types={},
        feature_classes=None,
        settings=settings,
    )


def dose_extraction_row(extraction: Extraction) -> dict[str, Any]:
    """Make the row of ``imaging.extraction``, without the batch."""
    settings = canonical_json({"settings": extraction.settings})
    return {
        "extraction_id": extraction.extraction_id,
        "profile": extraction.profile,
        "engine": extraction.engine,
        "engine_version": version("roentgene"),
        "code_version": CODE_VERSION,
        "settings": settings,
        "settings_hash": text_hash(settings),
        "library_versions": canonical_json({"numpy": version("numpy")}),
        "value_scale": "raw",
    }
