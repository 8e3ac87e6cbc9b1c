import math
import socket
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from roentgene.ingest.gates import staged
from roentgene.ingest.gates.staged import StagedGate, gate_staged
from roentgene.ingest.gates.staged_rules import Rule
from roentgene.ingest.refusal import RuleCount
from roentgene.schemas.tables import table

KEY = ("segmentation_id", "series_id", "extraction_id", "feature")


def patients(n: int = 4) -> list[dict[str, Any]]:
    return [
        {
            "cohort_id": "STS",
            "patient_id": f"STS_{i}",
            "person_id": f"STS:STS_{i}",
            "sex": None if i == 0 else "female",
            "age_at_day_zero": None if i == 0 else 50.0 + i,
            "site": None,
            "source_file": "clinical.csv",
            "source_row": i + 2,
        }
        for i in range(n)
    ]


def arrow(full_name: str, rows: list[dict[str, Any]], **types: pa.DataType) -> pa.Table:
    declared = {c.name: c.arrow_type for c in table(full_name).columns} | types
    declared |= {"source_file": pa.string(), "source_row": pa.int64()}
    return pa.table({name: pa.array([r[name] for r in rows], declared[name]) for name in rows[0]})


def outcomes(*values: float | None, name: str = "OS") -> pa.Table:
    rows = [
        {
            "cohort_id": "STS",
            "patient_id": f"STS_{i}",
            "endpoint": name,
            "start_anchor": "surgery",
            "time_days": value,
            "event": 1,
            "as_given": None,
            "source_file": "outcome.csv",
            "source_row": i + 2,
        }
        for i, value in enumerate(values)
    ]
    return arrow("clinical.outcome", rows)


def feature_values(rows: list[tuple[str, float | None, str]]) -> pa.Table:
    return pa.table(
        {
            "cohort_id": ["STS"] * len(rows),
            "segmentation_id": pa.array(["s"] * len(rows), pa.string()),
            "series_id": ["i"] * len(rows),
            "extraction_id": ["e"] * len(rows),
            "feature": [row[0] for row in rows],
            "value": pa.array([row[1] for row in rows], pa.float64()),
            "value_status": [row[2] for row in rows],
            "value_reason": pa.array([None] * len(rows), pa.string()),
        }
    )


def counted(gate: StagedGate, rule: str) -> RuleCount:
    return next(count for count in gate.counts if count.rule == rule)


def refused_alone(gate: StagedGate, rows: pa.Table, position: int, rule: str) -> None:
    """Exactly one row is refused, by one rule, and all others are kept as they came."""
    (refusal,) = gate.refused
    assert refusal.stage == "staged"
    assert refusal.file_path == rows["source_file"][position].as_py()
    assert refusal.row_number == rows["source_row"][position].as_py()
    keep = [i for i in range(rows.num_rows) if i != position]
    assert gate.kept["source_row"].to_pylist() == rows.take(keep)["source_row"].to_pylist()
    assert {c.rule: c.n_refused for c in gate.counts if c.n_refused} == {rule: 1}


def test_clean_rows_pass_whole() -> None:
    rows = arrow("study.patient", patients())
    gate = gate_staged("study.patient", rows)
    assert gate.refused == ()
    assert gate.kept.equals(rows)
    assert gate.results["success"]
    assert counted(gate, "patient_id not null").n_checked == 4
    assert counted(gate, "sex in set").n_checked == 3
    assert counted(gate, "cohort_id, patient_id unique").n_checked == 4


@pytest.mark.parametrize(
    ("column", "value", "reason_code", "rule"),
    [
        ("person_id", None, "missing_value", "person_id not null"),
        ("sex", "F", "not_in_set", "sex in set"),
        ("age_at_day_zero", 120.5, "out_of_range", "age_at_day_zero in range"),
        ("age_at_day_zero", -1.0, "out_of_range", "age_at_day_zero in range"),
        ("age_at_day_zero", math.nan, "out_of_range", "age_at_day_zero in range"),
        ("patient_id", "STS_1", "duplicate_row", "cohort_id, patient_id unique"),
    ],
)
def test_a_planted_value_is_refused_with_its_row(
    column: str, value: object, reason_code: str, rule: str
) -> None:
    given = patients()
    given[2][column] = value
    rows = arrow("study.patient", given)
    gate = gate_staged("study.patient", rows)
    refused_alone(gate, rows, 2, rule)
    assert gate.refused[0].reason_code == reason_code
    assert gate.refused[0].subject == f"STS, {given[2]['patient_id']}"
    expected = None if reason_code == "duplicate_row" else column
    assert gate.refused[0].column_name == expected
    assert not gate.results["success"]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_refused_once_though_it_breaks_the_range_too(value: float) -> None:
    rows = outcomes(1.0, None, value, 4.0)
    gate = gate_staged("clinical.outcome", rows)
    refused_alone(gate, rows, 2, "time_days finite")
    assert gate.refused[0].reason_code == "staged_rule"
    assert gate.refused[0].column_name == "time_days"


def test_null_is_no_number_that_is_not_finite() -> None:
    assert gate_staged("clinical.outcome", outcomes(None, None)).refused == ()


def test_a_row_with_two_faults_is_told_twice_and_dropped_once() -> None:
    given = patients()
    given[1] |= {"sex": "F", "age_at_day_zero": 300.0}
    gate = gate_staged("study.patient", arrow("study.patient", given))
    assert {r.reason_code for r in gate.refused} == {"not_in_set", "out_of_range"}
    assert {r.row_number for r in gate.refused} == {3}
    assert gate.kept.num_rows == 3


def test_a_number_that_its_type_cannot_hold_is_refused() -> None:
    rows = outcomes(1.0, 2.0, 3.0)
    place = rows.column_names.index("event")
    rows = rows.set_column(place, "event", pa.array([0, 2**40, 1], pa.int64()))
    gate = gate_staged("clinical.outcome", rows)
    refused_alone(gate, rows, 1, "event of type int32")
    assert gate.refused[0].reason_code == "staged_rule"
    assert gate.kept.schema.field("event").type == pa.int32()
    assert gate.kept["event"].to_pylist() == [0, 1]


def test_a_fraction_is_no_integer_and_text_no_number() -> None:
    rows = outcomes(1.0, 2.0)
    place = rows.column_names.index("event")
    halves = rows.set_column(place, "event", pa.array([0.5, 1.0]))
    refused_alone(gate_staged("clinical.outcome", halves), halves, 0, "event of type int32")
    text = rows.set_column(place, "event", pa.array(["1", "0"]))
    gate = gate_staged("clinical.outcome", text)
    assert gate.kept.num_rows == 0
    assert [r.row_number for r in gate.refused] == [2, 3]


def test_rows_of_polars_come_back_in_the_declared_types() -> None:
    rows = pl.DataFrame(arrow("study.patient", patients())).to_arrow()
    gate = gate_staged("study.patient", rows)
    assert gate.refused == ()
    assert gate.kept.schema.field("patient_id").type == pa.string()


def test_nulls_of_a_key_are_equal_where_the_key_may_be_null() -> None:
    row = {
        "cohort_id": "STS",
        "patient_id": "STS_1",
        "timepoint_id": None,
        "variable": "grade",
        "as_given": "2",
        "value_number": 2.0,
        "value_text": None,
        "value_status": "ok",
        "unit": None,
        "source_file": "clinical.csv",
        "source_row": 2,
    }
    rows = arrow("clinical.variable", [row, row | {"source_row": 3}])
    refused_alone(
        gate_staged("clinical.variable", rows),
        rows,
        1,
        "cohort_id, patient_id, timepoint_id, variable unique",
    )


def test_rows_without_an_id_are_not_called_repetitions() -> None:
    given = patients()
    for row in given[:2]:
        row["patient_id"] = None
    gate = gate_staged("study.patient", arrow("study.patient", given))
    assert [(r.reason_code, r.row_number) for r in gate.refused] == [
        ("missing_value", 2),
        ("missing_value", 3),
    ]


def test_natural_key_of_feature_values() -> None:
    rows = feature_values([("a", 1.0, "ok"), ("b", math.nan, "ok"), ("a", 2.0, "ok")])
    gate = gate_staged("imaging.feature_value", rows, KEY)
    assert [(r.reason_code, r.subject) for r in gate.refused] == [
        ("staged_rule", "s, i, e, b"),
        ("duplicate_row", "s, i, e, a"),
    ]
    assert gate.kept["value"].to_pylist() == [1.0]


def test_part_of_a_natural_key_may_not_be_null() -> None:
    rows = feature_values([("a", 1.0, "ok"), ("b", 1.0, "ok")])
    rows = rows.set_column(1, "segmentation_id", pa.array(["s", None]))
    gate = gate_staged("imaging.feature_value", rows, KEY)
    assert [(r.reason_code, r.subject) for r in gate.refused] == [
        ("missing_value", "NULL, i, e, b")
    ]


def test_a_key_given_at_commit_is_left_to_the_catalogue() -> None:
    rows = feature_values([("a", 1.0, "ok"), ("a", 1.0, "ok")])
    gate = gate_staged("imaging.feature_value", rows)
    assert gate.kept.num_rows == 2
    assert not [count for count in gate.counts if "unique" in count.rule]


def test_chunks_refuse_what_the_whole_would(monkeypatch: pytest.MonkeyPatch) -> None:
    given = patients(7)
    given[4]["sex"] = "F"
    given[6]["patient_id"] = "STS_0"
    rows = arrow("study.patient", given)
    whole = gate_staged("study.patient", rows)
    monkeypatch.setattr(staged, "CHUNK_ROWS", 2)
    chunked = gate_staged("study.patient", rows)
    assert chunked.results["meta"]["n_chunks"] == 4
    assert [r.row_number for r in chunked.refused] == [6, 8]
    assert chunked.refused == whole.refused
    assert chunked.counts == whole.counts
    assert chunked.kept.equals(whole.kept)


def test_many_refusals_of_one_rule_end_in_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staged, "_ONE_BY_ONE", 2)
    given = patients(5)
    for row in given:
        row["sex"] = "F"
    gate = gate_staged("study.patient", arrow("study.patient", given))
    assert len(gate.refused) == 3
    assert gate.refused[-1].detail == "and 3 further: sex in set"
    assert counted(gate, "sex in set").n_refused == 5
    assert gate.kept.num_rows == 0


def test_other_content_gives_another_hash() -> None:
    hashes = set()
    for value in ("F", "M", "F"):
        given = patients()
        given[2]["sex"] = value
        gate = gate_staged("study.patient", arrow("study.patient", given))
        hashes.add(gate.refused[0].content_hash)
    assert len(hashes) == 2


def test_no_rows_pass() -> None:
    rows = arrow("study.patient", patients()).slice(0, 0)
    gate = gate_staged("study.patient", rows)
    assert gate.kept.num_rows == 0
    assert gate.results["meta"]["n_chunks"] == 0


def test_an_absent_required_column_is_a_fault_of_the_stager() -> None:
    rows = arrow("study.patient", patients()).drop_columns(["person_id"])
    with pytest.raises(ValueError, match=r"study\.patient lack person_id"):
        gate_staged("study.patient", rows)


def test_an_expectation_that_cannot_be_evaluated_is_no_pass() -> None:
    absent = Rule(
        "absent not null",
        "missing_value",
        "must not be empty",
        "absent",
        "absent",
        lambda: pa.chunked_array([[1]]),
        "expect_column_values_to_not_be_null",
        {},
    )
    with pytest.raises(RuntimeError, match="'absent not null' could not be evaluated"):
        staged._validate("study.patient", pa.table({"present": [1]}), 0, [staged._Outcome(absent)])


def test_rules_of_a_column_without_a_value_are_counted_and_not_evaluated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    results_of = staged._results_of

    def spied(batch: Any, name: str, numbered: Any, form: Any) -> Any:
        asked.extend(outcome.rule.name for _, outcome in numbered)
        return results_of(batch, name, numbered, form)

    monkeypatch.setattr(staged, "_results_of", spied)
    rows = [{**row, "sex": None} for row in patients()]
    gate = gate_staged("study.patient", arrow("study.patient", rows))
    assert "sex in set" not in asked
    assert "person_id not null" in asked
    assert counted(gate, "sex in set").n_checked == 0
    assert gate.kept.num_rows == len(rows)
    # what must not be empty is looked at all the same
    nobody = [{**row, "person_id": None} for row in rows]
    assert gate_staged("study.patient", arrow("study.patient", nobody)).kept.num_rows == 0


def test_nothing_is_sent_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        msg = "the gate opened a connection"
        raise AssertionError(msg)

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert gate_staged("study.patient", arrow("study.patient", patients())).refused == ()


def test_nothing_is_said_on_the_console(capfd: pytest.CaptureFixture[str]) -> None:
    gate_staged("study.patient", arrow("study.patient", patients()))
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")


@pytest.mark.parametrize(
    ("samples", "genes", "repeated"),
    [
        (["S1", "S1", "S2", "S2"], ["A", "B", "A", "B"], []),
        (["S1", "S1", "S2", "S2"], ["A", "B", "A", "A"], [3]),
        # categories that lie so far apart that no grid holds them
        ([f"S{n}" for n in range(300)], [f"G{n}" for n in range(300)], []),
        ([f"S{n % 299}" for n in range(300)], [f"G{n % 299}" for n in range(300)], [299]),
        # a key without its part is another fault
        (["S1", None, "S2", None], ["A", "A", "A", "A"], []),
    ],
)
def test_keys_of_categories_are_told_apart(
    samples: list[str | None], genes: list[str], repeated: list[int]
) -> None:
    n = len(samples)
    rows = pl.DataFrame(
        {
            "cohort_id": ["C"] * n,
            "sample_id": samples,
            "hugo_symbol": genes,
            "molecular_profile_id": ["rna"] * n,
        }
    ).cast(pl.Categorical)
    rows = rows.with_columns(value=pl.lit(1.0), unit=pl.lit("TPM"), value_scale=pl.lit("raw"))
    gate = gate_staged("genomic.expression", rows.to_arrow())
    unique = "cohort_id, sample_id, hugo_symbol, molecular_profile_id unique"
    assert counted(gate, unique).n_refused == len(repeated)
    kept = [place for place, sample in enumerate(samples) if sample and place not in repeated]
    assert gate.kept["sample_id"].to_pylist() == [samples[place] for place in kept]
