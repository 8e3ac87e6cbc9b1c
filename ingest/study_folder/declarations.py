"""What each molecular data file of a study folder is declared as: ordinary tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from roentgene.ingest.study_folder.clinical_file import SAMPLE
from roentgene.ingest.study_folder.data_header import Header, read_header
from roentgene.ingest.study_folder.making import BUILDS, Made, Making, NotTakenError
from roentgene.ingest.study_folder.meta_file import DataFile
from roentgene.schemas.cohort_tables import TableDeclaration
from roentgene.schemas.panel_tables import WHOLE_WORDS

_WHOLE = frozenset(word.casefold() for word in WHOLE_WORDS)
_COPY_NUMBERS = {"DISCRETE": "discrete", "DISCRETE_LONG": "discrete", "LOG2-VALUE": "log2"}


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
    genome = BUILDS[data.meta.fields["reference_genome_id"]]
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
    if samples is None and panel is None:
        return None
    if panel is not None and panel.casefold() in _WHOLE:
        panel = None
    genes = {"genes": "all"} if panel is None else {"genes": "panel", "panel": panel}
    return {"assay": assay, "samples": samples or "in_file", **genes}


def _matrix(data: DataFile, making: Making) -> Made:
    header = read_header(data.path)
    profiled = {
        assay: listed
        for assay, column, of in (
            ("mutation", "mutations", "sequenced"),
            ("structural_variant", "structural_variants", "sv"),
        )
        if header.first(column) and (listed := making.listed(of)) is not None
    }
    named = header.first(SAMPLE) or SAMPLE
    return [making.of_patients("gene_panel_matrix", data.name, id=named, profiled=profiled)], []


def declare_panels(making: Making) -> list[TableDeclaration]:
    """Declare the gene panels whose files lie in the folder."""
    return [
        making.table("gene_panel", one.file.name, missing=making.declared.missing)
        for one in making.study.panels.values()
    ]


def declare_gene_sets(making: Making) -> list[TableDeclaration]:
    """Declare the gene sets that lie in the folder, where a meta file says their version."""
    versions = (one.meta.get("geneset_def_version") for one in making.study.of("gene_set_score"))
    version = next((one for one in versions if one is not None), None)
    if version is None:
        return []
    given = [name for name in making.study.files if name.endswith(".gmt")]
    return [
        making.table("gene_set", name, collection=PurePosixPath(name).stem, version=version)
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
