"""What ``study.yaml`` may say, and the profiles that come with roentgene."""

from __future__ import annotations

from pathlib import Path

import pytest

from roentgene.schemas.errors import FileError
from roentgene.schemas.study import STUDY_FILE, Study, read_study


def read(folder: Path, text: str) -> Study:
    (folder / STUDY_FILE).write_text(text, encoding="utf-8")
    return read_study(folder)


def test_a_name_is_enough(tmp_path: Path) -> None:
    study = read(tmp_path, "name: glioma\n")
    assert study.profile_names() == ["dosiomics", "dvh", "original", "standard"]
    assert study.patient_feature.reference_rater is None
    assert study.patient_feature.lesion_rule == "largest"
    assert study.view_versions == {}


def test_the_standard_profile_is_the_one_of_the_papers(tmp_path: Path) -> None:
    standard = read(tmp_path, "name: x\n").profile("standard")
    assert standard is not None
    assert standard.image_types == {
        "Original": {},
        "LoG": {"sigma": [1.0, 3.0, 5.0]},
        "Wavelet": {},
    }
    settings = standard.settings
    assert (settings["binWidth"], settings["resampledPixelSpacing"]) == (25, [1, 1, 1])
    assert (settings["normalize"], settings["normalizeScale"]) == (True, 100)


def test_own_profiles_stand_beside_the_packaged_ones(tmp_path: Path) -> None:
    study = read(tmp_path, "name: x\nprofiles: {fine: {settings: {binWidth: 5}}}\n")
    fine = study.profile("fine")
    assert fine is not None
    assert fine.settings == {"binWidth": 5}
    assert fine.image_types == {"Original": {}}
    assert study.profile_names() == ["dosiomics", "dvh", "fine", "original", "standard"]
    assert study.profile("coarse") is None


def test_windows_of_the_study_stand_beside_the_packaged_one(tmp_path: Path) -> None:
    packaged = read(tmp_path, "name: x\n").named_windows()["post_treatment"]
    assert (packaged.from_, packaged.to, packaged.after) == (7, 14, "rt_end")
    text = "windows: {month: {from: 20, to: 40}, post_treatment: {from: 7, to: 14, after: surgery}}"
    found = read(tmp_path, f"name: x\n{text}\n").named_windows()
    assert (found["month"].from_, found["month"].to, found["month"].after) == (20, 40, "baseline")
    assert found["post_treatment"].after == "surgery"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("profiles: {original: {}}", "profile 'original' comes with roentgene"),
        ("profiles: {mine: {image_types: {}}}", "profiles.mine.image_types"),
        ("profiles: {mine: {engine: matlab}}", "profiles.mine.engine"),
        ("profiles: {mine: {setings: {}}}", "'profiles.mine.setings': did you mean 'settings'?"),
        ("windows: {w: {from: 7}}", "windows.w.to"),
        ("windows: {w: {from: 14, to: 7}}", "ends on day 7, before it begins on day 14"),
        ("windows: {w: {from: 7, to: 99999999999}}", "windows.w.to"),
        ("windows: {w: {from: 7, to: 14, anchor: rt_end}}", "windows.w.anchor"),
        ("windows: {w: {from: 7, to: 14, after: ''}}", "windows.w.after"),
        ("profils: {}", "unknown key 'profils': did you mean 'profiles'?"),
        ("gates: {min_voxel: 3}", "'gates.min_voxel': did you mean 'min_voxels'?"),
        ("gates: {min_voxels: 0}", "gates.min_voxels"),
        ("gates: {min_dimensions: 4}", "gates.min_dimensions"),
        ("gates: {geometry_tolerance_mm: -1}", "gates.geometry_tolerance_mm"),
        ("patient_feature: {lesion_rule: mean}", "patient_feature.lesion_rule"),
        ("patient_feature: {reference_reader: A}", "did you mean 'reference_rater'?"),
        ("limits: {seconds: 0}", "limits.seconds"),
        ("limits: {memory_mb: 1}", "limits.memory_mb"),
        ("view_versions: {coverage: newest}", "view_versions.coverage"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(FileError) as caught:
        read(tmp_path, f"name: x\n{text}\n")
    assert said in str(caught.value)
    assert str(tmp_path / STUDY_FILE) in str(caught.value)


def test_a_folder_without_a_study_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"study\.yaml: cannot be read"):
        read_study(tmp_path)
