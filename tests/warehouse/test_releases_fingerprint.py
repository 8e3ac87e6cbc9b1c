"""The fingerprint is of what a table says, not of the bytes that say it."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from roentgene.warehouse.releases.fingerprint import table_fingerprint

KEY = ["id"]


def table() -> pa.Table:
    rng = np.random.default_rng(0)
    values = rng.normal(size=300)
    values[7] = -0.0
    return pa.table(
        {
            "id": pa.array([f"P{n:03}ü" for n in range(300)]),
            "value": pa.array(values, mask=rng.random(300) < 0.1),
            "count": pa.array(rng.integers(-5, 5, 300), mask=rng.random(300) < 0.1),
            "word": pa.array([None if n % 7 == 0 else "x" * (n % 5) for n in range(300)]),
            "yes": pa.array([None if n % 11 == 0 else n % 2 == 0 for n in range(300)]),
        }
    )


def test_the_same_content_in_other_files_has_the_same_fingerprint(tmp_path: Path) -> None:
    rows = table()
    expected = table_fingerprint(rows, KEY)
    shuffled = rows.take(pa.array(np.random.default_rng(1).permutation(300)))
    forms = {
        "plain": rows,
        "shuffled": shuffled,
        "turned": rows.select(["word", "yes", "id", "count", "value"]),
        "coded": rows.set_column(3, "word", rows["word"].dictionary_encode()),
        "narrow": rows.set_column(2, "count", rows["count"].cast(pa.int8())),
        "large": rows.set_column(0, "id", rows["id"].cast(pa.large_string())),
    }
    for name, form in forms.items():
        assert table_fingerprint(form, KEY) == expected, name
    for name, settings in {
        "zstd": {"compression": "zstd", "version": "1.0", "use_dictionary": False},
        "groups": {"compression": "none", "row_group_size": 17, "data_page_version": "2.0"},
    }.items():
        pq.write_table(shuffled, tmp_path / f"{name}.parquet", **settings)
        assert table_fingerprint(pq.read_table(tmp_path / f"{name}.parquet"), KEY) == expected
    # other engines write the same content
    pl.DataFrame(pl.from_arrow(shuffled)).write_parquet(tmp_path / "polars.parquet")
    assert table_fingerprint(pq.read_table(tmp_path / "polars.parquet"), KEY) == expected
    with duckdb.connect() as con:
        con.register("rows", shuffled)
        con.execute(f"COPY rows TO '{tmp_path}/duckdb.parquet' (ROW_GROUP_SIZE 2048)")
    assert table_fingerprint(pq.read_table(tmp_path / "duckdb.parquet"), KEY) == expected


@pytest.mark.parametrize(
    ("column", "place", "value"),
    [
        ("value", 9, float(np.nextafter(table()["value"][9].as_py(), 9.0))),
        ("value", 7, 0.0),
        ("value", 3, None),
        ("count", 3, 17),
        ("word", 0, ""),
        ("word", 1, "y"),
        ("yes", 0, False),
        ("id", 0, "P999"),
    ],
)
def test_any_other_content_has_another_fingerprint(column: str, place: int, value: object) -> None:
    rows = table()
    values = rows[column].to_pylist()
    assert repr(values[place]) != repr(value)
    values[place] = value
    changed = rows.set_column(
        rows.column_names.index(column), column, pa.array(values, rows[column].type)
    )
    assert table_fingerprint(changed, KEY) != table_fingerprint(rows, KEY)


def test_names_and_kinds_count() -> None:
    rows = table()
    renamed = rows.rename_columns(["id", "value", "count", "words", "yes"])
    as_number = rows.set_column(2, "count", rows["count"].cast(pa.float64()))
    swapped = rows.rename_columns(["id", "count", "value", "word", "yes"])
    prints = {table_fingerprint(one, KEY) for one in (rows, renamed, as_number, swapped)}
    assert len(prints) == 4


def test_the_algorithm_is_the_documented_one() -> None:
    """Done again by hand, from the description alone."""
    rows = pa.table({"b": [1.5, None], "a": ["y", "x"]})

    def sha(*parts: bytes) -> str:
        return hashlib.sha256(b"".join(parts)).hexdigest()

    a = sha(b"\x01\x01", struct.pack(">qq", 1, 1), b"xy")
    b = sha(b"\x00\x01", struct.pack(">dd", 0.0, 1.5))
    text = f"roentgene table 1\nrows 2\na\ttext\t{a}\nb\tnumber\t{b}\n"
    assert table_fingerprint(rows, ["a"]) == sha(text.encode())


def test_nan_and_strange_types_are_refused() -> None:
    with pytest.raises(ValueError, match="column v holds NaN"):
        table_fingerprint(pa.table({"id": ["a"], "v": [float("nan")]}), KEY)
    with pytest.raises(ValueError, match="no fingerprint"):
        table_fingerprint(pa.table({"id": ["a"], "v": [[1]]}), KEY)


def test_an_empty_table_has_one() -> None:
    assert table_fingerprint(table().slice(0, 0), KEY) != table_fingerprint(table(), KEY)
