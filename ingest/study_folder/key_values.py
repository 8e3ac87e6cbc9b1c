"""Files of lines ``field: value``: meta files, case lists and gene panels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from roentgene.ingest.study_folder.findings import Finding

# no meta file is larger; a case list of a million samples is smaller
_MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class KeyValues:
    """A file of fields.

    Parameters
    ----------
    name : str
        File below the study folder.
    fields : mapping of str to str
        Value of each field, blanks around it taken away.
    lines : mapping of str to int
        Line on which each field stands.
    """

    name: str
    fields: Mapping[str, str]
    lines: Mapping[str, int]

    def get(self, field: str) -> str | None:
        """Value of a field; None where it is missing or empty."""
        return self.fields.get(field) or None

    def finding(self, rule: str, message: str, field: str | None = None, *values: str) -> Finding:
        """Make a finding about a field of this file."""
        line = self.lines.get(field) if field is not None else None
        return Finding(rule, message, self.name, line, field, values)

    def items(self, field: str) -> list[str]:
        """Parts of a field whose value is a list with tabs in between."""
        parts = self.fields.get(field, "").split("\t")
        return [part.strip() for part in parts if part.strip()]


def read_key_values(path: Path, name: str) -> tuple[KeyValues | None, list[Finding]]:
    """Read a file of fields.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        What messages call it.

    Returns
    -------
    KeyValues or None
        Its fields; None where it cannot be read as text, or a line is none.
    list of Finding
        ``folder_file_unreadable``, and ``meta_field_wrong`` for a field with two values, of which
        the first stands.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None, [Finding("folder_file_unreadable", "it is larger than 64 MiB", name)]
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        detail = f"it cannot be opened ({type(error).__name__})"
        return None, [Finding("folder_file_unreadable", detail, name)]
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return None, [Finding("folder_file_unreadable", "it is not UTF-8 text", name, line)]
    fields: dict[str, str] = {}
    lines: dict[str, int] = {}
    findings = []
    for number, content in enumerate(_lines(text), start=1):
        if not content.strip():
            continue
        field, colon, value = content.partition(":")
        field, value = field.strip(), value.strip()
        if not colon or not field:
            findings.append(Finding("folder_file_unreadable", "there is no ':'", name, number))
        elif fields.setdefault(field, value) != value:
            detail = f"it stands on line {lines[field]} too, with another value"
            findings.append(Finding("meta_field_wrong", detail, name, number, field))
        lines.setdefault(field, number)
    broken = not fields or any(one.rule == "folder_file_unreadable" for one in findings)
    if not fields and not findings:
        findings.append(Finding("folder_file_unreadable", "the file is empty", name))
    return (None if broken else KeyValues(name, fields, lines)), findings


def _lines(text: str) -> list[str]:
    """Lines by the ends of all systems, and by nothing else that Python takes for one."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
