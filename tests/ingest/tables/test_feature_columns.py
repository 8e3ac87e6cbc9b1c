"""Features whose columns say more than the feature, and what is told of all the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from roentgene.ingest.tables import StagedTables

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

CAPTK: dict[str, Any] = {
    "kind": "features",
    "id": "ID",
    "timepoint": "baseline",
    "columns": "{sequence}_{region}_{feature}",
    "modality": "MR",
    "engine": "captk",
    "engine_version": "1.8",
    "profile": "published",
}
PYRADIOMICS: dict[str, Any] = {
    "kind": "features",
    "id": "ID",
    "timepoint": "baseline",
    "sequence": "CT",
    "region": "GTV",
    "engine": "pyradiomics",
    "engine_version": "1.3.0",
    "profile": "published",
}


def facts(staged: StagedTables) -> list[tuple[Any, ...]]:
    """Line, sequence, region, feature and value of everything measured."""
    values, rows = staged.rows["imaging.feature_value"], staged.rows
    joined = values.join(
        rows["imaging.series"].select("series_id", "sequence"), on="series_id"
    ).join(rows["imaging.segmentation"].select("segmentation_id", "region"), on="segmentation_id")
    return sorted(joined.select("source_row", "sequence", "region", "feature", "value").rows())


def test_one_row_measures_several_regions_on_several_sequences(stage: Stage) -> None:
    content = "ID,T1_NC_GLCM_Energy,T1_ED_GLCM_Energy,T2_NC_GLCM_Energy,T1_NC_Mean\nP1,1,2,3,4\n"
    staged = stage(content, CAPTK)
    assert facts(staged) == [
        (2, "T1", "ED", "GLCM_Energy", 2.0),
        (2, "T1", "NC", "GLCM_Energy", 1.0),
        (2, "T1", "NC", "Mean", 4.0),
        (2, "T2", "NC", "GLCM_Energy", 3.0),
    ]
    assert staged.rows["imaging.series"].height == 2
    assert staged.rows["imaging.measurement"].height == 3
    assert staged.rows["imaging.measurement"]["path"].unique().to_list() == ["table"]
    assert staged.rows["imaging.extraction"].height == 1
    assert staged.rows["study.lesion"].height == 1
    assert staged.refusals == ()


def test_a_region_without_values_fails_and_the_others_do_not(stage: Stage) -> None:
    staged = stage("ID,T1_NC_Mean,T1_ED_Mean\nP1,NA,2\n", CAPTK)
    measured = staged.rows["imaging.measurement"].select("status", "reason").rows()
    assert sorted(measured, key=str) == [("failed", "missing_value"), ("ok", None)]


def test_fixed_words_and_classes_of_a_pattern(stage: Stage) -> None:
    declared = CAPTK | {"columns": "{sequence}_tumor_core_{class}-{feature}", "region": "TC"}
    staged = stage("ID,T1gd_tumor_core_GLCM-Energy\nP1,1\n", declared)
    assert facts(staged) == [(2, "T1gd", "TC", "GLCM_Energy", 1.0)]


def test_words_of_columns_are_renamed_and_must_not_collide(stage: Stage, told: Told) -> None:
    declared = CAPTK | {"rename": {"sequence": {"t1": "T1"}, "region": {"NC": "NCR"}}}
    content = "ID,T1_NC_Mean,t1_NC_Mean,t1_NC_Energy\nP1,1,2,3\n"
    staged = stage(content, declared)
    assert told(staged) == [("conflicting_rows", None, "t1_NC_Mean")]
    assert facts(staged) == [(2, "T1", "NCR", "Energy", 3.0), (2, "T1", "NCR", "Mean", 1.0)]


def test_columns_that_are_no_features_are_told_by_name(stage: Stage, told: Told) -> None:
    content = "ID,Cohort,T1_NC_Mean,age,Old\nP1,Discovery,1,60,x\n"
    staged = stage(content, CAPTK | {"ignore": ["Old"]})
    assert told(staged) == [("column_not_used", None, "Cohort"), ("column_not_used", None, "age")]
    assert {refusal.severity for refusal in staged.refusals} == {"warning"}
    assert facts(staged) == [(2, "T1", "NC", "Mean", 1.0)]


def test_an_ignored_column_must_be_there(stage: Stage, told: Told) -> None:
    staged = stage("ID,T1_NC_Mean\nP1,1\n", CAPTK | {"ignore": ["Chort"]})
    assert told(staged) == [("missing_column", None, "Chort")]
    assert len(facts(staged)) == 1


def test_a_table_without_a_feature_is_refused(stage: Stage, told: Told) -> None:
    staged = stage("ID,mean\nP1,1\n", PYRADIOMICS)
    assert told(staged) == [("missing_column", None, None)]
    assert staged.rows == {}


def test_repeated_rows_are_told_once_not_once_a_sequence(stage: Stage, told: Told) -> None:
    content = "ID,T1_NC_Mean,T2_NC_Mean\nP1,1,2\nP1,1,2\nP2,1,2\nP2,1,3\n,1,2\n"
    staged = stage(content, CAPTK)
    assert told(staged) == [
        ("missing_id", 6, "ID"),
        ("duplicate_row", 3, None),
        ("conflicting_rows", 4, None),
    ]
    assert {row[0] for row in facts(staged)} == {2}


def test_a_visit_in_the_name_of_a_column(stage: Stage, told: Told) -> None:
    declared = CAPTK | {"timepoint": None, "sequence": "T1", "region": "NC"}
    declared["columns"] = "{timepoint}_{feature}"
    staged = stage("ID,baseline_Mean,later_Mean\nP1,1,2\n", declared)
    assert told(staged) == [("unknown_timepoint", 2, None)]
    assert staged.rows["study.timepoint"]["timepoint_id"].to_list() == ["baseline"]
    assert len(facts(staged)) == 1


def test_a_repetition_in_the_name_of_a_column(stage: Stage) -> None:
    declared = CAPTK | {"sequence": "T1", "region": "NC", "columns": "{repeat_no}_{feature}"}
    staged = stage("ID,1_Mean,2_Mean\nP1,1,2\n", declared)
    assert staged.rows["imaging.segmentation"]["repeat_no"].to_list() == [1, 2]


def test_features_of_an_old_pyradiomics_meet_those_of_today(stage: Stage) -> None:
    header = "ID,original_shape_Volume,original_shape_MajorAxis,original_glcm_Homogeneity1"
    staged = stage(f"{header}\nP1,10,3,0.5\n", PYRADIOMICS)
    assert [row[3:] for row in facts(staged)] == [
        ("original_glcm_Id", 0.5),
        ("original_shape_MajorAxisLength", 3.0),
        ("original_shape_VoxelVolume", 10.0),
    ]
    assert staged.refusals == ()
    assert staged.rows["imaging.extraction"]["engine_version"].to_list() == ["1.3.0"]


def test_a_feature_that_was_another_one_is_kept_apart_and_told(stage: Stage, told: Told) -> None:
    header = "ID,original_shape_Sphericity,wavelet-LLH_glcm_Id,wavelet-HLH_glcm_Id"
    staged = stage(f"{header}\nP1,0.5,1,2\n", PYRADIOMICS)
    assert {row[3] for row in facts(staged)} == {
        "original_shape_Sphericity@before-2.1.0",
        "wavelet-LLH_glcm_Id@before-2.0.0",
        "wavelet-HLH_glcm_Id@before-2.0.0",
    }
    assert told(staged) == [("feature_meaning_changed", None, None)] * 2
    sphericity, wavelet = staged.refusals
    assert sphericity.subject == "*_shape_Sphericity"
    assert "from the volume of the voxels, now of the mesh" in sphericity.detail
    assert wavelet.detail.startswith("2 of version 1.3.0 (release notes 2.0.0, #346")
    assert {refusal.severity for refusal in staged.refusals} == {"warning"}


def test_a_feature_that_nobody_knows_is_kept_under_its_name(stage: Stage, told: Told) -> None:
    staged = stage("ID,original_shape_Compactness9,original_glcm_Id\nP1,1,2\n", PYRADIOMICS)
    assert told(staged) == [("feature_not_known", None, "original_shape_Compactness9")]
    assert [row[3:] for row in facts(staged)] == [
        ("original_glcm_Id", 2.0),
        ("original_shape_Compactness9", 1.0),
    ]


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_equal_features_each_keeps_its_name(stage: Stage, told: Told, order: int) -> None:
    columns = ["original_glcm_Id", "original_glcm_Homogeneity1"][::order]
    values = ["1", "2"][::order]
    staged = stage(f"ID,{','.join(columns)}\nP1,{','.join(values)}\n", PYRADIOMICS)
    assert [row[3:] for row in facts(staged)] == [
        ("original_glcm_Homogeneity1", 2.0),
        ("original_glcm_Id", 1.0),
    ]
    assert told(staged) == [("feature_not_known", None, "original_glcm_Homogeneity1")]


def test_declared_columns_get_the_names_of_today_too(stage: Stage) -> None:
    declared = PYRADIOMICS | {"features": ["original_shape_Volume"]}
    staged = stage("ID,original_shape_Volume,Cohort\nP1,10,x\n", declared)
    assert [row[3] for row in facts(staged)] == ["original_shape_VoxelVolume"]
    assert staged.refusals == ()


def test_names_of_pyradiomics_behind_a_sequence(stage: Stage, told: Told) -> None:
    declared = PYRADIOMICS | {"sequence": None, "columns": "{sequence}_{feature}"}
    content = "ID,T1_original_shape_Volume,T2_original_glcm_Id,Image_path\nP1,1,2,x\n"
    staged = stage(content, declared)
    assert facts(staged) == [
        (2, "T1", "GTV", "original_shape_VoxelVolume", 1.0),
        (2, "T2", "GTV", "original_glcm_Id", 2.0),
    ]
    assert told(staged) == [("column_not_used", None, "Image_path")]


@pytest.mark.parametrize("cell", ["NaN", "-inf", "Infinity", "", "large"])
def test_cells_without_a_number_stay_with_their_reason(stage: Stage, cell: str) -> None:
    staged = stage(f"ID,T1_NC_Mean,T1_NC_Energy\nP1,{cell},2\n", CAPTK)
    reasons = {"": "missing_value", "large": "not_a_number"}
    values = staged.rows["imaging.feature_value"].sort("feature")
    assert values.select("value", "value_status", "value_reason").rows() == [
        (2.0, "ok", None),
        (None, "undefined", reasons.get(cell, "not_finite")),
    ]
    assert len(staged.refusals) == (cell == "large")


def test_a_table_whose_rows_are_all_refused(stage: Stage) -> None:
    staged = stage("ID,T1_NC_Mean\n,1\n", CAPTK)
    assert [refusal.reason_code for refusal in staged.refusals] == ["missing_id"]
    assert staged.rows["imaging.feature_value"].height == 0
