"""A study folder as read: its data files, samples, case lists and panels, and what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from roentgene.ingest.study_folder.case_list import (
    CaseList,
    GenePanel,
    read_case_lists,
    read_panels,
)
from roentgene.ingest.study_folder.clinical_file import ClinicalFile, read_clinical
from roentgene.ingest.study_folder.findings import Finding
from roentgene.ingest.study_folder.key_values import KeyValues, read_key_values
from roentgene.ingest.study_folder.meta_file import DataFile, data_file_of, field_findings
from roentgene.schemas.errors import FileError
from roentgene.schemas.study_folder import study_format

STUDY_META = "meta_study.txt"
_META = re.compile(r"(?:^|_)meta(?:[_0-9.]|$)")
_CLINICAL = ("clinical", "sample")


class NoStudyFolderError(FileError):
    """A path that is no study folder."""

    code = "no_study_folder"


@dataclass(frozen=True)
class Study:
    """A study folder.

    Parameters
    ----------
    folder : Path
        Where it is.
    meta : KeyValues or None
        ``meta_study.txt``.
    data : tuple of DataFile
        Data files that a meta file describes, in the order of their meta files.
    clinical : tuple of ClinicalFile
        Clinical files that could be read.
    case_lists : mapping of str to CaseList
        By what their ``stable_id`` ends in.
    panels : mapping of str to GenePanel
        Gene panels whose files lie in the folder.
    metas : tuple of str
        Meta files, whatever they describe.
    samples : mapping of str to str
        Patient of every sample, as given.
    left_out : mapping of str to str
        Data files whose meta file cannot be used, with that file.
    findings : tuple of Finding
        What is wrong with the folder; not with the rows of its data.
    """

    folder: Path
    meta: KeyValues | None
    data: tuple[DataFile, ...]
    clinical: tuple[ClinicalFile, ...]
    case_lists: Mapping[str, CaseList]
    panels: Mapping[str, GenePanel]
    metas: tuple[str, ...]
    samples: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    @property
    def study_id(self) -> str | None:
        """The study's id."""
        return None if self.meta is None else self.meta.get("cancer_study_identifier")

    @property
    def files(self) -> list[str]:
        """Every file below the folder, hidden ones left out."""
        return sorted(
            path.relative_to(self.folder).as_posix()
            for path in self.folder.rglob("*")
            if path.is_file()
            and not any(part.startswith(".") for part in path.relative_to(self.folder).parts)
        )

    def of(self, *kinds: str) -> list[DataFile]:
        """Give the data files of some kinds, as the format calls them."""
        return [one for one in self.data if one.type.name in kinds]


def read_study(folder: Path, missing: Iterable[str]) -> Study:
    """Read a study folder: everything but the rows of its molecular data.

    Parameters
    ----------
    folder : Path
        The folder.
    missing : iterable of str
        Cells that mean no value.

    Raises
    ------
    NoStudyFolderError
        If there is no such folder, or no meta file in it.
    """
    if not folder.is_dir():
        msg = f"{folder}: there is no such folder"
        raise NoStudyFolderError(msg, "Give the folder that holds meta_study.txt")
    paths = sorted(path for path in folder.glob("*.txt") if _META.search(path.stem))
    if not paths:
        msg = f"{folder}: there is no meta file in it"
        raise NoStudyFolderError(msg, "Give the folder that holds meta_study.txt")
    read = [read_key_values(path, path.name) for path in paths]
    findings = [finding for _, found in read for finding in found]
    files = [file for file, _ in read if file is not None]
    meta = next((file for file in files if _is_study(file)), None)
    findings += _study_findings(meta)
    study_id = None if meta is None else meta.get("cancer_study_identifier")
    described = [data_file_of(file, folder, study_id) for file in files if file is not meta]
    findings += [finding for _, found in described for finding in found]
    data, twice = _each_once([one for one, _ in described if one is not None])
    clinical, of_clinical = _clinical(data, missing)
    case_lists, of_lists = read_case_lists(folder, study_id)
    panels, of_panels = read_panels(folder)
    return Study(
        folder,
        meta,
        tuple(data),
        tuple(clinical),
        {one.of: one for one in case_lists},
        panels,
        tuple(path.name for path in paths),
        {
            s: p
            for file in clinical
            if file.level == "sample"
            for s, p in file.pairs(missing).items()
        },
        _left_out(files, data),
        tuple([*findings, *twice, *of_clinical, *of_lists, *of_panels]),
    )


def _left_out(metas: Iterable[KeyValues], data: Iterable[DataFile]) -> dict[str, str]:
    taken = {one.name for one in data}
    named = {meta.get("data_filename"): meta.name for meta in metas}
    return {name: meta for name, meta in named.items() if name is not None and name not in taken}


def _is_study(file: KeyValues) -> bool:
    described = "genetic_alteration_type" in file.fields or "resource_type" in file.fields
    return file.name == STUDY_META or ("type_of_cancer" in file.fields and not described)


def _study_findings(meta: KeyValues | None) -> list[Finding]:
    if meta is None:
        return [Finding("file_missing", "there is no meta_study.txt", STUDY_META)]
    facts = study_format()["study"]
    return field_findings(meta, facts["required"], facts["optional"])


def _each_once(data: Iterable[DataFile]) -> tuple[list[DataFile], list[Finding]]:
    """Leave out what is described twice, and profiles of one name."""
    kept: list[DataFile] = []
    findings = []
    for one in data:
        same_file = next((other for other in kept if other.name == one.name), None)
        same_id = next((other for other in kept if _one_profile(one, other)), None)
        if same_file is not None:
            detail = f"{same_file.meta.name} describes it too"
            findings.append(one.meta.finding("stable_id_twice", detail, "data_filename", one.name))
        elif same_id is not None:
            detail = f"{same_id.meta.name} has it too"
            findings.append(
                one.meta.finding("stable_id_twice", detail, "stable_id", one.stable_id or "")
            )
        else:
            kept.append(one)
    return kept, findings


def _one_profile(one: DataFile, other: DataFile) -> bool:
    return one.stable_id is not None and one.stable_id == other.stable_id


def _clinical(
    data: Iterable[DataFile], missing: Iterable[str]
) -> tuple[list[ClinicalFile], list[Finding]]:
    kept, findings = [], []
    n_sample_files = 0
    for one in data:
        if one.type.becomes in _CLINICAL:
            n_sample_files += one.type.becomes == "sample"
            file, found = read_clinical(one, missing)
            findings += found
            kept += [] if file is None else [file]
    if not n_sample_files:
        detail = "no meta file describes clinical data with SAMPLE_ATTRIBUTES"
        findings.append(Finding("no_sample_file", detail))
    return kept, findings
