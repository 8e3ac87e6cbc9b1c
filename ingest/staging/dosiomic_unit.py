"""The unit of a feature of a dose grid, which no engine says."""

from __future__ import annotations

from roentgene.ingest.extract.engines.vocabularies import ORIGINAL, describe
from roentgene.ingest.extract.work import Extraction

#: Unit that follows the values of an image which are no longer gray, for they were filtered.
GREY_VALUE = "grey value"
#: Unit of a feature that no vocabulary has.
UNKNOWN = "unknown"

#: Features that follow the dose otherwise than in proportion, by IBSI code, or name without one.
_OF_DOSE = {"ECT3": "Gy2", "N8CA": "Gy2", "99N0": "Gy mm3", "TotalEnergy": "Gy2 mm3"}


def dosiomic_unit(extraction: Extraction, feature: str) -> str:
    """Say what unit a feature of a dose has.

    Parameters
    ----------
    extraction : Extraction
        What it was measured by.
    feature : str
        Its name.

    Returns
    -------
    str
        That of the vocabulary. Where it has none because the unit follows the grey values: Gy, or
        what it makes of Gy, for features that IBSI defines on a dose which was neither filtered
        nor normalised, and else :data:`GREY_VALUE`. :data:`UNKNOWN` where no vocabulary has it.
    """
    known = describe(extraction.engine, feature)
    if known.word is None:
        return UNKNOWN
    if known.word.unit is not None:
        return known.word.unit
    if known.image_type != ORIGINAL or _normalises(extraction):
        return GREY_VALUE
    if known.word.ibsi_code is None:
        return _OF_DOSE.get(known.word.name, GREY_VALUE)
    return _OF_DOSE.get(known.word.ibsi_code, "Gy")


def _normalises(extraction: Extraction) -> bool:
    """Whether an engine puts other values in place of the doses, by its own name for that."""
    settings = {**extraction.settings, **extraction.image_types.get("Original", {})}
    return bool(settings.get("normalize")) or (
        settings.get("intensity_normalisation", "none") != "none"
    )
