"""What each data file of a study folder is declared as: ordinary tables of a cohort file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

from pydantic import TypeAdapter

from roentgene.ingest.study_folder.case_list import CaseList
from roentgene.ingest.study_folder.clinical_file import SAMPLE
from roentgene.ingest.study_folder.data_header import Header, read_header
from roentgene.ingest.study_folder.findings import Finding
from roentgene.ingest.study_folder.meta_file import DataFile
from roentgene.ingest.study_folder.study import Study
from roentgene.schemas.cohort_tables import TableDeclaration
from roentgene.schemas.study_folder import StudyFolder, study_format

_BUILDS: Mapping[str, Literal["GRCh37", "GRCh38"]] = {"hg19": "GRCh37", "hg38": "GRCh38"}
_COPY_NUMBERS = {"DISCRETE": "discrete", "DISCRETE_LONG": "discrete", "LOG2-VALUE": "log2"}
_TABLE: TypeAdapter[TableDeclaration] = TypeAdapter(TableDeclaration)
NOT_STATED = "not stated"


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
        """Declare a file of the folder as a table."""
        given = {"kind": kind, "file": self.path(name), "missing": self.declared.missing, **keys}
        return _TABLE.validate_python({k: v for k, v in given.items() if v is not None})

    def of_patients(self, kind: str, name: str, **keys: Any) -> TableDeclaration:
        """Declare a table with ids of patients or samples."""
        return self.table(kind, name, normalise=self.declared.normalise, **keys)

    @property
    def genome(self) -> Literal["GRCh37", "GRCh38"] | None:
        """Genome build of the study, where it is said."""
        stated = None if self.study.meta is None else self.study.meta.get("reference_genome")
        return self.declared.genome or _BUILDS.get(stated or "")

    def unit(self, data: DataFile) -> tuple[str, list[Finding]]:
        """Unit of the values of a profile: as declared, else as its stable id stands for it."""
        stable_id = data.stable_id or ""
        of = f"{data.meta.fields.get('genetic_alteration_type', '')} {data.datatype}"
        known = study_format()["stable_ids"].get(of, {}).get(stable_id)
        usual = "z-score" if data.datatype == "Z-SCORE" else None
        unit = self.declared.units.get(stable_id) or known or usual
        if unit is not None:
            return str(unit), []
        detail = f"neither the format nor the cohort file says the unit of {stable_id}"
        return NOT_STATED, [data.finding("unit_not_stated", detail)]

    def listed(self, of: str) -> dict[str, str] | None:
        """Name the case list of what was profiled, as declarations do."""
        found: CaseList | None = self.study.case_lists.get(of)
        return None if found is None else {"file": self.path(found.name)}

    def in_matrix(self, *stable_ids: str | None) -> bool:
        """Whether a gene panel matrix has a column for a profile."""
        headers = [read_header(one.path) for one in self.study.of("gene_panel_matrix")]
        return any(header.first(one) for header in headers for one in stable_ids if one)


Made = tuple[list[TableDeclaration], list[Finding]]


def declare(data: DataFile, making: Making) -> Made:
    """Declare a molecular data file.

    Parameters
    ----------
    data : DataFile
        The file; clinical ones are declared elsewhere.
    making : Making
        The folder.

    Raises
    ------
    NotTakenError
        If it is of a kind that is not taken.
    """
    maker = _MAKERS.get(data.type.name)
    if maker is None:
        raise NotTakenError(data.type.because)
    return maker(data, making)


def _copy_number(data: DataFile, making: Making) -> Made:
    if data.datatype == "CONTINUOUS":
        # relative numbers are none of copies, and no log ratios
        unit, findings = making.unit(data)
        return [_assay(data, making, "copy_number", _gene(data), unit)], findings
    keys = {"profile": data.stable_id, "values": _COPY_NUMBERS[data.datatype]}
    return [making.of_patients("copy_number", data.name, **keys, **_genes(data))], []


def _segment(data: DataFile, making: Making) -> Made:
    genome = _BUILDS[data.meta.fields["reference_genome_id"]]
    return [making.of_patients("segment", data.name, genome=genome)], []


def _expression(data: DataFile, making: Making) -> Made:
    unit, findings = making.unit(data)
    keys = {"profile": data.stable_id, "unit": unit, "value_scale": _scale(data)}
    return [making.of_patients("expression", data.name, **keys, **_genes(data))], findings


def _methylation(data: DataFile, making: Making) -> Made:
    header = read_header(data.path)
    gene = header.first("Hugo_Symbol", "Entrez_Gene_Id")
    keys = {"profile": data.stable_id, "values": "beta", "layout": "probes_in_rows"}
    names = "probe" if gene is None else "gene"
    probe = gene or _entity(header, "ENTITY_STABLE_ID")
    return [making.of_patients("methylation", data.name, probe=probe, names=names, **keys)], []


def _protein(data: DataFile, making: Making) -> Made:
    unit, findings = making.unit(data)
    entity = _entity(read_header(data.path), "Composite.Element.REF")
    return [_assay(data, making, "protein", entity, unit)], findings


def _gene_set_score(data: DataFile, making: Making) -> Made:
    unit, findings = making.unit(data)
    entity = _entity(read_header(data.path), "geneset_id")
    return [_assay(data, making, "gene_set_score", entity, unit)], findings


def _generic_assay(data: DataFile, making: Making) -> Made:
    if data.datatype != "LIMIT-VALUE":
        msg = f"its values are words ({data.datatype})"
        raise NotTakenError(msg)
    if data.meta.fields.get("patient_level") == "true":
        msg = "its values are of patients and not of samples"
        raise NotTakenError(msg)
    unit = making.declared.units.get(data.stable_id or "")
    entity = _entity(read_header(data.path), "ENTITY_STABLE_ID")
    properties = data.meta.fields.get("generic_entity_meta_properties", "").split(",")
    ignore = [one.strip() for one in properties if one.strip()]
    assay = data.meta.fields["generic_assay_type"].lower()
    table = _assay(data, making, assay, entity, unit, ignore=ignore, limits=True)
    return [table], []


def _assay(
    data: DataFile, making: Making, assay: str, entity: str, unit: str | None, **keys: Any
) -> TableDeclaration:
    return making.of_patients(
        "assay_value", data.name, profile=data.stable_id, assay=assay, entity=entity, unit=unit,
        layout="entities_in_rows", value_scale=_scale(data), **keys,
    )  # fmt: skip


def _mutation(data: DataFile, making: Making) -> Made:
    profiled = None
    if not making.in_matrix(data.stable_id):
        profiled = _profiled(data, making, "mutation", "sequenced")
    keys = {"genome": making.genome, "profiled": profiled, "missing": _with_dot(making)}
    return [making.of_patients("mutation", data.name, **keys)], []


def _structural_variant(data: DataFile, making: Making) -> Made:
    profiled = None
    if not making.in_matrix(data.stable_id):
        profiled = _profiled(data, making, "structural_variant", "sv")
    keys = {"genome": making.genome, "profiled": profiled, "missing": _with_dot(making)}
    return [making.of_patients("structural_variant", data.name, **keys)], []


def _profiled(data: DataFile, making: Making, assay: str, of: str) -> dict[str, Any] | None:
    """Say what was looked at: the samples of the case list, the genes of the panel of the file."""
    samples, panel = making.listed(of), data.meta.get("gene_panel")
    if panel not in making.study.panels:
        panel = None
    if samples is None and panel is None:
        return None
    genes = {"genes": "all"} if panel is None else {"genes": "panel", "panel": panel}
    return {"assay": assay, "samples": samples or "in_file", **genes}


def _matrix(data: DataFile, making: Making) -> Made:
    header = read_header(data.path)
    profiled = {
        assay: listed
        for assay, columns, of in (
            ("mutation", ("mutations", "mutations_uncalled"), "sequenced"),
            ("structural_variant", ("structural_variants",), "sv"),
        )
        if header.first(*columns) and (listed := making.listed(of)) is not None
    }
    column = header.first(SAMPLE) or SAMPLE
    return [making.of_patients("gene_panel_matrix", data.name, id=column, profiled=profiled)], []


def declare_panels(making: Making) -> list[TableDeclaration]:
    """Declare the gene panels whose files lie in the folder."""
    return [making.table("gene_panel", one.file.name) for one in making.study.panels.values()]


def declare_gene_sets(making: Making) -> list[TableDeclaration]:
    """Declare the gene sets that lie in the folder, where a meta file says their version."""
    versions = (one.meta.get("geneset_def_version") for one in making.study.of("gene_set_score"))
    version = next((one for one in versions if one is not None), None)
    if version is None:
        return []
    given = [name for name in making.study.files if name.endswith(".gmt")]
    return [
        _TABLE.validate_python(
            {
                "kind": "gene_set",
                "file": making.path(name),
                "collection": PurePosixPath(name).stem,
                "version": version,
            }
        )
        for name in given
    ]


def _with_dot(making: Making) -> tuple[str, ...]:
    """Words for no value in tables of variants, where a point is one."""
    return (*making.declared.missing, ".")


def _scale(data: DataFile) -> str:
    return "zscore" if data.datatype == "Z-SCORE" else "raw"


def _genes(data: DataFile) -> dict[str, str]:
    """Layout of a matrix of genes, and its columns."""
    header = read_header(data.path)
    sample = header.first("Sample_Id")
    gene = _gene(data)
    if data.datatype == "DISCRETE_LONG":
        columns = {"sample": sample or "Sample_Id", "value": header.first("Value") or "Value"}
        return {"layout": "long", "gene": gene, **columns}
    return {"layout": "genes_in_rows", "gene": gene}


def _gene(data: DataFile) -> str:
    return read_header(data.path).first("Hugo_Symbol", "Entrez_Gene_Id") or "Hugo_Symbol"


def _entity(header: Header, usual: str) -> str:
    return header.first(usual) or usual


_MAKERS: Mapping[str, Callable[[DataFile, Making], Made]] = {
    "copy_number": _copy_number,
    "copy_number_long": _copy_number,
    "segment": _segment,
    "expression": _expression,
    "methylation": _methylation,
    "protein": _protein,
    "gene_set_score": _gene_set_score,
    "generic_assay": _generic_assay,
    "mutation": _mutation,
    "structural_variant": _structural_variant,
    "gene_panel_matrix": _matrix,
}
