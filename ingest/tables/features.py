"""Features that others extracted: one row a region and rater, a column a feature."""

from __future__ import annotations

from pathlib import Path
from string import Formatter

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import need_values, number, take_whole_numbers, text
from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.delimited import FileTable, read_table
from roentgene.ingest.tables.feature_rows import KEY, feature_rows, with_ids
from roentgene.ingest.tables.patients import join_patients
from roentgene.ingest.tables.refusing import refuse_table
from roentgene.ingest.tables.row_gate import RowGate, quoted
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.ingest.tables.visits import check_timepoints
from roentgene.schemas.cohort_tables import FeaturesTable

# our name of each part of a measurement's identity, and how the cohort file calls it
_PARTS = {
    "timepoint_id": "timepoint",
    "sequence": "sequence",
    "region": "region",
    "lesion_id": "lesion_id",
    "rater_id": "rater_id",
    "repeat_no": "repeat_no",
}
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
    read = read_table(path, name)
    gate = RowGate(read)
    templates = {field: getattr(declaration, part) for field, part in _PARTS.items()}
    placeholders = {field: _placeholders(gate, given) for field, given in templates.items()}
    gate.need([declaration.id, *(column for found in placeholders.values() for column in found)])
    features = gate.present(dict.fromkeys(declaration.features))
    rows = _rows(declaration, read, templates, features)
    rows, match = join_patients(rows, declaration.normalise, gate, context, declaration.id)
    columns = {field: found[0] if found else None for field, found in placeholders.items()}
    rows = _checked(rows, gate, context, columns)
    rows = gate.unique(rows, KEY, ["content"])
    rows = with_ids(declaration, rows, features, context)
    values = _values(declaration, read, rows, features, gate)
    return collect(feature_rows(declaration, rows, values, context), gate, match, context, rows)


def _placeholders(gate: RowGate, template: str) -> list[str]:
    """Columns that a template takes.

    Raises
    ------
    TableRefusedError
        ``missing_column`` if the template is none.
    """
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        detail = f"'{template}' is no template: {error}"
        raise refuse_table(gate.name, "missing_column", detail) from error
    return [name for _, name, _, _ in parts if name is not None]


def _filled(template: str, missing: tuple[str, ...]) -> pl.Expr:
    """Template with the cells of its columns put in; NULL where one is empty."""
    parts: list[pl.Expr] = []
    for literal, column, _, _ in Formatter().parse(template):
        parts.append(pl.lit(literal))
        if column is not None:
            parts.append(text(column, missing))
    return pl.concat_str(parts) if parts else pl.lit(None, pl.String)


def _rows(
    declaration: FeaturesTable, read: FileTable, templates: dict[str, str], features: list[str]
) -> pl.DataFrame:
    cells = [pl.col(column).cast(pl.String).str.strip_chars().fill_null("") for column in features]
    return read.rows.select(
        SOURCE_ROW,
        given_id=text(declaration.id, declaration.missing),
        content=pl.concat_str(cells, separator="\x1f") if cells else pl.lit(""),
        **{field: _filled(template, declaration.missing) for field, template in templates.items()},
    )


def _checked(
    rows: pl.DataFrame, gate: RowGate, context: TableContext, columns: dict[str, str | None]
) -> pl.DataFrame:
    rows = check_timepoints(rows, gate, context, columns["timepoint_id"])
    for field in _PARTS:
        rows = need_values(rows, field, gate, columns[field])
    return take_whole_numbers(rows, "repeat_no", gate, columns["repeat_no"], minimum=1, drop=True)


def _values(
    declaration: FeaturesTable,
    read: FileTable,
    rows: pl.DataFrame,
    features: list[str],
    gate: RowGate,
) -> pl.DataFrame:
    """One row a measurement and feature; without a value where the cell gives none, and why."""
    measured = ["patient_id", "segmentation_id", "series_id", "extraction_id"]
    cells = (
        read.rows.select(SOURCE_ROW, pl.col(features).cast(pl.String))
        .unpivot(features, index=SOURCE_ROW, variable_name="feature", value_name="given")
        .with_columns(pl.col("given").cast(pl.String).str.strip_chars())
        .join(rows.select(SOURCE_ROW, *measured), on=SOURCE_ROW, maintain_order="left")
        .with_columns(value=number("given"), value_reason=_why_none(declaration))
    )
    refused = cells.filter(pl.col("value_reason") == "not_a_number")
    detail, content = pl.format("{} is no number", quoted("given")), pl.col("given")
    for (feature,), part in refused.group_by(["feature"], maintain_order=True):
        gate.refuse_rows(part, "not_a_number", detail, str(feature), content)
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
