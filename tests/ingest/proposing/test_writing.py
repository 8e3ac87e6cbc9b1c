"""The file that is written: valid whatever names data have, and never over another one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from roentgene.ingest.proposing.proposal import Proposal, Section
from roentgene.ingest.proposing.writing import cohort_text, write_proposal
from roentgene.schemas.cohort import read_cohort
from roentgene.schemas.errors import FileError


@pytest.fixture
def proposal() -> Proposal:
    keys = {
        "dicom": ".",
        "series": {"on": {"modality": "CT", "description": "a: b # c\n[d]"}},
        "rois": {"- x\n y: 'z'": "no"},
    }
    return Proposal(
        recognised="a\ncohort_id: stolen",
        images=(Section(keys, ("says\nmuch",), {"rois": {"- x\n y: 'z'": "3\ntimes"}}),),
        patient_ids=frozenset({"Miller-7"}),
        counts={"patients": 1},
        title="null",
        guessed=("one\x1b[31m\u2028two",),
    )


def test_names_of_the_data_cannot_break_the_file(proposal: Proposal, tmp_path: Path) -> None:
    file = tmp_path / "cohort.yaml"
    write_proposal(proposal, tmp_path / "data", file)
    cohort = read_cohort(file)
    (source,) = cohort.images
    assert source.series is not None
    assert source.series["on"].description == "a: b # c\n[d]"
    assert source.rois == {"- x\n y: 'z'": "no"}
    assert (cohort.cohort_id, cohort.title) == ("null", "null")
    assert "\x1b" not in file.read_text(encoding="utf-8")


def test_paths_start_at_the_file(proposal: Proposal, tmp_path: Path) -> None:
    for to, way in (("cohort.yaml", "a/b"), ("a/cohort.yaml", "b"), ("a/b/c.yaml", ".")):
        text = cohort_text(proposal, tmp_path / "a" / "b", tmp_path / to)
        assert f"  - dicom: {way}\n" in text


@pytest.mark.parametrize("name", ["2024-03-04", "delivery_20240304", "Doe^Jane", "{patient_id}"])
def test_a_way_that_names_somebody_is_not_written(
    proposal: Proposal, tmp_path: Path, name: str
) -> None:
    with pytest.raises(FileError) as caught:
        cohort_text(proposal, tmp_path / name, tmp_path / "cohort.yaml")
    assert name not in str(caught.value)
    assert "-o" in caught.value.cure
    inside = cohort_text(proposal, tmp_path / name, tmp_path / name / "cohort.yaml")
    assert name not in inside


def test_a_folder_named_after_a_patient_names_no_cohort(tmp_path: Path) -> None:
    bare = Proposal("x", (Section({"dicom": "."}),), frozenset({"Miller-7"}), {})
    text = cohort_text(bare, tmp_path / "miller_7", tmp_path / "miller_7" / "cohort.yaml")
    assert "cohort_id: COHORT" in text


def test_nothing_is_written_over_unless_forced(proposal: Proposal, tmp_path: Path) -> None:
    file = tmp_path / "cohort.yaml"
    file.write_text("mine", encoding="utf-8")
    with pytest.raises(FileError, match="exists"):
        write_proposal(proposal, tmp_path, file)
    assert file.read_text(encoding="utf-8") == "mine"
    write_proposal(proposal, tmp_path, file, force=True)
    assert read_cohort(file).title == "null"
    with pytest.raises(FileError, match="exists"):
        write_proposal(proposal, tmp_path, tmp_path, force=True)


def test_every_kind_of_key_is_read_back(tmp_path: Path) -> None:
    keys: dict[str, Any] = {
        "pattern": "{patient_id}/{sequence}.nii.gz",
        "mask": "{patient_id}/mask.nii.gz",
        "timepoint": "000",
        "modality": {f"T{n}": "MR" for n in range(40)},
        "labels": {1: "GTV", 2: "NCR"},
        "normalise": [{"strip_prefix": "sub-"}, "upper"],
    }
    made = Proposal(
        "x",
        (Section(keys),),
        frozenset(),
        {},
        timepoints={"000": {"order": 0, "day": 0}, "001": {"order": 1}},
        regions=({"region": "TC", "union": ["GTV", "NCR"]},),
    )
    file = tmp_path / "cohort.yaml"
    write_proposal(made, tmp_path, file)
    cohort = read_cohort(file)
    (source,) = cohort.images
    assert source.modality == keys["modality"]
    assert source.labels == keys["labels"]
    assert [rule.rule for rule in source.normalise] == ["strip_prefix", "upper"]
    assert list(cohort.timepoints) == ["000", "001"]
    assert cohort.regions[0].union == ("GTV", "NCR")
