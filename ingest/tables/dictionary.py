"""Data dictionaries: what each variable of a clinical table is, from a file or the cohort file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import ValidationError

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.delimited import read_table
from roentgene.ingest.tables.refusing import TableRefusedError, refuse_table
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.schemas.clinical_tables import Variable
from roentgene.schemas.declared import Declared, read_declared
from roentgene.schemas.errors import FileError

#: Columns of a dictionary that is a table; all but the first two may be absent.
COLUMNS = ("variable", "type", "unit", "codes", "missing", "minimum", "maximum", "decimal",
           "description")  # fmt: skip
_YAML = {".yaml", ".yml"}
_LEFT_OUT = {
    "identifier": ("declared_identifier", "the dictionary marks it as an identifier"),
    "date": ("declared_date", "the dictionary says that it holds dates"),
}


class _YamlDictionary(Declared):
    """A dictionary as YAML: variables by name."""

    variables: dict[str, Variable]


def read_dictionary(
    declared: str | Mapping[str, Variable] | None, folder: Path, gate: RowGate
) -> tuple[dict[str, Variable], frozenset[str]]:
    """Read a data dictionary.

    Parameters
    ----------
    declared : str or mapping or None
        A file, relative to ``folder``, or the dictionary itself. A CSV or TSV has the columns
        ``variable`` and ``type``, and any others of :data:`COLUMNS`; its ``codes`` are written
        ``1=male; 2=female`` and its ``missing`` ``-9; NA``. YAML has the key ``variables``.
    folder : Path
        Folder of the cohort file.
    gate : RowGate
        Takes down what is wrong of single variables (``dictionary_wrong``).

    Returns
    -------
    dict of str to Variable
        What is said of each variable.
    frozenset of str
        Variables of which nothing understandable is said; they might be identifiers.

    Raises
    ------
    TableRefusedError
        ``dictionary_wrong`` if the file cannot be used at all: cells would come in unchecked.
    """
    if not isinstance(declared, str):
        return dict(declared or {}), frozenset()
    path = folder / declared
    if path.suffix in _YAML:
        try:
            return dict(read_declared(path, _YamlDictionary).variables), frozenset()
        except FileError as error:
            # without the path of this machine
            detail = str(error).replace(str(path), declared)
            raise refuse_table(gate.name, "dictionary_wrong", detail) from error
    return _variables(read_rows(declared, folder, gate, ("variable", "type")), declared, gate)


def read_rows(
    name: str, folder: Path, gate: RowGate, needed: Sequence[str]
) -> list[dict[str, str]]:
    """Read the rows of a dictionary that is a table, each with its line under ``source_row``.

    Raises
    ------
    TableRefusedError
        ``dictionary_wrong`` if it cannot be read or lacks a needed column.
    """
    try:
        read = read_table(folder / name, name)
    except TableRefusedError as error:
        detail = f"{name}: {error.refusal.detail}"
        raise refuse_table(gate.name, "dictionary_wrong", detail) from error
    absent = [column for column in needed if column not in read.columns]
    if absent:
        detail = f"{name} has no column {absent[0]!r}"
        raise refuse_table(gate.name, "dictionary_wrong", detail)
    for refusal in read.refusals:
        detail = f"line {refusal.row_number} of {name}: {refusal.detail}"
        gate.refuse("dictionary_wrong", "dictionary", detail)
    texts = read.rows.with_columns(
        pl.col(read.columns).cast(pl.String).str.strip_chars().fill_null("")
    )
    return texts.with_columns(pl.col(SOURCE_ROW).cast(pl.String)).to_dicts()


def _variables(
    rows: list[dict[str, str]], name: str, gate: RowGate
) -> tuple[dict[str, Variable], frozenset[str]]:
    found: dict[str, Variable] = {}
    wrong = set()
    for row in rows:
        variable, line = row["variable"], row[SOURCE_ROW]
        problem = f"{variable!r} stands twice" if variable in found else None
        try:
            said = _variable(row)
        except ValueError as error:
            said, problem = None, problem or _explain(error)
        if problem is not None or said is None:
            detail = f"line {line} of {name}: {problem}"
            gate.refuse("dictionary_wrong", "variable", detail, column=variable)
            wrong.add(variable)
        elif variable:
            found[variable] = said
    return {name: said for name, said in found.items() if name not in wrong}, frozenset(wrong)


def _variable(row: Mapping[str, str]) -> Variable:
    given: dict[str, Any] = {
        name: row[name] for name in COLUMNS[1:] if name in row and row[name] != ""
    }
    if "codes" in given:
        given["codes"] = _codes(given["codes"])
    if "missing" in given:
        given["missing"] = _parts(given["missing"])
    return Variable.model_validate(given)


def _parts(text: str) -> list[str]:
    separator = "|" if "|" in text else ";"
    return [part.strip() for part in text.split(separator)]


def _codes(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in _parts(text) if part]
    return {word.strip(): (meaning if sign else word).strip() for word, sign, meaning in pairs}


def _explain(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else str(first["msg"])


def storable(
    columns: Sequence[str], dictionary: Mapping[str, Variable], gate: RowGate
) -> list[str]:
    """Leave out the columns that the dictionary says are identifiers or dates, each by its name."""
    kept = []
    for column in columns:
        said = dictionary.get(column)
        code, detail = _LEFT_OUT.get("" if said is None else said.type, ("", ""))
        if code:
            gate.refuse(code, "column", detail, column=column)
        else:
            kept.append(column)
    return kept


def dictionary_rows(
    variables: Sequence[str], dictionary: Mapping[str, Variable], units: Mapping[str, str]
) -> pl.DataFrame:
    """Rows of ``clinical.dictionary`` for the variables of a table."""
    rows = [
        {
            "variable": variable,
            "type": said.type,
            "unit": units.get(variable),
            "codes": [f"{word} = {meaning}" for word, meaning in said.codes.items()] or None,
            "missing": None if said.missing is None else list(said.missing),
            "minimum": said.minimum,
            "maximum": said.maximum,
            "description": said.description,
        }
        for variable in variables
        if (said := dictionary.get(variable)) is not None
    ]
    texts = dict.fromkeys(("variable", "type", "unit", "description"), pl.String())
    lists = dict.fromkeys(("codes", "missing"), pl.List(pl.String()))
    limits = dict.fromkeys(("minimum", "maximum"), pl.Float64())
    schema = {**texts, **lists, **limits}
    return pl.DataFrame(rows, schema=schema).with_columns(pl.lit(None, pl.Int64).alias(SOURCE_ROW))


def with_units(
    declared: Mapping[str, str], dictionary: Mapping[str, Variable], gate: RowGate
) -> dict[str, str]:
    """Units of the cohort file and of the dictionary.

    Raises
    ------
    TableRefusedError
        ``dictionary_wrong`` if they say different units of one variable.
    """
    said = {name: variable.unit for name, variable in dictionary.items() if variable.unit}
    differing = [name for name in declared if said.get(name, declared[name]) != declared[name]]
    if differing:
        name = differing[0]
        detail = f"the unit of {name!r} is {said[name]!r} there and {declared[name]!r} under units"
        raise refuse_table(gate.name, "dictionary_wrong", detail)
    return {**said, **declared}
