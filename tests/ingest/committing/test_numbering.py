"""Numbers for measurements and features: kept for work done again, next for what is new."""

from __future__ import annotations

import polars as pl

from roentgene.ingest.committing.numbering import (
    feature_row,
    new_features,
    number_measurements,
    number_values,
)
from roentgene.ingest.known import StoredMeasurement

MEASUREMENTS = pl.DataFrame(
    {
        "cohort_id": ["C"] * 3,
        "segmentation_id": ["s1", "s2", "s3"],
        "series_id": ["i", "i", "i"],
        "extraction_id": ["e", "e", "f"],
    }
)


def values(*rows: tuple[str, str, str, float]) -> pl.DataFrame:
    frame = pl.DataFrame(
        [(a, "i", b, c, d, "ok", None) for a, b, c, d in rows],
        schema=[
            "segmentation_id", "series_id", "extraction_id", "feature", "value",
            "value_status", "value_reason",
        ],
        orient="row",
    )  # fmt: skip
    words = [name for name in frame.columns if name != "value"]
    return frame.with_columns(pl.col(words).cast(pl.String).cast(pl.Categorical))


def test_work_done_again_keeps_its_number() -> None:
    stored = {("s2", "i", "e"): StoredMeasurement(4, "work", current=True)}
    numbered = number_measurements(MEASUREMENTS, stored, last=9)
    assert numbered["measurement_id"].to_list() == [10, 4, 11]


def test_features_are_numbered_by_engine_after_those_that_have_a_number() -> None:
    stored = {("pyradiomics", "original_glcm_Contrast"): 7}
    wanted = [("pyradiomics", "original_glcm_Contrast"), ("b", "x"), ("a", "x"), ("a", "x")]
    rows = new_features(wanted, stored)
    assert [(r["feature_id"], r["engine"], r["feature"]) for r in rows] == [
        (8, "a", "x"),
        (9, "b", "x"),
    ]


def test_ibsi_codes_are_told_of_engines_with_a_vocabulary() -> None:
    names = {
        "pyradiomics": "original_firstorder_Mean",
        "mirp": "stat_mean",
        "pysera": "stat_mean",
    }
    for engine, name in names.items():
        row = feature_row(engine, name)
        assert (row["class"], row["ibsi_code"], row["ibsi_status"]) == (
            "firstorder",
            "Q4LE",
            "exact",
        )
    other = feature_row("inhouse", "original_firstorder_Mean")
    assert (other["ibsi_status"], other.get("ibsi_code")) == ("none", None)


def test_deep_features_have_a_class_of_their_own() -> None:
    row = feature_row("onnx", "deep_embedding_17")
    assert (row["image_type"], row["class"], row["name"]) == ("original", "deep", "embedding_17")
    assert row["ibsi_status"] == "none"


def test_values_get_both_numbers_in_the_order_of_the_table() -> None:
    numbered = MEASUREMENTS.with_columns(measurement_id=pl.Series([3, 2, 1]))
    given = values(("s1", "e", "x", 0.5), ("s2", "e", "x", 0.25), ("s3", "f", "x", 1.0))
    features = {("a", "x"): 1, ("b", "x"): 2}
    rows = number_values(given, numbered, {"e": "b", "f": "a"}, features)
    assert rows.select("feature_id", "measurement_id", "value").rows() == [
        (1, 1, 1.0),
        (2, 2, 0.25),
        (2, 3, 0.5),
    ]


def test_a_value_whose_measurement_was_refused_is_left_out() -> None:
    numbered = MEASUREMENTS.head(1).with_columns(measurement_id=pl.Series([1]))
    given = values(("s1", "e", "x", 0.5), ("s2", "e", "x", 0.25))
    rows = number_values(given, numbered, {"e": "a"}, {("a", "x"): 1})
    assert rows["value"].to_list() == [0.5]
