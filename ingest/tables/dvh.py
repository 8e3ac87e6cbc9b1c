"""Dose-volume metrics that others computed: one row a structure and metric."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import (
    need_values,
    refuse_dates,
    take_numbers,
    take_repeat_numbers,
    text,
)
from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.delimited import FileTable, read_table
from roentgene.ingest.tables.dvh_rows import KEY, dvh_rows
from roentgene.ingest.tables.patients import join_patients
from roentgene.ingest.tables.row_gate import RowGate, quoted
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.ingest.tables.templates import columns_of, filled
from roentgene.ingest.tables.visits import check_timepoints
from roentgene.schemas.measured_tables import DvhTable

# our name of each part of a row, and how the cohort file calls it
_PARTS = {
    "timepoint_id": "timepoint",
    "sequence": "dose",
    "region": "structure",
    "lesion_id": "lesion_id",
    "rater_id": "rater_id",
    "repeat_no": "repeat_no",
    "feature": "metric",
    "unit": "unit",
}
_WORDS = ("sequence", "region", "lesion_id", "rater_id", "feature")
# spellings of a unit in lower case, the stored one, and how many of it make one of that; a
# quotient is the nearest number to the true one, which a product with 0.01 need not be
_UNITS = {
    "gy": ("Gy", 1.0),
    "gray": ("Gy", 1.0),
    "cgy": ("Gy", 100.0),
    "percent": ("percent", 1.0),
    "%": ("percent", 1.0),
    "cm3": ("cm3", 1.0),
    "cm^3": ("cm3", 1.0),
    "cm³": ("cm3", 1.0),
    "cc": ("cm3", 1.0),
    "ml": ("cm3", 1.0),
}
# shares of a volume, named as V20Gy; a dose may well be more than 100 % of the prescription
_SHARE_OF_VOLUME = r"^(EQD2_|BED_)?V\d"


def stage(declaration: DvhTable, path: Path, name: str, context: TableContext) -> StagedTables:
    """Stage metrics as if they came from a dose grid.

    Gives ``imaging.dose``, ``imaging.dose_feature``, ``imaging.series``,
    ``imaging.segmentation``, ``imaging.extraction``, ``imaging.measurement``, ``study.lesion``,
    ``study.timepoint`` and ``study.patient``. Doses in cGy become Gy; a row of another unit than
    those of dose, volume and percent is refused as ``not_in_set``. An empty cell stays as a value
    that is undefined.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the table.
    """
    read = read_table(path, name, declaration)
    gate = RowGate(read)
    templates = {field: getattr(declaration, part) for field, part in _PARTS.items()}
    taken = {field: columns_of(template, name) for field, template in templates.items()}
    gate.need(
        [declaration.id, declaration.value, *(one for names in taken.values() for one in names)]
    )
    columns = {field: names[0] if names else None for field, names in taken.items()}
    rows = _rows(declaration, read, templates)
    rows, match = join_patients(rows, declaration.normalise, gate, context, declaration.id)
    rows = check_timepoints(rows, gate, context, columns["timepoint_id"])
    for field in _PARTS:
        rows = need_values(rows, field, gate, columns[field])
    for field in _WORDS:
        rows = refuse_dates(rows, field, gate, columns[field], drop=True)
    repeat = columns["repeat_no"]
    rows = take_repeat_numbers(rows, "repeat_no", gate, repeat)
    rows = _in_our_units(rows, declaration, gate, columns["unit"])
    rows = gate.unique(rows, [*KEY, "feature", "unit"], ["value"])
    return collect(dvh_rows(declaration, rows, context), gate, match, context, rows)


def _rows(declaration: DvhTable, read: FileTable, templates: dict[str, str]) -> pl.DataFrame:
    def cell(column: str) -> pl.Expr:
        return text(column, declaration.missing)

    renamed = pl.col("feature").replace(dict(declaration.rename))
    return read.rows.select(
        SOURCE_ROW,
        given_id=cell(declaration.id),
        value=cell(declaration.value),
        **{field: filled(template, cell) for field, template in templates.items()},
    ).with_columns(feature=renamed)


def _in_our_units(
    rows: pl.DataFrame, declaration: DvhTable, gate: RowGate, column: str | None
) -> pl.DataFrame:
    """Take the values as numbers in Gy, percent or cm3; rows in another unit are left out."""
    given = pl.col("unit").str.to_lowercase()
    known = ", ".join(sorted(_UNITS))
    detail = pl.format(f"{{}} is none of {known}", quoted("unit"))
    unknown, content = ~given.is_in(list(_UNITS)), pl.col("unit")
    rows = gate.drop(rows, unknown, "not_in_set", detail, column=column, content=content)
    rows = take_numbers(rows, "value", gate, declaration.value, minimum=0, drop=True)
    divisor = given.replace_strict({unit: divisor for unit, (_, divisor) in _UNITS.items()})
    name = given.replace_strict({unit: name for unit, (name, _) in _UNITS.items()})
    rows = rows.with_columns(value=pl.col("value") / divisor, unit=name)
    is_share = pl.col("feature").str.contains(_SHARE_OF_VOLUME) & (pl.col("unit") == "percent")
    above = is_share & (pl.col("value") > 100)
    detail = pl.format("{} is {} percent of a volume", "feature", "value")
    content = pl.col("value")
    return gate.drop(rows, above, "out_of_range", detail, column=declaration.value, content=content)
