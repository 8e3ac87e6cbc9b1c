"""Clinical tables: one row a patient (and visit), every other column a variable."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import text
from roentgene.ingest.tables.clinical_cells import long_cells, typed_cells
from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.delimited import FileTable, read_table
from roentgene.ingest.tables.dictionary import (
    dictionary_rows,
    read_dictionary,
    storable,
    with_units,
)
from roentgene.ingest.tables.header_names import tell_alike
from roentgene.ingest.tables.id_parts import with_divided_ids
from roentgene.ingest.tables.patient_facts import patient_facts
from roentgene.ingest.tables.patients import join_patients
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.ingest.tables.visits import check_timepoints
from roentgene.schemas.clinical_tables import ClinicalTable, PatientColumns, Variable

_NO_VISIT = pl.lit(None, pl.String)


def stage(declaration: ClinicalTable, path: Path, name: str, context: TableContext) -> StagedTables:
    """Stage ``clinical.variable``, ``clinical.dictionary`` and ``study.patient``.

    A cell that is a number goes to ``value_number``, any other to ``value_text``, both beside the
    cell as given; of a variable that the dictionary describes, its type decides. Columns of
    calendar dates are refused.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the table.
    """
    read = read_table(path, name, declaration)
    gate = RowGate(read)
    gate.need([declaration.id, declaration.timepoint])
    dictionary, wrong = read_dictionary(declaration.dictionary, context.folder, gate)
    units = with_units(declaration.units, dictionary, gate)
    wanted = [one for one in gate.present(_wanted(declaration, read)) if one not in wrong]
    variables = storable(wanted, dictionary, gate)
    tell_alike(variables, gate, read.header_line)
    if declaration.dictionary is not None:
        _tell_unknown(variables, dictionary, gate)
    unknown_units = set(declaration.units) - set(read.columns)
    gate.present(sorted(unknown_units))
    about_patient = patient_columns(declaration.patient, gate)
    rows = _rows(declaration, read, sorted({*variables, *about_patient.values()}))
    if declaration.id_pattern is not None:
        rows = with_divided_ids(rows, read, declaration, gate)
    rows, match = join_patients(rows, declaration.normalise, gate, context, declaration.id)
    visit = declaration.id if "timepoint" in declaration.parts_of_id else declaration.timepoint
    if visit is not None:
        rows = check_timepoints(rows, gate, context, visit)
    rows = gate.unique(rows, ["patient_id", "timepoint_id"], ["content"]).drop("content")
    missing = declaration.missing
    patients = patient_facts(read, rows, about_patient, missing, dictionary, gate)
    cells = long_cells(read, rows, variables, missing, dictionary)
    cells = typed_cells(cells, read, declaration, dictionary, units, gate, context.privacy)
    staged = {
        "clinical.variable": cells,
        "clinical.dictionary": dictionary_rows(variables, dictionary, units),
    }
    return collect(staged, gate, match, context, patients)


def patient_columns(declared: PatientColumns, gate: RowGate) -> dict[str, str]:
    """Columns that describe the patient, by what each says; those that are absent are refused."""
    named = {name: column for name, column in declared if column is not None}
    present = set(gate.present(named.values()))
    return {name: column for name, column in named.items() if column in present}


def _tell_unknown(variables: list[str], dictionary: Mapping[str, Variable], gate: RowGate) -> None:
    for variable in variables:
        if variable not in dictionary:
            detail = "the dictionary does not describe it"
            gate.refuse("not_in_dictionary", "column", detail, column=variable)


def _wanted(declaration: ClinicalTable, read: FileTable) -> list[str]:
    if declaration.variables is not None:
        return list(declaration.variables)
    patient = declaration.patient
    taken = {
        declaration.id,
        declaration.timepoint,
        patient.sex,
        patient.age_at_day_zero,
        patient.site,
        patient.index_lesion,
        # a column without a name is the row number that a data frame was saved with
        "",
    }
    return [*(c for c in read.columns if c not in taken), *sorted(read.ambiguous - taken)]


def _rows(declaration: ClinicalTable, read: FileTable, used: list[str]) -> pl.DataFrame:
    missing = declaration.missing
    visit = _NO_VISIT if declaration.timepoint is None else text(declaration.timepoint, missing)
    cells = [text(column, missing).fill_null("") for column in used]
    return read.rows.select(
        SOURCE_ROW,
        given_id=text(declaration.id, missing),
        timepoint_id=visit.replace(declaration.rename.get("timepoint", {})),
        content=pl.concat_str(cells, separator="\x1f") if cells else pl.lit(""),
    )
