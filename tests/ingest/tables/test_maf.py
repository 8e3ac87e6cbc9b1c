"""MAFs of different times and sources."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from roentgene.ingest.tables import StagedTables
from roentgene.ingest.tables.genome_builds import builds_named
from roentgene.ingest.tables.maf_columns import maf_columns

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

ROW = {
    "Hugo_Symbol": "IDH1",
    "Entrez_Gene_Id": "3417",
    "Chromosome": "2",
    "Start_Position": "209113112",
    "End_Position": "209113112",
    "Strand": "+",
    "Variant_Classification": "Missense_Mutation",
    "Reference_Allele": "C",
    "Tumor_Seq_Allele1": "C",
    "Tumor_Seq_Allele2": "T",
    "Tumor_Sample_Barcode": "S1",
    "Protein_Change": "p.R132H",
    "FILTER": "PASS",
}
APL = {"variant_classification": {"ITD": "In_Frame_Ins"}, "hugo_symbol": {"FLT3_ITD": "FLT3"}}


def staged_rows(
    stage: Stage, *changes: dict[str, str], declared: dict[str, Any] | None = None, **more: Any
) -> StagedTables:
    columns = list(dict.fromkeys([*ROW, *(name for change in changes for name in change)]))
    rows = [{**ROW, **change} for change in changes]
    lines = ["\t".join(row.get(column, "") for column in columns) for row in rows]
    content = "\n".join(["\t".join(columns), *lines]) + "\n"
    maf = {"kind": "mutation", "genome": "GRCh37", **(declared or {})}
    return stage(content, maf, name="calls.maf", **more)


def cells(staged: StagedTables, *columns: str) -> list[tuple[Any, ...]]:
    return staged.rows["genomic.mutation"].select(columns).rows()


@pytest.mark.parametrize(
    ("cell", "stored"),
    [("R132H", "p.R132H"), ("p.R132H", "p.R132H"), ("2122_2123fs", "p.2122_2123fs"), ("", None)],
)
def test_a_protein_change_has_its_prefix(stage: Stage, cell: str, stored: str | None) -> None:
    staged = staged_rows(stage, {"Protein_Change": cell})
    assert cells(staged, "hgvsp_short") == [(stored,)]


def test_names_of_columns_are_believed_in_their_order() -> None:
    present = ["amino_acid_change", "HGVSP_SHORT", "End_position", "CHROMOSOME"]
    found = maf_columns(present, {"filter": "my_filter"}, "a.maf")
    assert found == {
        "chromosome": "CHROMOSOME",
        "end_position": "End_position",
        "hgvsp_short": "HGVSP_SHORT",
        "filter": "my_filter",
    }


def test_a_column_of_its_own_name(stage: Stage, told: Told) -> None:
    change = {"Protein_Change": "", "effect": "p.R132C"}
    staged = staged_rows(stage, change, declared={"columns": {"hgvsp_short": "effect"}})
    assert cells(staged, "hgvsp_short") == [("p.R132C",)]
    wrong = staged_rows(stage, {}, declared={"columns": {"hgvsp_short": "efect"}})
    assert told(wrong) == [("missing_column", None, "efect")]
    unknown = staged_rows(stage, {}, declared={"columns": {"protein": "effect"}})
    assert [r.reason_code for r in unknown.refusals] == ["missing_column"]


def test_genes_go_by_their_approved_symbols(stage: Stage) -> None:
    changes = [
        {"Hugo_Symbol": "MLL2", "Entrez_Gene_Id": "0", "Start_Position": "1"},
        {"Hugo_Symbol": "KMT2D", "Entrez_Gene_Id": "8085", "Start_Position": "2"},
        {"Hugo_Symbol": "", "Start_Position": "3"},
        {"Hugo_Symbol": "Unknown", "Entrez_Gene_Id": "0", "Start_Position": "4"},
    ]
    staged = staged_rows(stage, *changes)
    # the old name is resolved although the gene stands under its new one too
    assert cells(staged, "hugo_symbol") == [("KMT2D",), ("KMT2D",), ("IDH1",), ("Unknown",)]
    assert staged.refusals == ()
    names = staged.rows["genomic.gene_name"].select("given", "hugo_symbol", "gene_status").rows()
    assert names[0] == ("MLL2", "KMT2D", "synonym")


def test_a_gene_that_a_spreadsheet_has_eaten(stage: Stage, told: Told) -> None:
    staged = staged_rows(stage, {"Hugo_Symbol": "9-Sep"}, {})
    assert told(staged) == [("gene_is_date", 2, "Hugo_Symbol")]
    assert cells(staged, "source_row") == [(3,)]


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("Reference_Allele", "TRUE", "not_an_allele"),
        ("Tumor_Seq_Allele2", "<DEL>", "not_an_allele"),
        ("Strand", "-", "reverse_strand"),
        ("End_Position", "209113111", "out_of_range"),
        ("Variant_Classification", "ITD", "not_in_set"),
    ],
)
def test_what_is_no_variant_is_refused(
    stage: Stage, told: Told, column: str, cell: str, code: str
) -> None:
    staged = staged_rows(stage, {column: cell}, {})
    assert told(staged) == [(code, 2, column)]
    assert cells(staged, "source_row") == [(3,)]


@pytest.mark.parametrize("strand", ["-1", "0", "1", ""])
def test_the_strand_of_the_transcript_is_nothing_to_us(stage: Stage, strand: str) -> None:
    assert cells(staged_rows(stage, {"Strand": strand}), "hugo_symbol") == [("IDH1",)]


@pytest.mark.parametrize(
    ("words", "passed"), [("PASS", True), ("", None), ("oxog", False), ("PASS;oxog", False)]
)
def test_whether_a_call_stands(stage: Stage, words: str, passed: bool | None) -> None:
    assert cells(staged_rows(stage, {"FILTER": words}), "passed") == [(passed,)]
    allowed = staged_rows(stage, {"FILTER": words}, declared={"passing": ["PASS", "oxog"]})
    assert cells(allowed, "passed") == [(None if passed is None else True,)]


def test_samples_by_barcodes_of_different_length(stage: Stage) -> None:
    declared = {
        "sample_rules": [{"tcga_sample": "16"}],
        "normalise": ["tcga_patient"],
        "profiled": {"samples": ["TCGA-DU-7294-01A-31R"]},
    }
    barcode = {"Tumor_Sample_Barcode": "TCGA-DU-7294-01A-11D-2024-08"}
    staged = staged_rows(stage, barcode, declared=declared)
    assert cells(staged, "sample_id") == [("TCGA-DU-7294-01A",)]
    assert staged.rows["genomic.assay"]["sample_id"].to_list() == ["TCGA-DU-7294-01A"]
    assert staged.rows["study.patient"]["patient_id"].to_list() == ["TCGA-DU-7294"]


def test_samples_of_a_case_list(stage: Stage, told: Told, tmp_path: Path) -> None:
    case_list = tmp_path / "cases.txt"
    case_list.write_text("stable_id: x_sequenced\ncase_list_ids: S1\tS2\tS9\n")
    profiled = {"samples": {"file": str(case_list)}, "panel": "P", "genes": "panel"}
    staged = staged_rows(
        stage, {}, declared={"profiled": profiled}, samples={"S1": "P1", "S2": "P2"}
    )
    assays = staged.rows["genomic.assay"].select("sample_id", "panel", "all_genes", "alteration")
    assert assays.rows() == [("S1", "P", False, "mutation"), ("S2", "P", False, "mutation")]
    # its genes come from a table of kind gene_panel
    assert "genomic.panel_gene" not in staged.rows
    assert told(staged) == [("unknown_sample", None, "profiled: samples")]
    case_list.unlink()
    assert told(staged_rows(stage, {}, declared={"profiled": profiled})) == [
        ("file_missing", None, None)
    ]


def test_genes_of_a_listed_panel_go_by_their_approved_symbols(stage: Stage) -> None:
    profiled = {"panel": "P", "genes": ["MLL2", "IDH1"]}
    staged = staged_rows(stage, {}, declared={"profiled": profiled})
    assert staged.rows["genomic.panel_gene"]["hugo_symbol"].to_list() == ["KMT2D", "IDH1"]


def test_names_of_references_that_tell_the_build() -> None:
    assert builds_named("/ref/hg38.fa") == {"GRCh38"}
    assert builds_named("human_g1k_v37_decoy.fasta") == {"GRCh37"}
    assert builds_named("GRCh37_to_hg38.fa") == {"GRCh37", "GRCh38"}


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "n_rows", "n_samples", "n_without_place"),
    [
        ("tcga_laml", 2207, 193, 0),
        ("APL_primary", 269, 124, 4),
        ("APL_relapse", 161, 58, 1),
        ("brca", 1913, 1, 0),
    ],
)
def test_the_mafs_of_maftools(
    stage: Stage, shared_data: Path, name: str, n_rows: int, n_samples: int, n_without_place: int
) -> None:
    path = shared_data / "genomic" / "maf_gistic" / f"{name}.maf.gz"
    file = {"file": path.name, "kind": "mutation"}
    declared = file | {"rename": APL} | ({"genome": "GRCh37"} if name == "brca" else {})
    staged = stage(path, declared)
    calls = staged.rows["genomic.mutation"]
    lines = [r.row_number for r in staged.refusals if r.reason_code == "missing_value"]
    assert len(lines) == n_without_place
    assert calls.height == n_rows - n_without_place
    assert staged.rows["genomic.sample"].height == n_samples
    assert calls["ncbi_build"].unique().to_list() == ["GRCh37"]
    assert not calls["chromosome"].str.starts_with("chr").any()
    assert not calls["hgvsp_short"].drop_nulls().str.contains(r"^[A-Z]\d").any()
    if name == "APL_primary":
        # 45 internal tandem duplications, four of them without a place
        itd = calls.filter(hugo_symbol="FLT3", variant_classification="In_Frame_Ins")
        assert itd.height == 45 - 4


@pytest.mark.realdata
def test_a_maf_without_a_build_names_none(stage: Stage, told: Told, shared_data: Path) -> None:
    path = shared_data / "genomic" / "maf_gistic" / "brca.maf.gz"
    staged = stage(path, {"file": path.name, "kind": "mutation"})
    assert told(staged) == [("build_missing", None, None)]
    assert staged.rows == {}
