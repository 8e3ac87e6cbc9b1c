"""idc.quantitative_measurements: the columns of the Imaging Data Commons, and its queries."""

from __future__ import annotations

from typing import Any

import pytest
import sqlglot

THEIRS = "`bigquery-public-data.idc_current.quantitative_measurements`"
OURS = "idc.quantitative_measurements"
CODE = "STRUCT(CodeValue VARCHAR, CodingSchemeDesignator VARCHAR, CodeMeaning VARCHAR)"
VERSIONED = (
    "STRUCT(CodeValue VARCHAR, CodingSchemeDesignator VARCHAR, CodingSchemeVersion VARCHAR, "
    "CodeMeaning VARCHAR)"
)
COLUMNS = {
    "PatientID": "VARCHAR",
    "SOPInstanceUID": "VARCHAR",
    "SeriesInstanceUID": "VARCHAR",
    "SeriesDescription": "VARCHAR",
    "measurementGroup_number": "BIGINT",
    "segmentationInstanceUID": "VARCHAR",
    "segmentationSeriesUID": "VARCHAR",
    "segmentationSegmentNumber": "BIGINT",
    "sourceSegmentedSeriesUID": "VARCHAR",
    "trackingIdentifier": "VARCHAR",
    "trackingUniqueIdentifier": "VARCHAR",
    "Quantity": CODE,
    "derivationModifier": CODE,
    "lateralityModifier": CODE,
    "Value": "DOUBLE",
    "Units": VERSIONED,
    "finding": VERSIONED,
    "findingSite": VERSIONED,
}
# the kinds of questions that the commons' own cookbook asks
UNITS = f"""
SELECT DISTINCT(Quantity.CodeMeaning) AS quantity_cm, Units.CodeMeaning AS units_cm
FROM {THEIRS}"""
VOLUMES = f"""
SELECT qm.PatientID, ROUND(CAST(qm.Value AS FLOAT64) / 1000, 1) AS volume_cm3
FROM {THEIRS} qm
WHERE qm.Quantity.CodeMeaning = "Volume from Voxel Summation"
  AND qm.finding.CodeMeaning = "GTV" AND qm.findingSite.CodeMeaning = 'Lung'
ORDER BY volume_cm3 DESC LIMIT 20"""
PIVOT = f"""
SELECT PatientID, SOPInstanceUID,
  SUM(CASE WHEN Quantity.CodeMeaning = "Volume from Voxel Summation"
    THEN SAFE_CAST(Value AS NUMERIC) ELSE 0 END) AS volume,
  SUM(CASE WHEN Quantity.CodeMeaning = "Sphericity"
    THEN SAFE_CAST(Value AS NUMERIC) ELSE 0 END) AS sphericity
FROM {THEIRS} GROUP BY 1, 2"""


@pytest.fixture
def measured(warehouse: Any) -> Any:
    """A lesion of the lung with two features of the IBSI and one of PyRadiomics' own."""
    listed = (
        ("VoxelVolume", "YEKZ", "exact", "mm3"),
        ("Sphericity", "QCFX", "exact", "1"),
        ("LeastAxisLength", "7J51", "variant", "mm"),
    )
    for number, (name, code, status, unit) in enumerate(listed, start=50):
        row = {"feature_id": number, "engine": "pyradiomics", "feature": f"original_shape_{name}"}
        row |= {"name": name, "class": "shape", "image_type": "original", "unit": unit}
        warehouse.add("vocab.feature", row | {"ibsi_code": code, "ibsi_status": status})
    lesion = {"cohort_id": "C", "patient_id": "p1", "lesion_id": "1"}
    warehouse.add("study.lesion", lesion | {"anatomic_site": "Lung", "laterality": "left"})
    warehouse.measure()
    warehouse.measure(extraction_id="old", current=False)
    for measurement in (0, 1):
        for number, value in ((50, 2500.0), (51, 0.8), (52, 3.0)):
            fact = {"cohort_id": "C", "measurement_id": measurement, "feature_id": number}
            warehouse.add("imaging.feature_value", fact | {"value": value, "value_status": "ok"})
    return warehouse


def ask(warehouse: Any, query: str) -> list[tuple[Any, ...]]:
    """Run a query of BigQuery; nothing but the name of the table is changed by hand."""
    (sql,) = sqlglot.transpile(query.replace(THEIRS, OURS), read="bigquery", write="duckdb")
    return [tuple(row.values()) for row in warehouse.rows(sql)]


def test_it_has_their_columns_in_their_order(warehouse: Any) -> None:
    described = warehouse.con.execute(f"DESCRIBE {OURS}").fetchall()
    assert {row[0]: row[1] for row in described} == COLUMNS
    assert [row[0] for row in described] == list(COLUMNS)


def test_what_each_column_holds(measured: Any) -> None:
    (row,) = measured.rows(f"FROM {OURS} WHERE Quantity.CodeValue = 'YEKZ'")
    assert (row["PatientID"], row["Value"], row["SOPInstanceUID"]) == ("p1", 2500.0, "0")
    assert row["Quantity"] == {
        "CodeValue": "YEKZ",
        "CodingSchemeDesignator": "IBSI",
        "CodeMeaning": "Volume from Voxel Summation",
    }
    assert row["Units"]["CodeMeaning"] == "cubic millimeter"
    assert row["lateralityModifier"]["CodeMeaning"] == "left"
    assert (row["SeriesInstanceUID"], row["derivationModifier"]) == (None, None)
    assert row["trackingUniqueIdentifier"] == "C/p1/1"
    # a variant of the definition does not go under the code of the definition
    codes = {r["Quantity"]["CodeValue"] for r in measured.rows(f"FROM {OURS}")}
    assert codes == {"YEKZ", "QCFX", "original_shape_LeastAxisLength"}


def test_queries_of_the_commons_run_unchanged(measured: Any) -> None:
    assert sorted(ask(measured, UNITS)) == [
        ("Sphericity", "no units"),
        ("Volume from Voxel Summation", "cubic millimeter"),
        ("original_shape_LeastAxisLength", "millimeter"),
    ]
    assert ask(measured, VOLUMES) == [("p1", 2.5)]
    assert [tuple(map(str, row[:2])) for row in ask(measured, PIVOT)] == [("p1", "0")]
    assert [float(value) for value in ask(measured, PIVOT)[0][2:]] == [2500.0, 0.8]
