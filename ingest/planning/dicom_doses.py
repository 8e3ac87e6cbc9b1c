"""The doses of a DICOM tree: which structures lie on each, and in how many fractions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from roentgene.ingest.planning.dicom_masks import MaskFile
from roentgene.ingest.sources.dicom.dose_facts import DoseFacts, read_dose_facts
from roentgene.ingest.sources.dicom.header import Header
from roentgene.ingest.sources.dicom.plan import Plan, read_plan
from roentgene.ingest.sources.pair import ToldDose
from roentgene.ingest.sources.volume import VolumeError


@dataclass(frozen=True)
class DoseFile:
    """A dose grid with its plans.

    Parameters
    ----------
    header : Header
        Its header.
    facts : DoseFacts
        What it is a dose of.
    plans : tuple of Plan
        Those of its plans that were delivered.
    """

    header: Header
    facts: DoseFacts
    plans: tuple[Plan, ...]

    @property
    def told(self) -> ToldDose:
        """What is stored of it, and what its metrics need to know."""
        facts, plan = self.facts, self.plans[0] if len(self.plans) == 1 else None
        # a part of a plan has not the fractions of the plan
        whole = plan if facts.is_whole_plan else None
        return ToldDose(
            columns={
                "summation_type": facts.summation_type,
                "is_sum": facts.is_sum_of_plans,
                "dose_type": facts.dose_type,
                "fractions": whole.fractions if whole else None,
                "prescription_gy": plan.prescription_gy if plan else None,
            },
            uniform=whole is not None and whole.has_equal_fractions,
        )

    def structures(self, masks: Sequence[MaskFile]) -> tuple[MaskFile, str] | None:
        """Find its structure set, and by what it was found.

        The one that the dose names goes first, then that of its plans, then the only one of its
        study.

        Parameters
        ----------
        masks : sequence of MaskFile
            Structure sets and segmentations of its patient.

        Returns
        -------
        tuple or None
            The structure set with ``structure_set``, ``plan`` or ``study``; None where there is
            none, or nobody knows which.
        """
        sets = [mask for mask in masks if mask.kind == "structure_set"]
        of_plans = {uid for plan in self.plans for uid in plan.structure_set_uids}
        study = self.header.study_instance_uid
        rules = {
            "structure_set": [one for one in sets if _uid(one) in self.facts.structure_set_uids],
            "plan": [one for one in sets if _uid(one) in of_plans],
            "study": [one for one in sets if one.header.study_instance_uid == study],
        }
        for rule, found in rules.items():
            if len(found) == 1:
                return found[0], rule
        return None


def _uid(mask: MaskFile) -> str:
    return mask.header.sop_instance_uid


def read_plans(headers: Sequence[Header]) -> tuple[dict[str, Plan], dict[Header, VolumeError]]:
    """Read plans.

    Returns
    -------
    dict of str to Plan
        By SOP instance UID.
    dict of Header to VolumeError
        Those that cannot be read.
    """
    plans: dict[str, Plan] = {}
    faults: dict[Header, VolumeError] = {}
    for header in headers:
        try:
            plans[header.sop_instance_uid] = read_plan(header.path)
        except VolumeError as error:
            faults[header] = error
    return plans, faults


def read_dose_file(header: Header, plans: Mapping[str, Plan]) -> DoseFile | VolumeError:
    """Read what a dose grid is a dose of, and none of its voxels."""
    try:
        facts = read_dose_facts(header.path)
    except VolumeError as error:
        return error
    return DoseFile(header, facts, tuple(plans[uid] for uid in facts.plan_uids if uid in plans))
