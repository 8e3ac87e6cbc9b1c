"""Clinical variables and dose metrics of a release: columns ``clin__…`` and ``dose__…``."""

from __future__ import annotations

from typing import Any

import polars as pl
import pyarrow as pa

from roentgene.analyses.releasing.columns import (
    Columns,
    described,
    one_unit,
    rows_of_persons,
    sources_of,
    spread,
)
from roentgene.analyses.releasing.name_choice import chosen
from roentgene.analyses.releasing.reading import PinnedReader
from roentgene.analyses.releasing.units import Units
from roentgene.schemas.errors import FileError
from roentgene.schemas.release import ClinicalBlock, DoseBlock

_TEXT_TYPES = ("text", "category", "boolean")
_ONE_VALUE = "Include one patient a person, or name the visit apart"


def clinical_columns(
    reader: PinnedReader, units: Units, block: ClinicalBlock, *, by_visit: bool
) -> Columns:
    """Read the clinical variables of one block; numbers as numbers, everything else as text.

    Raises
    ------
    FileError
        If a name does not exist, or a row has several values of a column.
    """
    parts = []
    if block.patient:
        parts.append(_patient_cells(units, block))
    if block.variables is not None:
        parts.append(_variable_cells(reader, units, block, by_visit=by_visit))
    cells = pl.concat(parts, how="diagonal_relaxed")
    return _columns(cells, units, "clin", "clinical variables")


def _patient_cells(units: Units, block: ClinicalBlock) -> pl.DataFrame:
    cells = []
    for name in block.patient:
        is_text = units.patients.schema[name] == pl.String
        cells.append(
            units.patients.select(
                "cohort_id",
                "patient_id",
                "batch_id",
                pl.lit(f"clin__{name}").alias("column"),
                pl.lit(name).alias("feature"),
                pl.lit("patient").alias("kind"),
                pl.lit("years" if name == "age_at_day_zero" else None, pl.String).alias("unit"),
                pl.lit(not is_text).alias("is_number"),
                (pl.lit(None, pl.Float64) if is_text else pl.col(name)).alias("number"),
                (pl.col(name) if is_text else pl.lit(None, pl.String)).alias("text"),
            )
        )
    return rows_of_persons(pl.concat(cells), units, by_visit=False)


def _variable_cells(
    reader: PinnedReader, units: Units, block: ClinicalBlock, *, by_visit: bool
) -> pl.DataFrame:
    known = reader.frame("clinical_cells", {"cohorts": units.cohorts})
    here = rows_of_persons(known, units, by_visit=by_visit and block.timepoint is not None)
    if block.timepoint is None:
        here = here.filter(pl.col("timepoint_id").is_null())
    else:
        names = chosen(block.timepoint, here["timepoint_id"].drop_nulls().to_list(), "timepoint")
        here = here.filter(pl.col("timepoint_id").is_in(names))
    asked = chosen(block.variables or (), here["variable"].to_list(), "variable")
    here = here.filter(pl.col("variable").is_in(asked))
    words = pl.col("type").is_in(_TEXT_TYPES).fill_null(value=False)
    is_number = (pl.col("value_number").is_not_null() & ~words).all().over("variable")
    in_name = [pl.lit("clin"), pl.col("variable")]
    if block.timepoint is not None and not by_visit:
        in_name.append(pl.col("timepoint_id"))
    return here.with_columns(
        pl.concat_str(in_name, separator="__").alias("column"),
        pl.col("variable").alias("feature"),
        pl.lit("variable").alias("kind"),
        pl.col("timepoint_id").alias("visit"),
        is_number.alias("is_number"),
        pl.col("value_number").alias("number"),
        pl.col("value_text").alias("text"),
    )


def dose_columns(
    reader: PinnedReader, units: Units, block: DoseBlock, *, by_visit: bool
) -> Columns:
    """Read the dose metrics of one block.

    Raises
    ------
    FileError
        If a name does not exist, or a row has several values of a column.
    """
    known = reader.frame("dose_cells", {"cohorts": units.cohorts})
    asked = {
        "feature": block.features,
        "region": block.region,
        "timepoint_id": block.timepoint,
        "profile": block.profile,
    }
    here = known
    for column, patterns in asked.items():
        what = f"dose {column.removesuffix('_id')}"
        here = here.filter(pl.col(column).is_in(chosen(patterns, known[column].to_list(), what)))
    here = rows_of_persons(here, units, by_visit=by_visit)
    visit = [] if by_visit else [pl.col("timepoint_id")]
    named = [pl.lit("dose"), *visit, pl.col("region"), pl.col("profile"), pl.col("feature")]
    cells = here.with_columns(
        pl.concat_str([*named, pl.col("unit")], separator="__").alias("column"),
        pl.lit("dose").alias("kind"),
        pl.col("timepoint_id").alias("visit"),
        pl.col("dose_id").alias("record"),
        pl.lit(value=True).alias("is_number"),
        pl.col("value").alias("number"),
        pl.lit(None, pl.String).alias("text"),
    )
    return _columns(cells, units, "dose", "dose metrics")


def _columns(cells: pl.DataFrame, units: Units, block: str, what: str) -> Columns:
    if not cells.height:
        msg = f"none of the patients has a value of the {what} that are asked for"
        raise FileError(msg, f"Loosen the {what} in the release file")
    unit = one_unit(cells.filter(pl.col("is_number")), what)
    of_kind: dict[str, pa.Array] = {}
    for is_number, value in ((True, "number"), (False, "text")):
        part = cells.filter(pl.col("is_number") == is_number)
        part = part.select("row_no", "column", pl.col(value).alias("value"))
        of_kind |= spread(part, units.n_rows, what, _ONE_VALUE)
    facts = {
        row["column"]: {**row, "unit": unit.get(row["column"], row["unit"])}
        for row in cells.unique("column", keep="first").to_dicts()
    }
    by_region = block == "dose"
    dictionary = [
        described(name, block, values, source=name, **_facts(facts[name], by_region=by_region))
        for name, values in sorted(of_kind.items())
    ]
    sources = sources_of(cells.with_columns(pl.col("column").alias("source")))
    return Columns(dictionary, [of_kind[row["column"]] for row in dictionary], sources)


def _facts(row: dict[str, Any], *, by_region: bool) -> dict[str, Any]:
    names = ["feature", "kind", "unit"]
    if by_region:
        names += ["region", "profile", "engine"]
    return {**{name: row[name] for name in names}, "timepoint_id": row.get("visit")}
