"""Variant calls of VCFs, and their agreement with MAFs that vcf2maf made of them."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from roentgene.ingest.tables import StagedTables
from roentgene.schemas.errors import MissingExtraError

pysam = pytest.importorskip("pysam")

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

PAIR = {"samples": {"TUMOR": "P1-T"}, "normals": ["NORMAL"]}
HEADER = """##fileformat=VCFv4.2
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Depths">
{more}#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO	FORMAT	TUMOR	NORMAL
"""
#: Line of the first record.
FIRST = 5
LOCUS = (
    "ncbi_build",
    "chromosome",
    "start_position",
    "end_position",
    "variant_type",
    "reference_allele",
    "tumor_seq_allele1",
    "tumor_seq_allele2",
)
COUNTS = ("t_ref_count", "t_alt_count")


def vcf(*records: str, more: str = "") -> str:
    lines = ["\t".join(record.split()) for record in records]
    return HEADER.format(more=more) + "".join(f"{line}\n" for line in lines)


def stage_vcf(stage: Stage, content: str | bytes | Path, **declared: Any) -> StagedTables:
    declaration = {"kind": "mutation", "genome": "GRCh37", **PAIR, **declared}
    name = declaration.pop("name", "calls.vcf")
    more = {key: declaration.pop(key) for key in ("known", "samples_known") if key in declaration}
    declaration = {key: value for key, value in declaration.items() if value is not None}
    return stage(content, {"file": name, **declaration}, name=name, **more)


def calls(staged: StagedTables, *columns: str) -> list[tuple[Any, ...]]:
    return staged.rows["genomic.mutation"].select(columns).rows()


@pytest.mark.realdata
def test_a_vcf_agrees_with_the_maf_that_was_made_of_it(
    stage: Stage, told: Told, shared_data: Path
) -> None:
    folder = shared_data / "genomic" / "vcf2maf"
    of_vcf = stage_vcf(stage, folder / "test.vcf")
    of_maf = stage(folder / "test.maf", {"file": "test.maf", "kind": "mutation"})
    ours, theirs = (calls(found, *LOCUS, *COUNTS) for found in (of_vcf, of_maf))
    # of the 20 one stands twice in either, over other reads of the normal
    assert len(ours) == len(theirs) == 19
    assert told(of_vcf) == [("duplicate_row", 21, None)]
    assert told(of_maf) == [("duplicate_row", 18, None)]
    differ = [(one, other) for one, other in zip(ours, theirs, strict=True) if one != other]
    # a MAF may not have '-' beside a substitution; the VCF has 0/1, which is G beside A
    assert [(one[2], one[6], other[6]) for one, other in differ] == [(178936091, "G", "-")]
    assert {sample for (sample,) in calls(of_vcf, "sample_id")} == {"P1-T"}
    assert set(calls(of_vcf, "hugo_symbol", "variant_classification")) == {("Unknown", "Unknown")}


@pytest.mark.realdata
def test_a_vcf_of_the_other_build_with_unknown_counts(stage: Stage, shared_data: Path) -> None:
    folder = shared_data / "genomic" / "vcf2maf"
    # the build is told by the length of chromosome 21
    of_vcf = stage_vcf(stage, folder / "test_b38.vcf", genome=None)
    of_maf = stage(folder / "test_b38_output.maf", {"file": "b.maf", "kind": "mutation"})
    ours, theirs = (calls(found, *LOCUS, *COUNTS) for found in (of_vcf, of_maf))
    assert len(ours) == 25
    assert ours == theirs
    assert ours[0][-2:] == (None, 21)
    assert of_vcf.refusals == ()


@pytest.mark.realdata
def test_calls_of_mutect_keep_their_filter(stage: Stage, shared_data: Path) -> None:
    staged = stage_vcf(stage, shared_data / "genomic" / "vcf2maf" / "test_mutect.vcf", genome=None)
    found = calls(staged, "filter", "passed", "ncbi_build")
    # 500 records, of which the column TUMOR has 424 with an alternative allele
    assert {row: found.count(row) for row in set(found)} == {
        ("REJECT", False, "GRCh37"): 421,
        ("PASS", True, "GRCh37"): 3,
    }
    assert [(r.reason_code, r.detail[:10]) for r in staged.refusals] == [
        ("not_carried", "76 records")
    ]


@pytest.mark.realdata
def test_calls_of_strelka_are_counted_by_bases_and_tiers(stage: Stage, shared_data: Path) -> None:
    staged = stage_vcf(stage, shared_data / "genomic" / "vcf2maf" / "test_strelka.vcf")
    rows = calls(staged, "start_position", *COUNTS, "tumor_seq_allele1", "variant_type")
    assert len(rows) == 240
    by_place = {row[0]: row[1:] for row in rows}
    # CU and TU of column TUMOR, which stands second; nobody says the genotype
    assert by_place[12170228] == (0, 57, None, "SNP")
    assert by_place[118166116] == (39, 25, None, "SNP")
    # TAR and TIR, 19,19 and 57,58
    assert by_place[102626147] == (19, 57, None, "DEL")


def test_every_allele_that_the_tumour_carries_is_a_row(stage: Stage) -> None:
    content = vcf("1 100 . A C,G . PASS . GT:AD 1/2:1,5,7 0/0:9,0,0")
    rows = calls(stage_vcf(stage, content), "tumor_seq_allele1", "tumor_seq_allele2", *COUNTS)
    assert rows == [("G", "C", 1, 5), ("C", "G", 1, 7)]


def test_an_allele_of_the_normal_is_left_out_where_there_is_another(stage: Stage) -> None:
    content = vcf("1 100 . A C,G . PASS . GT 1/2 0/1", "1 200 . A C . PASS . GT 0/1 0/1")
    rows = calls(stage_vcf(stage, content), "start_position", "tumor_seq_allele2")
    assert rows == [(100, "G"), (200, "C")]


@pytest.mark.parametrize(
    ("genotype", "first"), [("1/1", ["C"]), ("1", ["C"]), ("./1", [None]), ("0/0", []), ("./.", [])]
)
def test_genotypes(stage: Stage, genotype: str, first: list[str | None]) -> None:
    content = vcf(f"chr1 100 . A C . . . GT {genotype} 0/0", "1 300 . G T . . . GT 0/1 0/0")
    rows = calls(stage_vcf(stage, content), "chromosome", "start_position", "tumor_seq_allele1")
    assert [row[2] for row in rows if row[1] == 100] == first
    assert {row[0] for row in rows} == {"1"}


def test_wrong_lines_are_refused_and_the_others_read(
    stage: Stage, told: Told, capfd: pytest.CaptureFixture[str]
) -> None:
    content = vcf(
        "1 x . A C . . . GT 0/1 0/0",
        "1 100 . A C . . . GT 0/1",
        "1 100 . A1 C . . . GT 0/1 0/0",
        "1 100 . A C . . . GT:AD 0/1:x,4 0/0:1,1",
        "1 100 . A C . . . GT 0/7 0/0",
        "1 100 . A <DEL>,* . . . GT 0/1 0/0",
        "",
        "1 100 . A C . . . GT 0/1 0/0",
    )
    staged = stage_vcf(stage, content)
    assert told(staged) == [
        ("not_a_number", FIRST, None),
        ("ragged_row", FIRST + 1, None),
        ("not_an_allele", FIRST + 2, None),
        ("unreadable_record", FIRST + 3, None),
        ("unreadable_record", FIRST + 4, None),
        ("structural_allele", FIRST + 5, "ALT"),
    ]
    assert calls(staged, "source_row") == [(FIRST + 7,)]
    # the library tells the terminal, and not us
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"hello\n", "no VCF"),
        (b"", "no VCF"),
        (vcf("1 1 . A C . . . GT 0/1 0/0").replace("NORMAL", "TUMOR").encode(), "one name"),
        (gzip.compress(vcf(*["1 1 . A C . . . GT 0/1 0/0"] * 500).encode())[:-20], "cut off"),
    ],
)
def test_files_that_are_no_vcf(
    stage: Stage, told: Told, content: bytes, detail: str, capfd: pytest.CaptureFixture[str]
) -> None:
    staged = stage_vcf(stage, content)
    assert [code for code, *_ in told(staged)] == ["unreadable_table"]
    assert detail in staged.refusals[0].detail
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("name", ["calls.vcf.gz", "calls.bcf"])
def test_packed_files(stage: Stage, tmp_path: Path, name: str) -> None:
    plain = tmp_path / "plain.vcf"
    contig = "##contig=<ID=1,length=249250621>\n"
    plain.write_text(vcf("1 100 . A C . PASS . GT:AD 0/1:3,4 0/0:9,0", more=contig))
    packed = tmp_path / name
    mode = "wb" if name.endswith("bcf") else "wz"
    with (
        pysam.VariantFile(str(plain)) as source,
        pysam.VariantFile(str(packed), mode, header=source.header) as target,
    ):
        for record in source:
            target.write(record)
    staged = stage_vcf(stage, packed, name=name, genome=None)
    assert calls(staged, *LOCUS, *COUNTS) == [
        ("GRCh37", "1", 100, 100, "SNP", "A", "A", "C", 3, 4),
    ]


def test_the_build_is_declared_or_told_by_the_header(stage: Stage, told: Told) -> None:
    record = "21 100 . A C . . . GT 0/1 0/0"
    contig = "##contig=<ID=chr21,length=46709983>\n"
    assert calls(stage_vcf(stage, vcf(record, more=contig), genome="GRCh38"), "ncbi_build") == [
        ("GRCh38",)
    ]
    contradicts = stage_vcf(stage, vcf(record, more=contig), genome="GRCh37")
    assert told(contradicts) == [("build_contradicts", None, None)]
    both = contig + "##reference=file:///ref/hg19.fa\n"
    assert told(stage_vcf(stage, vcf(record, more=both), genome=None)) == [
        ("build_contradicts", None, None)
    ]
    assert told(stage_vcf(stage, vcf(record), genome=None)) == [("build_missing", None, None)]


def test_columns_are_samples_by_declaration(stage: Stage, told: Told) -> None:
    record = vcf("1 100 . A C . . . GT 0/1 0/1")
    missing = stage_vcf(stage, record, samples={"TUMOUR": "P1-T"})
    assert told(missing) == [("missing_column", None, "TUMOUR")]
    assert "did you mean 'TUMOR'" in missing.refusals[0].detail
    unnamed = stage_vcf(stage, record, normals=[])
    assert told(unnamed) == [("column_not_used", None, "NORMAL")]
    every = stage_vcf(stage, record, samples={}, normals=[])
    assert calls(every, "sample_id") == [("TUMOR",), ("NORMAL",)]
    # a literal TUMOR is nobody's sample where patients are known
    assert told(stage_vcf(stage, record, samples={}, known=("P1",))) == [
        ("no_id_matches", None, None)
    ]


def test_a_tumour_without_a_variant_was_looked_at_all_the_same(stage: Stage) -> None:
    annotated = '##INFO=<ID=ANN,Number=.,Type=String,Description="x">\n'
    content = vcf("1 100 . A C . . . GT 0/0 0/0", more=annotated)
    staged = stage_vcf(stage, content, profiled={"genes": "all"})
    assert staged.rows["genomic.mutation"].is_empty()
    assert staged.rows["genomic.assay"].select("sample_id", "all_genes").rows() == [("P1-T", True)]


def test_without_genes_nobody_becomes_wild_type(stage: Stage, told: Told) -> None:
    content = vcf("1 100 . A C . . . GT 0/1 0/0")
    staged = stage_vcf(stage, content, profiled={"genes": "all"})
    assert told(staged) == [("genes_not_annotated", None, "INFO")]
    assert "genomic.assay" not in staged.rows


CSQ = (
    '##INFO=<ID=CSQ,Number=.,Type=String,Description="Consequence annotations from Ensembl VEP. '
    'Format: Allele|Consequence|SYMBOL|Feature|HGVSc|HGVSp|CANONICAL|PICK">\n'
)
OTHER = "T|stop_gained|OTHER|ENST1|ENST1:c.1A>T|ENSP1:p.Arg1Ter||"
OURS = "T|missense_variant&splice_region_variant|IDH1|ENST2|ENST2:c.395G>A|ENSP2:p.Arg132His|YES|"
FAR = "T|upstream_gene_variant|FAR|ENST3|||YES|"


@pytest.mark.parametrize(
    ("transcript", "effect"),
    [
        ("canonical", ("IDH1", "Missense_Mutation", "p.R132H", "c.395G>A", "ENST2")),
        ("most_severe", ("OTHER", "Nonsense_Mutation", "p.R1*", "c.1A>T", "ENST1")),
    ],
)
def test_effects_of_vep(stage: Stage, transcript: str, effect: tuple[str, ...]) -> None:
    entries = ",".join([FAR, OTHER, OURS])
    content = vcf(f"2 209113112 . C T . PASS CSQ={entries} GT 0/1 0/0", more=CSQ)
    staged = stage_vcf(stage, content, transcript=transcript)
    columns = ("hugo_symbol", "variant_classification", "hgvsp_short", "hgvsc", "transcript_id")
    assert calls(staged, *columns) == [effect]


def test_effects_of_snpeff_by_allele(stage: Stage) -> None:
    ann = '##INFO=<ID=ANN,Number=.,Type=String,Description="Functional annotations">\n'
    one = (
        "C|frameshift_variant|HIGH|MLL2|ENSG1|transcript|ENST1.2|protein_coding|1/5|c.1del|p.Gly7fs"
    )
    two = "G|synonymous_variant|LOW|TP53|ENSG2|transcript|ENST2.1|protein_coding|1/5|c.2A>G|p.="
    content = vcf(f"1 100 . CA C,G . . ANN={one},{two} GT 1/2 0/0", more=ann)
    rows = calls(stage_vcf(stage, content), "hugo_symbol", "variant_classification", "hgvsp_short")
    assert rows == [("KMT2D", "Frame_Shift_Del", "p.G7fs"), ("TP53", "Silent", "p.=")]


def test_ids_are_hashed_like_those_of_tables(stage: Stage) -> None:
    # without a key the declaration alone is looked at
    with pytest.raises(ValueError, match="no key was given"):
        stage_vcf(stage, vcf("1 1 . A C . . . GT 0/1 0/0"), normalise=["keyed_hash"])


def test_without_the_library_the_extra_is_named(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pysam", None)
    with pytest.raises(MissingExtraError, match=r"roentgene\[vcf\]"):
        stage_vcf(stage, vcf("1 1 . A C . . . GT 0/1 0/0"))


def test_an_index_is_never_looked_for_elsewhere(stage: Stage, told: Told, tmp_path: Path) -> None:
    path = tmp_path / "a.vcf##idx##b.vcf"
    path.write_text(vcf("1 1 . A C . . . GT 0/1 0/0"))
    assert told(stage_vcf(stage, path)) == [("file_missing", None, None)]
    assert told(stage_vcf(stage, Path("http://localhost:1/a.vcf"))) == [
        ("file_missing", None, None)
    ]


def test_an_allele_beside_it_that_is_not_written_out_is_not_known(stage: Stage) -> None:
    staged = stage_vcf(stage, vcf("1 100 . TA T,<DEL> . . . GT 1/2 0/0"))
    assert calls(staged, "reference_allele", "tumor_seq_allele1", "tumor_seq_allele2") == [
        ("A", None, "-")
    ]


def test_calls_that_nobody_annotated_are_counted(stage: Stage, told: Told) -> None:
    ann = '##INFO=<ID=ANN,Number=.,Type=String,Description="Functional annotations">\n'
    staged = stage_vcf(stage, vcf("1 100 . A C . . . GT 0/1 0/0", more=ann))
    assert calls(staged, "hugo_symbol") == [("Unknown",)]
    assert told(staged) == [("genes_not_annotated", None, "INFO")]


def test_the_first_of_two_records_of_a_bcf_stands(stage: Stage, told: Told, tmp_path: Path) -> None:
    plain, packed = tmp_path / "plain.vcf", tmp_path / "calls.bcf"
    contig = "##contig=<ID=1,length=249250621>\n"
    record = "1 100 . A C . PASS . GT 0/1 0/0"
    plain.write_text(vcf(record, record, more=contig))
    with (
        pysam.VariantFile(str(plain)) as source,
        pysam.VariantFile(str(packed), "wb", header=source.header) as target,
    ):
        for one in source:
            target.write(one)
    staged = stage_vcf(stage, packed, name="calls.bcf")
    assert calls(staged, "start_position") == [(100,)]
    assert told(staged) == [("duplicate_row", None, None)]


def test_a_build_that_is_neither_is_not_declared_away(stage: Stage, told: Told) -> None:
    # chromosome 21 of NCBI36
    contig = "##contig=<ID=chr21,length=46944323>\n"
    staged = stage_vcf(stage, vcf("21 100 . A C . . . GT 0/1 0/0", more=contig))
    assert told(staged) == [("build_contradicts", None, None)]
    assert staged.rows == {}
