import numpy as np
import pyarrow as pa
import pytest

from roentgene.analyses.person_matrix import person_matrix
from roentgene.schemas.errors import FileError

ROWS = [
    {"person_id": "P2", "region": "GTV", "feature": "b", "value": 22.0},
    {"person_id": "P1", "region": "GTV", "feature": "a", "value": 11.0},
    {"person_id": "P2", "region": "GTV", "feature": "a", "value": 21.0},
    {"person_id": "P1", "region": "RING", "feature": "a", "value": 13.0},
]


def matrix_of(
    rows: list[dict[str, object]],
) -> tuple[list[str], list[dict[str, str]], list[object]]:
    found = person_matrix(pa.Table.from_pylist(rows), ("region", "feature"), "features", "Choose")
    values = np.where(np.isnan(found.values), None, found.values)
    return found.persons, found.columns.to_pylist(), values.tolist()


def test_arranges_by_key_and_leaves_gaps() -> None:
    persons, columns, values = matrix_of(ROWS)
    assert persons == ["P1", "P2"]
    assert columns == [
        {"region": "GTV", "feature": "a"},
        {"region": "GTV", "feature": "b"},
        {"region": "RING", "feature": "a"},
    ]
    assert values == [[11.0, None, 13.0], [21.0, 22.0, None]]


def test_order_of_rows_means_nothing() -> None:
    assert matrix_of(ROWS[::-1]) == matrix_of(ROWS)


def test_several_values_of_a_person_are_refused_with_count_and_cure() -> None:
    rows = [*ROWS, ROWS[0] | {"value": 5.0}, ROWS[1] | {"value": 11.0}, ROWS[0] | {"value": 6.0}]
    with pytest.raises(FileError, match="2 persons have more than one value of features") as error:
        matrix_of(rows)
    assert error.value.cure == "Choose"


def test_gives_rows_of_named_persons() -> None:
    found = person_matrix(pa.Table.from_pylist(ROWS), ("region", "feature"), "features", "Choose")
    assert found.of(["P2", "P1"])[:, 0].tolist() == [21.0, 11.0]


def test_no_rows_give_an_empty_matrix() -> None:
    rows = pa.Table.from_pylist(ROWS).slice(0, 0)
    found = person_matrix(rows, ("region", "feature"), "features", "Choose")
    assert found.persons == []
    assert found.values.shape == (0, 0)
