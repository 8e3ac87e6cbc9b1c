"""Treatment plans (RT Plan): how many fractions, and what was prescribed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from roentgene.ingest.sources.dicom.damage import damage_named
from roentgene.ingest.sources.dicom.elements import Elements
from roentgene.ingest.sources.dicom.rt_object import items, read_elements, referenced
from roentgene.ingest.sources.dicom.sop_classes import PLANS

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_ELEMENTS = (
    *("SOPInstanceUID", "FrameOfReferenceUID", "FractionGroupSequence", "DoseReferenceSequence"),
    "ReferencedStructureSetSequence",
)
# prescriptions to a volume or to no place at all go before those to a point
_OF_VOLUME = ("VOLUME", "SITE")


@dataclass(frozen=True)
class Plan:
    """What a plan says of the dose it gives; no label, name or date of it is read.

    Parameters
    ----------
    sop_instance_uid : str or None
        Its id, by which dose grids refer to it.
    fractions : int or None
        Fractions of all groups together; None where a group does not say.
    n_fraction_groups : int
        Fraction groups; with several, fractions need not give equal doses.
    prescription_gy : float or None
        Highest dose prescribed to a target volume or site, or else to a point, in Gy.
    prescriptions_gy : tuple of float
        All doses prescribed to target volumes or sites, or else to points, each once, ascending.
    structure_set_uids : tuple of str
        SOP instance UIDs of the structure sets that it was made on.
    frame_of_reference_uid : str or None
        Coordinate system that it lies in.
    """

    sop_instance_uid: str | None
    fractions: int | None
    n_fraction_groups: int
    prescription_gy: float | None
    prescriptions_gy: tuple[float, ...]
    structure_set_uids: tuple[str, ...]
    frame_of_reference_uid: str | None

    @property
    def has_equal_fractions(self) -> bool:
        """Whether all fractions belong to one group and so give one dose."""
        return self.n_fraction_groups == 1


def read_plan(path: Path) -> Plan:
    """Read an RT Plan or RT Ion Plan.

    Raises
    ------
    VolumeError
        ``unreadable_dicom``.
    """
    with damage_named():
        dataset = read_elements(path, "RT Plan", PLANS, _ELEMENTS).dataset
        facts, groups = Elements(dataset), items(dataset, "FractionGroupSequence")
        prescribed = _prescriptions(dataset)
        return Plan(
            sop_instance_uid=facts.text("SOPInstanceUID"),
            fractions=_fractions(groups),
            n_fraction_groups=len(groups),
            prescription_gy=prescribed[-1] if prescribed else None,
            prescriptions_gy=prescribed,
            structure_set_uids=referenced(dataset, "ReferencedStructureSetSequence"),
            frame_of_reference_uid=facts.text("FrameOfReferenceUID"),
        )


def _fractions(groups: list[Dataset]) -> int | None:
    planned = [Elements(group).whole("NumberOfFractionsPlanned") for group in groups]
    known = [fractions for fractions in planned if fractions is not None and fractions > 0]
    return sum(known) if known and len(known) == len(planned) else None


def _prescriptions(dataset: Dataset) -> tuple[float, ...]:
    """Doses prescribed to targets, ascending; those to points where no other is."""
    of_volumes: set[float] = set()
    of_points: set[float] = set()
    for reference in map(Elements, items(dataset, "DoseReferenceSequence")):
        dose = reference.number("TargetPrescriptionDose")
        if reference.text("DoseReferenceType") != "TARGET" or dose is None or dose <= 0:
            continue
        place = reference.text("DoseReferenceStructureType")
        (of_volumes if place in _OF_VOLUME else of_points).add(dose)
    return tuple(sorted(of_volumes or of_points))
