"""Long rows to a matrix with one row a person, by key; what stands twice is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from roentgene.analyses.constant import Floats
from roentgene.schemas.errors import FileError


class PersonMatrix(NamedTuple):
    """Values of persons.

    ``persons`` are sorted; ``columns`` hold the sorted distinct keys of the columns, one Arrow
    row a column; ``values`` has the shape (persons, columns), NaN where there is no value.
    """

    persons: list[str]
    columns: pa.Table
    values: Floats

    def of(self, persons: Sequence[str]) -> Floats:
        """Rows of these persons, in this order."""
        place = {person: row for row, person in enumerate(self.persons)}
        return self.values[[place[person] for person in persons]]


def person_matrix(rows: pa.Table, keys: Sequence[str], what: str, cure: str) -> PersonMatrix:
    """Arrange long rows as persons by columns.

    Parameters
    ----------
    rows : pyarrow.Table
        ``person_id``, ``value`` and the key columns, in any order.
    keys : sequence of str
        Names of the columns that together name a column of the matrix.
    what, cure : str
        What the values are, and what to do where a person has several; for the message.

    Raises
    ------
    FileError
        If a person has more than one value of a column: several specimens, lesions, visits or
        raters are not independent persons, and averaging them is a decision.
    """
    persons, row = _codes(rows, ["person_id"])
    columns, column = _codes(rows, keys)
    shape = (persons.num_rows, columns.num_rows)
    cell = row.astype(np.int64) * shape[1] + column
    order = np.argsort(cell, kind="stable")
    repeated = order[1:][cell[order][1:] == cell[order][:-1]]
    if repeated.size:
        raise _several_values(persons, columns, row[repeated], column[repeated], what, cure)
    values = np.full(shape, np.nan)
    values[row, column] = rows["value"].to_numpy()
    return PersonMatrix(persons["person_id"].to_pylist(), columns, values)


def _codes(rows: pa.Table, keys: Sequence[str]) -> tuple[pa.Table, NDArray[np.intp]]:
    """Sorted distinct rows of the keys, and which of them each row is."""
    code = np.zeros(rows.num_rows, np.int64)
    for key in keys:
        encoded = rows[key].combine_chunks().dictionary_encode()
        words = np.asarray(encoded.dictionary.to_pylist(), dtype=object)
        rank = np.empty(len(words), np.int64)
        rank[np.argsort(words, kind="stable")] = np.arange(len(words))
        code = code * max(len(words), 1) + rank[encoded.indices.to_numpy()]
        # numbers stay small, whatever the number of keys
        _, first, code = np.unique(code, return_index=True, return_inverse=True)
    return rows.select(list(keys)).take(pa.array(first)), code


def _several_values(
    persons: pa.Table,
    columns: pa.Table,
    row: NDArray[np.intp],
    column: NDArray[np.intp],
    what: str,
    cure: str,
) -> FileError:
    example = columns.slice(int(column[0]), 1).to_pylist()[0]
    name = " ".join(str(word) for word in example.values())
    person = persons["person_id"][int(row[0])].as_py()
    msg = (
        f"{len(set(row.tolist()))} persons have more than one value of {what}, "
        f"e.g. {person} of {name}"
    )
    return FileError(msg, cure)
