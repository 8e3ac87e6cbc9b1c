from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from roentgene.ingest.tables import StagedTables
from roentgene.schemas.variant_tables import GenotypeTable

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

LONG = {"layout": "long", "id": "s", "variant": "rs", "value": "g", "effect_allele": "ea"}
COUNTED = {"rs1": "A", "rs2": "T"}


def stage_table(stage: Stage, content: str, **declared: Any) -> StagedTables:
    return stage(content, {"kind": "genotype", **declared})


def dosages(staged: StagedTables) -> list[tuple[Any, ...]]:
    columns = pl.col("sample_id", "variant_id", "effect_allele").cast(pl.String)
    return sorted(staged.rows["genomic.genotype"].select(columns, "dosage").rows())


def test_three_layouts_of_one_set_give_the_same_rows(stage: Stage) -> None:
    long = "s,rs,g,ea\nS1,rs1,A/G,A\nS1,rs2,1.98,T\nS2,rs1,GG,A\nS2,rs2,,T\n"
    samples = "s,rs1,rs2\nS1,A/G,1.98\nS2,GG,\n"
    variants = "rs,ea,S1,S2\nrs1,A,A/G,GG\nrs2,T,1.98,\n"
    expected = [
        ("S1", "rs1", "A", 1.0),
        ("S1", "rs2", "T", 1.98),
        ("S2", "rs1", "A", 0.0),
        ("S2", "rs2", "T", None),
    ]
    assert dosages(stage_table(stage, long, **LONG)) == expected
    wide = {"layout": "samples_in_rows", "id": "s", "effect_alleles": COUNTED}
    assert dosages(stage_table(stage, samples, **wide)) == expected
    wide = {"layout": "variants_in_rows", "variant": "rs", "effect_allele": "ea"}
    assert dosages(stage_table(stage, variants, **wide)) == expected


@pytest.mark.parametrize(
    ("cell", "dosage"),
    [("a|a", 2.0), ("AT", 1.0), ("0", 0.0), ("2.0", 2.0), ("A/-", 1.0), ("?", None)],
)
def test_cells(stage: Stage, cell: str, dosage: float | None) -> None:
    staged = stage_table(stage, f"s,rs,g,ea\nS1,rs1,{cell},A\n", **LONG)
    assert dosages(staged) == [("S1", "rs1", "A", dosage)]


@pytest.mark.parametrize(
    ("cell", "code"),
    [("2.1", "out_of_range"), ("-1", "out_of_range"), ("het", "not_a_number"), ("inf", None)],
)
def test_wrong_cells(stage: Stage, told: Told, cell: str, code: str | None) -> None:
    staged = stage_table(stage, f"s,rs,g,ea\nS1,rs1,{cell},A\nS2,rs1,1,A\n", **LONG)
    assert told(staged) == [(code or "not_a_number", 2, "g")]
    assert dosages(staged) == [("S2", "rs1", "A", 1.0)]


def test_alleles_of_the_other_strand_are_not_counted_as_none(stage: Stage, told: Told) -> None:
    staged = stage_table(stage, "s,rs,g,ea\nS1,rs1,T/C,A\nS2,rs1,TT,A\nS1,rs2,CC,A\n", **LONG)
    assert [code for code, *_ in told(staged)] == ["effect_allele_not_seen"]
    assert "A is counted, and the alleles are C and T" in staged.refusals[0].detail
    assert dosages(staged) == [("S1", "rs2", "A", 0.0)]


def test_a_variant_without_an_effect_allele(stage: Stage, told: Told) -> None:
    wide = {"layout": "samples_in_rows", "id": "s", "effect_alleles": {"rs1": "A"}}
    staged = stage_table(stage, "s,rs1,rs9\nS1,AA,AA\nS2,AG,AA\n", **wide)
    assert [(code, staged.refusals[0].subject) for code, *_ in told(staged)] == [
        ("effect_allele_missing", "rs9")
    ]
    assert len(dosages(staged)) == 2


def test_only_the_variants_that_are_wanted(stage: Stage, told: Told) -> None:
    wide = {"layout": "samples_in_rows", "id": "s", "effect_alleles": COUNTED}
    staged = stage_table(stage, "s,rs1,rs2\nS1,AA,T/G\n", **wide, variants=["rs2", "rs3"])
    assert dosages(staged) == [("S1", "rs2", "T", 1.0)]
    assert told(staged) == [("missing_column", None, "rs3")]


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"layout": "long", "id": "s"}, "variant, value"),
        ({"layout": "samples_in_rows", "id": "s"}, "effect_allele"),
        ({}, "layout"),
        ({"layout": "samples_in_rows", "id": "s", "samples": {"A": "B"}}, "columns of a VCF"),
    ],
)
def test_what_must_be_declared(declared: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        GenotypeTable.model_validate({"kind": "genotype", "file": "a.csv", **declared})


VCF = """##fileformat=VCFv4.2
##reference=GRCh38.fa
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=DS,Number=A,Type=Float,Description="Dosage">
#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO	FORMAT	S1	S2
"""


def stage_vcf(stage: Stage, *records: str, **declared: Any) -> StagedTables:
    pytest.importorskip("pysam")
    content = VCF + "".join("\t".join(record.split()) + "\n" for record in records)
    return stage(content, {"kind": "genotype", **declared}, name="snps.vcf")


def test_dosage_of_a_vcf_is_stated_or_counted(stage: Stage) -> None:
    staged = stage_vcf(
        stage, "1 100 rs1 G A . . . GT:DS 0/1:0.98 ./.:.", "chr1 200 . C T . . . GT 1|1 0/."
    )
    assert dosages(staged) == [
        ("S1", "1:200:C:T", "T", 2.0),
        ("S1", "rs1", "A", 0.98),
        ("S2", "1:200:C:T", "T", None),
        ("S2", "rs1", "A", None),
    ]
    others = staged.rows["genomic.genotype"].select("other_allele", "ncbi_build").unique().rows()
    assert sorted(others) == [("C", "GRCh38"), ("G", "GRCh38")]
    assert staged.rows["genomic.assay"]["assay"].unique().to_list() == ["genotype"]


def test_the_reference_may_be_the_allele_that_is_counted(stage: Stage, told: Told) -> None:
    staged = stage_vcf(
        stage,
        "1 100 rs1 G A . . . GT:DS 0/1:0.5 0/0:0",
        "1 200 rs2 C T . . . GT 1/1 0/1",
        "1 300 rs3 C T . . . GT 1/1 0/1",
        effect_alleles={"rs1": "G", "rs2": "C", "rs3": "A"},
    )
    assert dosages(staged) == [
        ("S1", "rs1", "G", 1.5),
        ("S1", "rs2", "C", 0.0),
        ("S2", "rs1", "G", 2.0),
        ("S2", "rs2", "C", 1.0),
    ]
    assert told(staged) == [("effect_allele_not_seen", 8, None)]


def test_every_alternative_allele_has_rows_of_its_own(stage: Stage) -> None:
    record = "1 100 rs1 G A,T . . . GT 1/2 0/2"
    staged = stage_vcf(stage, record)
    assert dosages(staged) == [
        ("S1", "rs1", "A", 1.0),
        ("S1", "rs1", "T", 1.0),
        ("S2", "rs1", "A", 0.0),
        ("S2", "rs1", "T", 1.0),
    ]
    counted = stage_vcf(stage, record, effect_alleles={"rs1": "G"}, samples={"S2": "P2"})
    assert dosages(counted) == [("P2", "rs1", "G", 1.0)]


def test_variants_of_a_vcf_by_id_or_place(stage: Stage) -> None:
    records = ("1 100 rs1 G A . . . GT 0/1 0/0", "1 200 . C T . . . GT 0/1 0/0")
    for wanted in ("rs1", "1:200:C:T"):
        staged = stage_vcf(stage, *records, variants=[wanted], samples={"S1": "P1"})
        assert [row[1] for row in dosages(staged)] == [wanted]


@pytest.mark.parametrize("layout", ["long", "variants_in_rows"])
def test_a_wanted_variant_that_is_not_there_is_told(stage: Stage, told: Told, layout: str) -> None:
    long = "s,rs,g,ea\nS1,rs1,A/G,A\n"
    wide = "rs,ea,S1\nrs1,A,A/G\n"
    declared = LONG if layout == "long" else {"variant": "rs", "effect_allele": "ea"}
    content = long if layout == "long" else wide
    staged = stage_table(stage, content, **{**declared, "layout": layout}, variants=["rs1", "rs7"])
    assert [one[1] for one in dosages(staged)] == ["rs1"]
    assert [(code, staged.refusals[0].subject) for code, *_ in told(staged)] == [
        ("variant_not_found", "rs7")
    ]


def test_a_wanted_variant_that_a_vcf_lacks_is_told(stage: Stage, told: Told) -> None:
    records = ("1 100 rs1 G A . . . GT 0/1 0/0", "1 200 rs2 C T . . . GT 0/1 0/0")
    staged = stage_vcf(stage, *records, variants=["rs1", "rs2", "rs3"], effect_alleles={"rs2": "G"})
    assert {one[1] for one in dosages(staged)} == {"rs1"}
    assert sorted(code for code, *_ in told(staged)) == [
        "effect_allele_not_seen",
        "variant_not_found",
    ]


def test_a_reference_that_is_counted_stands_beside_a_deleted_allele(stage: Stage) -> None:
    staged = stage_vcf(stage, "1 100 rs1 G *,T . . . GT 0/2 1/2", effect_alleles={"rs1": "G"})
    assert dosages(staged) == [("S1", "rs1", "G", 1.0), ("S2", "rs1", "G", 0.0)]


def test_two_hyphens_are_no_call(stage: Stage, told: Told) -> None:
    staged = stage_table(stage, "s,rs,g,ea\nS1,rs1,--,A\nS2,rs1,AG,A\n", **LONG)
    assert dosages(staged) == [("S2", "rs1", "A", 1.0)]
    assert told(staged) == [("not_a_number", 2, "g")]


def test_one_variant_in_conflict_takes_no_other_of_its_line_along(stage: Stage, told: Told) -> None:
    wide = {"layout": "samples_in_rows", "id": "s", "effect_alleles": COUNTED}
    staged = stage_table(stage, "s,rs1,rs2\nS1,AA,T/G\nS1,AA,G/G\n", **wide)
    assert dosages(staged) == [("S1", "rs1", "A", 2.0)]
    assert sorted(code for code, *_ in told(staged)) == ["conflicting_rows", "duplicate_row"]
