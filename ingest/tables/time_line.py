"""Time lines in the columns of cBioPortal: every row an event, some a treatment or a specimen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

from roentgene.ingest.privacy import hashes_ids
from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import has_date, need_values, refuse_dates, take_days, text
from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.delimited import FileTable, read_table
from roentgene.ingest.tables.known_ids import name_known
from roentgene.ingest.tables.patients import join_patients
from roentgene.ingest.tables.people import hide_samples, personal_columns
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.ingest.tables.study_days import refuse_early_stops
from roentgene.schemas.specimen_tables import TimeLineTable
from roentgene.schemas.study_folder import study_format

_KEY = ["patient_id", "event_type", "subtype", "start_day", "detail"]
_TREATMENT = "TREATMENT"
_TREATMENT_KEY = ["patient_id", "treatment", "start_day"]
# what cBioPortal shows an event by, and nobody needs to know of it
_LOOKS = frozenset({"style_shape", "style_color"})
_NOTHING = pl.lit(None, pl.String)


@dataclass(frozen=True)
class _Columns:
    """Columns of a time line: those with a meaning of their own, and the others."""

    stop_day: str | None
    sample: str | None
    others: list[str]


@cache
def usual_tracks() -> Mapping[str, tuple[str, ...]]:
    """Columns that tell events of one type and day apart, by the type, as cBioPortal has them."""
    tracks = study_format()["time_line_tracks"]
    return {event_type: tuple(columns) for event_type, columns in tracks.items()}


def stage(declaration: TimeLineTable, path: Path, name: str, context: TableContext) -> StagedTables:
    """Stage ``clinical.event``, ``clinical.treatment``, ``genomic.sample`` and ``study.patient``.

    ``subtype`` is what tells events of one type and day apart: the agent, the test, the sample.
    Every other column that has a value stands in ``detail``. Rows of type ``TREATMENT`` that name
    an agent, or else a kind of therapy, are treatments too; a sample that is named gets the day as
    its ``collection_day``.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the table.
    """
    read = read_table(path, name, declaration)
    sample = declaration.sample if declaration.sample in read.columns else None
    given: dict[str, str] = {}
    if sample is not None:
        read, given = hide_samples(read, declaration, context.privacy, sample)
    gate = RowGate(read, given)
    gate.need([declaration.id, declaration.event_type, declaration.start_day])
    columns = _columns(declaration, read, sample, gate, context)
    rows = _rows(declaration, read, columns)
    rows, match = join_patients(rows, declaration.normalise, gate, context, declaration.id)
    rows = _events(declaration, rows, columns, gate)
    staged = {
        "clinical.event": gate.unique(rows, _KEY, ["stop_day"]).select(
            SOURCE_ROW, "stop_day", *_KEY
        ),
        "clinical.treatment": _treatments(rows, gate),
    }
    if sample is not None:
        staged["genomic.sample"] = _specimens(rows, gate, context, sample)
    return collect(staged, gate, match, context, rows)


def _columns(
    declaration: TimeLineTable,
    read: FileTable,
    sample: str | None,
    gate: RowGate,
    context: TableContext,
) -> _Columns:
    named = {
        declaration.id,
        declaration.event_type,
        declaration.start_day,
        declaration.stop_day,
        sample,
        "",
    }
    others = [c for c in read.columns if c not in named and c.casefold() not in _LOOKS]
    cells = read.rows.select(pl.col(others).cast(pl.String)).unpivot(
        variable_name="variable", value_name="value_text"
    )
    people = personal_columns(cells, (gate.name, "clinical.event"), context.privacy)
    for column, (looks, n_cells) in people.items():
        detail = f"{n_cells} cells that look like a {looks}"
        gate.refuse("looks_like_person", "column", detail, column=column)
    stop_day = declaration.stop_day if declaration.stop_day in read.columns else None
    kept = [column for column in others if column not in people]
    hides = hashes_ids(declaration.normalise)
    repeats = _repeats_id(declaration, read, kept, context) if hides else []
    for column in repeats:
        detail = "cells that repeat the id of a patient or sample, which is to be hashed"
        gate.refuse("looks_like_person", "column", detail, column=column)
    return _Columns(stop_day, sample, [column for column in kept if column not in repeats])


def _repeats_id(
    declaration: TimeLineTable, read: FileTable, others: list[str], context: TableContext
) -> list[str]:
    """Columns that hold the id of their row, or that of a patient or sample that is known.

    Either would undo the hash.
    """
    given, missing = text(declaration.id, declaration.missing), declaration.missing
    found = []
    for column in others:
        cells = read.rows.select(cell=text(column, missing), given=given).drop_nulls("cell")
        of_row = pl.col("cell").str.contains(pl.col("given"), literal=True)
        if cells.select(of_row.any()).item() or name_known(
            cells["cell"], declaration.normalise, context
        ):
            found.append(column)
    return found


def _rows(declaration: TimeLineTable, read: FileTable, columns: _Columns) -> pl.DataFrame:
    missing = declaration.missing
    optional = {"stop_day": columns.stop_day, "sample_id": columns.sample}
    cells = {
        name: _NOTHING if column is None else text(column, missing)
        for name, column in optional.items()
    }
    return read.rows.select(
        SOURCE_ROW,
        given_id=text(declaration.id, missing),
        event_type=text(declaration.event_type, missing),
        start_day=text(declaration.start_day, missing),
        **cells,
        **{f"other:{column}": text(column, missing) for column in columns.others},
    )


def _events(
    declaration: TimeLineTable, rows: pl.DataFrame, columns: _Columns, gate: RowGate
) -> pl.DataFrame:
    for field, column in (
        ("event_type", declaration.event_type),
        ("start_day", declaration.start_day),
    ):
        rows = need_values(rows, field, gate, column)
    rows = refuse_dates(rows, "event_type", gate, declaration.event_type, drop=True)
    rows = take_days(rows, "start_day", gate, declaration.start_day, drop=True)
    if columns.stop_day is not None:
        rows = take_days(rows, "stop_day", gate, columns.stop_day)
        rows = refuse_early_stops(rows, gate, columns.stop_day)
    else:
        rows = rows.with_columns(pl.lit(None, pl.Int32).alias("stop_day"))
    for column in columns.others:
        if rows.select(has_date(f"other:{column}").any()).item():
            rows = refuse_dates(rows, f"other:{column}", gate, column)
    tracks = {one.event_type: one.columns for one in declaration.tracks} or usual_tracks()
    return rows.with_columns(
        subtype=_subtype(tracks, columns, declaration.sample),
        detail=_detail(columns.others),
        treatment=_first(("AGENT", "SUBTYPE", "TREATMENT_TYPE"), columns, declaration.sample),
    )


def _subtype(tracks: Mapping[str, tuple[str, ...]], columns: _Columns, sample: str) -> pl.Expr:
    """First column of the event's track that has a value; the sample by its id here."""
    kind = pl.col("event_type").str.to_uppercase()
    found: pl.Expr = _NOTHING
    for event_type, names in tracks.items():
        found = pl.when(kind == event_type).then(_first(names, columns, sample)).otherwise(found)
    return found


def _first(names: tuple[str, ...], columns: _Columns, sample: str) -> pl.Expr:
    by_case = {column.upper(): f"other:{column}" for column in columns.others}
    by_case[sample.upper()] = "sample_id"
    return pl.coalesce([*(by_case[n.upper()] for n in names if n.upper() in by_case), _NOTHING])


def _detail(others: list[str]) -> pl.Expr:
    """Join the other cells that have a value: ``RESULT: 10; SOURCE: clinic``."""
    if not others:
        return _NOTHING
    told = [pl.format("{}: {}", pl.lit(column), f"other:{column}") for column in others]
    joined = pl.concat_str(told, separator="; ", ignore_nulls=True)
    return pl.when(joined != "").then(joined)


def _treatments(rows: pl.DataFrame, gate: RowGate) -> pl.DataFrame:
    given = rows.filter(
        (pl.col("event_type").str.to_uppercase() == _TREATMENT) & pl.col("treatment").is_not_null()
    )
    return gate.unique(given, _TREATMENT_KEY, ["stop_day"]).select(
        SOURCE_ROW, "stop_day", *_TREATMENT_KEY
    )


def _specimens(
    rows: pl.DataFrame, gate: RowGate, context: TableContext, column: str
) -> pl.DataFrame:
    """Days on which samples were taken; one that is no sample of the patient is refused."""
    taken = rows.filter(pl.col("sample_id").is_not_null())
    patient = pl.col("sample_id").replace_strict(
        dict(context.samples), default=None, return_dtype=pl.String
    )
    other = patient.is_null() | (patient != pl.col("patient_id"))
    detail = pl.format("'{}' is no sample of the patient that is known", "sample_id")
    taken = gate.drop(taken, other, "unknown_sample", detail, column=column)
    kind = pl.col("event_type").str.to_uppercase()
    # a sample is sequenced long after it was taken
    taken = taken.filter(kind != "SEQUENCING")
    days = taken.select(SOURCE_ROW, "sample_id", "patient_id", collection_day="start_day")
    return gate.unique(days, ["sample_id"], ["collection_day"])
