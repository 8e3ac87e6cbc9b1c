"""What is needed to declare the data files of a study folder, and what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from roentgene.ingest.study_folder.case_list import CaseList
from roentgene.ingest.study_folder.data_header import read_header
from roentgene.ingest.study_folder.findings import Finding
from roentgene.ingest.study_folder.meta_file import DataFile
from roentgene.ingest.study_folder.study import Study
from roentgene.schemas.cohort_tables import TableDeclaration
from roentgene.schemas.study_folder import StudyFolder, study_format

#: Genome builds by the names that study folders give them.
BUILDS: Mapping[str, Literal["GRCh37", "GRCh38"]] = {"hg19": "GRCh37", "hg38": "GRCh38"}
_TABLE: TypeAdapter[TableDeclaration] = TypeAdapter(TableDeclaration)
_NOT_STATED = "not stated"


class NotTakenError(Exception):
    """A data file that becomes no table.

    Parameters
    ----------
    detail : str
        Why.
    rule : str
        Reason code of it.
    """

    def __init__(self, detail: str, rule: str = "not_supported_yet") -> None:
        super().__init__(detail)
        self.detail = detail
        self.rule = rule


@dataclass(frozen=True)
class Making:
    """What is needed to declare the data files of a study folder.

    Parameters
    ----------
    declared : StudyFolder
        What the cohort file says of the folder.
    study : Study
        The folder as read.
    day_zero : str
        Event from which the cohort counts its days.
    """

    declared: StudyFolder
    study: Study
    day_zero: str

    def path(self, name: str) -> str:
        """Path of a file of the folder, relative to the cohort file."""
        return f"{self.declared.file.rstrip('/')}/{name}"

    def table(self, kind: str, name: str, **keys: Any) -> TableDeclaration:
        """Declare a file of the folder as a table.

        Raises
        ------
        NotTakenError
            If what its meta file says is nothing that a table can have.
        """
        given = {"kind": kind, "file": self.path(name), **keys}
        try:
            return _TABLE.validate_python({k: v for k, v in given.items() if v is not None})
        except ValidationError as error:
            first = error.errors()[0]
            detail = f"{'.'.join(str(part) for part in first['loc'][1:])}: {first['msg']}"
            raise NotTakenError(detail, "meta_field_wrong") from error

    def of_patients(self, kind: str, name: str, **keys: Any) -> TableDeclaration:
        """Declare a table with ids of patients or samples."""
        usual = {"missing": self.declared.missing, "normalise": self.declared.normalise}
        return self.table(kind, name, **{**usual, **keys})

    @property
    def genome(self) -> Literal["GRCh37", "GRCh38"] | None:
        """Genome build of the study, where it is said."""
        stated = None if self.study.meta is None else self.study.meta.get("reference_genome")
        return self.declared.genome or BUILDS.get(stated or "")

    def unit(self, data: DataFile) -> tuple[str, list[Finding]]:
        """Tell the unit of a profile: as declared, else as its stable id stands for it."""
        stable_id = data.stable_id or ""
        of = f"{data.meta.fields.get('genetic_alteration_type', '')} {data.datatype}"
        known = study_format()["stable_ids"].get(of, {}).get(stable_id)
        usual = "z-score" if data.datatype == "Z-SCORE" else None
        unit = self.declared.units.get(stable_id) or known or usual
        if unit is not None:
            return str(unit), []
        detail = f"neither the format nor the cohort file says the unit of {stable_id}"
        return _NOT_STATED, [data.finding("unit_not_stated", detail)]

    def listed(self, of: str) -> dict[str, str] | None:
        """Name the case list of what was profiled, as declarations do."""
        found: CaseList | None = self.study.case_lists.get(of)
        return None if found is None else {"file": self.path(found.name)}

    def in_matrix(self, *stable_ids: str | None) -> bool:
        """Whether a gene panel matrix has a column for a profile."""
        headers = [read_header(one.path) for one in self.study.of("gene_panel_matrix")]
        return any(header.first(one) for header in headers for one in stable_ids if one)


Made = tuple[list[TableDeclaration], list[Finding]]
