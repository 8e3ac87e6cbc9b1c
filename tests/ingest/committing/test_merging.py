"""What several sources say of one thing becomes one row; contradictions are named."""

from __future__ import annotations

from typing import Any

import polars as pl

from roentgene.ingest.committing.merging import merge
from roentgene.ingest.staged_columns import staged_schema

PATIENT = "study.patient"


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    schema = dict(pl.Schema(staged_schema(PATIENT)))
    schema |= {"source_file": pl.String(), "source_row": pl.Int64()}
    common = {"cohort_id": "C", "person_id": "C:p"}
    return pl.DataFrame([common | row for row in rows], schema=schema)


def told(rows: pl.DataFrame) -> list[tuple[Any, ...]]:
    return rows.select("patient_id", "sex", "site", "age_at_day_zero").rows()


def test_each_source_adds_what_it_knows() -> None:
    clinical = frame({"patient_id": "P1", "sex": "female"}, {"patient_id": "P2"})
    other = frame({"patient_id": "P1", "site": "north", "age_at_day_zero": 50.0})
    merged, refused = merge(PATIENT, [clinical, other])
    assert told(merged) == [("P1", "female", "north", 50.0), ("P2", None, None, None)]
    assert refused == []


def test_of_two_values_the_first_stands_and_the_other_is_refused_with_its_line() -> None:
    first = frame({"patient_id": "P1", "sex": "female", "source_file": "a.csv", "source_row": 2})
    second = frame({"patient_id": "P1", "sex": "male", "source_file": "b.csv", "source_row": 7})
    merged, (refusal,) = merge(PATIENT, [first, second])
    assert told(merged) == [("P1", "female", None, None)]
    assert refusal.reason_code == "conflicting_rows"
    assert (refusal.file_path, refusal.row_number, refusal.column_name) == ("b.csv", 7, "sex")
    assert "'male'" in refusal.detail
    assert "'female'" in refusal.detail


def test_what_is_stored_fills_gaps_and_gives_way() -> None:
    stored = frame({"patient_id": "P1", "sex": "male", "site": "north"})
    merged, refused = merge(PATIENT, [frame({"patient_id": "P1", "sex": "female"})], stored)
    assert told(merged) == [("P1", "female", "north", None)]
    assert refused == []


def test_a_table_of_keys_alone_keeps_each_once() -> None:
    schema = {"panel": pl.String, "hugo_symbol": pl.String}
    schema |= {"source_file": pl.String, "source_row": pl.Int64}
    genes = pl.DataFrame([["A", "IDH1", None, None]] * 2, schema=schema, orient="row")
    merged, refused = merge("genomic.panel_gene", [genes, genes])
    assert (merged.height, refused) == (1, [])
