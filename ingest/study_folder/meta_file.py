"""Meta files: what each of them says of its data file, and whether the format allows it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from roentgene.ingest.study_folder.findings import Finding, shown
from roentgene.ingest.study_folder.key_values import KeyValues
from roentgene.schemas.study_folder import FileType, file_types, resource_type, study_format

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+-]{0,99}")
_MAY_BE_EMPTY = frozenset({"name", "description", "profile_name", "profile_description"})
_TYPE_FIELDS = ("genetic_alteration_type", "datatype")


@dataclass(frozen=True)
class DataFile:
    """A data file with what its meta file says.

    Parameters
    ----------
    name : str
        The file below the study folder.
    path : Path
        Where it is.
    meta : KeyValues
        Its meta file.
    type : FileType
        What kind of file it is.
    """

    name: str
    path: Path
    meta: KeyValues
    type: FileType

    @property
    def datatype(self) -> str:
        """What the meta file calls the form of the data."""
        return self.meta.fields.get("datatype", "")

    @property
    def stable_id(self) -> str | None:
        """Name of the profile, where the file has one."""
        return self.meta.get("stable_id")

    def finding(
        self, rule: str, message: str, line: int | None = None, column: str | None = None,
        *values: str,
    ) -> Finding:  # fmt: skip
        """Make a finding about the data file itself."""
        return Finding(rule, message, self.name, line, column, values)


def data_file_of(
    meta: KeyValues, folder: Path, study_id: str | None
) -> tuple[DataFile | None, list[Finding]]:
    """Say what data file a meta file is about.

    Parameters
    ----------
    meta : KeyValues
        The meta file.
    folder : Path
        The study folder.
    study_id : str or None
        The study's id, where ``meta_study.txt`` says it.

    Returns
    -------
    DataFile or None
        None where it is left out.
    list of Finding
        Why, and what else is wrong.
    """
    kind, findings = _type_of(meta)
    if kind is None:
        return None, findings
    findings += field_findings(meta, kind.required, kind.optional)
    findings += other_study(meta, study_id)
    findings += _profile_findings(meta)
    name = meta.get("data_filename")
    if name is None or any(one.severity == "error" for one in findings):
        return None, findings
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        detail = "the path leads out of the study folder"
        return None, [*findings, meta.finding("path_outside", detail, "data_filename", name)]
    if not path.is_file():
        detail = f"there is no file {name!r}{_hint(name, [p.name for p in folder.iterdir()])}"
        return None, [*findings, meta.finding("file_missing", detail, "data_filename", name)]
    return DataFile(Path(name).as_posix(), path, meta, kind), findings


def field_findings(
    meta: KeyValues, required: Collection[str], optional: Collection[str]
) -> list[Finding]:
    """Compare the fields of a file with those that its kind has, and their values."""
    known = [*required, *optional]
    found = []
    for field in required:
        if field not in meta.fields or not (meta.fields[field] or field in _MAY_BE_EMPTY):
            what = "is empty" if field in meta.fields else "is missing"
            found.append(meta.finding("meta_field_missing", f"{field} {what}", field))
    for field in meta.fields:
        if field not in known:
            hint = _hint(field, [name for name in known if name not in meta.fields])
            found.append(
                meta.finding("meta_field_unknown", f"the format has no such field{hint}", field)
            )
    allowed: Mapping[str, list[str]] = study_format()["values"]
    for field, values in allowed.items():
        value = meta.fields.get(field)
        if value and field in known and value not in values:
            detail = f"it is none of {', '.join(values)}"
            found.append(meta.finding("meta_field_wrong", detail, field, value))
    return found


def other_study(meta: KeyValues, study_id: str | None) -> Iterator[Finding]:
    """Find out whether a file is of another study than its folder."""
    given = meta.get("cancer_study_identifier")
    if study_id is not None and given is not None and given != study_id:
        detail = f"meta_study.txt says {study_id!r}"
        yield meta.finding("study_id_differs", detail, "cancer_study_identifier", given)


def _type_of(meta: KeyValues) -> tuple[FileType | None, list[Finding]]:
    if "resource_type" in meta.fields and "genetic_alteration_type" not in meta.fields:
        return resource_type(), []
    missing = [field for field in _TYPE_FIELDS if not meta.fields.get(field)]
    if missing:
        found = [
            meta.finding("meta_field_missing", f"{field} is missing", field) for field in missing
        ]
        return None, found
    alteration, datatype = (meta.fields[field] for field in _TYPE_FIELDS)
    kind = file_types().get((alteration, datatype))
    if kind is not None:
        return kind, []
    datatypes = [known for other, known in file_types() if other == alteration]
    if datatypes:
        detail = f"the datatypes of {alteration} are {', '.join(datatypes)}"
        return None, [meta.finding("meta_type_unknown", detail, "datatype", datatype)]
    if alteration == "FUSION":
        detail = "the format has no fusions any more; write them as STRUCTURAL_VARIANT"
    else:
        names = sorted({known for known, _ in file_types()})
        detail = f"there is no such type{_hint(alteration, names)}"
    return None, [meta.finding("meta_type_unknown", detail, "genetic_alteration_type", alteration)]


def _profile_findings(meta: KeyValues) -> Iterator[Finding]:
    stable_id = meta.get("stable_id")
    if stable_id is None:
        return
    if not _NAME.fullmatch(stable_id):
        detail = "a profile is named by letters, digits, blanks, points, underscores and hyphens"
        yield meta.finding("meta_field_wrong", detail, "stable_id", stable_id)
        return
    of = " ".join(meta.fields[field] for field in _TYPE_FIELDS)
    known = study_format()["stable_ids"].get(of)
    if known is not None and stable_id not in known:
        detail = f"the portal knows {shown(known)} as {of}{_hint(stable_id, known)}"
        yield meta.finding("stable_id_unknown", detail, "stable_id", stable_id)


def _hint(name: str, others: Collection[str]) -> str:
    near = get_close_matches(name, others, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
