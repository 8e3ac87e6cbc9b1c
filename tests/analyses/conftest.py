"""A store in memory with the declared tables, to which tests add rows by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from roentgene.queries import render
from roentgene.queries.registry import registry
from roentgene.schemas.tables import table, tables
from roentgene.warehouse.transaction import Transaction

_PATIENT_FEATURE = """
CREATE TABLE mart.patient_feature (
  cohort_id VARCHAR, person_id VARCHAR, patient_id VARCHAR, timepoint_id VARCHAR, sequence VARCHAR,
  region VARCHAR, profile VARCHAR, engine VARCHAR, feature VARCHAR, value DOUBLE)
"""
_GENE_STATUS = """
CREATE TABLE mart.gene_status (
  cohort_id VARCHAR, person_id VARCHAR, patient_id VARCHAR, hugo_symbol VARCHAR, status VARCHAR)
"""


class MemoryStore:
    """What analyses need of a warehouse, on plain DuckDB."""

    snapshot_id = 7

    def __init__(self) -> None:
        self.con = duckdb.connect()
        self.messages: list[str] = []
        for schema in sorted({declared.schema for declared in tables().values()} | {"mart"}):
            self.con.execute(render.create_schema(schema))
        for declared in tables().values():
            self.con.execute(render.create_table(declared))
        self.con.execute(_PATIENT_FEATURE)
        self.con.execute(_GENE_STATUS)
        (specimen,) = (one for one in registry().views if one.full_name == "mart.patient_specimen")
        self.con.execute(render.create_view("mart", "patient_specimen", specimen.select))

    def arrow(self, sql: str, parameters: Mapping[str, Any]) -> pa.Table:
        return self.con.execute(sql, dict(parameters)).to_arrow_table()

    @contextmanager
    def transaction(self, author: str, message: str) -> Iterator[Transaction]:
        assert author
        self.con.execute("BEGIN TRANSACTION")
        try:
            yield Transaction(self.con)
        except BaseException:
            self.con.execute("ROLLBACK")
            raise
        self.con.execute("COMMIT")
        self.messages.append(message)

    def add(self, full_name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows; required columns that a test does not care about get a neutral value."""
        if full_name.startswith("mart."):
            self.con.register("rows", pa.Table.from_pylist([dict(row) for row in rows]))
            self.con.execute(f"INSERT INTO {full_name} BY NAME SELECT * FROM rows")
            self.con.unregister("rows")
            return
        declared = table(full_name)
        neutral = {"VARCHAR": "-", "BOOLEAN": True, "DOUBLE": 0.0, "TIMESTAMP WITH TIME ZONE": 0}
        defaults = {
            c.name: neutral.get(c.type, 1) if c.required else None for c in declared.columns
        }
        filled = [defaults | dict(row) for row in rows]
        staged = pa.Table.from_pylist(filled, declared.arrow_schema)
        self.con.register("rows", staged)
        self.con.execute(render.insert_rows(declared, "rows"))
        self.con.unregister("rows")

    def fetch(self, sql: str) -> list[dict[str, Any]]:
        return self.con.execute(sql).to_arrow_table().to_pylist()

    def add_ratings(
        self, ratings: Sequence[Mapping[str, Any]], features: Sequence[str], **settings: Any
    ) -> None:
        """Add segmentations with their measurements and values.

        Each rating names patient_id and its feature values, and where it matters lesion_id,
        timepoint_id, rater_id, repeat_no, region, sequence, status and current. None is undefined.
        """
        extraction = {"extraction_id": "e", "profile": "original", "engine": "pyradiomics"}
        self.add("imaging.extraction", [extraction | {"value_scale": "raw"} | settings])
        ids = {feature: number for number, feature in enumerate(features, start=1)}
        words = [{"feature_id": i, "engine": "pyradiomics", "feature": f} for f, i in ids.items()]
        self.add("vocab.feature", words)
        rows = [_filled(number, given) for number, given in enumerate(ratings)]
        by_series = {row["series_id"]: row for row in rows}
        values = [
            {
                "cohort_id": "C",
                "measurement_id": row["measurement_id"],
                "feature_id": ids[name],
                "value": row[name],
                "value_status": "undefined" if row[name] is None else "ok",
            }
            for row in rows
            for name in features
            if row["status"] == "ok"
        ]
        for full_name, added in (
            ("imaging.segmentation", rows),
            ("imaging.series", by_series.values()),
            ("imaging.measurement", rows),
            ("imaging.feature_value", values),
        ):
            names = table(full_name).arrow_schema.names
            self.add(full_name, [{k: v for k, v in row.items() if k in names} for row in added])


def _filled(number: int, given: Mapping[str, Any]) -> dict[str, Any]:
    row = {"timepoint_id": "baseline", "lesion_id": "1", "rater_id": "A", "repeat_no": 1}
    row |= {"region": "GTV", "sequence": "CT", "status": "ok", "current": True} | dict(given)
    row |= {"cohort_id": "C", "segmentation_id": f"s{number}", "measurement_id": number}
    return row | {
        "series_id": f"{row['patient_id']} {row['timepoint_id']} {row['sequence']}",
        "extraction_id": "e",
    }


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    memory = MemoryStore()
    yield memory
    memory.con.close()
