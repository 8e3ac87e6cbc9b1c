"""The tables of a release: their keys, how they are written, read and fingerprinted."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from roentgene.schemas.formulas import is_live_formula
from roentgene.warehouse.releases.fingerprint import table_fingerprint

#: Tables of a release, and the columns that tell their rows apart.
KEYS: Mapping[str, tuple[str, ...]] = {
    "table": ("person_id", "timepoint_id"),
    "dictionary": ("column",),
    "splits": ("split_id", "repeat", "fold", "inner_fold", "person_id"),
    "parameters": (
        *("split_id", "repeat", "fold", "inner_fold"),
        *("step_no", "step", "column", "parameter", "level"),
    ),
    "sources": ("person_id", "timepoint_id", "source", "cohort_id", "patient_id", "record"),
}
#: Those whose content is what a release says. Parameters follow from them, and where a sum came
#: from and by which batch is told apart from what it is.
SAID = ("table", "dictionary", "splits")


def fingerprints(tables: Mapping[str, pa.Table]) -> dict[str, str]:
    """Fingerprint of each table."""
    return {
        name: table_fingerprint(rows, [key for key in KEYS[name] if key in rows.column_names])
        for name, rows in tables.items()
    }


def fingerprint_of_all(each: Mapping[str, str]) -> str:
    """Fingerprint of a release: of its table, dictionary and splits, one line each."""
    text = "".join(f"{name}\t{each[name]}\n" for name in SAID)
    return hashlib.sha256(text.encode()).hexdigest()


def write_tables(folder: Path, tables: Mapping[str, pa.Table]) -> dict[str, int]:
    """Write tables as Parquet and CSV; give the number of rows by file name."""
    rows: dict[str, int] = {}
    for name, content in tables.items():
        pq.write_table(content, folder / f"{name}.parquet", compression="zstd")
        _write_csv(folder / f"{name}.csv", content)
        rows |= {f"{name}.parquet": content.num_rows, f"{name}.csv": content.num_rows}
    return rows


def read_table(folder: Path, name: str) -> pa.Table:
    """Read a table of a release from its Parquet file."""
    return pq.read_table(folder / f"{name}.parquet", partitioning=None)


def _write_csv(file: Path, content: pa.Table) -> None:
    """Write CSV: NULL is an empty field, numbers have the digits that give them back exactly."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(content.column_names)
        for batch in content.to_batches(max_chunksize=1000):
            columns = [_words(column.to_pylist()) for column in batch.columns]
            writer.writerows(zip(*columns, strict=True))


def _words(values: Sequence[object]) -> list[object]:
    return [
        # a spreadsheet would run it
        "'" + value if isinstance(value, str) and is_live_formula(value) else _cell(value)
        for value in values
    ]


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else value
