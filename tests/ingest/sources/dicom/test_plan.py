import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, RTIonPlanStorage, RTPlanStorage

from roentgene.ingest.sources.dicom.plan import Plan, read_plan
from roentgene.ingest.sources.volume import VolumeError

PRESCRIBED = {"DoseReferenceType": "TARGET", "DoseReferenceStructureType": "VOLUME"}
WritePlan = Callable[..., Plan]


def item(**elements: Any) -> Dataset:
    made = Dataset()
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


@pytest.fixture
def read(tmp_path: Path) -> WritePlan:
    """Write a plan with these fraction groups and prescriptions, and read it."""

    def write_and_read(
        fractions: tuple[Any, ...] = (25,),
        prescriptions: tuple[dict[str, Any], ...] = (),
        sop_class: str = RTPlanStorage,
    ) -> Plan:
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = sop_class, "1.2.5"
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        made = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
        made.SOPClassUID, made.SOPInstanceUID = sop_class, "1.2.5"
        made.PatientName, made.RTPlanLabel, made.RTPlanDate = "Doe^Jane", "Doe boost", "20200304"
        made.FrameOfReferenceUID = "1.2.9"
        made.FractionGroupSequence = Sequence(
            [item(NumberOfFractionsPlanned=number) for number in fractions]
        )
        made.DoseReferenceSequence = Sequence([item(**given) for given in prescriptions])
        made.ReferencedStructureSetSequence = Sequence([item(ReferencedSOPInstanceUID="1.2.6")])
        made.save_as(tmp_path / "plan.dcm", enforce_file_format=True)
        return read_plan(tmp_path / "plan.dcm")

    return write_and_read


def test_a_plan(read: WritePlan) -> None:
    plan = read(prescriptions=({**PRESCRIBED, "TargetPrescriptionDose": "50"},))
    assert plan == Plan("1.2.5", 25, 1, 50.0, (50.0,), ("1.2.6",), "1.2.9")
    assert plan.has_equal_fractions


def test_nothing_that_names_a_person_or_day_is_kept(read: WritePlan) -> None:
    told = str(dataclasses.asdict(read()))
    assert not any(word in told for word in ("Doe", "boost", "20200304"))


@pytest.mark.parametrize(
    ("fractions", "expected", "equal"),
    [
        ((7,), 7, True),
        ((25, 5), 30, False),
        ((25, None), None, False),
        ((None,), None, True),
        ((0,), None, True),
        ((), None, False),
    ],
)
def test_fractions_of_groups(
    read: WritePlan, fractions: tuple[int | None, ...], expected: int | None, equal: bool
) -> None:
    plan = read(fractions)
    assert (plan.fractions, plan.has_equal_fractions) == (expected, equal)
    assert plan.n_fraction_groups == len(fractions)


@pytest.mark.parametrize(
    ("prescriptions", "expected"),
    [
        ((), ()),
        # the highest level of a simultaneous boost is the plan's
        ((("VOLUME", 54), ("VOLUME", 66), ("SITE", 60)), (54, 60, 66)),
        # what a point receives is not what was prescribed, unless nothing else was
        ((("SITE", 14), ("COORDINATES", 15.5)), (14,)),
        ((("POINT", 45),), (45,)),
        ((("VOLUME", None),), ()),
        ((("VOLUME", 0),), ()),
    ],
)
def test_prescriptions(
    read: WritePlan,
    prescriptions: tuple[tuple[str, float | None], ...],
    expected: tuple[float, ...],
) -> None:
    given = tuple(
        {
            **PRESCRIBED,
            "DoseReferenceStructureType": place,
            **({} if dose is None else {"TargetPrescriptionDose": str(dose)}),
        }
        for place, dose in prescriptions
    )
    organ = {**PRESCRIBED, "DoseReferenceType": "ORGAN_AT_RISK", "TargetPrescriptionDose": "99"}
    plan = read(prescriptions=(*given, organ))
    assert plan.prescriptions_gy == expected
    assert plan.prescription_gy == (expected[-1] if expected else None)


def test_ions_have_plans_too(read: WritePlan) -> None:
    assert read((20,), sop_class=RTIonPlanStorage).fractions == 20


def test_other_files_are_refused(read: WritePlan, tmp_path: Path) -> None:
    with pytest.raises(VolumeError) as refused:
        read(sop_class="1.2.840.10008.5.1.4.1.1.481.3")
    assert refused.value.reason_code == "unreadable_dicom"
    with pytest.raises(VolumeError) as refused:
        read_plan(tmp_path / "none.dcm")
    assert refused.value.reason_code == "unreadable_dicom"
