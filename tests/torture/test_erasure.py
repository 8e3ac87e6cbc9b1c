"""Erased means gone: a search that finds what is there finds nothing afterwards."""

from __future__ import annotations

import gzip
import sqlite3
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
NAME = "AAQ-Quend-00"
_MAGIC_AND_LENGTH = 8


@pytest.fixture(scope="module")
def made() -> Iterator[SimpleNamespace]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        import byte_search
        import erased_rows
        import erasure

        yield SimpleNamespace(search=byte_search.search, rows=erased_rows, erasure=erasure)


def parquet(file: Path, *values: str, **options: Any) -> bytes:
    pq.write_table(pa.table({"id": list(values)}), file, compression="zstd", **options)
    return file.read_bytes()


def write_unnamed_page(file: Path) -> None:
    """A page that nothing reads any more, shorter than a decoder reads in one step."""
    old, new = parquet(file, NAME, write_statistics=False), parquet(file, "somebody")
    first = old[4 : -_footer(old)]
    file.write_bytes(new[: -_footer(new)] + first + new[-_footer(new) :])
    assert pq.read_table(file)["id"].to_pylist() == ["somebody"]


def _footer(content: bytes) -> int:
    return int.from_bytes(content[-_MAGIC_AND_LENGTH:-4], "little") + _MAGIC_AND_LENGTH


def write_unused_word(file: Path) -> None:
    """A dictionary that names what no row has."""
    words = pa.DictionaryArray.from_arrays(pa.array([0], pa.int32()), ["somebody", NAME])
    pq.write_table(pa.table({"id": words}), file, compression="zstd", write_statistics=False)


def write_split_text(file: Path) -> None:
    """A text in SQLite that the end of a page cuts in two."""
    for n_before in range(4_000, 4_200):
        file.unlink(missing_ok=True)
        with closing(sqlite3.connect(file)) as con:
            con.execute("CREATE TABLE t (x)")
            con.execute("INSERT INTO t VALUES (?)", ["." * n_before + NAME + "." * 4_000])
            con.commit()
        if NAME.encode() not in file.read_bytes():
            return


def write_free_page(file: Path) -> None:
    with closing(sqlite3.connect(file)) as con:
        con.execute("PRAGMA secure_delete = OFF")
        con.execute("CREATE TABLE t (x)")
        con.execute("INSERT INTO t VALUES (?)", [NAME])
        con.commit()
        con.execute("DELETE FROM t")
        con.commit()


def write_native(file: Path) -> None:
    """Words that DuckDB packs, so that no byte of them stands in the file."""
    with duckdb.connect(str(file)) as con:
        con.execute("CREATE TABLE t AS SELECT 'AAQ-Quend-' || lpad((i % 900)::VARCHAR, 2, '0') x"
                    " FROM range(200000) t(i)")  # fmt: skip


def write_zip(file: Path) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as folder:
        folder.writestr("inner.gz", gzip.compress(NAME.encode() * 3))


def write_text(encoding: str) -> Callable[[Path], None]:
    return lambda file: file.write_text(f"of {NAME.lower()}", encoding=encoding)


@pytest.mark.parametrize(
    ("write", "seen_as"),
    [
        (write_text("utf-8"), "raw"),
        (write_text("utf-16-le"), "raw"),
        (lambda file: file.with_name(f"{NAME}.txt").touch(), "name"),
        (lambda file: file.symlink_to(f"/gone/{NAME}"), "name"),
        (lambda file: parquet(file, NAME, "x" * 99), "parquet"),
        (lambda file: parquet(file, NAME, write_statistics=False), "page"),
        (write_unnamed_page, "page"),
        (write_unused_word, "page"),
        (write_split_text, "sqlite"),
        (write_free_page, "raw"),
        (write_native, "duckdb"),
        (lambda file: file.write_bytes(gzip.compress(NAME.encode() * 3)), "gzip"),
        (write_zip, "gzip"),
    ],
)
def test_the_search_finds_what_is_there(
    made: SimpleNamespace, tmp_path: Path, write: Callable[[Path], object], seen_as: str
) -> None:
    write(tmp_path / "without-a-kind")
    found = made.search(tmp_path, [NAME, "BEX-Quend-01"])
    assert {hit.secret for hit in found} == {NAME}
    assert seen_as in {hit.seen_as for hit in found}


def rows(**of: Any) -> dict[str, list[dict[str, Any]]]:
    """Two patients with an image and a mask of the same content, one value each."""
    both = (NAME, 1), ("other", 2)
    mask = [{"patient_id": name, "segmentation_id": n, "source_hash": "h"} for name, n in both]
    return {
        "imaging.segmentation": mask,
        "imaging.measurement": [{"segmentation_id": n, "measurement_id": 10 * n} for _, n in both],
        "imaging.feature_value": [{"measurement_id": 10 * n, "value": 0.5} for _, n in both],
        "imaging.mask_label": [{"source_hash": "h", "label": 1}],
        "ops.analysis_run": [{"analysis_run_id": "a", "spec": "of all"}],
    } | of


def test_rows_are_told_apart_by_what_they_say_and_what_leads_there(made: SimpleNamespace) -> None:
    divided = made.rows.divide(rows(), [NAME])
    assert {name: len(found) for name, found in divided.theirs.items() if found} == {
        "imaging.segmentation": 1,
        "imaging.measurement": 1,
        "imaging.feature_value": 1,
    }
    # the mask of somebody else has the same content
    assert len(divided.others["imaging.mask_label"]) == 1


def test_a_row_of_others_that_is_gone_or_new_is_told(made: SimpleNamespace) -> None:
    others = made.rows.divide(rows(), [NAME]).others
    assert made.rows.changes(others, others) == []
    (gone,) = made.rows.changes(others, {**others, "imaging.mask_label": []})
    assert gone.startswith("imaging.mask_label lost")
    other_value = [{"measurement_id": 20, "value": 0.25}]
    assert len(made.rows.changes(others, {**others, "imaging.feature_value": other_value})) == 2
    mended = [*others["ops.analysis_run"], {"analysis_run_id": "b", "spec": "without withdrawn"}]
    assert made.rows.changes(others, {**others, "ops.analysis_run": mended}) == []


@pytest.mark.parametrize(
    ("changed", "holds"),
    [
        ({}, True),
        ({"unseen": ("sqlite",)}, False),
        ({"left": ("a byte",)}, False),
        ({"again": ("a byte",)}, False),
        ({"changed": ("a row",)}, False),
    ],
)
def test_one_fault_is_enough(made: SimpleNamespace, changed: dict[str, Any], holds: bool) -> None:
    well = {"unseen": (), "left": (), "again": (), "changed": (), "n_rows": 9}
    tried = made.erasure.Tried(5, 20, 300, Counter(raw=3), **{**well, **changed})
    (row,) = made.erasure.rows(tried)
    assert row.holds == tried.holds == holds


@pytest.mark.torture
def test_persons_are_erased_to_the_last_byte(made: SimpleNamespace) -> None:
    (row,) = made.erasure.measure(2)
    assert row.holds, row
    assert "before: " in row.figure
