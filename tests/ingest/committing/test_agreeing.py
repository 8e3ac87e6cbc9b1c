"""Two files of one fact: they agree, one says more, or they contradict each other."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from roentgene.ingest.committing.agreeing import COMPARED, one_row_of_files
from roentgene.ingest.staged_columns import staged_schema
from roentgene.schemas.tables import table

OUTCOME = "clinical.outcome"


def frame(name: str, file: str, *rows: dict[str, Any]) -> pl.DataFrame:
    schema = dict(pl.Schema(staged_schema(name))) | {"source_file": pl.String()}
    schema |= {"source_row": pl.Int64()}
    common = {"cohort_id": "C", "patient_id": "P1", "source_file": file}
    numbered = [{"source_row": line, **common, **row} for line, row in enumerate(rows, start=2)]
    return pl.DataFrame(numbered, schema=schema)


def outcomes(file: str, *told: tuple[int, float | None]) -> pl.DataFrame:
    common = {"endpoint": "OS", "start_anchor": "diagnosis"}
    return frame(OUTCOME, file, *(common | {"event": e, "time_days": t} for e, t in told))


def kept(rows: pl.DataFrame) -> list[tuple[Any, ...]]:
    return rows.select("source_file", "event", "time_days").rows()


@pytest.mark.parametrize("name", COMPARED)
def test_what_is_compared_is_declared_and_no_key(name: str) -> None:
    declared = {column.name for column in table(name).columns}
    read = {one for says in COMPARED[name].values() for one in says.meta.root_names()}
    assert read <= declared - set(table(name).key)


def test_files_that_agree_become_one_row_and_the_one_that_says_most_stands() -> None:
    parts = [outcomes("a.csv", (1, None)), outcomes("b.csv", (1, 30.0))]
    rows, refused = one_row_of_files(OUTCOME, parts)
    assert (kept(rows), refused) == ([("b.csv", 1, 30.0)], [])
    rows, refused = one_row_of_files(OUTCOME, [parts[1], parts[1].with_columns(source_file=None)])
    assert (kept(rows), refused) == ([("b.csv", 1, 30.0)], [])


def test_of_files_that_disagree_the_first_stands_and_the_other_is_told_with_both() -> None:
    parts = [outcomes("a.csv", (1, None)), outcomes("b.csv", (0, 30.0)), outcomes("c.csv", (1, 9))]
    rows, (refusal,) = one_row_of_files(OUTCOME, parts)
    # b contradicts a, and c says more of what a says
    assert kept(rows) == [("c.csv", 1, 9.0)]
    assert (refusal.reason_code, refusal.subject) == ("conflicting_rows", "P1")
    assert (refusal.file_path, refusal.row_number) == ("b.csv", 2)
    assert refusal.detail == "it disagrees on OS, diagnosis with line 2 of c.csv, which stands"


def test_a_number_against_a_word_is_a_contradiction() -> None:
    one = frame("clinical.variable", "a.csv", {"variable": "grade", "value_number": 2.0})
    two = frame("clinical.variable", "b.csv", {"variable": "grade", "value_text": "II"})
    other = frame("clinical.variable", "b.csv", {"variable": "grade", "timepoint_id": "t1"})
    rows, (refusal,) = one_row_of_files("clinical.variable", [one, two, other])
    assert rows.select("source_file", "timepoint_id").rows() == [("a.csv", None), ("b.csv", "t1")]
    assert refusal.file_path == "b.csv"


def test_what_one_file_repeats_is_left_to_the_next_gate() -> None:
    rows, refused = one_row_of_files(OUTCOME, [outcomes("a.csv", (1, 3.0), (1, 3.0))])
    assert (rows.height, refused) == (2, [])


def test_a_flood_of_contradictions_is_counted_and_not_listed() -> None:
    many = [{"patient_id": f"P{n}", "variable": "x", "value_number": float(n)} for n in range(1500)]
    one = frame("clinical.variable", "a.csv", *many)
    two = one.with_columns(pl.col("value_number") + 1, source_file=pl.lit("b.csv"))
    rows, refused = one_row_of_files("clinical.variable", [one, two])
    assert rows.equals(one)
    assert len(refused) == 1001
    assert refused[-1].detail == "and 500 further of clinical.variable"
