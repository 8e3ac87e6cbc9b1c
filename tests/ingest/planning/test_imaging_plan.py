"""What is extracted: pairs become cases, faults are named, and what is done is left out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from roentgene.ingest.extract.work import Case, Extraction, MaskWork, RegionWork
from roentgene.ingest.known import StoredFile
from roentgene.ingest.planning import contents
from roentgene.ingest.planning.imaging_plan import ImagingPlan, plan_imaging
from roentgene.ingest.refusal import Refusal
from roentgene.ingest.tables.identifiers import normalise_id
from roentgene.schemas.cohort import Cohort
from roentgene.schemas.errors import FileError
from roentgene.schemas.study import GateThresholds

#: One mask for every sequence of a visit.
SHARED = {
    "pattern": "{patient_id}/{timepoint}/image_{sequence}.nii",
    "mask": "{patient_id}/{timepoint}/mask_{rater_id}.nii",
    "labels": {1: "NCR", 2: "ED"},
}
#: A mask for each sequence.
OWN = SHARED | {"mask": "{patient_id}/{timepoint}/mask_{sequence}_{rater_id}.nii"}
MANIFEST = {"manifest": "pairs.csv", "labels": {1: "GTV"}}
HEADER = "patient_id,timepoint,sequence,rater_id,image,mask"


def extraction(profile: str) -> Extraction:
    return Extraction(f"id of {profile}", profile, "engine", {}, None, {})


@dataclass
class Study:
    """Files of a delivery; every file holds its own name, unless told otherwise."""

    folder: Path
    source: dict[str, Any] = field(default_factory=lambda: dict(SHARED))
    more: dict[str, Any] = field(default_factory=dict)
    profiles: tuple[str, ...] = ("first",)
    thresholds: GateThresholds = field(default_factory=GateThresholds)

    def write(self, *names: str, content: str | None = None) -> None:
        for name in names:
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name if content is None else content, encoding="utf-8")

    def list(self, *lines: str, header: str = HEADER) -> None:
        self.write("pairs.csv", content="\n".join((header, *lines)) + "\n")

    def plan(
        self,
        before: ImagingPlan | None = None,
        retried: frozenset[str] = frozenset(),
        owners: dict[str, frozenset[str]] | None = None,
        stored: dict[str, StoredFile] | None = None,
    ) -> ImagingPlan:
        """Plan it against a catalogue that holds the work of an earlier plan."""
        cohort = Cohort(
            **{
                "cohort_id": "C",
                "title": "t",
                "license": "l",
                "day_zero": "baseline_scan",
                "timepoints": {"base": {"order": 0}, "later": {"order": 1}},
                "images": [self.source],
            }
            | self.more
        )
        return plan_imaging(
            cohort,
            self.folder,
            [extraction(profile) for profile in self.profiles],
            self.thresholds,
            work(before) if before else {},
            retried,
            lambda given, source: normalise_id(given, source.normalise),
            owners or {},
            stored or {},
        )


def parts(plan: ImagingPlan) -> Iterator[tuple[Case, MaskWork, RegionWork]]:
    for case in plan.cases:
        for mask in case.masks:
            for region in mask.regions:
                yield case, mask, region


def work(plan: ImagingPlan) -> dict[tuple[str, str, str], str]:
    """What the catalogue holds once a plan was carried out."""
    return {
        (region.segmentation_id, case.series_id, extraction_id): work_key
        for case, _, region in parts(plan)
        for extraction_id, work_key in region.due.items()
    }


def due(plan: ImagingPlan) -> set[tuple[str, str, str, str]]:
    """Patient, sequence, rater and region of all work."""
    return {
        (case.patient_id, case.sequence, mask.rater_id, region.region)
        for case, mask, region in parts(plan)
        if region.due
    }


def counts(plan: ImagingPlan) -> tuple[int, int, int, int]:
    return plan.n_new, plan.n_changed, plan.n_unchanged, len(plan.gone)


def segmentations(plan: ImagingPlan) -> dict[tuple[str, str, str], set[str]]:
    """Ids by patient, rater and region; several where each sequence has its own."""
    found: dict[tuple[str, str, str], set[str]] = {}
    for case, mask, region in parts(plan):
        key = case.patient_id, mask.rater_id, region.region
        found.setdefault(key, set()).add(region.segmentation_id)
    return found


def references(plan: ImagingPlan) -> list[tuple[str, str, bool]]:
    """Sequence, rater, and whether shape is measured there."""
    return [(case.sequence, m.rater_id, m.is_reference) for case in plan.cases for m in case.masks]


def codes(plan: ImagingPlan) -> list[tuple[str, str | None]]:
    return [(refusal.reason_code, refusal.file_path) for refusal in plan.refusals]


def only(plan: ImagingPlan) -> Refusal:
    (refusal,) = plan.refusals
    assert refusal.stage == "manifest"
    return refusal


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """One visit: two sequences, two raters, two labels."""
    made = Study(tmp_path)
    made.write("P1/base/image_T1.nii", "P1/base/image_T2.nii")
    made.write("P1/base/mask_A.nii", "P1/base/mask_B.nii")
    return made


def add_patient(study: Study, patient: str) -> None:
    study.write(f"{patient}/base/image_T1.nii", f"{patient}/base/mask_A.nii")


# --- what a pair becomes


def test_a_case_is_an_image_with_all_its_masks_and_regions(study: Study) -> None:
    study.source |= {"modality": {"T1": "MR", "T2": "MR"}}
    study.more = {"regions": [{"region": "TC", "union": ["NCR", "ED"]}]}
    plan = study.plan()
    first, second = plan.cases
    assert (first.cohort_id, first.patient_id, first.timepoint_id) == ("C", "P1", "base")
    assert [case.sequence for case in plan.cases] == ["T1", "T2"]
    assert (first.name, first.modality) == ("P1/base/image_T1.nii", "MR")
    assert Path(first.path).read_text(encoding="utf-8") == first.name
    assert [mask.name for mask in first.masks] == ["P1/base/mask_A.nii", "P1/base/mask_B.nii"]
    assert [region.region for region in first.masks[0].regions] == ["NCR", "ED", "TC"]
    assert [e.profile for e in first.extractions] == ["first"]
    assert first.thresholds == study.thresholds
    assert first.series_id != second.series_id
    assert counts(plan) == (12, 0, 0, 0)
    assert plan.refusals == ()
    assert plan.visits == {("P1", "base")}
    assert plan.lesions == {("P1", "1")}
    assert plan.patients == {"P1"}
    assert plan.regions == {"NCR": "label 1", "ED": "label 2", "TC": "NCR + ED"}


def test_id_rules_lead_to_the_patient(study: Study) -> None:
    study.source |= {"normalise": ["lower", {"add_prefix": "site-"}]}
    assert study.plan().patients == {"site-p1"}


def test_fields_of_a_manifest_and_of_the_cohort_file(study: Study) -> None:
    study.source = MANIFEST | {"root": ".", "timepoint": "later", "sequence": "T1"}
    header = "patient_id,lesion_id,repeat_no,image,mask"
    study.list("P7,L2,2,P1/base/image_T1.nii,P1/base/mask_A.nii", header=header)
    ((case, mask, region),) = parts(study.plan())
    assert (case.patient_id, case.timepoint_id, case.sequence) == ("P7", "later", "T1")
    assert (mask.lesion_id, mask.rater_id, mask.repeat_no, region.region) == ("L2", "1", 2, "GTV")
    assert study.plan().lesions == {("P7", "L2")}


def test_masks_of_one_region_each(study: Study) -> None:
    study.source = {
        "pattern": "{patient_id}/{timepoint}/image_{sequence}.nii",
        "mask": "{patient_id}/{timepoint}/mask_{region}.nii",
    }
    study.more = {"regions": [{"region": "RING", "from": "A", "ring_mm": [0, 5]}]}
    plan = study.plan()
    found = {(m.name, r.region): r.rule.content for _, m, r in parts(plan)}
    assert found == {
        ("P1/base/mask_A.nii", "A"): ["labels", []],
        ("P1/base/mask_A.nii", "RING"): ["ring", [0.0, 5.0], ["labels", []]],
        ("P1/base/mask_B.nii", "B"): ["labels", []],
    }
    assert len({r.segmentation_id for _, _, r in parts(plan)}) == 3


# --- identity


def test_ids_come_from_identity_and_work_from_content(study: Study) -> None:
    before = study.plan()
    study.write("P1/base/image_T1.nii", content="another image")
    study.write("P1/base/mask_B.nii", content="another mask")
    after = study.plan()
    assert [case.series_id for case in after.cases] == [case.series_id for case in before.cases]
    assert segmentations(after) == segmentations(before)
    old, new = work(before), work(after)
    assert old.keys() == new.keys()
    untouched = {
        (case.sequence, mask.rater_id)
        for case, mask, region in parts(after)
        for e in region.due
        if new[region.segmentation_id, case.series_id, e]
        == old[region.segmentation_id, case.series_id, e]
    }
    assert untouched == {("T2", "A")}


@pytest.mark.parametrize("field_name", ["cohort", "patient", "timepoint", "sequence"])
def test_each_part_of_an_identity_makes_another_id(study: Study, field_name: str) -> None:
    study.source = OWN
    study.write("P1/base/mask_T1_A.nii")
    before = study.plan()
    if field_name == "cohort":
        study.more = {"cohort_id": "D"}
    else:
        new = {
            "patient": "P2/base/{}_T1{}.nii",
            "timepoint": "P1/later/{}_T1{}.nii",
            "sequence": "P1/base/{}_T3{}.nii",
        }[field_name]
        (study.folder / "P1/base/mask_T1_A.nii").unlink()
        study.write(new.format("image", ""), new.format("mask", "_A"))
    after = study.plan()
    old, new = (
        {(case.series_id, region.segmentation_id) for case, _, region in parts(plan)}
        for plan in (before, after)
    )
    assert len(old) == len(new) == 2
    assert not {one for ids in old for one in ids} & {one for ids in new for one in ids}


def test_raters_with_the_same_bytes_stay_two(study: Study) -> None:
    study.write("P1/base/mask_A.nii", "P1/base/mask_B.nii", content="the same empty mask")
    plan = study.plan()
    assert plan.refusals == ()
    assert {mask.rater_id for mask in plan.cases[0].masks} == {"A", "B"}
    assert len(set().union(*segmentations(plan).values())) == 4
    assert counts(plan) == (8, 0, 0, 0)
    assert counts(study.plan(plan)) == (0, 0, 8, 0)


# --- on which image a mask is measured


def test_a_shared_mask_is_one_segmentation_with_one_reference(study: Study) -> None:
    plan = study.plan()
    assert all(len(ids) == 1 for ids in segmentations(plan).values())
    assert references(plan) == [
        ("T1", "A", True),
        ("T1", "B", True),
        ("T2", "A", False),
        ("T2", "B", False),
    ]
    first = plan.cases[0].series_id
    assert {mask.reference_series_id for _, mask, _ in parts(plan)} == {first}


@pytest.mark.parametrize(
    ("declared", "reference"),
    [
        ({}, "T1"),
        ({"modality": "MR"}, "T1"),
        ({"modality": {"T2": "MR", "T1": "MR"}}, "T2"),
        ({"reference_sequence": "T2"}, "T2"),
        ({"reference_sequence": "T1", "modality": {"T2": "MR", "T1": "MR"}}, "T1"),
    ],
    ids=["first by name", "one modality", "first under modality", "declared", "declared before"],
)
def test_the_reference_is_declared_or_first(
    study: Study, declared: dict[str, Any], reference: str
) -> None:
    study.source |= declared
    chosen = {sequence for sequence, _, is_reference in references(study.plan()) if is_reference}
    assert chosen == {reference}


def test_a_visit_without_the_declared_reference_has_the_next(study: Study) -> None:
    study.source |= {"reference_sequence": "T2"}
    add_patient(study, "P2")
    found = {
        (case.patient_id, case.sequence): mask.is_reference for case, mask, _ in parts(study.plan())
    }
    assert found == {("P1", "T1"): False, ("P1", "T2"): True, ("P2", "T1"): True}


def test_a_new_reference_does_the_work_of_both_again(study: Study) -> None:
    study.write("P1/base/image_T3.nii")
    before = study.plan()
    study.source |= {"reference_sequence": "T2"}
    plan = study.plan(before)
    assert {sequence for _, sequence, _, _ in due(plan)} == {"T1", "T2"}
    assert counts(plan) == (0, 8, 4, 0)


def test_sequences_of_two_sources_share_a_mask(study: Study) -> None:
    one = SHARED | {"pattern": "{patient_id}/{timepoint}/image_T1.nii", "sequence": "T1"}
    two = SHARED | {"pattern": "{patient_id}/{timepoint}/image_T2.nii", "sequence": "T2"}
    study.more = {"images": [one, two | {"reference_sequence": "T2"}]}
    plan = study.plan()
    assert all(len(ids) == 1 for ids in segmentations(plan).values())
    assert {sequence for sequence, _, reference in references(plan) if reference} == {"T2"}


def test_regions_with_files_of_their_own_have_references_of_their_own(study: Study) -> None:
    study.source = {"manifest": "pairs.csv", "mask_of": "visit"}
    study.write("P1/base/image_T3.nii")
    image, mask = "P1/base/image_{}.nii", "P1/base/mask_{}.nii"
    study.list(
        *(
            f"P1,base,{sequence},{region},{image.format(sequence)},{mask.format(file)}"
            for region, file, sequences in (("NCR", "A", "12"), ("ED", "B", "23"))
            for sequence in (f"T{number}" for number in sequences)
        ),
        header="patient_id,timepoint,sequence,region,image,mask",
    )
    found = {(r.region, case.sequence): m.is_reference for case, m, r in parts(study.plan())}
    assert found == {
        ("NCR", "T1"): True,
        ("NCR", "T2"): False,
        ("ED", "T2"): True,
        ("ED", "T3"): False,
    }


def test_a_mask_of_each_sequence_has_a_grid_of_its_own(study: Study) -> None:
    study.source = OWN
    study.write("P1/base/mask_T1_A.nii", "P1/base/mask_T2_A.nii")
    plan = study.plan()
    assert references(plan) == [("T1", "A", True), ("T2", "A", True)]
    assert [len(ids) for ids in segmentations(plan).values()] == [2, 2]
    assert all(m.reference_series_id == case.series_id for case, m, _ in parts(plan))


ROW_T1 = "P1,base,T1,A,P1/base/image_T1.nii,P1/base/mask_A.nii"
ROW_T2 = "P1,base,T2,A,P1/base/image_T2.nii,P1/base/mask_A.nii"


def test_a_manifest_whose_masks_are_of_the_visit_measures_shape_once(study: Study) -> None:
    study.source = MANIFEST | {"mask_of": "visit"}
    study.list(ROW_T1, ROW_T2, "P1,base,T2,B,P1/base/image_T2.nii,P1/base/mask_B.nii")
    plan = study.plan()
    assert references(plan) == [("T1", "A", True), ("T2", "A", False), ("T2", "B", True)]
    assert [len(ids) for ids in segmentations(plan).values()] == [1, 1]


@pytest.mark.parametrize("mask_of", ["visit", "sequence"])
def test_another_row_of_a_manifest_does_not_change_what_a_mask_is(
    study: Study, mask_of: str
) -> None:
    study.source = MANIFEST | {"mask_of": mask_of}

    def id_on_t1() -> str:
        (case,) = (case for case in study.plan().cases if case.sequence == "T1")
        return case.masks[0].regions[0].segmentation_id

    study.list(ROW_T1)
    alone = id_on_t1()
    study.list(ROW_T1, ROW_T2)
    assert id_on_t1() == alone


# --- volumes of four-dimensional images

VOLUMES = "patient_id,timepoint,sequence,volume_index,image,mask"


def list_volumes(study: Study, *indices: str, mask: str = "P1/base/mask_A.nii") -> None:
    rows = (f"P1,base,T1,{index},P1/base/image_T1.nii,{mask}" for index in indices)
    study.source = MANIFEST
    study.list(*rows, header=VOLUMES)


def test_each_volume_of_an_image_is_a_series(study: Study) -> None:
    list_volumes(study, "2", "", "10")
    plan = study.plan()
    assert plan.refusals == ()
    assert [case.volume_index for case in plan.cases] == [None, 2, 10]
    assert len({case.series_id for case in plan.cases}) == 3
    assert len({case.content_hash for case in plan.cases}) == 1
    assert [case.subject for case in plan.cases] == [
        "P1 base T1",
        "P1 base T1 volume 2",
        "P1 base T1 volume 10",
    ]
    assert len({key for _, _, region in parts(plan) for key in region.due.values()}) == 3


def test_a_mask_of_a_sequence_serves_its_volumes_and_has_shape_on_the_first(study: Study) -> None:
    list_volumes(study, "2", "10")
    found = list(parts(study.plan()))
    assert len({region.segmentation_id for _, _, region in found}) == 1
    first, second = (case.series_id for case, _, _ in found)
    assert [mask.reference_series_id for _, mask, _ in found] == [first, first]
    assert [mask.is_reference for _, mask, _ in found] == [True, False]
    assert first != second


def test_masks_of_volumes_are_segmentations_of_their_own(study: Study) -> None:
    study.write("P1/base/mask_0.nii", "P1/base/mask_1.nii")
    study.source = {
        "pattern": "{patient_id}/{timepoint}/image_{sequence}.nii",
        "mask": "{patient_id}/{timepoint}/mask_{volume_index}.nii",
        "labels": {1: "NCR"},
    }
    (study.folder / "P1/base/mask_A.nii").unlink()
    (study.folder / "P1/base/mask_B.nii").unlink()
    plan = study.plan()
    assert plan.refusals == ()
    assert [(case.sequence, case.volume_index) for case in plan.cases] == [
        ("T1", 0),
        ("T1", 1),
        ("T2", 0),
        ("T2", 1),
    ]
    found = list(parts(plan))
    assert len({region.segmentation_id for _, _, region in found}) == 4
    assert all(mask.is_reference for _, mask, _ in found)


def test_a_manifest_may_say_that_masks_are_of_volumes(study: Study) -> None:
    list_volumes(study, "0", "1")
    study.source |= {"mask_of": "volume"}
    assert len({region.segmentation_id for _, _, region in parts(study.plan())}) == 2


def test_the_cohort_file_may_state_the_volume(study: Study) -> None:
    before = study.plan()
    study.source |= {"volume_index": 0}
    after = study.plan(before)
    assert {case.volume_index for case in after.cases} == {0}
    assert not {case.series_id for case in before.cases} & {c.series_id for c in after.cases}


@pytest.mark.parametrize("index", ["-1", "1.0", "first", "1234567890"])
def test_an_index_that_is_none_is_refused(study: Study, index: str) -> None:
    list_volumes(study, "1", index)
    plan = study.plan()
    refusal = only(plan)
    assert (refusal.reason_code, refusal.row_number) == ("missing_field", 3)
    assert refusal.column_name == "volume_index"
    assert [case.volume_index for case in plan.cases] == [1]


# --- faults


def test_the_later_of_two_masks_of_one_identity_is_refused(study: Study) -> None:
    study.source = MANIFEST
    study.list(
        "P1,base,T1,A,P1/base/image_T1.nii,P1/base/mask_B.nii",
        "P1,base,T1,A,P1/base/image_T1.nii,P1/base/mask_A.nii",
    )
    plan = study.plan()
    refusal = only(plan)
    assert (refusal.reason_code, refusal.row_number) == ("duplicate_pair", 3)
    assert (refusal.file_path, refusal.subject) == ("pairs.csv", "P1 base T1")
    assert refusal.detail == "P1/base/mask_A.nii claims the place of P1/base/mask_B.nii"
    assert [mask.name for _, mask, _ in parts(plan)] == ["P1/base/mask_B.nii"]
    assert plan.n_pairs == 2


def test_a_pair_listed_twice_is_refused_once(study: Study) -> None:
    study.source = MANIFEST
    study.list(*["P1,base,T1,A,P1/base/image_T1.nii,P1/base/mask_A.nii"] * 2)
    plan = study.plan()
    assert (only(plan).reason_code, only(plan).row_number) == ("duplicate_pair", 3)
    assert only(plan).detail == "P1/base/mask_A.nii is listed twice"
    assert plan.n_new == 1


def test_a_mask_that_a_refused_pair_named_is_still_free(study: Study) -> None:
    study.source = MANIFEST
    study.write("P1/base/again.nii")
    study.list(
        "P1,base,T1,A,P1/base/image_T1.nii,P1/base/mask_A.nii",
        "P1,base,T1,B,P1/base/again.nii,P1/base/mask_A.nii",
        "P1,base,T1,B,P1/base/image_T1.nii,P1/base/mask_B.nii",
    )
    plan = study.plan()
    assert only(plan).detail == "P1/base/again.nii claims the place of P1/base/image_T1.nii"
    assert due(plan) == {("P1", "T1", "A", "GTV"), ("P1", "T1", "B", "GTV")}


def test_the_later_of_two_images_is_refused_once_for_all_its_masks(study: Study) -> None:
    again = SHARED | {"pattern": "{patient_id}/{timepoint}/again_{sequence}.nii"}
    study.write("P1/base/again_T1.nii")
    study.more = {"images": [SHARED, again]}
    plan = study.plan()
    assert only(plan).reason_code == "duplicate_pair"
    assert only(plan).file_path == "P1/base/again_T1.nii"
    assert only(plan).detail.endswith("claims the place of P1/base/image_T1.nii")
    assert plan.n_new == 8


@pytest.mark.parametrize("labels", [{1: "NCR", 2: "ED"}, {7: "ED"}], ids=["alike", "one region"])
def test_a_region_has_one_mask_whichever_source_gives_it(
    study: Study, labels: dict[int, str]
) -> None:
    (study.folder / "P1/base/mask_B.nii").unlink()
    other = SHARED | {"mask": "{patient_id}/{timepoint}/other.nii", "rater_id": "A"}
    study.write("P1/base/other.nii")
    study.more = {"images": [SHARED, other | {"labels": labels}]}
    plan = study.plan()
    assert {(r.reason_code, r.file_path) for r in plan.refusals} == {
        ("duplicate_pair", "P1/base/other.nii")
    }
    assert {mask.name for _, mask, _ in parts(plan)} == {"P1/base/mask_A.nii"}


def test_a_shared_mask_is_the_same_file_on_every_sequence(study: Study) -> None:
    (study.folder / "P1/base/mask_B.nii").unlink()
    study.write("P1/base/other.nii")
    one = SHARED | {"pattern": "{patient_id}/{timepoint}/image_T1.nii", "sequence": "T1"}
    two = {
        "pattern": "{patient_id}/{timepoint}/image_T2.nii",
        "mask": "{patient_id}/{timepoint}/other.nii",
        "sequence": "T2",
        "rater_id": "A",
        "labels": {1: "NCR"},
    }
    study.more = {"images": [one, two]}
    plan = study.plan()
    assert codes(plan) == [("duplicate_pair", "P1/base/other.nii")]
    assert [case.sequence for case in plan.cases] == ["T1"]


def test_one_image_under_two_patients_keeps_both_out_and_nobody_else(study: Study) -> None:
    study.write("P2/base/image_T1.nii", content="P1/base/image_T1.nii")
    study.write("P2/base/mask_A.nii", "P2/base/mask_B.nii")
    add_patient(study, "P3")
    plan = study.plan()
    assert codes(plan) == [
        ("same_image_two_patients", "P1/base/image_T1.nii"),
        ("same_image_two_patients", "P2/base/image_T1.nii"),
    ]
    first, second = plan.refusals
    assert first.detail == "P1/base/image_T1.nii, the image of P1, is also that of P2"
    assert second.detail == "P2/base/image_T1.nii, the image of P2, is also that of P1"
    assert first.content_hash == second.content_hash is not None
    assert {(patient, sequence) for patient, sequence, *_ in due(plan)} == {
        ("P1", "T2"),
        ("P3", "T1"),
    }
    # of P2 nothing was taken
    assert plan.patients == {"P1", "P3"}


def test_one_file_listed_for_two_patients_is_refused_for_both(study: Study) -> None:
    study.source = MANIFEST
    study.list(
        "P1,base,T1,A,P1/base/image_T1.nii,P1/base/mask_A.nii",
        "P2,base,T1,A,P1/base/image_T1.nii,P1/base/mask_A.nii",
        "P3,base,T1,A,P1/base/image_T2.nii,P1/base/mask_A.nii",
    )
    plan = study.plan()
    found = [(r.reason_code, r.row_number, r.subject) for r in plan.refusals]
    assert found == [
        ("same_image_two_patients", 2, "P1 base T1"),
        ("same_image_two_patients", 3, "P2 base T1"),
    ]
    assert plan.patients == {"P3"}


def test_an_image_that_was_not_taken_still_shows_whose_it_is(study: Study) -> None:
    again = SHARED | {"pattern": "{patient_id}/{timepoint}/again_{sequence}.nii"}
    study.write("P1/base/again_T1.nii", "P2/base/image_T1.nii", content="one image")
    study.write("P2/base/mask_A.nii")
    study.more = {"images": [SHARED, again]}
    assert codes(study.plan()) == [
        ("duplicate_pair", "P1/base/again_T1.nii"),
        ("same_image_two_patients", "P2/base/image_T1.nii"),
    ]


def test_the_image_of_somebody_in_the_catalogue(study: Study) -> None:
    add_patient(study, "P2")
    digest = {case.name: case.content_hash for case in study.plan().cases}
    owners = {
        digest["P1/base/image_T1.nii"]: frozenset({"P1", "P9", "Q of OTHER"}),
        digest["P2/base/image_T1.nii"]: frozenset({"P2"}),
    }
    plan = study.plan(owners=owners)
    assert only(plan).reason_code == "same_image_two_patients"
    assert only(plan).file_path == "P1/base/image_T1.nii"
    assert only(plan).detail.endswith("the image of P1, is also that of P9, Q of OTHER")
    assert {(patient, sequence) for patient, sequence, *_ in due(plan)} == {
        ("P1", "T2"),
        ("P2", "T1"),
    }


def test_a_patient_may_own_an_image_twice(study: Study) -> None:
    study.write("P1/later/image_T1.nii", "P1/base/image_T2.nii", content="P1/base/image_T1.nii")
    study.write("P1/later/mask_A.nii")
    assert study.plan().refusals == ()


def test_unknown_sequences_and_timepoints(study: Study) -> None:
    study.source |= {"modality": {"T1": "MR"}}
    study.write("P1/unheard/image_T1.nii", "P1/unheard/mask_A.nii")
    plan = study.plan()
    # with two masks on T2 it is still one fault
    assert codes(plan) == [
        ("unknown_sequence", "P1/base/image_T2.nii"),
        ("unknown_timepoint", "P1/unheard/image_T1.nii"),
    ]
    assert "'T2' is not among T1" in plan.refusals[0].detail
    assert "'unheard' is not among base, later" in plan.refusals[1].detail
    assert {sequence for _, sequence, *_ in due(plan)} == {"T1"}
    assert plan.n_pairs == 5


@pytest.mark.parametrize(
    ("line", "column", "said"),
    [
        ("P1,base,T1,GTV,0", "repeat_no", "'0' is no whole number"),
        ("P1,base,T1,GTV,²", "repeat_no", "'²' is no whole number"),
        ("P1,base,T1,GTV,2.0", "repeat_no", "'2.0' is no whole number"),
        ("P1,base,T1,GTV,3000000000", "repeat_no", "is no whole number"),
        ("P1,base,T1,,1", "region", "region is empty"),
        ("site-,base,T1,GTV,1", "patient_id", "leave nothing of 'site-'"),
        ("P1,unheard,T1,GTV,1", "timepoint", "'unheard' is not among"),
        ("P1,base,T9,GTV,1", "sequence", "'T9' is not among"),
    ],
)
def test_a_wrong_row_of_a_manifest_is_named_and_the_others_go_on(
    study: Study, line: str, column: str, said: str
) -> None:
    study.source = {
        "manifest": "pairs.csv",
        "modality": {"T1": "MR"},
        "normalise": [{"strip_prefix": "site-"}],
    }
    image, mask = "P1/base/image_T1.nii", "P1/base/mask_A.nii"
    study.list(
        f"{line},{image},{mask}",
        f"P2,base,T1,GTV,1,P1/base/image_T2.nii,{mask}",
        header="patient_id,timepoint,sequence,region,repeat_no,image,mask",
    )
    plan = study.plan()
    assert (only(plan).file_path, only(plan).row_number) == ("pairs.csv", 2)
    assert only(plan).column_name == column
    assert said in only(plan).detail
    assert plan.patients == {"P2"}


def test_a_file_that_cannot_be_read_is_refused_once(study: Study) -> None:
    (study.folder / "P1/base/mask_A.nii").unlink()
    (study.folder / "P1/base/mask_A.nii").mkdir()
    (study.folder / "P1/base/image_T2.nii").unlink()
    (study.folder / "P1/base/image_T2.nii").symlink_to("nowhere.nii")
    plan = study.plan()
    assert codes(plan) == [
        ("unreadable_mask", "P1/base/mask_A.nii"),
        ("file_missing", "P1/base/image_T2.nii"),
    ]
    assert "(IsADirectoryError)" in plan.refusals[0].detail
    # a mask of two images is told with the first
    assert plan.refusals[0].subject == "P1 base T1"
    assert {(sequence, rater) for _, sequence, rater, _ in due(plan)} == {("T1", "B")}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (SHARED | {"labels": None}, "nothing says which region the masks show"),
        (SHARED | {"region": "GTV"}, "masks of region GTV have labels too"),
        (SHARED | {"timepoint": "unheard"}, "timepoint 'unheard' is not among base, later"),
        (
            SHARED | {"sequence": "T9", "modality": {"T1": "MR"}},
            "sequence 'T9' is not among T1.*add it to modality",
        ),
        (
            SHARED | {"reference_sequence": "T1C"},
            "reference_sequence 'T1C' is not among T1, T2",
        ),
        (SHARED | {"labels": {1: "NCR"}}, "region TC is made of ED, which no mask shows"),
    ],
)
def test_what_no_file_can_make_right_stops_the_delivery(
    study: Study, source: dict[str, Any], said: str
) -> None:
    study.source = source
    study.more = {"regions": [{"region": "TC", "union": ["NCR", "ED"]}]}
    with pytest.raises(FileError, match=said):
        study.plan()


def test_a_region_that_only_refused_pairs_show_is_no_fault_of_the_cohort_file(
    study: Study,
) -> None:
    study.source |= {"modality": {"T9": "MR"}}
    study.more = {"regions": [{"region": "TC", "union": ["NCR", "ED"]}]}
    assert {code for code, _ in codes(study.plan())} == {"unknown_sequence"}
    assert study.plan().cases == ()


def test_regions_that_files_would_name_are_unknown_without_files(study: Study) -> None:
    study.source = {
        "pattern": "{patient_id}/{timepoint}/image_{sequence}.nii",
        "mask": "{patient_id}/{timepoint}/no_{region}.nii",
    }
    study.more = {"regions": [{"region": "RING", "from": "GTV", "ring_mm": [0, 5]}]}
    plan = study.plan()
    assert {code for code, _ in codes(plan)} == {"mask_missing"}
    assert plan.n_pairs == 2


def test_a_cohort_of_tables_alone_has_an_empty_plan(study: Study) -> None:
    study.more = {"images": [], "regions": [{"region": "TC", "union": ["NCR", "ED"]}]}
    assert study.plan() == ImagingPlan()


def test_a_mask_is_no_image_though_the_pattern_of_images_fits_it(study: Study) -> None:
    study.source = {
        "pattern": "{patient_id}/{timepoint}/{sequence}.nii",
        "mask": "{patient_id}/{timepoint}/mask_{rater_id}.nii",
        "labels": {1: "GTV"},
    }
    plan = study.plan()
    assert [case.sequence for case in plan.cases] == ["image_T1", "image_T2"]
    assert plan.refusals == ()
    assert plan.n_pairs == 4
    study.source |= {"mask": "{patient_id}/{timepoint}/mask_{sequence}.nii"}
    study.write("P1/base/mask_image_T1.nii")
    (study.folder / "P1/base/mask_A.nii").unlink()
    (study.folder / "P1/base/mask_B.nii").unlink()
    assert [case.sequence for case in study.plan().cases] == ["image_T1"]
    assert codes(study.plan()) == [("mask_missing", "P1/base/image_T2.nii")]


def test_an_image_has_a_mask_if_any_source_has_one(study: Study) -> None:
    masks = "{patient_id}/{timepoint}/mask_%s.nii"
    study.more = {"images": [SHARED | {"mask": masks % rater, "rater_id": rater} for rater in "AB"]}
    add_patient(study, "P2")
    study.write("P3/base/image_T1.nii")
    plan = study.plan()
    assert codes(plan) == [("mask_missing", "P3/base/image_T1.nii")]
    assert {rater for patient, _, rater, _ in due(plan) if patient == "P2"} == {"A"}


# --- what is known of a delivery besides


def test_all_files_are_known_by_name_taken_or_not(study: Study) -> None:
    taken = {f"P1/base/{name}.nii" for name in ("image_T1", "image_T2", "mask_A", "mask_B")}
    study.write("P2/base/image_T1.nii", "P3/base/mask_A.nii", "P1/unheard/image_T1.nii")
    study.write("P1/unheard/mask_A.nii")
    plan = study.plan()
    assert {code for code, _ in codes(plan)} == {
        "mask_missing",
        "mask_without_image",
        "unknown_timepoint",
    }
    assert plan.files == taken | {
        "P2/base/image_T1.nii",
        "P3/base/mask_A.nii",
        "P1/unheard/image_T1.nii",
        "P1/unheard/mask_A.nii",
    }
    assert plan.n_pairs == 4 + 3
    assert plan.visits == {("P1", "base")}


def test_files_of_a_manifest_are_called_from_the_cohort_file_on(study: Study) -> None:
    study.source = MANIFEST | {"manifest": "lists/pairs.csv", "root": "P1/base"}
    study.list(
        "P1,base,T1,A,image_T1.nii,mask_A.nii",
        "P1,base,T2,A,image_T2.nii,mask_A.nii",
        "P1,base,T3,A,absent.nii,mask_A.nii",
    )
    (study.folder / "lists").mkdir()
    (study.folder / "pairs.csv").rename(study.folder / "lists/pairs.csv")
    plan = study.plan()
    assert codes(plan) == [("file_missing", "lists/pairs.csv")]
    assert plan.files == {f"P1/base/{name}.nii" for name in ("image_T1", "image_T2", "mask_A")}
    assert {name for case in plan.cases for name in (case.name, case.masks[0].name)} == plan.files
    assert plan.n_pairs == 3


def test_files_outside_the_folder_have_their_whole_name(study: Study, tmp_path: Path) -> None:
    study.source |= {key: str(tmp_path / study.source[key]) for key in ("pattern", "mask")}
    study.folder = tmp_path / "study"
    study.folder.mkdir()
    assert {case.name for case in study.plan().cases} == {
        str(tmp_path / f"P1/base/image_{sequence}.nii") for sequence in ("T1", "T2")
    }


def test_each_file_is_hashed_once(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[Path] = []
    file_hash = contents.file_hash

    def counted(path: Path) -> str:
        hashed.append(path)
        return file_hash(path)

    monkeypatch.setattr(contents, "file_hash", counted)
    plan = study.plan()
    assert sorted(str(path.relative_to(study.folder)) for path in hashed) == sorted(plan.files)


def test_a_plan_of_recognised_files_is_the_plan_of_read_ones(study: Study) -> None:
    for file in study.folder.rglob("*.nii"):
        os.utime(file, (0, 0))
    read = study.plan()
    assert set(read.newly_read) == read.files
    recognised = study.plan(stored=dict(read.newly_read))
    assert recognised == read
    assert recognised.newly_read == {}


def test_a_file_that_cannot_be_read_is_refused_whatever_is_stored_of_it(study: Study) -> None:
    gone = study.folder / "P1/base/image_T2.nii"
    os.utime(gone, (0, 0))
    stored = dict(study.plan().newly_read)
    assert set(stored) == {"P1/base/image_T2.nii"}
    gone.unlink()
    gone.mkdir()
    assert codes(study.plan(stored=stored)) == [("unreadable_image", "P1/base/image_T2.nii")]


def test_the_order_of_files_on_disk_does_not_matter(study: Study, tmp_path: Path) -> None:
    add_patient(study, "P2")
    other = Study(tmp_path / "other")
    for name in sorted(study.plan().files, reverse=True):
        other.write(name)
    made, again = study.plan(), other.plan()
    assert work(again) == work(made)
    assert [case.case_key for case in again.cases] == [case.case_key for case in made.cases]


def test_the_order_of_rows_in_a_manifest_does_not_matter(study: Study) -> None:
    study.source = MANIFEST
    rows = [
        f"P1,base,T{n},{rater},P1/base/image_T{n}.nii,P1/base/mask_{rater}.nii"
        for n in (1, 2)
        for rater in "AB"
    ]
    study.list(*rows)
    made = study.plan()
    study.list(*reversed(rows))
    assert study.plan() == made


# --- what is left out


def test_done_work_is_left_out(study: Study) -> None:
    before = study.plan()
    again = study.plan(before)
    assert again.cases == ()
    assert counts(again) == (0, 0, 8, 0)
    # what is unchanged is still there
    assert (again.visits, again.files) == (before.visits, before.files)


def test_a_new_patient_does_only_its_own_work(study: Study) -> None:
    before = study.plan()
    add_patient(study, "P2")
    plan = study.plan(before)
    assert due(plan) == {("P2", "T1", "A", "NCR"), ("P2", "T1", "A", "ED")}
    assert counts(plan) == (2, 0, 8, 0)


def test_a_changed_mask_does_its_own_regions_again_on_every_image(study: Study) -> None:
    before = study.plan()
    study.write("P1/base/mask_B.nii", content="redrawn")
    plan = study.plan(before)
    assert due(plan) == {
        ("P1", sequence, "B", region) for sequence in ("T1", "T2") for region in ("NCR", "ED")
    }
    assert counts(plan) == (0, 4, 4, 0)
    # the others stay in the case, to be compared with it
    assert {mask.rater_id for mask in plan.cases[0].masks} == {"A", "B"}


def test_a_changed_image_does_all_its_regions_again_and_no_others(study: Study) -> None:
    before = study.plan()
    study.write("P1/base/image_T2.nii", content="reconstructed again")
    plan = study.plan(before)
    assert {(sequence, rater) for _, sequence, rater, _ in due(plan)} == {("T2", "A"), ("T2", "B")}
    assert counts(plan) == (0, 4, 4, 0)


@pytest.mark.parametrize(
    ("change", "again"),
    [
        ({"labels": {1: "NCR", 3: "ED"}}, {"ED"}),
        ({"labels": {1: "NCR", 2: "ED", 3: "ED"}}, {"ED"}),
        ({"modality": "MR"}, {"NCR", "ED"}),
        ({"labels": {2: "ED", 1: "NCR"}}, set()),
    ],
    ids=["label", "labels", "modality", "order of labels"],
)
def test_a_changed_declaration_does_what_it_concerns_again(
    study: Study, change: dict[str, Any], again: set[str]
) -> None:
    before = study.plan()
    study.source |= change
    plan = study.plan(before)
    assert {region for *_, region in due(plan)} == again
    assert plan.n_changed == 4 * len(again)


def test_a_changed_ring_and_changed_thresholds_are_changed_work(study: Study) -> None:
    def ring(outer: float) -> dict[str, Any]:
        return {"regions": [{"region": "RING", "from": "NCR", "ring_mm": [0, outer]}]}

    study.more = ring(5)
    before = study.plan()
    study.more = ring(6)
    plan = study.plan(before)
    assert {region for *_, region in due(plan)} == {"RING"}
    study.thresholds = GateThresholds(min_voxels=32)
    assert counts(study.plan(before)) == (0, 12, 0, 0)


def test_a_profile_added_does_only_its_own_work(study: Study) -> None:
    before = study.plan()
    study.profiles = ("first", "second")
    plan = study.plan(before)
    assert {e for _, _, region in parts(plan) for e in region.due} == {"id of second"}
    assert counts(plan) == (8, 0, 8, 0)
    assert [e.profile for e in plan.cases[0].extractions] == ["first", "second"]


def test_what_is_no_longer_delivered_is_gone(study: Study) -> None:
    before = study.plan()
    (study.folder / "P1/base/mask_B.nii").unlink()
    plan = study.plan(before)
    assert counts(plan) == (0, 0, 4, 4)
    of_b = set().union(*(ids for key, ids in segmentations(before).items() if key[1] == "B"))
    assert {segmentation for segmentation, _, _ in plan.gone} == of_b
    assert list(plan.gone) == sorted(plan.gone)
    assert plan.cases == ()


@pytest.mark.parametrize(
    ("name", "again"),
    [
        ("P1/base/mask_B.nii", {("T1", "B"), ("T2", "B")}),
        ("P1/base/image_T2.nii", {("T2", "A"), ("T2", "B")}),
        ("P1/base/unheard.nii", set()),
    ],
)
def test_a_retried_file_is_worked_on_again(
    study: Study, name: str, again: set[tuple[str, str]]
) -> None:
    before = study.plan()
    plan = study.plan(before, retried=frozenset({name}))
    assert {(sequence, rater) for _, sequence, rater, _ in due(plan)} == again
    assert counts(plan) == (0, 0, 8, 0)


# --- the key of a case


def keys(plan: ImagingPlan) -> dict[str, str]:
    return {case.sequence: case.case_key for case in plan.cases}


def test_a_case_has_a_key_of_its_own_that_stays(study: Study) -> None:
    found = keys(study.plan())
    assert len(set(found.values())) == 2
    assert keys(study.plan()) == found


def test_a_case_key_changes_with_the_work(study: Study) -> None:
    before = study.plan()
    study.write("P1/base/image_T2.nii", content="reconstructed again")
    after = study.plan()
    assert keys(after)["T1"] == keys(before)["T1"]
    assert keys(after)["T2"] != keys(before)["T2"]
    # half of the work is other work than all of it
    study.profiles = ("first", "second")
    whole, half = study.plan(), study.plan(after)
    assert not set(keys(whole).values()) & set(keys(half).values())


def test_a_case_key_changes_with_the_masks_that_are_only_compared(study: Study) -> None:
    before = study.plan()
    study.write("P1/base/mask_C.nii")
    three = keys(study.plan(before))
    (study.folder / "P1/base/mask_A.nii").unlink()
    two = study.plan(before)
    assert {rater for _, _, rater, _ in due(two)} == {"C"}
    assert not set(keys(two).values()) & set(three.values())


def test_a_case_key_changes_with_a_mask_that_somebody_else_did_meanwhile(study: Study) -> None:
    before = study.plan()
    study.write("P1/base/mask_C.nii")
    staged = study.plan(before)
    (study.folder / "P1/base/mask_C.nii").unlink()
    study.write("P1/base/mask_A.nii", content="redrawn")
    done = study.plan()
    study.write("P1/base/mask_C.nii")
    again = study.plan(done)
    assert due(again) == due(staged)
    assert not set(keys(again).values()) & set(keys(staged).values())


def test_a_case_key_changes_with_what_is_stored_of_its_regions(study: Study) -> None:
    study.write("P1/base/image_T3.nii")
    study.more = {
        "regions": [{"region": "TC", "union": ["NCR"]}, {"region": "WT", "union": ["TC", "ED"]}]
    }
    found = keys(study.plan())
    study.source |= {"reference_sequence": "T3"}
    # T2 is measured as before, but its masks have another reference
    other_reference = keys(study.plan())
    assert other_reference["T2"] != found["T2"]
    study.more["regions"][1]["union"] = ["NCR", "ED"]
    # the same labels, in other words
    assert keys(study.plan())["T2"] != other_reference["T2"]


def test_a_case_key_does_not_depend_on_where_the_delivery_lies(
    study: Study, tmp_path: Path
) -> None:
    found = study.plan()
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    (study.folder / "P1").rename(moved / "P1")
    study.folder = moved
    again = study.plan()
    assert keys(again) == keys(found)
    assert [case.path for case in again.cases] != [case.path for case in found.cases]
