from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from roentgene.ingest.tables import StagedTables

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

CALLS: dict[str, Any] = {
    "kind": "copy_number",
    "layout": "genes_in_rows",
    "gene": "Hugo_Symbol",
    "values": "discrete",
    "profile": "gistic",
}


def values(staged: StagedTables) -> dict[tuple[str, str], float | None]:
    rows = staged.rows["genomic.copy_number"].select("sample_id", "hugo_symbol", "value").rows()
    return {row[:2]: row[2] for row in rows}


def test_calls_of_gistic_are_taken_and_others_refused(stage: Stage, told: Told) -> None:
    content = "Hugo_Symbol,Entrez_Gene_Id,S1,S2\nTP53,7157,-2,3\nEGFR,1956,2,0.5\nIDH1,3417,-1.5,\n"
    staged = stage(content, CALLS)
    assert told(staged) == [("not_in_set", 2, "S2"), ("not_in_set", 3, "S2")]
    assert "'3' is no call of GISTIC" in staged.refusals[0].detail
    assert values(staged) == {
        ("S1", "TP53"): -2.0,
        ("S1", "EGFR"): 2.0,
        ("S1", "IDH1"): -1.5,
        ("S2", "IDH1"): None,
    }
    row = staged.rows["genomic.copy_number"].row(0, named=True)
    assert (row["unit"], row["value_scale"]) == ("discrete", "raw")
    assert staged.rows["genomic.assay"]["assay"].unique().to_list() == ["copy_number"]


def test_the_same_rule_holds_of_a_long_table(stage: Stage, told: Told) -> None:
    long = CALLS | {"layout": "long", "sample": "Sample_Id", "value": "Value"}
    staged = stage("Hugo_Symbol,Sample_Id,Value\nTP53,S1,-1\nEGFR,S1,7\n", long)
    assert told(staged) == [("not_in_set", 3, "Value")]
    assert values(staged) == {("S1", "TP53"): -1.0}


@pytest.mark.parametrize(
    ("kind", "cell", "code"), [("copies", "-1", "out_of_range"), ("log2", "-1", None)]
)
def test_copies_are_not_negative_and_log_ratios_may_be(
    stage: Stage, told: Told, kind: str, cell: str, code: str | None
) -> None:
    staged = stage(f"Hugo_Symbol,S1\nTP53,{cell}\n", CALLS | {"values": kind})
    assert [row[0] for row in told(staged)] == ([code] if code else [])


def test_a_gene_that_its_name_does_not_tell_is_told_by_its_id(stage: Stage) -> None:
    content = "Hugo_Symbol,Entrez_Gene_Id,S1\nERCC5|aaa,2073,1\nMLL2,8085,0\n"
    assert set(values(stage(content, CALLS))) == {("S1", "ERCC5"), ("S1", "KMT2D")}


def test_barcodes_of_aliquots_lead_to_samples(stage: Stage) -> None:
    content = "Hugo_Symbol,TCGA-AB-2803-03A-01D-0756-21,TCGA-AB-2804-03A-01D-0756-21\nTP53,1,2\n"
    staged = stage(content, CALLS | {"sample_rules": ["tcga_patient"]})
    assert set(values(staged)) == {("TCGA-AB-2803", "TP53"), ("TCGA-AB-2804", "TP53")}


def test_two_aliquots_of_one_sample_are_refused(stage: Stage, told: Told) -> None:
    content = "Hugo_Symbol,TCGA-AB-2803-03A,TCGA-AB-2803-11A,TCGA-AB-2804-03A\nTP53,1,2,2\n"
    staged = stage(content, CALLS | {"sample_rules": ["tcga_patient"]})
    assert told(staged) == [("conflicting_rows", None, None)]
    assert set(values(staged)) == {("TCGA-AB-2804", "TP53")}


def test_a_column_that_is_none_is_left_aside(stage: Stage) -> None:
    staged = stage("Hugo_Symbol,remark,S1\nTP53,x,1\n", CALLS | {"ignore": ["remark"]})
    assert staged.refusals == ()
    assert set(values(staged)) == {("S1", "TP53")}
