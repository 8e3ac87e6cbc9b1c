"""From a profile of ``study.yaml`` to an extraction: an engine with its settings, and its id."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from roentgene.ingest.extract.engines import engine
from roentgene.ingest.extract.work import Extraction
from roentgene.ingest.identity import identity
from roentgene.schemas.canonical import canonical_json, text_hash
from roentgene.schemas.errors import FileError
from roentgene.schemas.study import Profile

#: To be raised whenever a change of our own code changes values.
CODE_VERSION = "1"


@runtime_checkable
class ReadsFile(Protocol):
    """An engine whose settings name a file: its content is part of the identity, its path not."""

    def located(self, settings: Mapping[str, Any], folder: Path | None) -> dict[str, Any]:
        """Write the file's whole path and its hash into settings."""

    def identifying(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Leave the path out of settings that are located."""


def make_extraction(profile_name: str, profile: Profile, folder: Path | None = None) -> Extraction:
    """Make the extraction that a profile asks for, with the engine that is installed.

    The id comes from engine, engine version, parameters and our code version, but not from the
    profile's name: two profiles with equal parameters are one extraction.

    Parameters
    ----------
    profile_name : str
        Its name, for messages.
    profile : Profile
        What it asks for.
    folder : Path, optional
        The warehouse's folder, from which paths in settings start.

    Raises
    ------
    FileError
        If the engine does not know a setting of the profile.
    ExtractionUnavailableError
        If the engine is not installed.
    """
    chosen = engine(profile.engine)
    if profile.kind != "stock" and profile.engine != "pyradiomics":
        msg = f"profile {profile_name!r}: kind {profile.kind!r} is of engine 'pyradiomics' alone"
        raise FileError(msg, "Leave kind out")
    settings = identifying = profile.settings
    try:
        if isinstance(chosen, ReadsFile):
            settings = chosen.located(profile.settings, folder)
            identifying = chosen.identifying(settings)
        chosen.check_settings(profile.image_types, profile.feature_classes, settings)
    except FileError as error:
        msg = f"profile {profile_name!r}: {error.message}"
        raise FileError(msg, error.cure) from error
    extraction_id = identity(
        "extraction",
        profile.engine,
        chosen.version(),
        profile.image_types,
        profile.feature_classes,
        identifying,
        profile.kind,
        CODE_VERSION,
    )
    return Extraction(
        extraction_id=extraction_id,
        profile=profile_name,
        engine=profile.engine,
        image_types=profile.image_types,
        feature_classes=profile.feature_classes,
        settings=settings,
        kind=profile.kind,
    )


def extraction_row(extraction: Extraction) -> dict[str, Any]:
    """Make the row of ``imaging.extraction``, without the batch.

    ``settings`` holds every setting, those with their default value included.
    """
    chosen = engine(extraction.engine)
    settings = canonical_json(
        {
            "image_types": extraction.image_types,
            "feature_classes": extraction.feature_classes,
            "kind": extraction.kind,
            "settings": chosen.all_settings(extraction.settings),
        }
    )
    return {
        "extraction_id": extraction.extraction_id,
        "profile": extraction.profile,
        "kind": extraction.kind,
        "engine": extraction.engine,
        "engine_version": chosen.version(),
        "code_version": CODE_VERSION,
        "settings": settings,
        "settings_hash": text_hash(settings),
        "library_versions": canonical_json(chosen.library_versions()),
        "only_stock_because": chosen.only_stock_because(extraction),
        "value_scale": "raw",
    }
