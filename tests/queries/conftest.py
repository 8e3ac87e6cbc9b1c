"""All declared tables and views in memory, to which tests add a small cohort by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from roentgene.queries import render
from roentgene.queries.macros import macros, newest, parameters_of
from roentgene.queries.migration import VIEW_SCHEMAS
from roentgene.queries.registry import VERSIONS_SCHEMA, registry
from roentgene.schemas.tables import table, tables

_NEUTRAL = {"VARCHAR": "-", "BOOLEAN": True, "DOUBLE": 0.0, "TIMESTAMP WITH TIME ZONE": 0}
_MEASURED: dict[str, Any] = {
    "cohort_id": "C",
    "patient_id": "p1",
    "timepoint_id": "t0",
    "sequence": "T1",
    "volume_index": None,
    "region": "GTV",
    "lesion_id": "1",
    "rater_id": "A",
    "repeat_no": 1,
    "extraction_id": "e",
    "status": "ok",
    "current": True,
    "volume_mm3": 100.0,
    "modality": "MR",
    "source": "image",
}
_VISIT = ("cohort_id", "patient_id", "timepoint_id")
_DRAWN = (*_VISIT, "region", "lesion_id", "rater_id", "repeat_no")


class MemoryWarehouse:
    """Tables and views on plain DuckDB."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self._seen: set[tuple[Any, ...]] = set()
        self._features: dict[tuple[str, str], int] = {}
        self._n_measurements = 0

    def add(self, full_name: str, *rows: Mapping[str, Any]) -> None:
        """Add rows; required columns that a test does not care about get a neutral value."""
        declared = table(full_name)
        defaults = {
            c.name: _NEUTRAL.get(c.type, 1) if c.required else None for c in declared.columns
        }
        staged = pa.Table.from_pylist([defaults | dict(row) for row in rows], declared.arrow_schema)
        self.con.register("staged", staged)
        self.con.execute(render.insert_rows(declared, "staged"))
        self.con.unregister("staged")

    def add_once(self, full_name: str, row: Mapping[str, Any]) -> None:
        """Add the known columns of a row unless its key was added before."""
        declared = table(full_name)
        key = (full_name, *(row[name] for name in declared.key))
        if key not in self._seen:
            self._seen.add(key)
            known = {c.name for c in declared.columns}
            self.add(full_name, {k: v for k, v in row.items() if k in known})

    def patients(self, *patients: str, cohort_id: str = "C") -> None:
        """Add patients, each a person of the same name in capitals."""
        for patient in patients:
            row = {"cohort_id": cohort_id, "patient_id": patient, "person_id": patient.upper()}
            self.add_once("study.patient", row)

    def visits(self, days: Mapping[str, int | None], patient_id: str = "p1") -> None:
        """Add visits of a patient in their order, with their days."""
        for order, (timepoint, day) in enumerate(days.items()):
            row = {"cohort_id": "C", "patient_id": patient_id, "timepoint_id": timepoint}
            self.add_once("study.timepoint", row | {"study_day": day, "visit_order": order})

    def extraction(self, extraction_id: str = "e", **given: Any) -> None:
        """Add an extraction; profile original and raw values unless told."""
        row = {"profile": "original", "engine": "pyradiomics", "value_scale": "raw"}
        self.add_once("imaging.extraction", row | {"extraction_id": extraction_id} | given)

    def measure(self, features: Mapping[str, float | None] | None = None, **given: Any) -> None:
        """Add a measurement with all it stands on; a feature that is None is undefined."""
        row = _MEASURED | given
        drawn = "/".join(str(row[name]) for name in _DRAWN)
        image = "/".join(str(row[name]) for name in (*_VISIT, "sequence", "volume_index"))
        row |= {"segmentation_id": drawn, "series_id": image, "reference_series_id": image}
        row |= {"measurement_id": self._n_measurements, "person_id": row["patient_id"].upper()}
        row |= {"study_day": None, "visit_order": 0}
        self._n_measurements += 1
        self.extraction(row["extraction_id"])
        self.patients(row["patient_id"], cohort_id=row["cohort_id"])
        for name in ("study.timepoint", "imaging.series", "imaging.segmentation"):
            self.add_once(name, row)
        self.add_once("imaging.measurement", row)
        for feature, value in (features or {}).items():
            missing = {"value_status": "undefined", "value_reason": "not_finite"}
            fact = {
                "cohort_id": row["cohort_id"],
                "measurement_id": row["measurement_id"],
                "feature_id": self._feature_id(feature),
                "value": value,
            }
            status = missing if value is None else {"value_status": "ok"}
            self.add("imaging.feature_value", fact | status)

    def _feature_id(self, feature: str) -> int:
        key = ("pyradiomics", feature)
        if key not in self._features:
            number = self._features[key] = len(self._features) + 1
            row = {"feature_id": number, "engine": key[0], "feature": feature, "class": "glcm"}
            self.add("vocab.feature", row | {"ibsi_code": "ACUI"})
        return self._features[key]

    def rows(self, sql: str, *parameters: Any) -> list[dict[str, Any]]:
        """Rows of a query."""
        found: list[dict[str, Any]] = self.con.execute(sql, parameters).to_arrow_table().to_pylist()
        return found


@pytest.fixture(scope="module")
def empty() -> Iterator[duckdb.DuckDBPyConnection]:
    """Every declared table, view and macro, without rows."""
    con = duckdb.connect()
    schemas = {declared.schema for declared in tables().values()}
    for schema in sorted({*schemas, *VIEW_SCHEMAS}):
        con.execute(render.create_schema(schema))
    for declared in tables().values():
        con.execute(render.create_table(declared))
    for view in registry().views:
        con.execute(render.create_view(VERSIONS_SCHEMA, view.versioned_name, view.select))
    for view in registry().pinned({}):
        con.execute(render.create_view(view.schema, view.name, view.select))
    for macro in newest(macros()):
        names = parameters_of(macro)
        con.execute(render.create_macro(macro.schema, macro.name, names, macro.select))
    yield con
    con.close()


@pytest.fixture
def warehouse(empty: duckdb.DuckDBPyConnection) -> Iterator[MemoryWarehouse]:
    """The same, emptied again after each test."""
    empty.execute("BEGIN TRANSACTION")
    yield MemoryWarehouse(empty)
    empty.execute("ROLLBACK")
