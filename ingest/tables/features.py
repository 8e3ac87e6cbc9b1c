"""Features that others extracted: one row a region and rater, a column a feature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import (
    may_be_date,
    need_values,
    number,
    refuse_dates,
    take_repeat_numbers,
    text,
)
from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.delimited import FileTable, read_table
from roentgene.ingest.tables.feature_columns import ColumnGroup, column_groups
from roentgene.ingest.tables.feature_facts import extraction_facts, take_version
from roentgene.ingest.tables.feature_keys import RANKED, row_keys
from roentgene.ingest.tables.feature_names import stored_names, tell_names
from roentgene.ingest.tables.feature_rows import KEY, feature_rows, with_extraction, with_ids
from roentgene.ingest.tables.feature_visits import rank_visits
from roentgene.ingest.tables.patients import join_patients
from roentgene.ingest.tables.row_gate import RowGate, quoted
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.ingest.tables.visits import check_timepoints
from roentgene.schemas.measured_tables import FeaturesTable, VisitRank

_TIMEPOINT = "timepoint_id"
_REPEAT = "repeat_no"
# what a formula gave that is no finite number, as programs write it
_NOT_FINITE = r"(?i)^[+-]?(nan|inf|infinity)$"


def stage(declaration: FeaturesTable, path: Path, name: str, context: TableContext) -> StagedTables:
    """Stage measurements as if they came from images.

    Gives ``imaging.series``, ``imaging.segmentation``, ``imaging.extraction``,
    ``imaging.measurement``, ``imaging.feature_value``, ``study.lesion``, ``study.timepoint`` and
    ``study.patient``. A cell without a number stays as a value that is undefined, with its
    reason.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the table.
    """
    read = read_table(path, name, declaration)
    gate = RowGate(read)
    keys = row_keys(declaration, read, gate)
    groups = column_groups(declaration, read, gate, keys.used)
    facts = extraction_facts(declaration, read)
    rows = keys.rows.join(facts, on=SOURCE_ROW, maintain_order="left")
    every_column = [column for group in groups for column in group.features]
    rows = rows.join(_content(read, every_column), on=SOURCE_ROW, maintain_order="left")
    rows, match = join_patients(rows, declaration.normalise, gate, context, declaration.id)
    # before any other row is left out, for the rank of a visit counts all of them
    if isinstance(declaration.timepoint, VisitRank):
        rank, column = declaration.timepoint, keys.columns.get(RANKED)
        rows = rank_visits(rows, gate, context, rank, column)
    rows = take_version(rows, declaration, gate)
    rows = _checked(rows, gate, context, {field: keys.columns.get(field) for field in keys.fields})
    rows = _unique(with_extraction(declaration, rows), gate)
    measured, values = _measured(declaration, read, rows, groups, gate, context)
    staged = feature_rows(declaration, measured, values, context)
    return collect(staged, gate, match, context, measured)


def _content(read: FileTable, columns: Sequence[str]) -> pl.DataFrame:
    """Cells of the columns as one text, by which rows are compared."""
    cells = [pl.col(column).cast(pl.String).str.strip_chars().fill_null("") for column in columns]
    content = pl.concat_str(cells, separator="\x1f") if cells else pl.lit("")
    return read.rows.select(SOURCE_ROW, content=content)


def _checked(
    rows: pl.DataFrame, gate: RowGate, context: TableContext, columns: Mapping[str, str | None]
) -> pl.DataFrame:
    """Leave out rows that do not say what was measured.

    Parameters
    ----------
    rows : polars.DataFrame
        Rows with these fields as text.
    gate : RowGate
        Takes the refusals down.
    context : TableContext
        Gives the timepoints.
    columns : mapping of str to str or None
        The fields, each with the column of the file that says it.
    """
    for field, column in columns.items():
        rows = refuse_dates(rows, field, gate, column, drop=True)
    if _TIMEPOINT in columns:
        column = columns[_TIMEPOINT]
        detail = "may be a calendar date; rank the visits by it instead"
        rows = gate.drop(rows, may_be_date(_TIMEPOINT), "looks_like_date", detail, column=column)
        rows = check_timepoints(rows, gate, context, column)
    for field, column in columns.items():
        rows = need_values(rows, field, gate, column)
    if _REPEAT in columns:
        rows = take_repeat_numbers(rows, _REPEAT, gate, columns[_REPEAT])
    return rows


def _unique(rows: pl.DataFrame, gate: RowGate) -> pl.DataFrame:
    """Keep one row a measurement; what the names of columns say is the same for all rows."""
    key = [field for field in KEY if field in rows.columns]
    if rows["extraction_id"].n_unique() > 1:
        key.append("extraction_id")
    return gate.unique(rows, key, ["content"])


def _measured(
    declaration: FeaturesTable,
    read: FileTable,
    rows: pl.DataFrame,
    groups: Sequence[ColumnGroup],
    gate: RowGate,
    context: TableContext,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Measurements and their values: of each row one a group of columns."""
    versions = rows["engine_version"].unique(maintain_order=True).to_list() or [""]
    measured, values = [], []
    for version in versions:
        of_version = rows.filter(engine_version=version)
        names = [stored_names(declaration.engine, version, group) for group in groups]
        if of_version.height:
            tell_names(version, names, gate)
        for group, stored in zip(groups, names, strict=True):
            features = {column: name.feature for column, name in stored.items()}
            said = {field: pl.lit(word) for field, word in group.fields.items()}
            found = of_version.drop("content").with_columns(**said)
            found = _checked(found, gate, context, dict.fromkeys(group.fields))
            content = _content(read, list(features))
            found = found.join(content, on=SOURCE_ROW, maintain_order="left")
            found = with_ids(declaration, found, list(features.values()), context)
            measured.append(found.select(sorted(found.columns)))
            values.append(_values(declaration, read, found, features, gate))
    return pl.concat(measured), pl.concat(values)


def _values(
    declaration: FeaturesTable,
    read: FileTable,
    rows: pl.DataFrame,
    features: Mapping[str, str],
    gate: RowGate,
) -> pl.DataFrame:
    """One row a measurement and feature; without a value where the cell gives none, and why."""
    measured = ["patient_id", "segmentation_id", "series_id", "extraction_id"]
    names = pl.col("column").replace_strict(features, return_dtype=pl.String)
    cells = (
        read.rows.select(SOURCE_ROW, pl.col(list(features)).cast(pl.String))
        .join(rows.select(SOURCE_ROW, *measured), on=SOURCE_ROW, maintain_order="left")
        .unpivot(
            list(features),
            index=[SOURCE_ROW, *measured],
            variable_name="column",
            value_name="given",
        )
        .with_columns(pl.col("given").cast(pl.String).str.strip_chars())
        .with_columns(feature=names, value=number("given"), value_reason=_why_none(declaration))
    )
    refused = cells.filter(pl.col("value_reason") == "not_a_number")
    detail, content = pl.format("{} is no number", quoted("given")), pl.col("given")
    for (column,), part in refused.group_by(["column"], maintain_order=True):
        gate.refuse_rows(part, "not_a_number", detail, str(column), content)
    undefined = pl.col("value_reason").is_not_null()
    return cells.select(
        SOURCE_ROW,
        *measured[1:],
        "feature",
        "value_reason",
        value=pl.when(~undefined).then("value"),
        value_status=pl.when(undefined).then(pl.lit("undefined")).otherwise(pl.lit("ok")),
    )


def _why_none(declaration: FeaturesTable) -> pl.Expr:
    """Reason code of a cell that gives no value; NULL where it gives one."""
    return (
        pl.when(pl.col("given").str.contains(_NOT_FINITE))
        .then(pl.lit("not_finite"))
        .when(text("given", declaration.missing).is_null())
        .then(pl.lit("missing_value"))
        .when(number("given").is_null())
        .then(pl.lit("not_a_number"))
    )
