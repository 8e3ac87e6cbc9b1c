"""Visits that only clinical rows tell of have a row, and never another day than a table gave."""

from __future__ import annotations

from typing import Any

import polars as pl

from roentgene.ingest.committing.visit_rows import visit_rows
from roentgene.ingest.staged_columns import staged_schema
from roentgene.schemas.cohort import Cohort

COHORT = Cohort.model_validate(
    {
        "cohort_id": "C",
        "title": "c",
        "license": "CC0",
        "day_zero": "diagnosis",
        "timepoints": {"t0": {"order": 0, "day": 0}, "t1": {"order": 1}, "t2": {"order": 2}},
    }
)


def frame(name: str, *visits: tuple[str, str | None]) -> pl.DataFrame:
    schema = dict(pl.Schema(staged_schema(name)))
    schema |= {"source_file": pl.String(), "source_row": pl.Int64()}
    rows: list[dict[str, Any]] = [{"patient_id": p, "timepoint_id": t} for p, t in visits]
    return pl.DataFrame(rows, schema=schema)


def test_each_new_visit_has_one_row_with_its_declared_day() -> None:
    parts = {
        "clinical.variable": [
            frame("clinical.variable", ("P1", "t0"), ("P1", "t0"), ("P1", None), ("P2", "t1")),
        ],
        "clinical.response": [frame("clinical.response", ("P2", "t1"), ("P3", "t2"))],
        "study.timepoint": [frame("study.timepoint", ("P3", "t2"))],
    }
    stored = frame("study.timepoint", ("P4", "t0"))
    rows = visit_rows(parts, stored, COHORT)
    assert rows.schema == parts["study.timepoint"][0].schema
    columns = ("cohort_id", "patient_id", "timepoint_id", "study_day", "visit_order")
    assert rows.select(columns).rows() == [("C", "P1", "t0", 0, 0), ("C", "P2", "t1", None, 1)]


def test_what_the_catalogue_has_stays_as_it_is() -> None:
    parts = {"genomic.sample": [frame("genomic.sample", ("P1", "t0"))]}
    assert visit_rows(parts, frame("study.timepoint", ("P1", "t0")), COHORT).is_empty()
    assert visit_rows({}, frame("study.timepoint"), COHORT).is_empty()
