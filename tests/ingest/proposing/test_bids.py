"""BIDS data sets: which mask lies on which image, whose it is, and what its labels are called."""

from __future__ import annotations

import json
from typing import Any

import pytest

from roentgene.ingest.proposing.bids_names import parse


@pytest.fixture
def dataset(tree: Any) -> Any:
    """Two subjects, one with two sessions; a segmentation and a brain mask of each visit."""
    for sub, ses in (("01", "baseline"), ("01", "followup"), ("02", "baseline")):
        name = f"sub-{sub}_ses-{ses}"
        raw = f"sub-{sub}/ses-{ses}/anat/{name}"
        tree.image(f"{raw}_T1w.nii.gz", f"{raw}_ce-gad_T1w.nii.gz")
        tree.image(f"{raw}_FLAIR.nii.gz", spacing=2.0)
        made = f"sub-{sub}/ses-{ses}/anat/{name}"
        tree.mask(f"derivatives/nnunet/{made}_space-T1w_dseg.nii.gz", labels=(1, 2))
        tree.mask(f"derivatives/manual/{made}_label-lesion_mask.nii.gz")
    tree.text("derivatives/nnunet/dseg.tsv")
    tree.text("derivatives/nnunet/desc-x_dseg.tsv", "index\tname", "1\twrong")
    tree.text("derivatives/nnunet/space-T1w_dseg.tsv", "index\tname", "0\tback", "1\tNCR", "2\tED")
    tree.text("participants.tsv", "participant_id\tage\tsex", "sub-01\t50\tF", "sub-02\tn/a\tM")
    tree.text(
        "dataset_description.json",
        json.dumps({"Name": "Gliomas", "BIDSVersion": "1.9.0", "License": "CC0"}),
    )
    return tree


def test_masks_are_put_on_the_images_of_their_grid(dataset: Any, proposed: Any, plan: Any) -> None:
    found = proposed(dataset.folder)
    sources = {(one.rater_id, one.sequence): one for one in found.cohort.images}
    # FLAIR is on another grid than both masks
    assert set(sources) == {
        ("manual", "T1w"),
        ("manual", "ce-gad_T1w"),
        ("nnunet", "T1w"),
        ("nnunet", "ce-gad_T1w"),
    }
    assert sources["nnunet", "T1w"].pattern == (
        "delivered/sub-{patient_id}/ses-{timepoint}/anat/"
        "sub-{patient_id}_ses-{timepoint}_T1w.nii.gz"
    )
    assert sources["nnunet", "T1w"].labels == {1: "NCR", 2: "ED"}
    assert sources["manual", "T1w"].region == "lesion"
    assert {one.modality for one in found.cohort.images} == {"MR"}
    made = plan(found)
    assert made.refusals == ()
    assert len(made.imaging.cases) == 6
    raters = {mask.rater_id for case in made.imaging.cases for mask in case.masks}
    assert raters == {"manual", "nnunet"}


def test_what_the_data_set_says_of_itself(dataset: Any, proposed: Any, plan: Any) -> None:
    found = proposed(dataset.folder)
    cohort = found.cohort
    assert (cohort.cohort_id, cohort.title, cohort.license) == ("Gliomas", "Gliomas", "CC0")
    days = {name: (one.order, one.day) for name, one in cohort.timepoints.items()}
    assert days == {"baseline": (0, 0), "followup": (1, None)}
    (table,) = cohort.tables
    assert (table.file, table.kind, table.id) == (
        "delivered/participants.tsv",
        "clinical",
        "participant_id",
    )
    assert "n/a" in table.missing
    (planned,) = plan(found).tables
    assert (planned.n_rows, planned.only_in_table, planned.only_in_cohort) == (2, (), ())
    assert "sub-01" not in found.text


def test_sessions_that_are_dates_are_not_written(tree: Any, proposed: Any) -> None:
    for ses in ("20190304", "20200511"):
        raw = f"sub-01/ses-{ses}/anat/sub-01_ses-{ses}"
        tree.image(f"{raw}_T1w.nii.gz")
        tree.mask(f"derivatives/manual/{raw}_dseg.nii.gz")
    found = proposed(tree.folder)
    assert "2019" not in found.text
    assert "2020" not in found.text
    assert any("2 visits" in line and "dates" in line for line in found.proposal.left_out)


def test_two_masks_of_one_region_are_two_raters(tree: Any, proposed: Any, plan: Any) -> None:
    tree.image("sub-01/anat/sub-01_T1w.nii.gz")
    for desc in ("anna", "bert"):
        tree.mask(f"derivatives/manual/sub-01/anat/sub-01_desc-{desc}_dseg.nii.gz")
    found = proposed(tree.folder)
    raters = sorted(one.rater_id for one in found.cohort.images)
    assert raters == ["manual.desc-anna_dseg", "manual.desc-bert_dseg"]
    assert plan(found).refusals == ()


def test_a_mask_of_one_run_lies_on_that_run(tree: Any, proposed: Any) -> None:
    for run in (1, 2):
        tree.image(f"sub-01/anat/sub-01_run-{run}_T1w.nii.gz")
    tree.mask("derivatives/manual/sub-01/anat/sub-01_run-2_dseg.nii.gz")
    (source,) = proposed(tree.folder).cohort.images
    assert source.sequence == "run-2_T1w"


@pytest.mark.parametrize(
    "name",
    [
        "sub-01/anat/sub-02_T1w.nii.gz",
        "sub-01/ses-1/anat/sub-01_T1w.nii.gz",
        "sub-01/anat/sub-01_T1w_copy.nii.gz",
        "sub-01/sub-01_T1w.nii.gz",
        "P01/anat/P01_T1w.nii.gz",
    ],
)
def test_what_is_not_named_by_bids(name: str) -> None:
    assert parse(name) is None
