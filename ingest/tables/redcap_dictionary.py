"""The data dictionary of a REDCap project: what each exported column is, and what may come in.

The format is that of REDCap's own download (columns A to R) and of its API (``field_name`` …); the
columns of checkbox fields are ``field___code``, with three underscores.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.dictionary import read_rows
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.schemas.clinical_tables import Variable

#: Columns of the dictionary as the download has them, and as the API calls them.
_API_NAMES = {
    "Variable / Field Name": "field_name",
    "Form Name": "form_name",
    "Field Type": "field_type",
    "Field Label": "field_label",
    "Choices, Calculations, OR Slider Labels": "select_choices_or_calculations",
    "Text Validation Type OR Show Slider Number": "text_validation_type_or_show_slider_number",
    "Text Validation Min": "text_validation_min",
    "Text Validation Max": "text_validation_max",
    "Identifier?": "identifier",
}
_NAME, _KIND = "Variable / Field Name", "Field Type"
# what is validated as one of these names a person or tells a place
_PERSONAL = ("email", "phone", "ssn", "mrn", "zipcode", "postalcode", "vmrn")
_TAG = re.compile(r"<[^>]*>")
_NOT_CODE = re.compile(r"[^a-z0-9_]")
_FALSE_TRUE = {"0": "false", "1": "true"}


@dataclass(frozen=True)
class RedcapColumn:
    """A column of an export.

    Parameters
    ----------
    name : str
        Its name: the field, or ``field___code`` of a checkbox.
    form : str
        The form (instrument) that the field stands on.
    label : str
        The name that an export with labels gives it.
    variable : Variable or None
        What it is; None for what no variable can be made of (uploaded files, mere text).
    """

    name: str
    form: str
    label: str
    variable: Variable | None


def read_redcap_dictionary(
    name: str, folder: Path, gate: RowGate, *, labels: bool
) -> tuple[list[RedcapColumn], frozenset[str]]:
    """Read the dictionary of a project.

    Parameters
    ----------
    name : str
        File, relative to ``folder``.
    folder : Path
        Folder of the cohort file.
    gate : RowGate
        Takes down what is wrong of single fields.
    labels : bool
        Whether the cells of the export hold labels in place of codes.

    Returns
    -------
    list of RedcapColumn
        The columns that an export of the project may have.
    frozenset of str
        Fields of which the dictionary cannot be understood.

    Raises
    ------
    TableRefusedError
        ``dictionary_wrong`` if it is no dictionary of REDCap.
    """
    rows = read_rows(name, folder, gate, ())
    by_api = bool(rows) and _API_NAMES[_NAME] in rows[0]
    names = _API_NAMES if by_api else {column: column for column in _API_NAMES}
    if not rows or names[_NAME] not in rows[0] or names[_KIND] not in rows[0]:
        # refuses it, for the columns that make it one are not there
        read_rows(name, folder, gate, (_NAME, _KIND))
    found: dict[str, RedcapColumn] = {}
    wrong = set()
    for row in rows:
        field = {column: row.get(given, "") for column, given in names.items()}
        try:
            columns = list(_columns(field, labels=labels))
        except ValueError:
            detail = f"line {row[SOURCE_ROW]} of {name} cannot be understood"
            gate.refuse("dictionary_wrong", "variable", detail, column=field[_NAME])
            wrong.add(field[_NAME])
            continue
        found |= {column.name: column for column in columns}
    return list(found.values()), frozenset(wrong)


def choices(text: str) -> dict[str, str]:
    """Read the choices of a field: ``1, Male | 2, Female``.

    Examples
    --------
    >>> choices("1, Male | 2, Female, other")
    {'1': 'Male', '2': 'Female, other'}
    """
    found = {}
    for part in filter(None, (part.strip() for part in text.split("|"))):
        code, comma, label = part.partition(",")
        found[code.strip()] = plain(label if comma else code)
    return found


def plain(label: str) -> str:
    """Text of a label without the marks of HTML that REDCap allows in it."""
    return " ".join(_TAG.sub(" ", label).split())


def checkbox_column(field: str, code: str) -> str:
    """Name of the column of a choice of a checkbox field.

    Examples
    --------
    >>> checkbox_column("race", "-9")
    'race____9'
    """
    return f"{field}___{_NOT_CODE.sub('_', code.lower())}"


def _columns(field: Mapping[str, str], *, labels: bool) -> Iterator[RedcapColumn]:
    name, kind, form = field[_NAME], field[_KIND].lower(), field.get("Form Name", "")
    label = plain(field["Field Label"])
    if not name:
        return
    options = field["Choices, Calculations, OR Slider Labels"]
    if kind == "checkbox":
        for code, choice in choices(options).items():
            about = f"{label}: {choice}"
            said = _private(field) or Variable(type="boolean", description=about)
            column = checkbox_column(name, code)
            yield RedcapColumn(column, form, f"{label} (choice={choice})", said)
        return
    yield RedcapColumn(name, form, label, _variable(field, kind, label, options, labels=labels))


def _private(field: Mapping[str, str]) -> Variable | None:
    """Say of a field that the dictionary itself marks what kind of data must not come in."""
    check = field["Text Validation Type OR Show Slider Number"].lower()
    if field["Identifier?"].lower() in {"y", "yes", "1"} or check.startswith(_PERSONAL):
        return Variable(type="identifier")
    if check.startswith(("date_", "datetime_")) or check == "date":
        return Variable(type="date")
    return None


def _variable(
    field: Mapping[str, str], kind: str, label: str, options: str, *, labels: bool
) -> Variable | None:
    private = _private(field)
    if private is not None:
        return private
    check = field["Text Validation Type OR Show Slider Number"].lower()
    if kind in {"yesno", "truefalse"}:
        words = None if labels else _FALSE_TRUE
        return Variable(type="boolean", codes=words or {}, description=label)
    if kind in {"radio", "dropdown"}:
        coded = choices(options)
        codes = {meaning: meaning for meaning in coded.values()} if labels else coded
        return Variable(type="category", codes=codes, description=label)
    if kind in {"calc", "slider"}:
        return Variable(type="number", description=label)
    if kind in {"text", "notes", "sql"}:
        return _text(field, check, label)
    return None


def _text(field: Mapping[str, str], check: str, label: str) -> Variable:
    if not check.startswith(("integer", "number")):
        return Variable(type="text", description=label)
    decimal = "," if "comma_decimal" in check else "."
    limits = {
        name: float(limit.replace(",", "."))
        for name, limit in (
            ("minimum", field["Text Validation Min"]),
            ("maximum", field["Text Validation Max"]),
        )
        if limit
    }
    kind = "integer" if check.startswith("integer") else "number"
    return Variable.model_validate(
        {"type": kind, "decimal": decimal, "description": label, **limits}
    )
