"""What an RT Dose file says its dose is of, without its voxels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast, get_args

from roentgene.ingest.sources.dicom.damage import damage_named
from roentgene.ingest.sources.dicom.elements import Elements
from roentgene.ingest.sources.dicom.rt_object import read_elements, referenced
from roentgene.ingest.sources.dicom.sop_classes import DOSE
from roentgene.ingest.sources.volume import VolumeError
from roentgene.schemas.words import DoseType

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

#: Defined terms of DoseSummationType (DICOM PS3.3 C.8.8.3), and SUM, which writers use beside.
SummationType = Literal[
    "PLAN",
    "MULTI_PLAN",
    "PLAN_OVERVIEW",
    "FRACTION",
    "BEAM",
    "BRACHY",
    "FRACTION_SESSION",
    "BEAM_SESSION",
    "BRACHY_SESSION",
    "CONTROL_POINT",
    "RECORD",
    "SUM",
]

_PLANS, _STRUCTURE_SETS = "ReferencedRTPlanSequence", "ReferencedStructureSetSequence"
#: Elements that the facts are made from.
ELEMENTS = (
    *("SOPInstanceUID", "FrameOfReferenceUID", "DoseType", "DoseSummationType"),
    *("TissueHeterogeneityCorrection", _PLANS, _STRUCTURE_SETS),
)


@dataclass(frozen=True)
class DoseFacts:
    """What a dose is of.

    Parameters
    ----------
    dose_type : {'PHYSICAL', 'EFFECTIVE', 'ERROR'}
        Physical, weighted by biological effect, or a difference to a desired dose.
    summation_type : str
        What is summed: PLAN for a whole plan, MULTI_PLAN for several, BEAM …
    plan_uids, structure_set_uids : tuple of str
        SOP instance UIDs of the plans and structure sets that it refers to.
    frame_of_reference_uid : str or None
        Coordinate system that it lies in.
    tissue_heterogeneity : tuple of str
        What corrects the calculation for tissue: IMAGE, ROI_OVERRIDE, WATER; empty if not said.
    sop_instance_uid : str or None
        Its own id.
    """

    dose_type: DoseType
    summation_type: SummationType
    plan_uids: tuple[str, ...]
    structure_set_uids: tuple[str, ...]
    frame_of_reference_uid: str | None
    tissue_heterogeneity: tuple[str, ...]
    sop_instance_uid: str | None

    @property
    def is_sum_of_plans(self) -> bool:
        """Whether doses of several plans are added, so that a plan's fractions are not its own."""
        return self.summation_type in ("MULTI_PLAN", "SUM") or len(self.plan_uids) > 1

    @property
    def is_whole_plan(self) -> bool:
        """Whether it holds all that one plan gives, and not a beam, a session or a sum."""
        return self.summation_type == "PLAN" and len(self.plan_uids) <= 1


def read_dose_facts(path: Path) -> DoseFacts:
    """Read what a dose is of.

    Parameters
    ----------
    path : Path
        An RT Dose file.

    Raises
    ------
    VolumeError
        ``unreadable_dicom`` and ``dose_kind_unknown``.
    """
    with damage_named():
        return facts_of(read_elements(path, "RT Dose", (DOSE,), ELEMENTS).dataset)


def facts_of(dataset: Dataset) -> DoseFacts:
    """Take the facts out of a data set that has :data:`ELEMENTS`; errors as above."""
    facts = Elements(dataset)
    dose_type, summation_type = facts.text("DoseType"), facts.text("DoseSummationType")
    if dose_type not in get_args(DoseType) or summation_type not in get_args(SummationType):
        msg = "its DoseType or DoseSummationType is missing or none that DICOM defines"
        raise VolumeError(msg, "dose_kind_unknown")
    return DoseFacts(
        dose_type=cast(DoseType, dose_type),
        summation_type=cast(SummationType, summation_type),
        plan_uids=referenced(dataset, _PLANS),
        structure_set_uids=referenced(dataset, _STRUCTURE_SETS),
        frame_of_reference_uid=facts.text("FrameOfReferenceUID"),
        tissue_heterogeneity=facts.words("TissueHeterogeneityCorrection"),
        sop_instance_uid=facts.text("SOPInstanceUID"),
    )
