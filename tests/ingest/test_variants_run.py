"""Variants from the cohort file to SQL: who is mutated, wild type, or was not looked at."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.conftest import Delivery

GENE_STATUS = (
    "SELECT patient_id, hugo_symbol, status, n_mutations, n_filtered, structural_status"
    " FROM mart.gene_status WHERE hugo_symbol IN ({}) ORDER BY ALL"
)


@pytest.fixture
def study(tmp_path: Path, empty_warehouse: Path) -> Delivery:
    """A cohort without images or tables, and an empty warehouse."""
    shutil.copytree(empty_warehouse, tmp_path / "study")
    (tmp_path / "input").mkdir()
    made = Delivery(tmp_path / "input", tmp_path / "study")
    made.cohort = {
        "cohort_id": "C",
        "title": "variants",
        "license": "CC0",
        "day_zero": "diagnosis",
        "tables": [],
    }
    return made


def status(study: Delivery, *genes: str) -> list[tuple[Any, ...]]:
    return study.rows(GENE_STATUS.format(", ".join(f"'{gene}'" for gene in genes)))


def tables(study: Delivery, *declared: dict[str, Any]) -> None:
    study.cohort["tables"] = list(declared)


def test_mutant_wild_type_or_not_profiled(study: Delivery) -> None:
    pytest.importorskip("pysam")
    study.write_table("samples.csv", "patient,sample", *(f"P{n},P{n}-T" for n in range(1, 6)))
    columns = (
        "Hugo_Symbol\tChromosome\tStart_position\tEnd_position\tVariant_Classification\t"
        "Reference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode\tProtein_Change\tFILTER"
    )
    study.write_table(
        "calls.maf",
        "#version 2.4",
        columns,
        "MLL2\tchr12\t49420000\t49420000\tNonsense_Mutation\tC\tT\tP1-T\tp.R100*\tPASS",
        "IDH1\tchr2\t209113112\t209113112\tMissense_Mutation\tC\tT\tP2-T\tp.R132H\tREJECT",
    )
    study.write_table(
        "p3.vcf",
        "##fileformat=VCFv4.2",
        '##INFO=<ID=ANN,Number=.,Type=String,Description="Functional annotations">',
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tTUMOR\tNORMAL",
        "2\t209113112\t.\tC\tT\t.\tPASS\tANN=T|missense_variant|MODERATE|IDH1|E|transcript|E1|"
        "coding|4/10|c.395G>A|p.Arg132His\tGT\t0/1\t0/0",
    )
    study.write_table("panel.txt", "stable_id: SMALL", "gene_list: IDH1\tTP53")
    study.write_table("matrix.txt", "SAMPLE_ID\tmutations", "P4-T\tSMALL", "P5-T\tNA")
    study.write_table(
        "sv.txt", "Sample_Id\tSite1_Hugo_Symbol\tSite2_Hugo_Symbol", "P1-T\tTP53\tNTRK2"
    )
    tables(
        study,
        {"file": "samples.csv", "kind": "sample", "id": "patient", "sample": "sample"},
        {
            "file": "calls.maf",
            "kind": "mutation",
            "genome": "GRCh37",
            "profiled": {"genes": "all", "samples": ["P1-T", "P2-T"]},
        },
        {
            "file": "p3.vcf",
            "kind": "mutation",
            "genome": "GRCh37",
            "samples": {"TUMOR": "P3-T"},
            "normals": ["NORMAL"],
            "profiled": {"genes": "panel", "panel": "SMALL"},
        },
        {"file": "panel.txt", "kind": "gene_panel"},
        {"file": "matrix.txt", "kind": "gene_panel_matrix"},
        {"file": "sv.txt", "kind": "structural_variant", "profiled": {"samples": "all"}},
    )
    report = study.ingest()
    assert report.batch_id is not None
    assert status(study, "IDH1", "KMT2D", "MLL2", "TP53") == [
        ("P1", "IDH1", "WT", 0, 0, "WT"),
        # called MLL2 by the file
        ("P1", "KMT2D", "MUT", 1, 0, "WT"),
        ("P1", "TP53", "WT", 0, 0, "SV"),
        # its caller rejected the call
        ("P2", "IDH1", "WT", 0, 1, "WT"),
        ("P2", "KMT2D", "WT", 0, 0, "WT"),
        ("P2", "TP53", "WT", 0, 0, "WT"),
        ("P3", "IDH1", "MUT", 1, 0, "WT"),
        # not in the panel
        ("P3", "KMT2D", "NP", 0, 0, "WT"),
        ("P3", "TP53", "WT", 0, 0, "WT"),
        ("P4", "IDH1", "WT", 0, 0, "WT"),
        ("P4", "KMT2D", "NP", 0, 0, "WT"),
        ("P4", "TP53", "WT", 0, 0, "WT"),
        # named by the matrix, and profiled by nothing
        ("P5", "IDH1", "NP", 0, 0, "WT"),
        ("P5", "KMT2D", "NP", 0, 0, "WT"),
        ("P5", "TP53", "NP", 0, 0, "WT"),
    ]
    names = study.rows("SELECT file_path, hugo_symbol FROM genomic.gene_name WHERE given = 'MLL2'")
    assert names == [("calls.maf", "KMT2D")]
    assert study.ingest().batch_id is None


@pytest.mark.slow
def test_a_list_of_samples_beside_the_table_decides_too(study: Delivery) -> None:
    study.write_table("samples.csv", "patient,sample", "P1,P1-T", "P2,P2-T")
    study.write_table(
        "calls.maf",
        "Hugo_Symbol\tChromosome\tStart_Position\tEnd_Position\tVariant_Classification\t"
        "Reference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode",
        "IDH1\t2\t209113112\t209113112\tMissense_Mutation\tC\tT\tP1-T",
    )
    study.write_table("profiled.txt", "P1-T")
    maf = {"file": "calls.maf", "kind": "mutation", "genome": "GRCh37"}
    tables(
        study,
        {"file": "samples.csv", "kind": "sample", "id": "patient", "sample": "sample"},
        maf | {"profiled": {"samples": {"file": "profiled.txt"}}},
    )
    study.ingest()
    assert [row[2] for row in status(study, "IDH1")] == ["MUT", "NP"]
    study.write_table("profiled.txt", "P1-T", "P2-T")
    study.ingest()
    assert [row[2] for row in status(study, "IDH1")] == ["MUT", "WT"]


@pytest.mark.slow
def test_a_panel_whose_genes_nobody_tells_is_named(study: Delivery) -> None:
    study.write_table("matrix.txt", "SAMPLE_ID\tmutations", "P1\tSMALL", "P2\tSMALL", "P3\tBIG")
    study.write_table("small.txt", "stable_id: SMALL", "gene_list: IDH1")
    matrix = {"file": "matrix.txt", "kind": "gene_panel_matrix"}
    tables(study, matrix, {"file": "small.txt", "kind": "gene_panel"})
    study.ingest()
    told = study.rows("SELECT reason_code, subject, file_path FROM ops.quarantine")
    assert told == [("panel_without_genes", "panel BIG", "matrix.txt")]
    assert [row[2] for row in status(study, "IDH1")] == ["WT", "WT", "NP"]
    # the matrix has not changed, and what was told of it is over all the same
    study.write_table("big.txt", "stable_id: BIG", "gene_list: IDH1")
    study.cohort["tables"] += [{"file": "big.txt", "kind": "gene_panel"}]
    study.ingest()
    assert study.rows("SELECT state FROM ops.quarantine") == [("resolved",)]
    assert [row[2] for row in status(study, "IDH1")] == ["WT", "WT", "WT"]


def test_a_gene_that_is_dropped_from_a_set_is_gone(study: Delivery) -> None:
    declared = {"file": "sets.gmt", "kind": "gene_set", "collection": "ours", "version": "1"}
    tables(study, declared)
    study.write_table("sets.gmt", "A\turl\tTP53\tIDH1", "B\turl\tTP53")
    study.ingest()
    study.write_table("sets.gmt", "A\turl\tIDH1", "B\turl\tTP53")
    report = study.ingest()
    assert report.rows["vocab.gene_set"] == 1
    sql = "SELECT gene_set, hugo_symbol FROM vocab.gene_set ORDER BY ALL"
    assert study.rows(sql) == [("A", "IDH1"), ("B", "TP53")]


def test_gene_sets_panels_and_genotypes_name_no_patient_as_missing(study: Delivery) -> None:
    study.write_table("samples.csv", "patient,sample", "P1,P1-T", "P2,P2-T")
    study.write_table("sets.gmt", "A\turl\tMLL2\tTP53\tNOGENE1")
    study.write_table("panel.txt", "TP53", "IDH1")
    study.write_table("rna.csv", "gene,P1-T,P2-T", "KMT2D,1,2", "IDH1,3,4")
    study.write_table("snps.csv", "sample,rs1801516,rs1800469", "P1-T,A/G,2", "P2-T,GG,")
    tables(
        study,
        {"file": "samples.csv", "kind": "sample", "id": "patient", "sample": "sample"},
        {"file": "sets.gmt", "kind": "gene_set", "collection": "ours", "version": "2019"},
        {"file": "panel.txt", "kind": "gene_panel", "panel": "OURS"},
        {
            "file": "rna.csv",
            "kind": "expression",
            "layout": "genes_in_rows",
            "gene": "gene",
            "profile": "rna",
            "unit": "TPM",
        },
        {
            "file": "snps.csv",
            "kind": "genotype",
            "layout": "samples_in_rows",
            "id": "sample",
            "effect_alleles": {"rs1801516": "A", "rs1800469": "T"},
        },
    )
    study.ingest()
    sql = "SELECT n_genes, n_measured, n_renamed, n_unknown, missing FROM mart.gene_set_coverage"
    assert study.rows(sql) == [(3, 1, 1, 1, "NOGENE1, TP53")]
    sql = "SELECT sample_id, variant_id, dosage FROM genomic.genotype ORDER BY ALL"
    assert study.rows(sql) == [
        ("P1-T", "rs1800469", 2.0),
        ("P1-T", "rs1801516", 1.0),
        ("P2-T", "rs1800469", None),
        ("P2-T", "rs1801516", 0.0),
    ]
    # genotypes are no search for mutations
    assert {row[2] for row in status(study, "TP53")} == {"NP"}
    unmatched = "SELECT DISTINCT file_path FROM ops.unmatched_id"
    assert study.rows(unmatched) == []
    assert study.ingest().batch_id is None


@pytest.mark.realdata
def test_the_glioma_of_tcga_du_7294(study: Delivery, shared_data: Path) -> None:
    folder = shared_data / "genomic" / "tcga_du_7294"
    shutil.copy(folder / "mutations.maf", study.folder)
    maf = {"file": "mutations.maf", "kind": "mutation", "normalise": ["tcga_patient"]}
    tables(study, maf | {"genome": "GRCh37", "profiled": {"genes": "all"}})
    study.ingest()
    assert study.rows("SELECT count(*) FROM genomic.mutation") == [(440,)]
    sql = "SELECT patient_id, status, hgvsp_short FROM mart.gene_status WHERE hugo_symbol = 'IDH1'"
    assert study.rows(sql) == [("TCGA-DU-7294", "MUT", "p.R132H")]


@pytest.mark.realdata
def test_the_variants_of_a_cbioportal_study(study: Delivery, shared_data: Path) -> None:
    folder = shared_data / "genomic" / "cbioportal_study_es_0"
    names = ("mutations_extended.maf", "structural_variants.txt", "gene_panel_matrix.txt")
    for name in (*names, "gene_panel_testpanel1.txt", "gene_panel_testpanel2.txt"):
        shutil.copy(folder / f"data_{name}", study.folder / name)
    shutil.copy(folder / "case_lists" / "cases_sequenced.txt", study.folder)
    tables(
        study,
        {"file": "mutations_extended.maf", "kind": "mutation"},
        {"file": "structural_variants.txt", "kind": "structural_variant"},
        {"file": "gene_panel_testpanel1.txt", "kind": "gene_panel"},
        {"file": "gene_panel_testpanel2.txt", "kind": "gene_panel"},
        {
            "file": "gene_panel_matrix.txt",
            "kind": "gene_panel_matrix",
            "profiled": {"mutation": {"file": "cases_sequenced.txt"}},
        },
    )
    study.ingest()
    counts = "SELECT (SELECT count(*) FROM genomic.mutation), count(*) FROM {}"
    assert study.rows(counts.format("genomic.structural_variant")) == [(36, 48)]
    assert study.rows(counts.format("genomic.panel_gene")) == [(36, 28)]
    found = {(row[0], row[1]): row[2] for row in status(study, "PIEZO1", "TP53", "TTN")}
    # profiled with TESTPANEL1, which has TP53 and not PIEZO1
    assert found["TCGA-A1-A0SB-01", "TP53"] == "MUT"
    assert found["TCGA-A1-A0SB-01", "PIEZO1"] == "NP"
    # profiled with TESTPANEL2, which has PIEZO1 and not TP53
    assert found["TCGA-A1-A0SB-02", "PIEZO1"] == "MUT"
    assert found["TCGA-A1-A0SB-02", "TP53"] == "NP"
    # in the list of what was sequenced, and NA in the matrix
    assert found["TEST_SAMPLE_1", "TP53"] == "WT"


@pytest.mark.realdata
def test_primary_and_relapse_of_one_leukaemia_meet_in_their_patients(
    study: Delivery, shared_data: Path
) -> None:
    rename = {"variant_classification": {"ITD": "In_Frame_Ins"}}
    rename["hugo_symbol"] = {"FLT3_ITD": "FLT3"}
    # D and R behind the id say which specimen it is
    rules = {"normalise": [{"regex": "^(?P<id>.+)[DR]$"}], "rename": rename}
    names = ("APL_primary.maf.gz", "APL_relapse.maf.gz")
    for name in names:
        shutil.copy(shared_data / "genomic" / "maf_gistic" / name, study.folder)
    tables(study, *({"file": name, "kind": "mutation", **rules} for name in names))
    study.ingest()
    n_both, n_patients, n_samples = 22, 124 + 58 - 22, 124 + 58
    assert study.rows("SELECT count(*) FROM study.patient") == [(n_patients,)]
    assert study.rows("SELECT count(*) FROM genomic.sample") == [(n_samples,)]
    both = "SELECT patient_id FROM genomic.sample GROUP BY patient_id HAVING count(*) = 2"
    assert len(study.rows(both)) == n_both
    # five rows have no place in the genome
    assert study.rows("SELECT count(*) FROM genomic.mutation") == [(269 + 161 - 5,)]
