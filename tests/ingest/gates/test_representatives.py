from __future__ import annotations

import math

import pyarrow as pa
import pytest

from roentgene.ingest.gates import staged
from roentgene.ingest.gates.representatives import representatives
from roentgene.ingest.gates.staged import gate_staged


def test_every_different_cell_is_represented_once() -> None:
    words = pa.array(["a", "b", "a", None, "b", None])
    frame = pa.table({"word": words, "coded": words.dictionary_encode(), "flag": [True] * 6})
    chosen = representatives(frame, frozenset())
    assert chosen is not None
    assert chosen.tolist() == [0, 1, 3]


def test_of_limited_numbers_the_ends_stand_for_all() -> None:
    frame = pa.table({"value": pa.array([3.0, 1.0, 2.0, None, math.nan, 9.0, 4.0])})
    chosen = representatives(frame, {"value"})
    assert chosen is not None
    assert chosen.tolist() == [1, 3, 4, 5]
    every = representatives(frame, frozenset())
    assert every is not None
    assert every.tolist() == list(range(7))


def test_lists_are_represented_by_nothing() -> None:
    assert representatives(pa.table({"x": pa.array([["a"], ["b"]])}), frozenset()) is None


def values(n: int, **changed: tuple[int, object]) -> pa.Table:
    columns: dict[str, list[object]] = {
        "cohort_id": ["C"] * n,
        "sample_id": [f"S{row % 10}" for row in range(n)],
        "hugo_symbol": [f"G{row // 10}" for row in range(n)],
        "molecular_profile_id": ["rna"] * n,
        "value": [float(row) for row in range(n)],
        "unit": ["TPM"] * n,
        "value_scale": ["raw"] * n,
        "source_file": ["x.csv"] * n,
        "source_row": list(range(2, n + 2)),
    }
    for name, (row, cell) in changed.items():
        columns[name][row] = cell
    rows = pa.table(columns)
    for place, field in enumerate(rows.schema):
        if pa.types.is_string(field.type):
            rows = rows.set_column(place, field.name, rows[field.name].dictionary_encode())
    return rows


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Few rows are many, and how many Great Expectations sees is written down."""
    seen: list[int] = []
    validate = staged._validate

    def counted(*arguments: object) -> None:
        seen.append(arguments[1].num_rows)  # type: ignore[attr-defined]
        validate(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(staged, "_FEW_ROWS", 50)
    monkeypatch.setattr(staged, "_validate", counted)
    return seen


def test_many_rows_are_let_through_by_their_representatives(few: list[int]) -> None:
    gate = gate_staged("genomic.expression", values(400))
    assert gate.refused == ()
    assert gate.kept.num_rows == 400
    (n_looked_at,) = few
    assert n_looked_at < 100
    assert {count.n_checked for count in gate.counts} == {400}


@pytest.mark.parametrize(
    ("column", "cell", "rule"),
    [
        ("value", math.inf, "value finite"),
        ("hugo_symbol", None, "hugo_symbol not null"),
        ("value_scale", "log", "value_scale in set"),
    ],
)
def test_one_bad_cell_among_many_is_found(
    few: list[int], column: str, cell: object, rule: str
) -> None:
    gate = gate_staged("genomic.expression", values(400, **{column: (333, cell)}))
    assert gate.kept.num_rows == 399
    assert [(r.row_number, r.column_name) for r in gate.refused] == [(335, column)]
    assert {c.rule: c.n_refused for c in gate.counts}[rule] == 1
    assert few[-1] == 400


def test_a_key_that_repeats_among_many_is_found(few: list[int]) -> None:
    gate = gate_staged("genomic.expression", values(400, sample_id=(333, "S4")))
    assert [(r.reason_code, r.row_number) for r in gate.refused] == [("duplicate_row", 336)]
    assert few[-1] == 400
