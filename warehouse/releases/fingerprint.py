"""The fingerprint of a table: of what it says, not of the bytes of its file.

The algorithm, so that anybody can do it again without roentgene:

1. Rows are sorted by the key columns, one after the other: text by its UTF-8 bytes, numbers by
   value, NULL last.
2. Of each column the sha256 is taken over a byte a row that is 1 where there is a value and 0 where
   there is none; then the values, one after the other, 0 (or the empty text) where there is none:
   numbers as IEEE 754 doubles and integers as 64-bit integers, both in big-endian order, booleans
   as one byte, texts as their UTF-8 bytes behind the lengths of all of them as 64-bit integers.
3. The fingerprint is the sha256 over the UTF-8 text of these lines, each ended by a line feed:
   ``roentgene table 1``; ``rows N``; then, sorted by their bytes, ``NAME TAB KIND TAB SHA256``
   for each column, KIND being number, integer, boolean or text.

So neither the order of rows and columns, nor compression, row groups, encodings, nor the version of
the engine that wrote the file matter; a changed last bit of one value does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_HEAD = "roentgene table 1"


def table_fingerprint(table: pa.Table, key: Sequence[str]) -> str:
    """Fingerprint of a table.

    Parameters
    ----------
    table : pyarrow.Table
        Columns of text, numbers, integers and booleans.
    key : sequence of str
        Columns that together tell rows apart.

    Returns
    -------
    str
        sha256 in hexadecimal; see the module for what it is of.

    Raises
    ------
    ValueError
        If a column has another type, or a NaN in place of NULL.

    Examples
    --------
    >>> rows = pa.table({"a": ["y", "x"], "b": [1.0, None]})
    >>> turned = pa.table({"b": [None, 1.0], "a": ["x", "y"]})
    >>> table_fingerprint(rows, ["a"]) == table_fingerprint(turned, ["a"])
    True
    """
    return _whole(column_fingerprints(table, key), table.num_rows)


def column_fingerprints(table: pa.Table, key: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Kind and sha256 of each column, the rows sorted by the key.

    Raises
    ------
    ValueError
        As :func:`table_fingerprint`.
    """
    order = _order(table, key)
    found = {}
    for name in table.column_names:
        kind, digest = _column(name, table[name], order)
        found[name] = (kind, digest)
    return found


def _whole(columns: Mapping[str, tuple[str, str]], n_rows: int) -> str:
    lines = [f"{name}\t{kind}\t{digest}" for name, (kind, digest) in columns.items()]
    lines.sort(key=str.encode)
    text = "".join(f"{line}\n" for line in (_HEAD, f"rows {n_rows}", *lines))
    return hashlib.sha256(text.encode()).hexdigest()


def _order(table: pa.Table, key: Sequence[str]) -> pa.Array:
    # equal columns of one name stay apart by position only, so the keys are renamed
    keys = [table[name] for name in key]
    named = pa.table(keys, names=[str(place) for place in range(len(keys))])
    return pc.sort_indices(named, [(name, "ascending") for name in named.column_names])


def _column(name: str, values: pa.ChunkedArray, order: pa.Array) -> tuple[str, str]:
    kind, target = _kind(name, values.type)
    # cast first: words of a dictionary are no text yet
    sorted_values = values.cast(target).take(order).combine_chunks()
    if isinstance(sorted_values, pa.ChunkedArray):
        # of no rows at all
        sorted_values = pa.array([], target)
    digest = hashlib.sha256()
    valid = np.asarray(pc.is_valid(sorted_values).to_numpy(zero_copy_only=False), dtype=np.uint8)
    digest.update(valid.tobytes())
    if kind == "text":
        words = [word.encode() for word in pc.fill_null(sorted_values, "").to_pylist()]
        digest.update(np.asarray([len(word) for word in words], dtype=">i8").tobytes())
        digest.update(b"".join(words))
        return kind, digest.hexdigest()
    filled = pc.fill_null(sorted_values, pa.scalar(0, target) if kind != "boolean" else False)
    numbers = filled.to_numpy(zero_copy_only=False)
    if kind == "number" and np.isnan(numbers).any():
        msg = f"column {name} holds NaN; what is missing is NULL"
        raise ValueError(msg)
    dtype = {"number": ">f8", "integer": ">i8", "boolean": "u1"}[kind]
    digest.update(numbers.astype(dtype).tobytes())
    return kind, digest.hexdigest()


def _kind(name: str, given: pa.DataType) -> tuple[str, pa.DataType]:
    types = pa.types
    if types.is_dictionary(given):
        given = given.value_type
    if types.is_string(given) or types.is_large_string(given) or types.is_string_view(given):
        return "text", pa.large_string()
    if types.is_boolean(given):
        return "boolean", pa.bool_()
    if types.is_integer(given):
        return "integer", pa.int64()
    if types.is_floating(given):
        return "number", pa.float64()
    msg = f"column {name} is of type {given}, which has no fingerprint"
    raise ValueError(msg)
