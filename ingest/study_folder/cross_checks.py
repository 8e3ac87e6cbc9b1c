"""What only several files of a study folder tell: whose samples, which profiles, which panels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import polars as pl

from roentgene.ingest.study_folder.case_list import CaseList, unknown_samples
from roentgene.ingest.study_folder.clinical_file import PATIENT, SAMPLE, several_samples
from roentgene.ingest.study_folder.data_header import (
    distinct_cells,
    read_header,
    sample_columns,
)
from roentgene.ingest.study_folder.findings import Finding
from roentgene.ingest.study_folder.meta_file import DataFile
from roentgene.ingest.study_folder.study import Study
from roentgene.schemas.panel_tables import WHOLE_WORDS

#: Words of a panel matrix that name no panel.
NO_PANEL = frozenset({"NA", *WHOLE_WORDS})
_GENES = ("Hugo_Symbol", "Entrez_Gene_Id", "Cytoband")
# what a case list says was profiled, and the columns of samples of its long data
_LISTED = (
    ("sequenced", ("mutation",), ("Tumor_Sample_Barcode",)),
    ("cna", ("copy_number", "copy_number_long"), ("Sample_Id",)),
    ("sv", ("structural_variant",), ("Sample_Id",)),
)
_SUMMARY = "DISCRETE"


def check_across(study: Study, missing: Iterable[str]) -> list[Finding]:
    """Check what the files of a study folder say of each other.

    Parameters
    ----------
    study : Study
        The folder.
    missing : iterable of str
        Cells that mean no value.
    """
    words = tuple(missing)
    checks: tuple[Callable[[], Iterable[Finding]], ...] = (
        lambda: _people(study, words),
        lambda: unknown_samples(study.case_lists.values(), study.samples),
        lambda: _profiled(study),
        lambda: _sources(study),
        lambda: _panels(study),
    )
    return [finding for check in checks for finding in check()]


def _people(study: Study, missing: tuple[str, ...]) -> Iterator[Finding]:
    files = {file.level: file for file in reversed(study.clinical)}
    with_samples = set(study.samples.values())
    if "sample" not in files:
        return
    several = several_samples(study.samples)
    if several:
        detail = f"{len(several)} of {len(with_samples)} patients have several samples"
        yield files["sample"].data.finding("several_samples", detail, None, SAMPLE, *several)
    if "patient" not in files:
        return
    of_patients = [file.patients(missing) for file in study.clinical if file.level == "patient"]
    patients = set().union(*of_patients)
    alone = sorted(patients - with_samples)
    if alone:
        detail = f"{len(alone)} of {len(patients)} patients have no sample"
        yield files["patient"].data.finding("patient_without_sample", detail, None, PATIENT, *alone)
    strangers = sorted(with_samples - patients)
    if strangers:
        detail = f"{len(strangers)} patients of samples are not in {files['patient'].data.name}"
        yield files["sample"].data.finding(
            "sample_without_patient", detail, None, PATIENT, *strangers
        )


def _profiled(study: Study) -> Iterator[Finding]:
    """Compare what case lists say was profiled with the samples that stand in the data."""
    for of, kinds, columns in _LISTED:
        data = [one for one in study.of(*kinds) if of != "cna" or _SUMMARY in one.datatype]
        if not data:
            continue
        listed = study.case_lists.get(of)
        if listed is None:
            if of != "sv":
                detail = f"there is no case list whose stable_id ends in _{of}"
                yield data[0].finding("case_list_missing", detail)
            continue
        lines: dict[str, int] = {}
        for one in data:
            lines |= samples_of(one, columns)
        yield from _against_list(study, listed, data[0], lines)


def _against_list(
    study: Study, listed: CaseList, data: DataFile, lines: dict[str, int]
) -> Iterator[Finding]:
    without = [sample for sample in listed.samples if sample not in lines]
    if without:
        detail = f"{len(without)} of its {len(listed.samples)} samples have no row in {data.name}"
        yield listed.file.finding("case_list_without_data", detail, "case_list_ids", *without)
    names = set(listed.samples)
    for sample, line in lines.items():
        # a sample that nobody knows is refused by its own code
        if sample not in names and sample in study.samples:
            detail = f"{listed.name} does not name the sample"
            yield data.finding("sample_not_in_case_list", detail, line, None, sample)


def samples_of(data: DataFile, columns: tuple[str, ...]) -> dict[str, int]:
    """Find the samples of a data file with the line on which each stands first.

    Parameters
    ----------
    data : DataFile
        The file.
    columns : tuple of str
        Columns that name the sample of a row; a file without them is a matrix of samples.
    """
    header = read_header(data.path)
    column = header.first(*columns)
    if column is None:
        return dict.fromkeys(sample_columns(header, _GENES), header.line)
    cells = distinct_cells(data.path, header, column)
    return {str(cell): int(line) for line, cell in cells.iter_rows()}


def _sources(study: Study) -> Iterator[Finding]:
    """Check that the profiles exist which others were made from."""
    profiles = [one.stable_id for one in study.data if one.stable_id is not None]
    for one in study.data:
        source = one.meta.get("source_stable_id")
        if source is None:
            continue
        if source == one.stable_id:
            detail = "a profile cannot be made from itself"
            yield one.meta.finding("source_profile_unknown", detail, "source_stable_id", source)
        elif source not in profiles:
            detail = "it is the stable_id of no profile of the folder"
            yield one.meta.finding("source_profile_unknown", detail, "source_stable_id", source)


def _panels(study: Study) -> Iterator[Finding]:
    for one in study.data:
        panel = one.meta.get("gene_panel")
        if panel is not None and panel not in study.panels and panel not in NO_PANEL:
            yield one.meta.finding("gene_panel_missing", _NO_GENES, "gene_panel", panel)
    profiles = {one.stable_id for one in study.data}
    for matrix in study.of("gene_panel_matrix"):
        header = read_header(matrix.path)
        for column in header.columns:
            if column.casefold() == "sample_id":
                continue
            if column not in profiles:
                detail = "it is the stable_id of no profile of the folder"
                yield matrix.finding("profile_unknown", detail, header.line, column, column)
            cells = distinct_cells(matrix.path, header, column)
            unknown = cells.filter(~pl.col("cell").is_in([*NO_PANEL, *study.panels]))
            for line, cell in unknown.iter_rows():
                yield matrix.finding("gene_panel_missing", _NO_GENES, int(line), column, str(cell))


_NO_GENES = "no file of the folder lists the genes of this panel"
