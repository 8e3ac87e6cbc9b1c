"""Names of files in a BIDS data set: entities, and the pattern that finds the same of everybody."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from roentgene.ingest.proposing.listing import split_suffix

_PLACE = re.compile(
    r"(?P<above>(?:[^/]+/)*?)sub-(?P<subject>[A-Za-z0-9]+)/(?:ses-(?P<session>[A-Za-z0-9]+)/)?"
    r"(?P<datatype>[a-z]+)/(?P<name>[^/]+)"
)
# of a derivative alone: what they say does not tell which image it was made from
_OF_DERIVATIVES = frozenset(
    ("space", "res", "den", "label", "desc", "hemi", "seg", "atlas", "scale")
)
_IDENTITY = ("sub", "ses")


@dataclass(frozen=True)
class Template:
    """What the files of one kind have in common, whoever is on them.

    Parameters
    ----------
    above : str
        Folders over that of the subject, each ended by a slash.
    has_session : bool
        Whether the visit is a folder.
    datatype : str
        ``anat``, ``pet`` …
    entities : tuple of (str, str)
        Those other than subject and session, in the order of the name.
    suffix : str
        ``T1w``, ``dseg`` …
    ending : str
        ``.nii.gz``
    """

    above: str
    has_session: bool
    datatype: str
    entities: tuple[tuple[str, str], ...]
    suffix: str
    ending: str

    @property
    def pattern(self) -> str:
        """Pattern that finds the files, with the placeholders of cohort files."""
        folder = "sub-{patient_id}/" + ("ses-{timepoint}/" if self.has_session else "")
        name = "sub-{patient_id}" + ("_ses-{timepoint}" if self.has_session else "")
        return f"{self.above}{folder}{self.datatype}/{name}_{self.shows}{self.ending}"

    @property
    def shows(self) -> str:
        """What is left of the name without subject and session: ``ce-gad_T1w``."""
        return "_".join([*(f"{key}-{value}" for key, value in self.entities), self.suffix])

    @property
    def pipeline(self) -> str | None:
        """Folder that the subjects stand in, which derivatives have the name of their maker on."""
        return self.above.rstrip("/").rpartition("/")[2] or None

    @property
    def named(self) -> Mapping[str, str]:
        """Entities by their keys."""
        return dict(self.entities)

    def is_made_from(self, image: Template) -> bool:
        """Whether the names allow that a mask was drawn on an image."""
        source = {key: v for key, v in self.entities if key not in _OF_DERIVATIVES}
        return self.has_session == image.has_session and all(
            image.named.get(key) == value for key, value in source.items()
        )


@dataclass(frozen=True)
class BidsFile:
    """One file with what its name says."""

    name: str
    subject: str
    session: str | None
    template: Template


def parse(name: str) -> BidsFile | None:
    """Read the name of an image or mask file; None where it is not named by BIDS.

    Parameters
    ----------
    name : str
        Path below the data set.

    Examples
    --------
    >>> parse("sub-01/ses-2/anat/sub-01_ses-2_ce-gad_T1w.nii.gz").template.pattern
    'sub-{patient_id}/ses-{timepoint}/anat/sub-{patient_id}_ses-{timepoint}_ce-gad_T1w.nii.gz'
    >>> parse("sub-01/anat/sub-02_T1w.nii.gz") is None
    True
    """
    place = _PLACE.fullmatch(name)
    if place is None:
        return None
    stem, ending = split_suffix(place["name"])
    *parts, suffix = stem.split("_")
    entities = [(key, value) for key, dash, value in (p.partition("-") for p in parts) if dash]
    own = [(key, value) for key, value in entities if key in _IDENTITY]
    said = [("sub", place["subject"])]
    said += [("ses", place["session"])] if place["session"] else []
    if own != said or len(entities) != len(parts) or "-" in suffix:
        return None
    others = tuple((key, value) for key, value in entities if key not in _IDENTITY)
    has_session = place["session"] is not None
    template = Template(place["above"], has_session, place["datatype"], others, suffix, ending)
    return BidsFile(name, place["subject"], place["session"], template)
