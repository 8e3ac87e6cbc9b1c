"""BraTS folders of both times are recognised, and the numbering of their labels is looked up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

OLD = ("t1", "t1ce", "t2", "flair")
NEW = ("t1n", "t1c", "t2w", "t2f")
PATIENTS = ("BraTS2021_00001", "BraTS2021_00002")


def write(tree: Any, cases: Sequence[str], sequences: Sequence[str], sep: str, labels: Any) -> None:
    for case in cases:
        tree.image(*(f"{case}/{case}{sep}{name}.nii.gz" for name in sequences))
        tree.mask(f"{case}/{case}{sep}seg.nii.gz", labels=labels)


def test_folders_until_2022(tree: Any, proposed: Any, plan: Any) -> None:
    write(tree, PATIENTS, OLD, "_", (1, 2, 4))
    found = proposed(tree.folder)
    (source,) = found.cohort.images
    assert source.pattern == "delivered/{patient_id}/{patient_id}_{sequence}.nii.gz"
    assert source.mask == "delivered/{patient_id}/{patient_id}_seg.nii.gz"
    assert source.modality == dict.fromkeys(("t1ce", "t1", "t2", "flair"), "MR")
    assert source.numbering == "brats_1_2_4"
    assert found.proposal.counts == {"patients": 2, "images": 8, "masks": 2}
    assert not any(patient in found.text for patient in PATIENTS)
    made = plan(found)
    assert (len(made.imaging.cases), made.refusals) == (8, ())
    regions = {region.region for case in made.imaging.cases for region in case.masks[0].regions}
    assert regions == {"NCR", "ED", "ET", "TC", "WT"}


def test_folders_since_2023_have_visits(tree: Any, proposed: Any, plan: Any) -> None:
    cases = ("BraTS-GLI-00001-000", "BraTS-GLI-00001-001", "BraTS-GLI-00002-000")
    write(tree, cases, NEW, "-", (1, 2, 3))
    found = proposed(tree.folder)
    (source,) = found.cohort.images
    assert source.numbering == "brats_1_2_3"
    assert {name: one.order for name, one in found.cohort.timepoints.items()} == {
        "000": 0,
        "001": 1,
    }
    made = plan(found)
    visits = {(case.patient_id, case.timepoint_id) for case in made.imaging.cases}
    # the published id, not only its number
    assert visits == {
        ("BraTS-GLI-00001", "000"),
        ("BraTS-GLI-00001", "001"),
        ("BraTS-GLI-00002", "000"),
    }
    assert made.refusals == ()


@pytest.mark.parametrize(
    ("labels", "sep", "expected", "said"),
    [
        ((1, 2, 3), "_", "brats_1_2_3", "enhancing tumour is 3"),
        ((1, 2, 4), "-", "brats_1_2_4", "enhancing tumour is 4"),
        ((1, 2), "_", "brats_1_2_4", "neither 3 nor 4"),
        ((1, 2), "-", "brats_1_2_3", "neither 3 nor 4"),
        ((1, 2, 3, 4), "-", {1: "NCR", 2: "ED", 3: "ET", 4: "RC"}, "resection cavity"),
    ],
)
def test_the_values_of_masks_say_the_numbering(
    tree: Any, proposed: Any, labels: Any, sep: str, expected: Any, said: str
) -> None:
    cases = PATIENTS if sep == "_" else ("BraTS-GLI-00001-000",)
    write(tree, cases, OLD if sep == "_" else NEW, sep, labels)
    found = proposed(tree.folder)
    assert found.cohort.images[0].numbering == expected
    assert any(said in line for line in found.proposal.guessed)
    regions = {region.region for region in found.cohort.regions}
    assert regions == ({"TC", "WT"} if isinstance(expected, dict) else set())


def test_grades_in_folders_and_what_does_not_fit(tree: Any, proposed: Any, plan: Any) -> None:
    for grade, case in (("HGG", "BraTS19_A_1"), ("LGG", "BraTS19_B_1")):
        tree.image(*(f"{grade}/{case}/{case}_{name}.nii.gz" for name in OLD))
        tree.mask(f"{grade}/{case}/{case}_seg.nii.gz", labels=(1, 2, 4))
    # a mask of this name is known from a published set; who has none is of its validation part
    tree.mask("HGG/BraTS19_A_1/W39_1998.09.19_Segm.nii.gz")
    tree.image("LGG/BraTS19_C_1/BraTS19_C_1_t1.nii.gz")
    found = proposed(tree.folder)
    assert [source.pattern for source in found.cohort.images] == [
        "delivered/HGG/{patient_id}/{patient_id}_{sequence}.nii.gz",
        "delivered/LGG/{patient_id}/{patient_id}_{sequence}.nii.gz",
    ]
    assert "1 image without a mask, to be refused (mask_missing)" in found.proposal.left_out
    assert "1 image file not named as the others" in found.proposal.left_out
    assert "1998" not in found.text
    refused = plan(found).refusals
    assert [refusal.reason_code for refusal in refused] == ["mask_missing"]


def test_sequences_in_capitals_and_of_other_kinds(tree: Any, proposed: Any, plan: Any) -> None:
    for case in PATIENTS:
        tree.image(*(f"{case}/{case}_{name}.nii.gz" for name in ("T1CE", "FLAIR", "bias")))
        tree.mask(f"{case}/{case}_seg.nii.gz", labels=(1, 2, 4))
    found = proposed(tree.folder)
    (source,) = found.cohort.images
    assert source.modality == {"T1CE": "MR", "FLAIR": "MR"}
    assert found.cohort.expect.sequences == ("T1CE", "FLAIR")
    assert any("2 images whose sequence is none" in line for line in found.proposal.left_out)
    made = plan(found)
    assert len(made.imaging.cases) == 4
    assert {refusal.reason_code for refusal in made.refusals} == {"unknown_sequence"}
