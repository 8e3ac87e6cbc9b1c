"""Which image series a structure set or a segmentation object belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

#: How a mask found its series, the surest first.
LinkRule = Literal["series", "sop_instance", "frame_of_reference"]
UnlinkedCode = Literal[
    "referenced_series_missing", "ambiguous_reference", "other_frame_of_reference"
]


@dataclass(frozen=True)
class References:
    """What a mask says it was drawn on.

    Parameters
    ----------
    series_uids : frozenset of str
        SeriesInstanceUIDs that it refers to.
    sop_instance_uids : frozenset of str
        SOPInstanceUIDs of the images that it refers to.
    frame_of_reference_uids : frozenset of str
        Frames of reference that its coordinates are in; one, but for damaged files.
    """

    series_uids: frozenset[str] = frozenset()
    sop_instance_uids: frozenset[str] = frozenset()
    frame_of_reference_uids: frozenset[str] = frozenset()


@dataclass(frozen=True)
class SeriesIdentity:
    """An image series that was delivered.

    Parameters
    ----------
    series_uid : str
        SeriesInstanceUID.
    sop_instance_uids : frozenset of str
        SOPInstanceUIDs of its images.
    frame_of_reference_uid : str or None
        Its frame of reference; None where it states none.
    """

    series_uid: str
    sop_instance_uids: frozenset[str] = frozenset()
    frame_of_reference_uid: str | None = None


@dataclass(frozen=True)
class Link:
    """The series of a mask, and the rule that found it."""

    series_uid: str
    rule: LinkRule


@dataclass(frozen=True)
class Unlinked:
    """Why a mask has no series: a code of ``reason_codes.yaml``, and what was found."""

    reason_code: UnlinkedCode
    detail: str


def link(references: References, series: Sequence[SeriesIdentity]) -> Link | Unlinked:
    """Find the series that a mask belongs to.

    The first rule that finds any series decides: the series that the mask refers to; then those
    that hold an image it refers to; then those in its frame of reference. Where a rule finds
    several, the next one chooses among them. The frame of reference comes last, for all scans of
    a visit may share it, and a series found otherwise must not be in another one.

    Parameters
    ----------
    references : References
        Of the mask.
    series : sequence of SeriesIdentity
        All series of the patient that were delivered.

    Returns
    -------
    Link or Unlinked
        With the reason code ``ambiguous_reference`` if several series are left,
        ``other_frame_of_reference`` if the coordinates of the mask are in another frame, and
        ``referenced_series_missing`` if what it refers to was not delivered.
    """
    rules: tuple[tuple[LinkRule, list[SeriesIdentity]], ...] = (
        ("series", [one for one in series if one.series_uid in references.series_uids]),
        (
            "sop_instance",
            [one for one in series if one.sop_instance_uids & references.sop_instance_uids],
        ),
        (
            "frame_of_reference",
            [
                one
                for one in series
                if one.frame_of_reference_uid in references.frame_of_reference_uids
            ],
        ),
    )
    left: list[SeriesIdentity] = []
    for rule, found in rules:
        left = [one for one in found if one in left] or left if left else found
        if len(left) == 1:
            return _checked(references, left[0], rule)
    if left:
        by = "" if any(found for _, found in rules[:2]) else ", and only by their common frame"
        detail = f"{len(left)} of {len(series)} series fit what it refers to{by}"
        return Unlinked("ambiguous_reference", detail)
    return _not_found(references, series)


def _checked(references: References, found: SeriesIdentity, rule: LinkRule) -> Link | Unlinked:
    frames = references.frame_of_reference_uids
    if frames and found.frame_of_reference_uid and found.frame_of_reference_uid not in frames:
        return Unlinked(
            "other_frame_of_reference",
            "its coordinates are in another frame of reference than the series it refers to",
        )
    return Link(found.series_uid, rule)


def _not_found(references: References, series: Sequence[SeriesIdentity]) -> Unlinked:
    n_series, n_images = len(references.series_uids), len(references.sop_instance_uids)
    frames = references.frame_of_reference_uids
    if n_series or n_images or not frames or not series:
        detail = (
            f"it refers to {n_series} series and {n_images} images, and none of them is among "
            f"the {len(series)} series of the patient"
        )
        return Unlinked("referenced_series_missing", detail)
    detail = f"none of the {len(series)} series of the patient is in its frame of reference"
    return Unlinked("other_frame_of_reference", detail)
