from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roentgene.ingest.tables import StagedTables

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

BASE: dict[str, Any] = {"kind": "expression", "profile": "rna_tpm", "unit": "TPM"}
LONG = BASE | {"layout": "long", "gene": "gene", "sample": "sample", "value": "value"}
IN_ROWS = BASE | {"layout": "genes_in_rows", "gene": "gene"}
IN_COLUMNS = BASE | {"layout": "genes_in_columns", "sample": "sample"}
SHEET = {"kind": "sample", "file": "s.csv", "id": "patient", "sample": "sample"}

GENE_NAMES = ["EGFR", "IDH1", "MGMT", "TP53"]
GENES = st.sampled_from(["TP53", "EGFR", "IDH1", "source", "entity", "sample_id", "hugo_symbol"])
SAMPLES = st.sampled_from(["S1", "S2", "T-7", "variable", "value"])
NO_NAME = ("column_without_name", 1, None)
VALUES = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False))


def values(staged: StagedTables) -> dict[tuple[str, str], float | None]:
    rows = staged.rows["genomic.expression"].select("sample_id", "hugo_symbol", "value").rows()
    return {row[:2]: row[2] for row in rows}


def written(rows: list[list[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(
        [["NA" if cell is None else cell for cell in row] for row in rows]
    )
    return text.getvalue()


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
    max_examples=30,
)
@given(
    genes=st.lists(GENES, min_size=1, max_size=4, unique=True),
    samples=st.lists(SAMPLES, min_size=1, max_size=3, unique=True),
    data=st.data(),
)
def test_three_layouts_of_one_matrix_give_the_same_values(
    stage: Stage, genes: list[str], samples: list[str], data: st.DataObject
) -> None:
    matrix = {(s, g): data.draw(VALUES) for g in genes for s in samples}
    long = [["gene", "sample", "value"], *([g, s, v] for (s, g), v in matrix.items())]
    rows = [["gene", *samples], *([g, *(matrix[s, g] for s in samples)] for g in genes)]
    columns = [["sample", *genes], *([s, *(matrix[s, g] for g in genes)] for s in samples)]
    found = [
        stage(written(long), LONG),
        stage(written(rows), IN_ROWS),
        stage(written(columns), IN_COLUMNS),
    ]
    for staged in found:
        assert {refusal.reason_code for refusal in staged.refusals} <= {"gene_unknown"}
        assert values(staged) == matrix
        assert set(staged.rows["genomic.sample"]["sample_id"]) == set(samples)
        assert set(staged.rows["study.patient"]["patient_id"]) == set(samples)


def test_what_is_known_of_an_expression_table_and_what_is_not(stage: Stage) -> None:
    staged = stage("gene\tS1\tS2\nTP53\t1.5\t\n", IN_ROWS, name="table.tsv")
    assert values(staged) == {("S1", "TP53"): 1.5, ("S2", "TP53"): None}
    row = staged.rows["genomic.expression"].to_dicts()[0]
    assert (row["molecular_profile_id"], row["unit"], row["source_row"]) == ("rna_tpm", "TPM", 2)
    assays = staged.rows["genomic.assay"].select("sample_id", "assay", "panel", "all_genes")
    assert assays.rows() == [("S1", "expression", None, False), ("S2", "expression", None, False)]


@pytest.mark.parametrize("layout", [IN_ROWS, IN_COLUMNS])
def test_parquet_numbers_are_taken_as_they_are(
    stage: Stage, told: Told, tmp_path: Path, layout: dict[str, Any]
) -> None:
    index, columns = ("gene", "S1") if layout is IN_ROWS else ("sample", "TP53")
    path = tmp_path / "expression.parquet"
    cells = {index: GENE_NAMES, columns: [0.1, None, float("nan"), float("inf")]}
    pl.DataFrame(cells).write_parquet(path)
    staged = stage(path, layout)
    assert list(values(staged).values()) == [0.1, None, None]
    assert told(staged) == [("not_a_number", 5, columns)]


@pytest.mark.parametrize(
    ("content", "declared", "line", "column"),
    [
        ("gene,sample,value\nTP53,S1,1\nEGFR,S1,high\nTP53,S2,2\nEGFR,S2,3\n", LONG, 3, "value"),
        ("gene,S1,S2\nTP53,1,2\nEGFR,high,3\n", IN_ROWS, 3, "S1"),
        ("sample,TP53,EGFR\nS1,1,high\nS2,2,3\n", IN_COLUMNS, 2, "EGFR"),
    ],
)
def test_a_cell_that_is_no_number_is_refused_alone(
    stage: Stage, told: Told, content: str, declared: dict[str, Any], line: int, column: str
) -> None:
    staged = stage(content, declared)
    assert told(staged) == [("not_a_number", line, column)]
    assert "'high'" in staged.refusals[0].detail
    assert values(staged) == {("S1", "TP53"): 1.0, ("S2", "TP53"): 2.0, ("S2", "EGFR"): 3.0}


@pytest.mark.parametrize("word", ["inf", "1,5", "1e400", "nan."])
def test_numbers_that_are_not_finite_are_none(stage: Stage, told: Told, word: str) -> None:
    staged = stage(f'gene;S1;S2\nTP53;"{word}";1\n', IN_ROWS)
    assert told(staged) == [("not_a_number", 2, "S1")]
    assert values(staged) == {("S2", "TP53"): 1.0}


def test_a_column_without_any_number_is_refused_once(stage: Stage, told: Told) -> None:
    staged = stage("sample,batch,TP53\nS1,x,1\nS2,y,2\n", IN_COLUMNS)
    assert told(staged) == [("gene_unknown", None, None), ("not_a_number", None, "batch")]
    assert values(staged) == {("S1", "TP53"): 1.0, ("S2", "TP53"): 2.0}


@pytest.mark.parametrize(
    ("content", "declared"),
    [
        ("gene,sample,value\nTP53,S1,1\nTP53,S1,1.0\nEGFR,S1,2\nEGFR,S1,3\nIDH1,S1,4\n", LONG),
        ("gene,S1\nTP53,1\nTP53,1.0\nEGFR,2\nEGFR,3\nIDH1,4\n", IN_ROWS),
    ],
)
def test_a_gene_that_stands_twice(
    stage: Stage, told: Told, content: str, declared: dict[str, Any]
) -> None:
    staged = stage(content, declared)
    assert told(staged) == [("duplicate_row", 3, None), ("conflicting_rows", 4, None)]
    assert values(staged) == {("S1", "TP53"): 1.0, ("S1", "IDH1"): 4.0}


def test_a_gene_that_stands_twice_in_the_header(stage: Stage, told: Told) -> None:
    staged = stage("sample,TP53,TP53,EGFR,EGFR\nS1,1,1,2,3\n", IN_COLUMNS)
    assert told(staged) == [("repeated_column", 1, "TP53"), ("conflicting_rows", 1, "EGFR")]
    assert values(staged) == {("S1", "TP53"): 1.0}


def test_a_sample_that_stands_twice(stage: Stage, told: Told) -> None:
    staged = stage("sample,TP53\nS1,1\nS2,1\nS1,1\nS2,2\nS3,3\n", IN_COLUMNS)
    assert told(staged) == [("duplicate_row", 4, None), ("conflicting_rows", 3, None)]
    assert values(staged) == {("S1", "TP53"): 1.0, ("S3", "TP53"): 3.0}


@pytest.mark.parametrize(
    ("content", "declared", "places"),
    [
        (
            "gene,sample,value\n,S1,1\nTP53,,2\nTP53,S1,3\n",
            LONG,
            [("missing_id", 3, "sample"), ("missing_id", 2, "gene")],
        ),
        ("gene,S1,\n,1,1\nTP53,3,1\n", IN_ROWS, [NO_NAME, ("missing_id", 2, "gene")]),
        ("sample,TP53,\n,1,1\nS1,3,1\n", IN_COLUMNS, [NO_NAME, ("missing_id", 2, "sample")]),
    ],
)
def test_genes_and_samples_need_a_name(
    stage: Stage, told: Told, content: str, declared: dict[str, Any], places: list[Any]
) -> None:
    staged = stage(content, declared)
    assert told(staged) == places
    assert values(staged) == {("S1", "TP53"): 3.0}


def test_columns_beside_the_samples_are_no_samples(stage: Stage) -> None:
    content = "Hugo_Symbol,Entrez_Gene_Id,S1\nTP53,7157,1\n"
    staged = stage(content, IN_ROWS | {"gene": "Hugo_Symbol"})
    assert values(staged) == {("S1", "TP53"): 1.0}
    assert staged.refusals == ()


@pytest.mark.parametrize(
    ("content", "declared", "column"),
    [("g,sample,value\nTP53,S1,1\n", LONG, "gene"), ("s,TP53\nS1,1\n", IN_COLUMNS, "sample")],
)
def test_a_declared_column_must_be_there(
    stage: Stage, told: Told, content: str, declared: dict[str, Any], column: str
) -> None:
    staged = stage(content, declared)
    assert told(staged) == [("missing_column", None, column)]
    assert staged.rows == {}


def test_samples_lead_to_patients_by_sheet_or_by_rule(stage: Stage) -> None:
    staged = stage(
        "gene,TCGA-DU-7294-01A,X9\nTP53,1,2\n",
        IN_ROWS | {"normalise": ["tcga_patient"]},
        known=("TCGA-DU-7294", "P1"),
        samples={"X9": "P1"},
    )
    assert staged.rows["genomic.sample"].select("sample_id", "patient_id").rows() == [
        ("TCGA-DU-7294-01A", "TCGA-DU-7294"),
        ("X9", "P1"),
    ]
    assert staged.refusals == ()
    assert staged.id_match.matched == {"TCGA-DU-7294", "P1"}


def test_a_sample_that_the_sheet_lacks_is_unknown(stage: Stage, told: Told) -> None:
    staged = stage(
        "gene,S1,S2,P2\nTP53,1,2,3\n",
        IN_ROWS,
        known=("P1", "P2"),
        samples={"S1": "P1"},
        others=(SHEET,),
    )
    assert told(staged) == [("unknown_sample", None, "S2")]
    assert values(staged) == {("S1", "TP53"): 1.0, ("P2", "TP53"): 3.0}


def test_without_a_sheet_a_new_sample_is_a_new_patient(stage: Stage) -> None:
    staged = stage("gene,P1,Q7\nTP53,1,2\n", IN_ROWS, known=("P1",))
    assert staged.refusals == ()
    assert staged.rows["study.patient"]["patient_id"].to_list() == ["Q7"]
    assert staged.id_match.only_in_table == ("Q7",)


def test_a_sample_nearly_known_is_refused(stage: Stage, told: Told) -> None:
    content = "sample,TP53\nS_1,1\np2,2\nP3,3\n"
    staged = stage(content, IN_COLUMNS, known=("P1", "P2", "P3"), samples={"S-1": "P1"})
    assert told(staged) == [("id_near_miss", 2, "sample"), ("id_near_miss", 3, "sample")]
    assert "'S-1'" in staged.refusals[0].detail
    assert "'P2'" in staged.refusals[1].detail
    assert values(staged) == {("P3", "TP53"): 3.0}


def test_samples_of_nobody_refuse_the_table(stage: Stage, told: Told) -> None:
    staged = stage("gene,STS-2\nTP53,1\n", IN_ROWS, known=("STS_002",))
    assert told(staged) == [("no_id_matches", None, None)]
    assert staged.rows == {}


def test_a_matrix_all_of_whose_samples_are_refused_gives_nothing(stage: Stage) -> None:
    staged = stage(
        "gene,p1,P2\nTP53,1,1\nTP53,2,2\n", IN_ROWS, known=("P1",), samples={"P2-": "P1"}
    )
    assert {refusal.reason_code for refusal in staged.refusals} == {"no_id_matches"}
    near = stage("gene,S1\nTP53,1\nTP53,2\n", IN_ROWS, known=("P1",), samples={"s-1": "P1"})
    assert [refusal.reason_code for refusal in near.refusals] == ["id_near_miss"]
    assert near.rows["genomic.expression"].is_empty()


@pytest.mark.realdata
def test_an_expression_file_of_cbioportal(stage: Stage, shared_data: Path) -> None:
    path = shared_data / "genomic" / "cbioportal_study_es_0" / "data_expression_median.txt"
    declared = IN_ROWS | {"gene": "Hugo_Symbol", "normalise": ["tcga_patient"]}
    staged = stage(path, declared)
    lines = path.read_text().splitlines()
    n_samples = len(lines[0].split("\t")) - 2
    assert staged.refusals == ()
    assert staged.rows["genomic.sample"].height == n_samples
    assert staged.rows["genomic.expression"].height == n_samples * (len(lines) - 1)
    assert values(staged)["TCGA-A1-A0SD-01", "CREB3L1"] == 1.4345


@pytest.mark.realdata
def test_an_expression_file_with_genes_in_columns(stage: Stage, shared_data: Path) -> None:
    folder = shared_data / "cohorts" / "imagene_lung44"
    path = folder / "Lung_gene_expression_new_cohort_n44.csv"
    staged = stage(path, IN_COLUMNS | {"sample": "ID"})
    with path.open(encoding="utf-8") as file:
        header, first = next(csv.reader(file)), next(csv.reader(file))
    assert staged.rows["genomic.sample"].height == 44
    assert values(staged)[first[0], header[1]] == float(first[1])


def test_a_number_may_be_a_word_for_no_value(stage: Stage, tmp_path: Path) -> None:
    declared = IN_ROWS | {"missing": ["-9", "NA"]}
    staged = stage("gene,S1,S2\nTP53,-9,1\nEGFR, 2 ,NA\n", declared)
    assert staged.refusals == ()
    found = {("S1", "TP53"): None, ("S1", "EGFR"): 2.0, ("S2", "TP53"): 1.0, ("S2", "EGFR"): None}
    assert values(staged) == found
    path = tmp_path / "expression.parquet"
    pl.DataFrame({"gene": ["TP53", "EGFR"], "S1": [-9, 2], "S2": [1, None]}).write_parquet(path)
    assert values(stage(path, declared)) == found


def test_genes_come_in_their_order_whatever_the_file_has(stage: Stage) -> None:
    staged = stage("sample,TP53,EGFR\nS2,1,2\nS1,3,4\n", IN_COLUMNS)
    rows = staged.rows["genomic.expression"].select("hugo_symbol", "sample_id", "value")
    assert rows.rows() == [
        ("EGFR", "S2", 2.0),
        ("EGFR", "S1", 4.0),
        ("TP53", "S2", 1.0),
        ("TP53", "S1", 3.0),
    ]


def test_names_of_genes_are_stored_with_their_lines(stage: Stage) -> None:
    staged = stage("gene,S1\nSEPT9,1\n9-Sep,2\nMLL2,3\n", IN_ROWS)
    names = staged.rows["genomic.gene_name"].select(
        "cohort_id", "file_path", "given", "hugo_symbol", "hgnc_id", "gene_status", "source_row"
    )
    assert names.rows() == [
        ("C1", "table.csv", "SEPT9", "SEPTIN9", "HGNC:7323", "synonym", 2),
        ("C1", "table.csv", "MLL2", "KMT2D", "HGNC:7133", "synonym", 4),
    ]
    assert set(values(staged)) == {("S1", "SEPTIN9"), ("S1", "KMT2D")}
    assert [(r.reason_code, r.row_number) for r in staged.refusals] == [("gene_is_date", 3)]


def test_values_say_whether_they_are_z_scores(stage: Stage) -> None:
    staged = stage("gene,S1\nTP53,-1.5\n", IN_ROWS | {"value_scale": "zscore"})
    assert staged.rows["genomic.expression"]["value_scale"].to_list() == ["zscore"]
