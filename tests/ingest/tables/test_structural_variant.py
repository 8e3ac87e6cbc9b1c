from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from roentgene.ingest.tables import StagedTables

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

ROW = {
    "Sample_Id": "S1",
    "Site1_Hugo_Symbol": "KIAA1549",
    "Site1_Chromosome": "chr7",
    "Site1_Position": "138536968",
    "Site2_Hugo_Symbol": "BRAF",
    "Site2_Position": "140482957",
    "NCBI_Build": "hg19",
    "Tumor_Read_Count": "1000",
    "Event_Info": "Fusion",
    "Class": "DUPLICATION",
    "SV_Status": "SOMATIC",
}


def stage_calls(stage: Stage, *changes: dict[str, str], **declared: Any) -> StagedTables:
    columns = list(dict.fromkeys([*ROW, *(name for change in changes for name in change)]))
    rows = [{**ROW, **change} for change in changes]
    lines = ["\t".join(row.get(column, "NA") for column in columns) for row in rows]
    content = "\n".join(["\t".join(columns), *lines]) + "\n"
    known = declared.pop("samples_known", None)
    return stage(content, {"kind": "structural_variant", **declared}, name="sv.txt", samples=known)


def calls(staged: StagedTables, *columns: str) -> list[tuple[Any, ...]]:
    return staged.rows["genomic.structural_variant"].select(columns).rows()


def test_a_fusion(stage: Stage) -> None:
    (row,) = stage_calls(stage, {}).rows["genomic.structural_variant"].to_dicts()
    expected = {
        "sample_id": "S1",
        "site1_hugo_symbol": "KIAA1549",
        "site1_chromosome": "7",
        "site1_position": 138536968,
        "site2_hugo_symbol": "BRAF",
        "site2_chromosome": None,
        "event_info": "Fusion",
        "ncbi_build": "GRCh37",
        "sv_class": "DUPLICATION",
        "tumor_read_count": 1000,
        "sv_status": "SOMATIC",
        "source_row": 2,
    }
    assert {name: row[name] for name in expected} == expected


def test_one_breakpoint_may_lie_between_genes_but_not_both(stage: Stage, told: Told) -> None:
    one = {"Site1_Hugo_Symbol": "NA"}
    staged = stage_calls(stage, one, {**one, "Site2_Hugo_Symbol": ""})
    assert calls(staged, "site1_hugo_symbol", "site2_hugo_symbol") == [(None, "BRAF")]
    assert told(staged) == [("missing_value", 3, "Site1_Hugo_Symbol")]


def test_genes_go_by_approved_symbols_or_entrez_ids(stage: Stage) -> None:
    by_id = {"Site1_Hugo_Symbol": "", "Site1_Entrez_Gene_Id": "673", "Site2_Hugo_Symbol": "MLL2"}
    staged = stage_calls(stage, by_id)
    assert calls(staged, "site1_hugo_symbol", "site2_hugo_symbol") == [("BRAF", "KMT2D")]


def test_two_places_of_one_fusion_are_two_rows_and_a_repeated_one_is_refused(
    stage: Stage, told: Told
) -> None:
    staged = stage_calls(stage, {}, {"Site1_Position": "138536000"}, {}, {"SV_Status": "GERMLINE"})
    assert calls(staged, "source_row") == [(3,)]
    assert [code for code, *_ in told(staged)] == ["conflicting_rows"]
    twice = stage_calls(stage, {}, {})
    assert told(twice) == [("duplicate_row", 3, None)]


@pytest.mark.parametrize(
    ("change", "code", "column"),
    [
        ({"NCBI_Build": "hg18"}, "not_in_set", "NCBI_Build"),
        ({"Site1_Position": "x"}, "not_a_number", "Site1_Position"),
        ({"Sample_Id": ""}, "missing_id", "Sample_Id"),
    ],
)
def test_wrong_cells(
    stage: Stage, told: Told, change: dict[str, str], code: str, column: str
) -> None:
    assert told(stage_calls(stage, change, {"Site2_Position": "1"})) == [(code, 2, column)]


def test_a_contradicting_build_is_refused(stage: Stage, told: Told) -> None:
    staged = stage_calls(stage, {}, {"NCBI_Build": ""}, genome="GRCh38")
    assert told(staged) == [("not_in_set", 2, "NCBI_Build")]
    assert calls(staged, "ncbi_build") == [("GRCh38",)]


def test_what_was_profiled_is_an_assay_of_its_own(stage: Stage) -> None:
    samples = {"S1": "P1", "S2": "P2"}
    staged = stage_calls(stage, {}, profiled={"samples": "all"}, samples_known=samples)
    assays = staged.rows["genomic.assay"].select("sample_id", "assay", "alteration", "all_genes")
    assert assays.rows() == [
        ("S1", "structural_variant", "structural_variant", True),
        ("S2", "structural_variant", "structural_variant", True),
    ]


def test_a_table_without_genes_is_none(stage: Stage, told: Told) -> None:
    staged = stage("Sample_Id\tClass\nS1\tDEL\n", {"kind": "structural_variant"}, name="sv.txt")
    assert told(staged) == [("missing_column", None, None)]


@pytest.mark.realdata
def test_the_fusions_of_a_cbioportal_study(stage: Stage, shared_data: Path) -> None:
    path = shared_data / "genomic" / "cbioportal_study_es_0" / "data_structural_variants.txt"
    staged = stage(path, {"kind": "structural_variant"})
    rows = staged.rows["genomic.structural_variant"]
    assert rows.height == 48
    assert staged.refusals == ()
    assert rows["event_info"].unique().to_list() == ["Fusion"]
    assert rows["site1_hugo_symbol"].null_count() == rows["site2_hugo_symbol"].null_count() == 1


def test_a_fusion_that_two_callers_count_otherwise_stands(stage: Stage, told: Told) -> None:
    staged = stage_calls(stage, {}, {"Tumor_Read_Count": "12", "Annotation": "by another"})
    assert calls(staged, "source_row", "tumor_read_count") == [(2, 1000)]
    assert told(staged) == [("duplicate_row", 3, None)]
