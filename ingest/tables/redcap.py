"""Exports of REDCap with their dictionary: events are visits, forms that are empty say nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import text
from roentgene.ingest.tables.clinical import patient_columns
from roentgene.ingest.tables.clinical_cells import long_cells, typed_cells
from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.delimited import FileTable, read_table
from roentgene.ingest.tables.dictionary import dictionary_rows, storable
from roentgene.ingest.tables.id_parts import with_divided_ids
from roentgene.ingest.tables.patient_facts import patient_facts
from roentgene.ingest.tables.patients import join_patients
from roentgene.ingest.tables.redcap_dictionary import RedcapColumn, plain, read_redcap_dictionary
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.ingest.tables.visits import check_timepoints
from roentgene.schemas.clinical_tables import RedcapTable

_EVENT, _INSTRUMENT = "redcap_event_name", "redcap_repeat_instrument"
_INSTANCE, _SURVEY = "redcap_repeat_instance", "redcap_survey_identifier"
# what an export with labels calls the columns that REDCap adds
_SYSTEM = {
    "Event Name": _EVENT,
    "Repeat Instrument": _INSTRUMENT,
    "Repeat Instance": _INSTANCE,
    "Survey Identifier": _SURVEY,
    "Data Access Group": "redcap_data_access_group",
}
# what REDCap adds and no variable is made of
_LEFT = {_EVENT, _INSTRUMENT, _INSTANCE, "redcap_data_access_group", ""}
_FILLED = ["1", "2", "Unverified", "Complete"]
_UNCHECKED = ["0", "Unchecked"]
_NO_TEXT = pl.lit(None, pl.String)


def stage(declaration: RedcapTable, path: Path, name: str, context: TableContext) -> StagedTables:
    """Stage ``clinical.variable``, ``clinical.dictionary`` and ``study.patient``.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the table, or the dictionary is none of REDCap.
    """
    read = read_table(path, name, declaration)
    gate = RowGate(read)
    columns, wrong = read_redcap_dictionary(
        declaration.dictionary, context.folder, gate, labels=declaration.labels
    )
    read = _with_field_names(read, columns, gate)
    gate = RowGate(read)
    id_column = _field_names(columns).get(declaration.id, declaration.id)
    gate.need([id_column, declaration.timepoint])
    dictionary = {column.name: column.variable for column in columns if column.variable}
    about_patient = patient_columns(declaration.patient, gate)
    taken = {id_column, declaration.timepoint, *about_patient.values()}
    variables = _variables(declaration, read, columns, taken, wrong, gate)
    rows = _rows(declaration, read, id_column)
    if declaration.id_pattern is not None:
        divided = declaration.model_copy(update={"id": id_column})
        rows = with_divided_ids(rows, read, divided, gate)
    rows, match = join_patients(rows, declaration.normalise, gate, context, id_column)
    rows = _visits(declaration, rows, gate, context)
    missing = declaration.missing
    patients = patient_facts(read, rows, about_patient, missing, dictionary, gate)
    cells = long_cells(read, rows, variables, missing, dictionary)
    cells = _of_filled_forms(cells, read, columns)
    named = declaration.model_copy(update={"id": id_column})
    cells = typed_cells(cells, read, named, dictionary, declaration.units, gate, context.privacy)
    key = ["patient_id", "timepoint_id", "variable"]
    cells = gate.unique(cells, key, ["value_number", "value_text"])
    staged = {
        "clinical.variable": cells,
        "clinical.dictionary": dictionary_rows(variables, dictionary, declaration.units),
    }
    return collect(staged, gate, match, context, patients)


def _field_names(columns: Sequence[RedcapColumn]) -> dict[str, str]:
    """Name of the field of each label that only one field has."""
    labels = [column.label for column in columns]
    return {c.label: c.name for c in columns if labels.count(c.label) == 1}


def _with_field_names(read: FileTable, columns: Sequence[RedcapColumn], gate: RowGate) -> FileTable:
    """Call the columns of an export with labels as the dictionary calls its fields."""
    names = {**_field_names(columns), **_SYSTEM}
    fields = {column.name for column in columns}
    renamed = {
        column: names[plain(column)]
        for column in read.columns
        if column not in fields and names.get(plain(column), column) not in read.columns
    }
    # what was found wrong of the dictionary goes on to be told
    return replace(read, rows=read.rows.rename(renamed), refusals=gate.refusals)


def _variables(
    declaration: RedcapTable,
    read: FileTable,
    columns: Sequence[RedcapColumn],
    taken: set[str | None],
    wrong: frozenset[str],
    gate: RowGate,
) -> list[str]:
    """Columns that become variables; what may not come in is told by its name."""
    known = {column.name: column for column in columns}
    if declaration.variables is None:
        wanted = [c for c in read.columns if c not in taken | _LEFT and not _is_status(c, columns)]
    else:
        wanted = gate.present(
            column for name in declaration.variables for column in _columns_of(name, known)
        )
    kept = []
    for column in wanted:
        found = known.get(column)
        if column == _SURVEY:
            detail = "REDCap writes there who filled a survey"
            gate.refuse("declared_identifier", "column", detail, column=column)
        elif found is None and column.endswith("_timestamp"):
            gate.refuse("declared_date", "column", "the time of a survey", column=column)
        elif found is None and column.partition("___")[0] not in wrong:
            detail = "the dictionary does not describe it"
            gate.refuse("not_in_dictionary", "column", detail, column=column)
            kept.append(column)
        elif found is not None and found.variable is None:
            gate.refuse("declared_identifier", "column", "an uploaded file", column=column)
        elif found is not None:
            kept.append(column)
    dictionary = {name: column.variable for name, column in known.items() if column.variable}
    return storable(kept, dictionary, gate)


def _columns_of(field: str, known: Iterable[str]) -> list[str]:
    """Columns of a field: its own, or one a choice."""
    choices = [column for column in known if column.startswith(f"{field}___")]
    return choices or [field]


def _is_status(column: str, columns: Sequence[RedcapColumn]) -> bool:
    return column.endswith("_complete") and any(column == f"{one.form}_complete" for one in columns)


def _rows(declaration: RedcapTable, read: FileTable, id_column: str) -> pl.DataFrame:
    missing = declaration.missing
    event = declaration.timepoint or (_EVENT if _EVENT in read.columns else None)
    cells = {
        "given_id": id_column,
        "timepoint_id": event,
        "instrument": _INSTRUMENT if _INSTRUMENT in read.columns else None,
        "instance": _INSTANCE if _INSTANCE in read.columns else None,
    }
    return read.rows.select(
        SOURCE_ROW,
        **{name: _NO_TEXT if at is None else text(at, missing) for name, at in cells.items()},
    )


def _visits(
    declaration: RedcapTable, rows: pl.DataFrame, gate: RowGate, context: TableContext
) -> pl.DataFrame:
    """Find the visit of each row: that of its event, or of its instance where rows repeat."""
    instances = [
        (name, instance, visit)
        for name, visits in declaration.repeats.items()
        for instance, visit in visits.items()
    ]
    schema = dict.fromkeys(("repeating", "instance", "visit"), pl.String())
    table = pl.DataFrame(instances, schema=schema, orient="row")
    has_events = rows["timepoint_id"].is_not_null().any()
    rows = rows.with_columns(repeating=pl.coalesce("instrument", "timepoint_id"))
    rows = rows.join(table, on=["repeating", "instance"], how="left", maintain_order="left")
    repeats = pl.col("instance").is_not_null()
    detail = pl.format("instance {} of '{}' has no visit", "instance", "repeating")
    nowhere = repeats & pl.col("visit").is_null()
    rows = gate.drop(rows, nowhere, "repeating_row", detail, column=_INSTANCE)
    event = pl.col("timepoint_id").replace(declaration.rename.get("timepoint", {}))
    rows = rows.with_columns(timepoint_id=pl.when(repeats).then("visit").otherwise(event))
    rows = rows.select(SOURCE_ROW, "patient_id", "timepoint_id")
    if has_events:
        return check_timepoints(rows, gate, context, declaration.timepoint or _EVENT)
    # without events, what does not repeat is the patient's own
    own, seen = (rows.filter(pl.col("timepoint_id").is_null() == none) for none in (True, False))
    return pl.concat([own, check_timepoints(seen, gate, context, _INSTANCE)]).sort(SOURCE_ROW)


def _of_filled_forms(
    cells: pl.DataFrame, read: FileTable, columns: Sequence[RedcapColumn]
) -> pl.DataFrame:
    """Leave out the cells of forms that are empty in their row: they belong to other events.

    A choice that is not ticked stands there as 0 even where nobody has opened the form.
    """
    forms = {column.name: column.form for column in columns}
    form = pl.col("variable").replace_strict(forms, default=None, return_dtype=pl.String)
    given = text("as_given", ())
    ticked = pl.col("variable").str.contains("___", literal=True)
    says = given.is_not_null() & ~(ticked & given.is_in(_UNCHECKED))
    cells = cells.with_columns(form=form)
    filled = cells.filter(says).select(SOURCE_ROW, "form")
    states = [name for name in dict.fromkeys(forms.values()) if f"{name}_complete" in read.columns]
    marked = [
        read.rows.filter(text(f"{name}_complete", ()).is_in(_FILLED)).select(
            SOURCE_ROW, form=pl.lit(name)
        )
        for name in states
    ]
    filled = pl.concat([filled, *marked]).unique()
    kept = cells.join(filled, on=[SOURCE_ROW, "form"], how="semi", nulls_equal=True)
    return kept.drop("form")
