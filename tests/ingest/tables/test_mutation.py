from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from roentgene.ingest.tables import StagedTables
from roentgene.schemas.words import reason_codes

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

MAF: dict[str, Any] = {"kind": "mutation", "genome": "GRCh37"}
SHEET = {"kind": "sample", "file": "s.csv", "id": "patient", "sample": "sample"}
HEADER = (
    "Hugo_Symbol",
    "NCBI_Build",
    "Chromosome",
    "Start_Position",
    "End_Position",
    "Variant_Classification",
    "Reference_Allele",
    "Tumor_Seq_Allele2",
    "Tumor_Sample_Barcode",
    "HGVSp_Short",
    "t_alt_count",
)
ROW = (
    "IDH1",
    "GRCh37",
    "2",
    "209113112",
    "209113112",
    "Missense_Mutation",
    "C",
    "T",
    "S1",
    "p.R132H",
    "9",
)


def maf(*changes: dict[str, str], without: tuple[str, ...] = ()) -> str:
    """A MAF of the IDH1 row, changed as told, one row a change."""
    columns = [column for column in HEADER if column not in without]
    rows = [{**dict(zip(HEADER, ROW, strict=True)), **change} for change in changes]
    lines = ["\t".join(columns), *("\t".join(row[c] for c in columns) for row in rows)]
    return "\n".join(["#version 2.4", *lines]) + "\n"


def stage_maf(stage: Stage, *changes: dict[str, str], **more: Any) -> StagedTables:
    declared = {**MAF, **more.pop("declared", {})}
    without = more.pop("without", ())
    return stage(maf(*changes, without=without), declared, name="calls.maf", **more)


def variants(staged: StagedTables, *columns: str) -> list[tuple[Any, ...]]:
    return staged.rows["genomic.mutation"].select(columns).rows()


def test_a_variant_call(stage: Stage) -> None:
    staged = stage_maf(stage, {"Chromosome": "chr2", "t_alt_count": "."})
    (row,) = staged.rows["genomic.mutation"].to_dicts()
    expected = {
        "cohort_id": "C1",
        "sample_id": "S1",
        "hugo_symbol": "IDH1",
        "ncbi_build": "GRCh37",
        "chromosome": "2",
        "start_position": 209113112,
        "end_position": 209113112,
        "variant_classification": "Missense_Mutation",
        "reference_allele": "C",
        "tumor_seq_allele1": None,
        "tumor_seq_allele2": "T",
        "hgvsp_short": "p.R132H",
        "t_alt_count": None,
        "source_file": "calls.maf",
        "source_row": 3,
    }
    assert {name: row[name] for name in expected} == expected
    assert staged.refusals == ()
    assert staged.rows["study.patient"]["patient_id"].to_list() == ["S1"]


def test_names_of_columns_may_differ_in_case(stage: Stage) -> None:
    content = maf({}).replace("Start_Position", "Start_position").replace("End_P", "end_p")
    staged = stage(content, MAF, name="calls.maf")
    assert variants(staged, "start_position", "end_position") == [(209113112, 209113112)]


@pytest.mark.parametrize(
    ("word", "build"),
    [("37", "GRCh37"), ("hg19", "GRCh37"), ("grch37", "GRCh37"), ("38", "GRCh38")],
)
def test_words_for_the_build(stage: Stage, word: str, build: str) -> None:
    staged = stage_maf(stage, {"NCBI_Build": word}, declared={"genome": None})
    assert variants(staged, "ncbi_build") == [(build,)]


def test_a_build_that_is_nowhere_refuses_the_table(stage: Stage, told: Told) -> None:
    staged = stage_maf(stage, {}, without=("NCBI_Build",), declared={"genome": None})
    assert told(staged) == [("build_missing", None, None)]
    assert staged.rows == {}


def test_the_declared_build_stands_where_the_file_has_none(stage: Stage) -> None:
    staged = stage_maf(stage, {}, without=("NCBI_Build",), declared={"genome": "GRCh38"})
    assert variants(staged, "ncbi_build") == [("GRCh38",)]


def test_builds_that_are_empty_unknown_or_contradict(stage: Stage, told: Told) -> None:
    changes = [{"NCBI_Build": word} for word in ("", "hg18", "38", "37")]
    staged = stage_maf(stage, *changes, declared={"genome": None})
    assert told(staged) == [("not_in_set", 4, "NCBI_Build"), ("build_missing", 3, "NCBI_Build")]
    declared = stage_maf(stage, {"NCBI_Build": "38"}, {"Start_Position": "209113000"})
    assert told(declared) == [("not_in_set", 3, "NCBI_Build")]
    assert "GRCh38 where GRCh37 is declared" in declared.refusals[0].detail
    assert variants(declared, "start_position") == [(209113000,)]


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("Hugo_Symbol", "", "missing_value"),
        ("Chromosome", "NA", "missing_value"),
        ("Tumor_Seq_Allele2", "", "missing_value"),
        ("Start_Position", "x", "not_a_number"),
        ("Start_Position", "1.5", "not_a_number"),
        ("End_Position", "0", "out_of_range"),
        ("Variant_Classification", "Missense", "not_in_set"),
        ("Tumor_Sample_Barcode", "", "missing_id"),
    ],
)
def test_a_row_without_a_locus_or_effect_is_refused(
    stage: Stage, told: Told, column: str, cell: str, code: str
) -> None:
    staged = stage_maf(stage, {column: cell}, {})
    assert told(staged) == [(code, 3, column)]
    assert variants(staged, "source_row") == [(4,)]


@pytest.mark.parametrize(("cell", "code"), [("-1", "out_of_range"), ("many", "not_a_number")])
def test_a_wrong_read_count_is_refused_and_its_row_goes_on(
    stage: Stage, told: Told, cell: str, code: str
) -> None:
    staged = stage_maf(stage, {"t_alt_count": cell})
    assert told(staged) == [(code, 3, "t_alt_count")]
    assert variants(staged, "hgvsp_short", "t_alt_count") == [("p.R132H", None)]


def test_unknown_is_a_word_of_mafs(stage: Stage) -> None:
    staged = stage_maf(stage, {"Hugo_Symbol": "Unknown", "Variant_Classification": "Unknown"})
    assert variants(staged, "hugo_symbol", "variant_classification") == [("Unknown", "Unknown")]


def test_one_variant_told_twice(stage: Stage, told: Told) -> None:
    staged = stage_maf(
        stage,
        {},
        {"t_alt_count": "11"},
        {"Start_Position": "5"},
        {"Start_Position": "5", "HGVSp_Short": "p.R132C"},
        {"Tumor_Sample_Barcode": "S2"},
    )
    assert told(staged) == [("duplicate_row", 4, None), ("conflicting_rows", 5, None)]
    assert variants(staged, "sample_id", "source_row") == [("S1", 3), ("S2", 7)]


@pytest.mark.parametrize("column", ["Hugo_Symbol", "Variant_Classification", "Start_Position"])
def test_a_maf_needs_its_columns(stage: Stage, told: Told, column: str) -> None:
    staged = stage_maf(stage, {}, without=(column,))
    assert told(staged) == [("missing_column", None, column)]


def test_without_profiled_nothing_is_said_of_what_was_looked_at(stage: Stage) -> None:
    staged = stage_maf(stage, {})
    assert "genomic.assay" not in staged.rows
    assert "genomic.panel_gene" not in staged.rows


def assays(staged: StagedTables) -> list[tuple[Any, ...]]:
    columns = ("sample_id", "assay", "panel", "all_genes", "source_row")
    return sorted(staged.rows["genomic.assay"].select(columns).rows())


def test_every_gene_profiled_in_the_samples_of_the_file(stage: Stage) -> None:
    declared = {"profiled": {"genes": "all"}}
    staged = stage_maf(
        stage, {}, {"Start_Position": "7"}, declared=declared, samples={"S1": "P1", "S2": "P2"}
    )
    assert assays(staged) == [("S1", "mutation", None, True, 3)]
    assert "genomic.panel_gene" not in staged.rows


def test_a_panel_in_every_known_sample(stage: Stage) -> None:
    panel = {"assay": "dna", "panel": "P50", "genes": ["TP53", "IDH1"], "samples": "all"}
    staged = stage_maf(
        stage, {}, declared={"profiled": panel}, samples={"S1": "P1", "S2": "P2"}, known=("P3",)
    )
    assert assays(staged) == [("S1", "dna", "P50", False, 3), ("S2", "dna", "P50", False, None)]
    genes = staged.rows["genomic.panel_gene"].select("panel", "hugo_symbol").rows()
    assert genes == [("P50", "TP53"), ("P50", "IDH1")]
    samples = staged.rows["genomic.sample"].select("sample_id", "patient_id").rows()
    assert samples == [("S1", "P1"), ("S2", "P2")]


def test_listed_samples_may_be_without_a_variant_but_not_without_a_patient(
    stage: Stage, told: Told
) -> None:
    listed = {"genes": "all", "samples": ["S1", "P2-T", "Q9", "p3"]}
    staged = stage_maf(
        stage,
        {},
        {"Tumor_Sample_Barcode": "P4"},
        declared={"profiled": listed, "normalise": [{"strip_suffix": "-T"}]},
        samples={"S1": "P1"},
        known=("P2", "P3", "P4"),
    )
    assert assays(staged) == [
        ("P2-T", "mutation", None, True, None),
        ("S1", "mutation", None, True, 3),
    ]
    assert told(staged) == [
        ("unknown_sample", None, "profiled: samples"),
        ("id_near_miss", None, "profiled: samples"),
    ]
    samples = staged.rows["genomic.sample"].select("sample_id", "patient_id").rows()
    assert samples == [("P2-T", "P2"), ("P4", "P4"), ("S1", "P1")]


def test_listed_samples_of_nobody_do_not_refuse_the_variants(stage: Stage, told: Told) -> None:
    listed = {"genes": "all", "samples": ["Q8", "Q9"]}
    staged = stage_maf(stage, {}, declared={"profiled": listed}, known=("S1",))
    assert told(staged) == [("unknown_sample", None, "profiled: samples")] * 2
    assert variants(staged, "sample_id") == [("S1",)]
    assert assays(staged) == []


def test_a_sample_that_the_sheet_lacks_is_refused_with_all_its_variants(
    stage: Stage, told: Told
) -> None:
    staged = stage_maf(
        stage,
        {"Tumor_Sample_Barcode": "S9"},
        {},
        {"Tumor_Sample_Barcode": "S9", "Start_Position": "5"},
        samples={"S1": "P1"},
        others=(SHEET,),
    )
    assert told(staged) == [("unknown_sample", 3, "Tumor_Sample_Barcode")]
    assert variants(staged, "sample_id") == [("S1",)]


@pytest.mark.realdata
def test_the_mutations_of_tcga_du_7294(stage: Stage, shared_data: Path) -> None:
    path = shared_data / "genomic" / "tcga_du_7294" / "mutations.maf"
    declared = MAF | {"normalise": ["tcga_patient"], "profiled": {"genes": "all"}}
    staged = stage(path, declared, known=("TCGA-DU-7294",))
    # the column IMPACT stands twice, and HDGFL2 has a name that HGNC does not know
    told = [(r.reason_code, r.column_name) for r in staged.refusals]
    assert told == [("repeated_column", "IMPACT"), ("gene_unknown", "Hugo_Symbol")]
    assert "HDGFRP2" in staged.refusals[1].detail
    assert staged.id_match.matched == {"TCGA-DU-7294"}
    assert staged.rows["study.patient"].is_empty()
    calls = staged.rows["genomic.mutation"]
    assert calls.height == 440
    # most carry a flag of the caller's
    assert calls["passed"].sum() == 22
    assert calls["source_row"].sort().to_list() == list(range(2, 442))
    barcode = "TCGA-DU-7294-01A-11D-2024-08"
    assert calls["sample_id"].unique().to_list() == [barcode]
    idh1 = calls.filter(hugo_symbol="IDH1").select("hgvsp_short", "chromosome", "ncbi_build")
    assert idh1.rows() == [("p.R132H", "2", "GRCh37")]
    assert assays(staged) == [(barcode, "mutation", None, True, 2)]
    sample = staged.rows["genomic.sample"].select("sample_id", "patient_id").rows()
    assert sample == [(barcode, "TCGA-DU-7294")]


@pytest.mark.realdata
def test_without_a_declared_build_the_same_file_is_refused(
    stage: Stage, told: Told, shared_data: Path
) -> None:
    path = shared_data / "genomic" / "tcga_du_7294" / "mutations.maf"
    staged = stage(path, {"kind": "mutation", "normalise": ["tcga_patient"]})
    assert told(staged) == [("build_missing", None, None)]


@pytest.mark.realdata
def test_a_maf_of_cbioportal_with_a_version_line(stage: Stage, shared_data: Path) -> None:
    path = shared_data / "genomic" / "cbioportal_study_es_0" / "data_mutations_extended.maf"
    staged = stage(path, {"kind": "mutation", "normalise": ["tcga_patient"]})
    assert {reason_codes()[r.reason_code].severity for r in staged.refusals} <= {"warning"}
    assert staged.rows["genomic.mutation"].height == 36
    assert staged.rows["genomic.mutation"]["sample_id"].n_unique() == 21


def with_first_allele(stage: Stage, *alleles: tuple[str, str]) -> StagedTables:
    """Rows over the reference C, with their first and second allele."""
    rows = [{"t_alt_count": first, "Tumor_Seq_Allele2": second} for first, second in alleles]
    return stage(maf(*rows).replace("t_alt_count", "Tumor_Seq_Allele1"), MAF, name="calls.maf")


def test_a_variant_that_stands_as_the_first_allele(stage: Stage, told: Told) -> None:
    staged = with_first_allele(stage, ("T", "C"))
    assert variants(staged, "tumor_seq_allele1", "tumor_seq_allele2") == [("C", "T")]
    assert told(staged) == []


@pytest.mark.parametrize("first", ["C", ""])
def test_a_row_without_a_variant_allele_is_no_call(stage: Stage, told: Told, first: str) -> None:
    staged = with_first_allele(stage, (first, "C"), (first, "T"))
    assert variants(staged, "source_row") == [(4,)]
    assert told(staged) == [("not_an_allele", 3, "Tumor_Seq_Allele2")]
