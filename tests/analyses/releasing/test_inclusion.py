"""An inclusion query that could answer otherwise tomorrow is refused today."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from roentgene.analyses.releasing.inclusion import plain_columns, refuse_unrepeatable
from roentgene.schemas.errors import FileError, QueryError


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT cohort_id, patient_id FROM study.patient WHERE sex = 'male'",
        "FROM study.patient SELECT cohort_id, patient_id",
        "WITH old AS (SELECT * FROM study.patient) SELECT cohort_id, patient_id FROM old",
        "SELECT p.cohort_id, p.patient_id FROM study.patient AS p SEMI JOIN mart.coverage AS c "
        "ON c.patient_id = p.patient_id AND c.status = 'present'",
        "SELECT cohort_id, patient_id, hash(patient_id) % 2 AS half FROM study.patient",
        "SELECT 'C' AS cohort_id, concat('P', n) AS patient_id FROM range(3) AS r (n)",
        "SELECT cohort_id, patient_id FROM study.patient WHERE patient_id IN (SELECT patient_id "
        "FROM imaging.series WHERE sequence ILIKE 't1%' GROUP BY ALL HAVING count(*) > 1)",
        "SELECT cohort_id, patient_id FROM study.patient ORDER BY hash(patient_id) LIMIT 10",
        "SELECT DISTINCT ON (person_id) cohort_id, patient_id FROM study.patient ORDER BY ALL",
        "SELECT patient_id, row_number() OVER (ORDER BY patient_id) AS n FROM study.patient",
    ],
)
def test_questions_about_the_snapshot_are_let_in(sql: str) -> None:
    refuse_unrepeatable(sql)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT * FROM read_csv('who.csv')", "read_csv"),
        ("SELECT * FROM read_parquet('who.parquet')", "read_parquet"),
        ("SELECT * FROM 'who.csv'", "who.csv"),
        ("SELECT * FROM study.patient SEMI JOIN 'who.csv' USING (patient_id)", "who.csv"),
        ("SELECT * FROM glob('*')", "glob"),
        ("SELECT * FROM lake.snapshots()", "snapshots"),
        ("SELECT * FROM study.patient WHERE random() < 0.5", "rand"),
        ("SELECT * FROM study.patient WHERE now() > '2026-01-01'", "calls now"),
        ("SELECT * FROM study.patient WHERE current_date > '2026-01-01'", "current_date"),
        ("SELECT * FROM study.patient WHERE getenv('HOME') = 'x'", "getenv"),
        ("SELECT * FROM study.patient USING SAMPLE 10", "sample"),
        ("SELECT * FROM study.patient TABLESAMPLE 10%", "sample"),
        ("SELECT * FROM study.patient LIMIT 10", "without ORDER BY"),
        (
            "SELECT * FROM study.patient WHERE site IN (FROM study.patient SELECT site LIMIT 1)",
            "OR",
        ),
        ("SELECT DISTINCT ON (person_id) cohort_id, patient_id FROM study.patient", "ORDER BY"),
        ("SELECT patient_id, row_number() OVER () AS n FROM study.patient", "row_number"),
        ("SELECT patient_id, any_value(site) AS site FROM study.patient GROUP BY ALL", "any_value"),
    ],
)
def test_what_may_answer_otherwise_is_refused(sql: str, words: str) -> None:
    with pytest.raises(QueryError, match=words):
        refuse_unrepeatable(sql)


def test_columns_of_the_query_are_plain() -> None:
    """1.5 is a DECIMAL in SQL, and a sum of integers has more than 64 bits."""
    given = pl.DataFrame(
        {
            "share": pl.Series([Decimal("1.5"), None], dtype=pl.Decimal(4, 1)),
            "total": pl.Series([Decimal(3), Decimal(4)], dtype=pl.Decimal(38, 0)),
            "word": pl.Series(["a", None], dtype=pl.Categorical),
            "nothing": [None, None],
            "yes": [True, False],
        }
    )
    plain = plain_columns(given)
    assert plain.dtypes == [pl.Float64, pl.Int64, pl.String, pl.String, pl.Boolean]
    assert plain["share"].to_list() == [1.5, None]
    assert plain["total"].to_list() == [3, 4]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([date(2020, 1, 1)], "dates"),
        ([[1, 2]], "type List"),
        ([float("nan")], "NaN"),
        (pl.Series([Decimal(10) ** 30], dtype=pl.Decimal(38, 0)), "too large"),
    ],
)
def test_columns_of_the_query_that_a_release_cannot_hold_are_refused(
    values: list[object], words: str
) -> None:
    with pytest.raises(FileError, match=f"column x .*{words}") as refused:
        plain_columns(pl.DataFrame({"x": values}))
    assert refused.value.cure
