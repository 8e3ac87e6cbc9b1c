"""An inclusion query that could answer otherwise tomorrow is refused today."""

from __future__ import annotations

import pytest

from roentgene.analyses.releasing.inclusion import refuse_unrepeatable
from roentgene.schemas.errors import QueryError


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
    ],
)
def test_what_may_answer_otherwise_is_refused(sql: str, words: str) -> None:
    with pytest.raises(QueryError, match=words):
        refuse_unrepeatable(sql)
