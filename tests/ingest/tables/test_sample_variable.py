from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from roentgene.ingest.privacy import Privacy
from roentgene.ingest.tables import StagedTables, TableContext, stage_table
from roentgene.schemas.cohort import Cohort
from roentgene.schemas.specimen_tables import SampleVariableTable
from roentgene.warehouse.id_key import IdKey

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

DECLARED: dict[str, Any] = {"kind": "sample_variable", "id": "PATIENT_ID", "sample": "SAMPLE_ID"}
SAMPLES = {"P1-01": "P1", "P1-02": "P1", "P2-01": "P2"}
CONTENT = "PATIENT_ID,SAMPLE_ID,SUBTYPE,PURITY\nP1,P1-01,A,0.7\nP1,P1-02,A,0.5\nP2,P2-01,B,NA\n"


def test_variables_of_samples_are_told_apart_by_the_sample(stage: Stage) -> None:
    staged = stage(CONTENT, DECLARED, samples=SAMPLES)
    rows = staged.rows["clinical.sample_variable"]
    purity = rows.filter(variable="PURITY").select("sample_id", "value_number", "value_status")
    assert purity.rows() == [
        ("P1-01", 0.7, "ok"),
        ("P1-02", 0.5, "ok"),
        ("P2-01", None, "not_available"),
    ]
    subtype = rows.filter(variable="SUBTYPE")["value_text"].to_list()
    assert subtype == ["A", "A", "B"]
    assert not staged.refusals


def test_the_dictionary_is_stored_and_checked(stage: Stage, told: Told) -> None:
    dictionary = {"PURITY": {"type": "number", "description": "part of tumour cells"}}
    content = CONTENT.replace("0.5", "half")
    staged = stage(content, {**DECLARED, "dictionary": dictionary}, samples=SAMPLES)
    stored = staged.rows["clinical.dictionary"].select("variable", "type", "description")
    assert stored.rows() == [("PURITY", "number", "part of tumour cells")]
    assert told(staged) == [("not_a_number", 3, "PURITY")]


def test_a_sample_of_nobody_or_of_somebody_else_is_refused(stage: Stage, told: Told) -> None:
    content = CONTENT.replace("P1,P1-02", "P1,P1-09").replace("P2,P2-01", "P1,P2-01")
    staged = stage(content, DECLARED, samples=SAMPLES)
    assert told(staged) == [("unknown_sample", 3, "SAMPLE_ID"), ("unknown_sample", 4, "SAMPLE_ID")]
    assert set(staged.rows["clinical.sample_variable"]["sample_id"]) == {"P1-01"}


def test_a_column_of_dates_stays_out(stage: Stage, told: Told) -> None:
    content = CONTENT.replace("0.7", "2019-03-01").replace("0.5", "2019-04-01")
    staged = stage(content, DECLARED, samples=SAMPLES)
    assert told(staged) == [("looks_like_date", None, "PURITY")]
    assert set(staged.rows["clinical.sample_variable"]["variable"]) == {"SUBTYPE"}


def test_a_column_that_names_another_hashed_sample_stays_out(told: Told, tmp_path: Path) -> None:
    key = IdKey(bytes(range(40)))
    declared = SampleVariableTable(**DECLARED, file="t.csv", normalise=["keyed_hash"])
    cohort = Cohort(
        cohort_id="C1", title="t", license="CC0", day_zero="diagnosis", tables=[declared]
    )
    (tmp_path / "t.csv").write_text(
        "PATIENT_ID,SAMPLE_ID,NORMAL,PURITY\nP1,P1-01,P1-02,0.7\nP2,P2-01,,0.5\n"
    )
    samples = {key.hashed(sample): key.hashed(patient) for sample, patient in SAMPLES.items()}
    context = TableContext(cohort, frozenset(), samples, Privacy(key), folder=tmp_path)
    staged = stage_table(declared, tmp_path / "t.csv", "t.csv", context)
    assert set(staged.rows["clinical.sample_variable"]["variable"]) == {"PURITY"}
    assert told(staged) == [("looks_like_person", None, "NORMAL")]
