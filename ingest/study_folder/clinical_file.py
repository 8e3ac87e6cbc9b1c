"""Clinical files: the definitions above their header, and whether their cells keep to them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.study_folder.data_header import comment_lines
from roentgene.ingest.study_folder.findings import Finding
from roentgene.ingest.study_folder.meta_file import DataFile
from roentgene.ingest.tables.cells import number, text
from roentgene.ingest.tables.delimited import FileTable, read_table
from roentgene.ingest.tables.refusing import TableRefusedError
from roentgene.schemas.study_folder import study_format

#: Columns that name the patient and the sample.
PATIENT, SAMPLE = "PATIENT_ID", "SAMPLE_ID"
_DATATYPES = ("STRING", "NUMBER", "BOOLEAN")
_BOOLEANS = ("TRUE", "FALSE")
_LINES = ("display names", "descriptions", "datatypes", "priorities")
_ID = r"^[A-Za-z0-9._-]+$"
# a censored number, as assays and ages of old people have them
_CENSORED = r"^[<>]=?\s*"
_PRIORITY = re.compile(r"-1|[0-9]+")


@dataclass(frozen=True)
class Attribute:
    """What the lines above the header say of a column."""

    display_name: str
    description: str
    datatype: str


@dataclass(frozen=True)
class ClinicalFile:
    """A clinical file as read.

    Parameters
    ----------
    data : DataFile
        The file and its meta file.
    read : FileTable
        Its cells.
    attributes : mapping of str to Attribute
        Definitions of its columns; empty where it has none that fit.
    mixed : frozenset of str
        Columns in which a cell is not of the type stated; limits such as ``>89`` are no numbers.
    """

    data: DataFile
    read: FileTable
    attributes: Mapping[str, Attribute]
    mixed: frozenset[str] = frozenset()

    @property
    def level(self) -> Literal["patient", "sample"]:
        """Whose attributes it holds."""
        return "patient" if self.data.type.becomes == "clinical" else "sample"

    @property
    def ids(self) -> tuple[str, ...]:
        """Columns that must be there."""
        return (PATIENT,) if self.level == "patient" else (PATIENT, SAMPLE)

    def pairs(self, missing: Iterable[str]) -> dict[str, str]:
        """Patient of every sample whose row names both."""
        rows = self.read.rows.select(text(SAMPLE, missing), text(PATIENT, missing)).drop_nulls()
        return dict(rows.iter_rows())

    def patients(self, missing: Iterable[str]) -> set[str]:
        """Every patient that it names."""
        cells: pl.Series = self.read.rows.select(text(PATIENT, missing)).to_series()
        return set(cells.drop_nulls())


def read_clinical(
    data: DataFile, missing: Iterable[str]
) -> tuple[ClinicalFile | None, list[Finding]]:
    """Read a clinical file and check it.

    Parameters
    ----------
    data : DataFile
        The file.
    missing : iterable of str
        Cells that mean no value.

    Returns
    -------
    ClinicalFile or None
        None where it cannot be read, or lacks the column of ids.
    list of Finding
        What is wrong with its definitions, names and types. What is wrong with its rows an ingest
        finds itself.
    """
    try:
        read = read_table(data.path, data.name)
    except TableRefusedError:
        # refused once, by the table that it becomes
        return None, []
    attributes, findings = _attributes(data, read)
    file = ClinicalFile(data, read, attributes)
    if any(column not in read.columns for column in file.ids):
        return None, findings
    findings += _names(file)
    mixed = set()
    for column, stated in attributes.items():
        if column not in file.ids and stated.datatype != "STRING":
            bad, limits = _not_of_type(file, column, stated.datatype, missing)
            detail = f"it is stated to be {stated.datatype}, and the cell is none"
            findings += _of_rows(file, "attribute_datatype", detail, column, bad)
            mixed |= {column} if bad.height or limits else set()
    for column in file.ids:
        findings += _id_characters(file, column, missing)
    return replace(file, mixed=frozenset(mixed)), findings


def _attributes(data: DataFile, read: FileTable) -> tuple[dict[str, Attribute], list[Finding]]:
    lines = comment_lines(data.path)
    if not lines:
        detail = "there are no four lines that begin with # above the header"
        return {}, [data.finding("clinical_header_missing", detail, 1)]
    if len(lines) != len(_LINES):
        detail = f"{len(lines)} lines begin with # above the header, where four belong"
        return {}, [data.finding("clinical_header_wrong", detail, 1)]
    cells = [line.removeprefix("#").split("\t") for line in lines]
    columns = [*read.columns, *read.ambiguous]
    findings = [
        data.finding("clinical_header_wrong", f"{len(row)} {what} for {len(columns)} columns", line)
        for line, (what, row) in enumerate(zip(_LINES, cells, strict=True), start=1)
        if len(row) != len(columns)
    ]
    if findings:
        return {}, findings
    findings += _definitions(data, read.columns, cells)
    rows = [[cell.strip() for cell in row] for row in cells]
    return {
        column: Attribute(name, about, kind if kind in _DATATYPES else "STRING")
        for column, name, about, kind in zip(read.columns, *rows[:3], strict=False)
    }, findings


def _definitions(data: DataFile, columns: list[str], cells: list[list[str]]) -> Iterator[Finding]:
    rule = "clinical_header_wrong"
    for line, (what, row) in enumerate(zip(_LINES, cells, strict=True), start=1):
        for column, cell in zip(columns, row, strict=False):
            if not cell.strip():
                yield data.finding(rule, f"the {what} are not complete", line, column)
            elif line == 3 and cell.strip() not in _DATATYPES:
                detail = f"a datatype is one of {', '.join(_DATATYPES)}"
                yield data.finding(rule, detail, line, column, cell.strip())
            elif line == 4 and not _PRIORITY.fullmatch(cell.strip()):
                detail = "a priority is a whole number from -1 on"
                yield data.finding(rule, detail, line, column, cell.strip())


def _names(file: ClinicalFile) -> Iterator[Finding]:
    known, computed = study_format()["attributes"], study_format()["computed_attributes"]
    for column in file.read.columns:
        if column in file.ids:
            continue
        if column != column.upper():
            yield _of_header(file, "attribute_name", "it is not written in capitals", column)
        if column in computed:
            yield _of_header(file, "attribute_name", "a portal computes it itself", column)
        facts = known.get(column, {})
        if facts.get("level", file.level) != file.level:
            detail = f"it is an attribute of the {facts['level']}"
            yield _of_header(file, "attribute_level", detail, column)
        stated = file.attributes.get(column)
        if stated is not None and facts.get("datatype", stated.datatype) != stated.datatype:
            detail = f"its datatype is {facts['datatype']}"
            yield _of_header(file, "clinical_header_wrong", detail, column, stated.datatype)


def _of_header(file: ClinicalFile, rule: str, detail: str, column: str, *values: str) -> Finding:
    line = len(_LINES) + 1 if file.attributes else None
    return file.data.finding(rule, detail, line, column, *values)


def _not_of_type(
    file: ClinicalFile, column: str, datatype: str, missing: Iterable[str]
) -> tuple[pl.DataFrame, bool]:
    """Cells that are not of the type stated, and whether there are limits of numbers."""
    cells = file.read.rows.select(SOURCE_ROW, cell=text(column, missing)).drop_nulls("cell")
    if datatype == "BOOLEAN":
        return cells.filter(~pl.col("cell").str.to_uppercase().is_in(_BOOLEANS)), False
    cells = cells.filter(number("cell").is_null())
    beyond = pl.col("cell").str.replace(_CENSORED, "").cast(pl.Float64, strict=False)
    bad = cells.filter(beyond.is_null() | ~pl.col("cell").str.contains(_CENSORED))
    return bad, bad.height < cells.height


def _id_characters(file: ClinicalFile, column: str, missing: Iterable[str]) -> Iterator[Finding]:
    cells = file.read.rows.select(SOURCE_ROW, cell=text(column, missing)).drop_nulls("cell")
    bad = cells.filter(~pl.col("cell").str.contains(_ID)).unique("cell", maintain_order=True)
    detail = "an id is made of letters, digits, points, underscores and hyphens"
    yield from _of_rows(file, "id_characters", detail, column, bad)


def _of_rows(
    file: ClinicalFile, rule: str, detail: str, column: str, bad: pl.DataFrame
) -> Iterator[Finding]:
    for line, cell in bad.select(SOURCE_ROW, "cell").iter_rows():
        yield file.data.finding(rule, detail, int(line), column, cell)


def several_samples(pairs: Mapping[str, str]) -> list[str]:
    """Patients with more than one sample."""
    return sorted(patient for patient, n in Counter(pairs.values()).items() if n > 1)
