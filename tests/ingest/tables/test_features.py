from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from roentgene.ingest.identity import identity
from roentgene.ingest.tables import StagedTables

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

FEATURES: dict[str, Any] = {
    "kind": "features",
    "id": "id",
    "timepoint": "baseline",
    "sequence": "CT",
    "region": "GTV",
    "modality": "CT",
    "rater_id": "{reader}",
    "engine": "captk",
    "engine_version": "1.8",
    "profile": "published",
    "features": ["volume", "shape_Sphericity"],
}
HEADER = "id,reader,volume,shape_Sphericity\n"
EXTRACTION = identity("extraction", "captk", "1.8", "table", "published", "raw")


def values(staged: StagedTables) -> list[tuple[Any, ...]]:
    columns = ("source_row", "feature", "value", "value_status", "value_reason")
    return sorted(staged.rows["imaging.feature_value"].select(columns).rows())


def test_rows_come_in_the_form_of_measured_images(stage: Stage) -> None:
    staged = stage(HEADER + "P1,a,10,0.5\nP1,b,12,0.25\n", FEATURES)
    series = identity("series", "C1", "P1", "baseline", "CT", None, "table:published")
    drawn = [
        identity("segmentation", "C1", "P1", "baseline", "table:published:CT", "GTV", "1", rater, 1)
        for rater in ("a", "b")
    ]
    rows = staged.rows
    columns = ("series_id", "modality", "sequence", "source", "content_hash", "source_row")
    assert rows["imaging.series"].select(columns).rows() == [(series, "CT", "CT", "table", None, 2)]
    columns = ("segmentation_id", "reference_series_id", "rater_id", "repeat_no", "voxel_count")
    assert rows["imaging.segmentation"].select(columns).rows() == [
        (drawn[0], series, "a", 1, None),
        (drawn[1], series, "b", 1, None),
    ]
    columns = ("extraction_id", "engine", "engine_version", "profile", "value_scale")
    assert rows["imaging.extraction"].select(columns).rows() == [
        (EXTRACTION, "captk", "1.8", "published", "raw")
    ]
    columns = ("segmentation_id", "series_id", "extraction_id", "status", "path")
    assert rows["imaging.measurement"].select(columns).rows() == [
        (one, series, EXTRACTION, "ok", "table") for one in drawn
    ]
    facts = rows["imaging.feature_value"].filter(segmentation_id=drawn[1])
    assert set(facts.select("feature", "value", "series_id", "extraction_id").rows()) == {
        ("volume", 12.0, series, EXTRACTION),
        ("shape_Sphericity", 0.25, series, EXTRACTION),
    }
    assert rows["study.lesion"].select("patient_id", "lesion_id").rows() == [("P1", "1")]
    columns = ("patient_id", "timepoint_id", "study_day", "visit_order")
    assert rows["study.timepoint"].select(columns).rows() == [("P1", "baseline", 0, 0)]
    assert staged.refusals == ()


def test_the_work_key_follows_the_cells_and_not_the_line(stage: Stage) -> None:
    def keys(content: str, **changed: Any) -> list[str]:
        staged = stage(HEADER + content, FEATURES | changed)
        return staged.rows["imaging.measurement"].sort("source_row")["work_key"].to_list()

    first = keys("P1,a,10,0.5\nP2,a,10,0.6\n")
    assert first[0] != first[1]
    assert keys("P2,a,10,0.6\nP1,a, 10,0.5\n") == first[::-1]
    assert keys("P1,a,11,0.5\n") != first[:1]
    assert keys("P1,a,10,0.5\n", engine_version="1.9") != first[:1]
    assert keys("P1,a,10,0.5\n", features=["volume"]) != first[:1]


def test_scales_are_other_extractions(stage: Stage) -> None:
    staged = stage(HEADER + "P1,a,10,0.5\n", FEATURES | {"value_scale": "zscore"})
    (extraction,) = staged.rows["imaging.extraction"].to_dicts()
    assert extraction["value_scale"] == "zscore"
    assert extraction["extraction_id"] != EXTRACTION


def test_templates_take_columns(stage: Stage, told: Told) -> None:
    declared = FEATURES | {
        "timepoint": "{visit}",
        "sequence": "MR {weight}",
        "lesion_id": "{id}/{n}",
        "repeat_no": "{again}",
    }
    content = (
        "id,reader,visit,weight,n,again,volume,shape_Sphericity\n"
        "P1,a,baseline,T1,1,1,1,1\nP1,a,followup,T1,1,2,1,1\nP1,a,later,T1,1,1,1,1\n"
        "P1,a,baseline,,1,1,1,1\nP1,a,baseline,T2,1,0,1,1\nP1,a,baseline,T2,1,x,1,1\n"
        "P1,NA,baseline,T2,1,1,1,1\n"
    )
    staged = stage(content, declared)
    series = staged.rows["imaging.series"].select("timepoint_id", "sequence").rows()
    assert series == [("baseline", "MR T1"), ("followup", "MR T1")]
    drawn = staged.rows["imaging.segmentation"].select("lesion_id", "repeat_no").rows()
    assert drawn == [("P1/1", 1), ("P1/1", 2)]
    assert told(staged) == [
        ("unknown_timepoint", 4, "visit"),
        ("missing_value", 5, "weight"),
        ("missing_value", 8, "reader"),
        ("not_a_number", 7, "again"),
        ("out_of_range", 6, "again"),
    ]


@pytest.mark.parametrize("template", ["{rater}", "{reader", "{}"])
def test_a_template_that_cannot_be_filled_refuses_the_table(
    stage: Stage, told: Told, template: str
) -> None:
    staged = stage(HEADER + "P1,a,10,0.5\n", FEATURES | {"rater_id": template})
    assert [code for code, _, _ in told(staged)] == ["missing_column"]
    assert staged.rows == {}


def test_a_feature_that_is_not_there_is_told_and_the_others_go_on(stage: Stage, told: Told) -> None:
    staged = stage(HEADER + "P1,a,10,0.5\n", FEATURES | {"features": ["volume", "Volume2"]})
    assert told(staged) == [("missing_column", None, "Volume2")]
    assert values(staged) == [(2, "volume", 10.0, "ok", None)]


def test_a_cell_without_a_number_says_why(stage: Stage, told: Told) -> None:
    content = HEADER + "P1,a,NaN,-inf\nP2,a,,0.5\nP3,a,big,0.5\n"
    staged = stage(content, FEATURES)
    assert values(staged) == [
        (2, "shape_Sphericity", None, "undefined", "not_finite"),
        (2, "volume", None, "undefined", "not_finite"),
        (3, "shape_Sphericity", 0.5, "ok", None),
        (3, "volume", None, "undefined", "missing_value"),
        (4, "shape_Sphericity", 0.5, "ok", None),
        (4, "volume", None, "undefined", "not_a_number"),
    ]
    assert told(staged) == [("not_a_number", 4, "volume")]
    measured = staged.rows["imaging.measurement"].sort("source_row").select("status", "reason")
    assert measured.rows() == [("failed", "not_finite"), ("ok", None), ("ok", None)]


def test_one_region_told_twice(stage: Stage, told: Told) -> None:
    staged = stage(
        HEADER + "P1,a,10,0.5\nP1,a,10, 0.5\nP2,a,10,0.5\nP2,a,10,0.6\nP3,a,1,1\n", FEATURES
    )
    assert told(staged) == [("duplicate_row", 3, None), ("conflicting_rows", 4, None)]
    assert staged.rows["imaging.measurement"]["source_row"].to_list() == [2, 6]
    assert {row[0] for row in values(staged)} == {2, 6}


def test_features_of_nobody_are_refused(stage: Stage, told: Told) -> None:
    staged = stage(HEADER + "P1,a,10,0.5\n", FEATURES, known=("STS_001",))
    assert told(staged) == [("no_id_matches", None, None)]


def test_parquet_gives_the_same_rows(stage: Stage, tmp_path: Path) -> None:
    rows = [("P1", "a", 0.1, 1 / 3), ("P2", "b", None, 1e-300)]
    names = HEADER.strip().split(",")
    path = tmp_path / "features.parquet"
    pl.DataFrame(rows, schema=names, orient="row").write_parquet(path)
    text = HEADER + "P1,a,0.1,0.3333333333333333\nP2,b,,1e-300\n"
    assert values(stage(path, FEATURES)) == values(stage(text, FEATURES))


@pytest.mark.realdata
def test_the_readers_of_lidc(stage: Stage, shared_data: Path) -> None:
    folder = shared_data / "repeatability" / "lidc_readers"
    (path,) = folder.glob("*.csv")
    ratings = ["subtlety", "sphericity", "malignancy", "diameter_mm", "volume_mm3"]
    declared = FEATURES | {
        "id": "patient_id",
        "region": "nodule",
        "lesion_id": "{lesion_id}",
        "features": ratings,
    }
    staged = stage(path, declared)
    assert staged.refusals == ()
    measured = staged.rows["imaging.measurement"]
    assert measured.height == 3424
    assert set(measured["status"]) == {"ok"}
    assert staged.rows["study.patient"].height == 438
    assert staged.rows["study.lesion"].height == 1333
    assert staged.rows["imaging.series"].height == 438
    drawn = staged.rows["imaging.segmentation"]
    per_lesion = drawn.group_by("patient_id", "lesion_id").len()["len"]
    assert per_lesion.value_counts().sort("len").rows() == [
        (1, 394), (2, 235), (3, 263), (4, 436), (5, 4), (7, 1)
    ]  # fmt: skip
    facts = staged.rows["imaging.feature_value"]
    assert facts.height == 3424 * len(ratings)
    with path.open(encoding="utf-8") as file:
        given = {
            (line, r): float(row[r])
            for line, row in enumerate(csv.DictReader(file), 2)
            for r in ratings
        }
    assert {
        row[:2]: row[2] for row in facts.select("source_row", "feature", "value").rows()
    } == given


def test_a_table_with_none_of_the_features_is_refused(stage: Stage, told: Told) -> None:
    staged = stage(HEADER + "P1,a,10,0.5\n", FEATURES | {"features": ["Volume2", "Volume3"]})
    assert told(staged) == [("missing_column", None, None)]
    assert staged.rows == {}


@pytest.mark.parametrize("again", ["1e30", "1000000000", "20190304101500"])
def test_a_number_that_nothing_can_hold_is_refused(stage: Stage, told: Told, again: str) -> None:
    declared = FEATURES | {"repeat_no": "{again}"}
    staged = stage(f"id,reader,again,volume,shape_Sphericity\nP1,a,{again},1,1\n", declared)
    assert told(staged) == [("out_of_range", 2, "again")]
    (refusal,) = staged.refusals
    assert again not in refusal.line()
    assert refusal.content_hash is None


def test_numbers_of_perturbations_are_refused_of_tables(stage: Stage, told: Told) -> None:
    rows = "P1,a,1000,1,1\nP2,a,1001,1,1\n"
    declared = FEATURES | {"repeat_no": "{again}"}
    staged = stage(f"id,reader,again,volume,shape_Sphericity\n{rows}", declared)
    assert told(staged) == [("out_of_range", 3, "again")]
    assert staged.rows["imaging.segmentation"]["repeat_no"].to_list() == [1000]
