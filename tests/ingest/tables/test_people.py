from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import TypeAdapter

from roentgene.ingest.privacy import Privacy
from roentgene.ingest.tables import StagedTables, TableContext, stage_table
from roentgene.schemas.cohort import Cohort
from roentgene.schemas.cohort_tables import TableDeclaration
from roentgene.schemas.study import AllowedText
from roentgene.warehouse.id_key import IdKey

KEY = IdKey(bytes(range(40)))
HASHED = {"normalise": ["keyed_hash"]}
CLINICAL: dict[str, Any] = {"kind": "clinical", "id": "id"}
EVENT: dict[str, Any] = {
    "kind": "event", "id": "id", "event_type": "what", "start_day": "day", "detail": "note",
}  # fmt: skip
MAF: dict[str, Any] = {"kind": "mutation", "genome": "GRCh38"}
MAF_HEADER = (
    "Hugo_Symbol\tChromosome\tStart_Position\tEnd_Position\tVariant_Classification\t"
    "Reference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode\n"
)
QUOTED = ("DOE", "JOHN", "555-", "2019", "4711", "jane")


class Staging:
    """Stages tables of one cohort, one after another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.privacy = Privacy()
        self.context: TableContext | None = None

    def __call__(
        self, content: str, declared: Mapping[str, Any], known: tuple[str, ...] = ()
    ) -> StagedTables:
        name = declared.get("file") or ("table.tsv" if "\t" in content else "table.csv")
        (self.folder / name).write_text(content, encoding="utf-8")
        whole = {"file": name, **declared}
        declaration: TableDeclaration = TypeAdapter(TableDeclaration).validate_python(whole)
        cohort = Cohort.model_validate(
            {
                "cohort_id": "C",
                "title": "t",
                "license": "CC0",
                "day_zero": "diagnosis",
                "tables": [whole],
            }
        )
        if self.context is None:
            self.context = TableContext(cohort, frozenset(known), privacy=self.privacy)
        staged = stage_table(declaration, self.folder / name, name, self.context)
        self.context = self.context.including(staged)
        return staged


@pytest.fixture
def stage(tmp_path: Path) -> Staging:
    return Staging(tmp_path)


def told(staged: StagedTables) -> list[tuple[str, int | None, str | None]]:
    return [(r.reason_code, r.row_number, r.column_name) for r in staged.refusals]


def all_text(staged: StagedTables) -> str:
    """Everything that would be stored, and everything that is said."""
    cells = [
        str(text)
        for rows in staged.rows.values()
        for column in rows.select(pl.col(pl.String)).iter_columns()
        for text in column.drop_nulls()
    ]
    said = [f"{r.line()} {r.subject} {r.content_hash}" for r in staged.refusals]
    match = staged.id_match
    ids = [*match.only_in_table, *match.near_misses, *match.near_misses.values()]
    return "\n".join([*cells, *said, *ids])


def check_nobody(staged: StagedTables, *quoted: str) -> None:
    text = all_text(staged)
    assert [part for part in (*QUOTED, *quoted) if part in text] == []


def variables(staged: StagedTables) -> set[str]:
    return set(staged.rows["clinical.variable"]["variable"])


def test_columns_that_name_people_are_refused_once_by_their_name(stage: Staging) -> None:
    staged = stage(
        "id,grade,PatientName,note,DOB,zip\n"
        "P1,2,Anna,stable,17,NA\n"
        "P2,3,John,call 555-234-5678,18,NA\n"
        "P3,4,NA,MRN 4711001,,NA\n",
        CLINICAL,
    )
    assert told(staged) == [
        ("looks_like_person", None, "PatientName"),
        ("looks_like_person", None, "note"),
        ("looks_like_person", None, "DOB"),
    ]
    assert [refusal.detail.split()[0] for refusal in staged.refusals] == ["2", "2", "2"]
    # a column without any cell names nobody
    assert variables(staged) == {"grade", "zip"}
    assert staged.rows["clinical.variable"].filter(variable="grade").height == 3
    check_nobody(staged, "Anna", "stable")


def test_a_column_whose_header_is_a_person_is_refused_without_it(stage: Staging) -> None:
    staged = stage("id,grade,DOE^JOHN\nP1,2,1\nP2,3,1\n", CLINICAL)
    assert told(staged) == [("looks_like_person", None, None)]
    assert variables(staged) == {"grade"}
    check_nobody(staged)


def test_what_study_yaml_allows_comes_in(stage: Staging) -> None:
    stage.privacy = Privacy(
        allow=(
            AllowedText(column="zip", pattern=r"\d{3}", reason="three digits, as HIPAA has it"),
            AllowedText(column="kit", table="table.csv", pattern=r"\d{3}-\d\d-\d{4}", reason="lot"),
        )
    )
    staged = stage("id,zip,kit\nP1,101,219-09-9999\nP2,102,219-09-9998\n", CLINICAL)
    assert staged.refusals == ()
    assert variables(staged) == {"zip", "kit"}


def test_allowing_some_cells_does_not_allow_others(stage: Staging) -> None:
    stage.privacy = Privacy(allow=(AllowedText(column="zip", pattern=r"\d{3}", reason="r"),))
    staged = stage("id,zip\nP1,101\nP2,10117\n", CLINICAL)
    assert told(staged) == [("looks_like_person", None, "zip")]
    assert staged.rows["clinical.variable"].is_empty()


def test_ids_that_look_like_a_person_are_refused_by_their_line(stage: Staging) -> None:
    staged = stage(
        "id,grade\nDOE^JOHN,2\nP1,3\nMRN 4711001,4\nX_20190304_0927,5\n", CLINICAL, known=("P1",)
    )
    assert sorted(told(staged), key=str) == sorted(
        [
            ("looks_like_person", 2, "id"),
            ("looks_like_person", 4, "id"),
            ("looks_like_date", 5, "id"),
        ],
        key=str,
    )
    assert staged.rows["clinical.variable"]["patient_id"].to_list() == ["P1"]
    check_nobody(staged)


def test_published_ids_with_dates_can_be_allowed(stage: Staging) -> None:
    allowed = AllowedText(column="patient_id", pattern=r"X_\d{8}", reason="dates were shifted")
    stage.privacy = Privacy(allow=(allowed,))
    staged = stage("id,grade\nX_20000101,2\nY_20000101,3\n", CLINICAL)
    assert told(staged) == [("looks_like_date", 3, "id")]
    patients = staged.rows["study.patient"].select("patient_id", "person_id").rows()
    assert patients == [("X_20000101", "C:X_20000101")]


def test_id_rules_run_before_the_gate(stage: Staging) -> None:
    rules = {"normalise": [{"strip_suffix": "_20000101_0927"}]}
    staged = stage("id,grade\nPCAMPMRI-00775_20000101_0927,2\n", CLINICAL | rules)
    assert staged.refusals == ()
    assert staged.rows["study.patient"]["patient_id"].to_list() == ["PCAMPMRI-00775"]


def test_in_long_tables_the_row_is_refused(stage: Staging) -> None:
    staged = stage(
        "id,what,day,note\n"
        "P1,surgery,1,left\n"
        "P1,seen by Dr. Miller,2,x\n"
        "P2,biopsy,3,mail jane@example.org\n"
        "P2,biopsy,4,right\n",
        EVENT,
    )
    assert told(staged) == [
        ("looks_like_person", 3, "event_type"),
        ("looks_like_person", 4, "detail"),
    ]
    assert staged.rows["clinical.event"]["start_day"].to_list() == [1, 4]
    check_nobody(staged, "Miller")


def test_a_row_that_others_refer_to_loses_the_cell_alone(stage: Staging) -> None:
    declared = CLINICAL | {"patient": {"site": "hospital"}}
    staged = stage("id,hospital,grade\nP1,Dr. Miller,2\nP2,North,3\n", declared)
    assert told(staged) == [("looks_like_person", 2, "site")]
    patients = staged.rows["study.patient"].select("patient_id", "site").rows()
    assert patients == [("P1", None), ("P2", "North")]
    check_nobody(staged, "Miller")


def test_other_refusals_do_not_quote_people(stage: Staging) -> None:
    staged = stage(
        "id,what,day,note\n"
        "P1,visit of DOE^JOHN,1,a\n"
        "P1,visit of DOE^JOHN,1,b\n"  # rows in conflict, told by their key
        "P2,surgery,555-234-5678,a\n"  # a day that is none, told with the cell
        "P3,surgery,what is quoted of a cell ends in 555-234-5678,a\n",  # within the number
        EVENT,
    )
    assert {r.reason_code for r in staged.refusals} == {"conflicting_rows", "not_a_number"}
    check_nobody(staged)


def test_samples_of_a_header_are_refused_by_their_place(stage: Staging) -> None:
    declared = {
        "kind": "expression",
        "layout": "genes_in_rows",
        "gene": "gene",
        "profile": "rna",
        "unit": "TPM",
    }
    staged = stage("gene,S1,DOE^JOHN\nTP53,1,2\n", declared)
    assert told(staged) == [("looks_like_person", None, None)]
    assert "sample 2 of the header" in staged.refusals[0].detail
    assert staged.rows["genomic.expression"]["sample_id"].to_list() == ["S1"]
    check_nobody(staged)


def test_variants_of_people_are_refused_by_their_line(stage: Staging) -> None:
    row = "TP53\t17\t{}\t7\tMissense_Mutation\tC\tT\t{}\n"
    staged = stage(MAF_HEADER + row.format(7, "DOE^JOHN") + row.format(7, "S1"), MAF)
    assert told(staged) == [("looks_like_person", 2, "Tumor_Sample_Barcode")]
    assert staged.rows["genomic.mutation"]["sample_id"].to_list() == ["S1"]
    check_nobody(staged)


def test_a_refused_table_quotes_nobody(stage: Staging) -> None:
    staged = stage("id,DOE^JOHN\nP1,2\n", CLINICAL | {"id": "DOE^JAHN"})
    assert [refusal.reason_code for refusal in staged.refusals] == ["missing_column"]
    check_nobody(staged)


# ids replaced by a keyed hash


def test_one_person_has_one_id_in_all_tables(stage: Staging) -> None:
    stage.privacy = Privacy(KEY)
    rules = {"normalise": [{"strip_suffix": "-T1"}, "keyed_hash"]}
    by_id = {"id": "id", "normalise": ["keyed_hash"]}
    sample_sheet = {"kind": "sample", **by_id, "sample": "sample"}
    clinical = stage("id,grade\nMRN-4711,2\nMRN-0815,3\n", {"kind": "clinical", **by_id})
    samples = stage("id,sample\nMRN-4711,MRN-4711-T1\n", sample_sheet)
    row = "TP53\t17\t7\t7\tMissense_Mutation\tC\tT\tMRN-4711-T1\n"
    variants = stage(MAF_HEADER + row, MAF | rules)
    expected = KEY.hashed("MRN-4711")
    assert set(clinical.rows["study.patient"]["patient_id"]) == {expected, KEY.hashed("MRN-0815")}
    assert samples.rows["genomic.sample"]["patient_id"].to_list() == [expected]
    assert variants.rows["genomic.sample"]["patient_id"].to_list() == [expected]
    sample = KEY.hashed("MRN-4711-T1")
    assert samples.rows["genomic.sample"]["sample_id"].to_list() == [sample]
    assert variants.rows["genomic.mutation"]["sample_id"].to_list() == [sample]
    for staged in (clinical, samples, variants):
        check_nobody(staged, "MRN", "0815")
        assert staged.refusals == ()


@pytest.mark.parametrize(
    ("ids", "declared"),
    [
        (("MRN-4711_baseline", "MRN-0815_baseline"), {"id_pattern": "{patient_id}_{timepoint}"}),
        (("mrn-4711", "mrn-0815"), {"normalise": ["upper", "keyed_hash"]}),
        (("MRN-4711-T1", "MRN-0815-T1"), {"normalise": [{"strip_suffix": "-T1"}, "keyed_hash"]}),
    ],
)
def test_a_column_with_a_form_of_the_hashed_id_is_left_out(
    stage: Staging, ids: tuple[str, str], declared: dict[str, Any]
) -> None:
    stage.privacy = Privacy(KEY)
    content = f"id,who,grade\n{ids[0]},MRN-4711,2\n{ids[1]},MRN-0815,3\n"
    staged = stage(content, {"kind": "clinical", "id": "id", **HASHED, **declared})
    assert staged.rows["clinical.variable"]["variable"].unique().to_list() == ["grade"]
    assert [r.column_name for r in staged.refusals] == ["who"]
    check_nobody(staged, "MRN", "0815")


@pytest.mark.parametrize("layout", ["genes_in_rows", "genes_in_columns", "long"])
def test_samples_of_a_matrix_are_hashed(stage: Staging, layout: str) -> None:
    stage.privacy = Privacy(KEY)
    content = {
        "genes_in_rows": "gene,Description,MRN-4711\nTP53,x,1\n",
        "genes_in_columns": "sample,TP53\n MRN-4711 ,1\nNA,2\n",
        "long": "gene,sample,value\nTP53,MRN-4711,1\n",
    }[layout]
    columns = {"gene": "gene", "sample": "sample", "value": "value"}
    declared = {"kind": "expression", "layout": layout, "profile": "rna", "unit": "TPM", **HASHED}
    staged = stage(content, declared | columns)
    hashed = KEY.hashed("MRN-4711")
    rows = staged.rows["genomic.expression"].select("sample_id", "hugo_symbol", "value").rows()
    assert rows == [(hashed, "TP53", 1.0)]
    assert staged.rows["genomic.sample"]["patient_id"].to_list() == [hashed]
    check_nobody(staged, "MRN")


@pytest.mark.parametrize("samples", ["all", ["MRN-4711", "MRN-0815"]])
def test_profiled_samples_are_hashed_as_those_of_the_file(stage: Staging, samples: Any) -> None:
    stage.privacy = Privacy(KEY)
    sheet = {"kind": "sample", "id": "id", "sample": "sample", **HASHED}
    stage("id,sample\nMRN-4711,MRN-4711\nMRN-0815,MRN-0815\n", sheet)
    row = "TP53\t17\t7\t7\tMissense_Mutation\tC\tT\tMRN-4711\n"
    staged = stage(MAF_HEADER + row, MAF | HASHED | {"profiled": {"samples": samples}})
    assert staged.refusals == ()
    assayed = set(staged.rows["genomic.assay"]["sample_id"])
    assert assayed == {KEY.hashed("MRN-4711"), KEY.hashed("MRN-0815")}
    check_nobody(staged, "MRN", "0815")


VCF = """##fileformat=VCFv4.2
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO	FORMAT	{}	MRN-0815
1	100	rs1	C	T	.	PASS	.	GT	0/1	0/0
"""
GENOTYPE = {"kind": "genotype", "effect_alleles": {"rs1": "T"}}


@pytest.mark.parametrize(
    ("content", "declared", "table"),
    [
        (VCF.format("MRN-4711"), {"kind": "mutation", "genome": "GRCh37"}, "mutation"),
        (
            VCF.format("TUMOR"),
            {"kind": "mutation", "genome": "GRCh37", "samples": {"TUMOR": "MRN-4711"}},
            "mutation",
        ),
        (VCF.format("MRN-4711"), {"kind": "genotype"}, "genotype"),
        (
            "id,rs1\nMRN-4711,C/T\n",
            GENOTYPE | {"layout": "samples_in_rows", "id": "id"},
            "genotype",
        ),
        (
            "rs,MRN-4711\nrs1,C/T\n",
            GENOTYPE | {"layout": "variants_in_rows", "variant": "rs"},
            "genotype",
        ),
        (
            "Sample_Id\tSite1_Hugo_Symbol\nMRN-4711\tBRAF\n",
            {"kind": "structural_variant", "profiled": {"samples": ["MRN-4711"]}},
            "structural_variant",
        ),
        (
            "SAMPLE_ID\tmutations\nMRN-4711\tP\n",
            {"kind": "gene_panel_matrix", "profiled": {"mutation": ["MRN-4711"]}},
            "assay",
        ),
    ],
)
def test_samples_of_variants_are_hashed(
    stage: Staging, content: str, declared: dict[str, Any], table: str
) -> None:
    stage.privacy = Privacy(KEY)
    if content.startswith("##"):
        pytest.importorskip("pysam")
        declared = declared | {"file": "table.vcf", "normals": ["MRN-0815"]}
    staged = stage(content, declared | HASHED)
    hashed = KEY.hashed("MRN-4711")
    assert set(staged.rows[f"genomic.{table}"]["sample_id"].cast(pl.String)) == {hashed}
    assert staged.rows["genomic.sample"]["patient_id"].to_list() == [hashed]
    check_nobody(staged, "MRN", "0815")


def test_columns_of_a_vcf_that_are_to_be_hashed_are_not_told(stage: Staging) -> None:
    pytest.importorskip("pysam")
    stage.privacy = Privacy(KEY)
    declared = {"kind": "mutation", "genome": "GRCh37", "file": "table.vcf", **HASHED}
    for samples in ({"TUMOR": "MRN-4711"}, {"MRN_0815": "MRN-4711"}):
        staged = stage(VCF.format("TUMOR"), declared | {"samples": samples})
        assert {r.reason_code for r in staged.refusals} <= {"column_not_used", "missing_column"}
        check_nobody(staged, "MRN-", "-0815")


def test_refusals_tell_hashed_ids_alone(stage: Staging) -> None:
    stage.privacy = Privacy(KEY)
    staged = stage(
        "id,grade\nMRN-4711,2\nMRN-4711,2\nMRN-0815,3\n", CLINICAL | HASHED, known=("other",)
    )
    # nobody is known: the table is refused with an example, which is hashed
    assert [refusal.reason_code for refusal in staged.refusals] == ["no_id_matches"]
    check_nobody(staged, "MRN", "0815")
    assert KEY.hashed("MRN-4711") in all_text(staged)


def test_a_column_that_repeats_the_hashed_id_is_refused(stage: Staging) -> None:
    stage.privacy = Privacy(KEY)
    staged = stage("id,record,grade\n4711,4711,4711\n4712,4712,3\n4713,,2\n", CLINICAL | HASHED)
    assert told(staged) == [("looks_like_person", None, "record")]
    assert variables(staged) == {"grade"}
    plain = Staging(stage.folder)("id,record\n1,1\n2,2\n", CLINICAL)
    assert plain.refusals == ()


def test_nothing_is_said_of_a_hundred_thousand_sound_cells(stage: Staging) -> None:
    lines = "".join(f"P{n},{n % 5},IDH wildtype {n},1.2.840.{n}.4.5\n" for n in range(30_000))
    staged = stage("id,grade,marker,uid\n" + lines, CLINICAL)
    assert staged.refusals == ()
    assert staged.rows["clinical.variable"].height == 90_000
