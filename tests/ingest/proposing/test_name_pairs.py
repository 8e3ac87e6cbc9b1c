"""Plain trees: images and masks are told apart, and the patterns of their names are found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from roentgene.schemas.errors import FileError

P1, P2 = "P1", "P2"


def test_a_folder_a_patient(tree: Any, proposed: Any, plan: Any) -> None:
    for patient in (P1, P2):
        for sequence in ("CT", "PET"):
            tree.image(f"{patient}/{sequence}_image.nrrd")
            tree.mask(f"{patient}/{sequence}_mask.nrrd")
    found = proposed(tree.folder)
    (source,) = found.cohort.images
    assert source.pattern == "delivered/{patient_id}/{sequence}_image.nrrd"
    assert source.mask == "delivered/{patient_id}/{sequence}_mask.nrrd"
    assert source.modality == {"CT": "CT", "PET": "PT"}
    assert source.labels == {1: "ROI"}
    assert found.cohort.expect.sequences == ("CT", "PET")
    made = plan(found)
    assert (len(made.imaging.cases), made.refusals) == (4, ())


def test_ids_in_file_names_and_masks_in_another_folder(tree: Any, proposed: Any, plan: Any) -> None:
    for patient in ("BRATS_001", "BRATS_002"):
        tree.image(*(f"imagesTr/{patient}_{channel}.nii.gz" for channel in ("0000", "0001")))
        tree.mask(f"labelsTr/{patient}.nii.gz", labels=(1, 2, 4))
    found = proposed(tree.folder)
    # {patient_id}_{sequence} would read BRATS as the patient
    assert [(one.pattern, one.sequence) for one in found.cohort.images] == [
        (f"delivered/imagesTr/{{patient_id}}_{channel}.nii.gz", channel)
        for channel in ("0000", "0001")
    ]
    assert {one.mask for one in found.cohort.images} == {"delivered/labelsTr/{patient_id}.nii.gz"}
    assert {one.numbering for one in found.cohort.images} == {"brats_1_2_4"}
    assert any(line.startswith("modality:") for line in found.proposal.guessed)
    cases = plan(found).imaging.cases
    assert {(case.patient_id, case.sequence) for case in cases} == {
        (patient, channel) for patient in ("BRATS_001", "BRATS_002") for channel in ("0000", "0001")
    }


def test_visits_raters_and_regions(tree: Any, proposed: Any, plan: Any) -> None:
    for patient in (P1, P2):
        for visit in ("week2", "week10"):
            tree.image(f"{patient}/{visit}/T1.nii.gz")
            for rater in (1, 2):
                tree.mask(f"{patient}/{visit}/masks/liver_rater{rater}.nii.gz")
                tree.mask(f"{patient}/{visit}/masks/spleen_rater{rater}.nii.gz")
    found = proposed(tree.folder)
    (source,) = found.cohort.images
    assert source.mask == (
        "delivered/{patient_id}/{timepoint}/masks/{region}_rater{rater_id}.nii.gz"
    )
    assert list(found.cohort.timepoints) == ["week2", "week10"]
    made = plan(found)
    assert made.refusals == ()
    masks = [mask for case in made.imaging.cases for mask in case.masks]
    assert {mask.rater_id for mask in masks} == {"1", "2"}
    assert {region.region for mask in masks for region in mask.regions} == {"liver", "spleen"}


def test_masks_are_known_by_their_content(tree: Any, proposed: Any, plan: Any) -> None:
    for patient in (P1, P2):
        tree.image(f"{patient}/T2.nii.gz")
        tree.mask(f"{patient}/hippocampus.nii.gz")
    found = proposed(tree.folder)
    (source,) = found.cohort.images
    assert source.pattern == "delivered/{patient_id}/{sequence}.nii.gz"
    # {region} would find the images too
    assert (source.mask, source.region) == (
        "delivered/{patient_id}/hippocampus.nii.gz",
        "hippocampus",
    )
    assert any(line.startswith("masks:") for line in found.proposal.guessed)
    made = plan(found)
    assert (len(made.imaging.cases), made.refusals) == (2, ())


def test_a_mask_is_put_on_the_sequences_of_its_grid(tree: Any, proposed: Any, plan: Any) -> None:
    for patient in (P1, P2):
        tree.image(f"{patient}/T1.nii.gz", f"{patient}/T2.nii.gz")
        tree.image(f"{patient}/DWI.nii.gz", spacing=3.0)
        tree.mask(f"{patient}/mask.nii.gz")
    found = proposed(tree.folder)
    assert [one.sequence for one in found.cohort.images] == ["T1", "T2"]
    assert "2 images in no pair" in found.proposal.left_out
    assert plan(found).refusals == ()


def test_dates_in_names_are_not_written(tree: Any, proposed: Any) -> None:
    for patient in (P1, P2):
        for day in ("2019-03-04", "2020-05-11"):
            tree.image(f"{patient}/{day}/CT.nii.gz")
            tree.mask(f"{patient}/{day}/CT_mask.nii.gz")
    found = proposed(tree.folder)
    assert "2019" not in found.text
    assert any("2 visits" in line and "dates" in line for line in found.proposal.left_out)


def test_a_folder_of_one_patient_is_not_guessed(tree: Any, proposed: Any) -> None:
    tree.image("CT_image.nii.gz")
    tree.mask("CT_mask.nii.gz")
    with pytest.raises(FileError, match="2 NIfTI") as caught:
        proposed(tree.folder)
    assert "the folder above" in caught.value.cure


def test_what_was_proposed_can_be_ingested(tree: Any, delivery: Any) -> None:
    from roentgene.ingest.proposing.choosing import propose
    from roentgene.ingest.proposing.writing import cohort_text

    for patient in (P1, P2):
        tree.image(f"{patient}/CT_image.nii.gz")
        tree.mask(f"{patient}/CT_mask.nii.gz")
    tree.text("who.csv", "patient,age,sex", "P1,50,F", "P2,60,M")
    text = cohort_text(propose(tree.folder), tree.folder, delivery.cohort_file)
    text = text.replace("[original]", "[quick]")
    delivery.cohort_file.write_text(text, encoding="utf-8")
    report = _ingest(delivery)
    assert report.new_refusals == ()
    assert report.rows["imaging.measurement"] == 2
    assert delivery.rows("SELECT patient_id, sex FROM study.patient ORDER BY ALL") == [
        ("P1", "female"),
        ("P2", "male"),
    ]


def _ingest(delivery: Any) -> Any:
    from roentgene.ingest.extract.executors.serial import Serial
    from roentgene.ingest.run import run_ingest

    return run_ingest(delivery.warehouse, delivery.cohort_file, Serial())


@pytest.mark.realdata
def test_the_sarcomas_are_recognised(shared_data: Path, proposed: Any, plan: Any) -> None:
    found = proposed(shared_data / "images" / "sts")
    (source,) = found.cohort.images
    assert (source.pattern or "").endswith("/{patient_id}/{sequence}_image.nii.gz")
    assert source.modality == {"CT": "CT", "MR_T1": "MR", "PET": "PT"}
    assert [table.id for table in found.cohort.tables] == ["patient_id"]
    assert "STS_0" not in found.text
    made = plan(found)
    assert (len(made.imaging.cases), made.refusals) == (42, ())


@pytest.mark.realdata
def test_seven_raters_of_a_glioma_are_recognised(
    shared_data: Path, proposed: Any, plan: Any
) -> None:
    found = proposed(shared_data / "images" / "brats_tcga_du_7294")
    masks = sorted((one.mask or "").rpartition("/images/")[2] for one in found.cohort.images)
    assert masks == [
        "brats_tcga_du_7294/fusion/{rater_id}.nii.gz",
        "brats_tcga_du_7294/segmentation/{rater_id}.nii.gz",
    ]
    # label 4 stands in two of the masks alone
    assert {one.numbering for one in found.cohort.images} == {"brats_1_2_4"}
    assert found.cohort.cohort_id == "COHORT"
    made = plan(found)
    assert made.refusals == ()
    raters = {mask.rater_id for case in made.imaging.cases for mask in case.masks}
    assert (len(made.imaging.cases), len(raters)) == (4, 7)


def test_dates_that_stand_for_sequences_or_regions_are_not_written(
    tree: Any, proposed: Any
) -> None:
    for patient, day in ((P1, "20190304"), (P2, "20200511")):
        tree.image(f"{patient}/{patient}_CT.nii.gz", f"{patient}/{patient}_{day}.nii.gz")
        tree.mask(f"{patient}/{patient}_{day[2:]}_mask.nii.gz")
    found = proposed(tree.folder)
    assert {name for one in found.cohort.images for name in (one.pattern, one.mask)} == {
        "delivered/{patient_id}/{patient_id}_{sequence}.nii.gz",
        "delivered/{patient_id}/{patient_id}_{region}_mask.nii.gz",
    }
    assert not any(date in found.text for date in ("190304", "200511"))
    told = "\n".join(found.proposal.left_out)
    assert "2 names of sequences" in told
    assert "2 names of regions" in told


def test_visits_of_names_that_cannot_be_declared_are_told(tree: Any, proposed: Any) -> None:
    for patient in (P1, P2):
        for visit in ("before (a)", "after"):
            tree.image(f"{patient}/{visit}/CT.nii.gz")
            tree.mask(f"{patient}/{visit}/CT_mask.nii.gz")
    found = proposed(tree.folder)
    assert list(found.cohort.timepoints) == ["after"]
    assert any("1 visit" in line and "rename" in line for line in found.proposal.left_out)


def test_an_image_with_infinity_is_no_mask(tree: Any, proposed: Any) -> None:
    import numpy as np

    for patient in (P1, P2):
        voxels = np.zeros((14,) * 3, dtype=np.float32)
        voxels[0, 0, 0], voxels[1] = np.inf, 3
        tree._write(f"{patient}/ADC.mha", voxels, 1.0)
        tree.mask(f"{patient}/ADC_mask.mha")
    (source,) = proposed(tree.folder).cohort.images
    assert source.pattern == "delivered/{patient_id}/{sequence}.mha"
