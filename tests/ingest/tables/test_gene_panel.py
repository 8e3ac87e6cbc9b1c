"""Gene panels, and which sample was profiled with which."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from roentgene.ingest.tables import StagedTables
from roentgene.schemas.panel_tables import GenePanelTable

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

PANEL = {"kind": "gene_panel"}
MATRIX = {"kind": "gene_panel_matrix"}


def genes(staged: StagedTables) -> list[tuple[str, str]]:
    return staged.rows["genomic.panel_gene"].select("panel", "hugo_symbol").rows()


def assays(staged: StagedTables) -> list[tuple[Any, ...]]:
    columns = ("sample_id", "assay", "panel", "all_genes")
    return sorted(staged.rows["genomic.assay"].select(columns).rows())


def test_a_panel_file_of_cbioportal(stage: Stage) -> None:
    content = "stable_id: P50\ndescription: fifty: genes\ngene_list: TP53\tMLL2\t 3417\t\n"
    staged = stage(content, PANEL, name="panel.txt")
    assert genes(staged) == [("P50", "TP53"), ("P50", "KMT2D"), ("P50", "IDH1")]
    assert staged.refusals == ()
    assert not staged.has_ids


def test_a_table_of_panels(stage: Stage, told: Told) -> None:
    content = "panel,gene\nA,TP53\nB,TP53\nA,\n,IDH1\n"
    staged = stage(content, PANEL | {"panel_column": "panel", "gene": "gene"})
    assert genes(staged) == [("A", "TP53"), ("B", "TP53")]
    assert told(staged) == [("missing_id", 5, "panel"), ("missing_value", 4, "gene")]


def test_a_list_of_genes(stage: Stage, told: Told) -> None:
    content = "\ufeff# our panel\r\nTP53\r\nIDH1\r\n\r\nTP53\r\n"
    staged = stage(content, PANEL | {"panel": "OUR"}, name="genes.txt")
    assert genes(staged) == [("OUR", "TP53"), ("OUR", "IDH1")]
    assert told(staged) == [("duplicate_row", 5, None)]


def test_two_names_of_one_gene_are_one(stage: Stage, told: Told) -> None:
    staged = stage("MLL2\nKMT2D\n", PANEL | {"panel": "OUR"}, name="genes.txt")
    assert genes(staged) == [("OUR", "KMT2D")]
    assert told(staged) == [("duplicate_row", 2, None)]


@pytest.mark.parametrize("content", ["gene_list: TP53\n", "stable_id: P\n", "TP53\nIDH1\n", ""])
def test_what_is_no_panel_file(stage: Stage, told: Told, content: str) -> None:
    assert told(stage(content, PANEL, name="panel.txt")) == [("unreadable_table", None, None)]


@pytest.mark.parametrize(
    "declared",
    [{"gene": "g"}, {"panel_column": "p"}, {"panel": "A", "panel_column": "p", "gene": "g"}],
)
def test_what_must_be_declared_of_a_table(declared: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        GenePanelTable.model_validate({**PANEL, "file": "a.csv", **declared})


def test_a_matrix_of_panels(stage: Stage, told: Told) -> None:
    content = (
        "SAMPLE_ID\tmutations\tcna\tother\nS1\tP50\tNA\tP50\nS2\twes\tP50\tNA\n\tP50\tP50\tP50\n"
    )
    staged = stage(content, MATRIX, name="matrix.txt")
    assert assays(staged) == [
        ("S1", "mutation", "P50", False),
        ("S1", "other", "P50", False),
        ("S2", "copy_number", "P50", False),
        ("S2", "mutation", None, True),
    ]
    assert told(staged) == [("missing_id", 4, "SAMPLE_ID")]
    alterations = set(staged.rows["genomic.assay"]["alteration"])
    assert alterations == {"mutation", "copy_number", "other"}


def test_columns_of_one_assay_may_agree_and_not_contradict(stage: Stage, told: Told) -> None:
    content = "SAMPLE_ID\tcna\tgistic\nS1\tP50\tP50\nS2\tP50\tP70\nS3\tP50\tNA\n"
    staged = stage(content, MATRIX, name="matrix.txt")
    assert [row[0] for row in assays(staged)] == ["S1", "S3"]
    assert told(staged) == [("conflicting_rows", 3, None)]


def test_declared_columns_alone_are_taken(stage: Stage, told: Told) -> None:
    content = "SAMPLE_ID\twes\tcna\nS1\tP50\tP50\n"
    staged = stage(content, MATRIX | {"assays": {"wes": "mutation"}}, name="matrix.txt")
    assert assays(staged) == [("S1", "mutation", "P50", False)]
    missing = stage(content, MATRIX | {"assays": {"wgs": "mutation"}}, name="matrix.txt")
    assert told(missing) == [("missing_column", None, "wgs")]


def test_who_is_in_the_case_list_without_a_panel_had_all_genes(stage: Stage) -> None:
    content = "SAMPLE_ID\tmutations\nS1\tP50\nS2\tNA\nS3\tNA\n"
    declared = MATRIX | {"profiled": {"mutation": ["S1", "S2", "S4"]}}
    staged = stage(content, declared, name="matrix.txt")
    assert assays(staged) == [
        ("S1", "mutation", "P50", False),
        ("S2", "mutation", None, True),
        ("S4", "mutation", None, True),
    ]
    assert sorted(staged.rows["genomic.sample"]["sample_id"]) == ["S1", "S2", "S3", "S4"]


@pytest.mark.realdata
def test_the_panels_of_a_cbioportal_study(stage: Stage, shared_data: Path) -> None:
    folder = shared_data / "genomic" / "cbioportal_study_es_0"
    n_genes = {"TESTPANEL1": 17, "TESTPANEL2": 11}
    for panel, n in n_genes.items():
        found = genes(stage(folder / f"data_gene_panel_{panel.lower()}.txt", PANEL))
        assert {name for name, _ in found} == {panel}
        assert len(found) == n
    listed = {"mutation": {"file": str(folder / "case_lists" / "cases_sequenced.txt")}}
    staged = stage(folder / "data_gene_panel_matrix.txt", MATRIX | {"profiled": listed})
    found = {(sample, assay): (panel, whole) for sample, assay, panel, whole in assays(staged)}
    assert found["TCGA-A1-A0SB-02", "mutation"] == ("TESTPANEL2", False)
    assert ("TCGA-A1-A0SB-02", "copy_number") not in found
    # NA in the matrix and in the list of what was sequenced
    assert found["TEST_SAMPLE_1", "mutation"] == (None, True)


LISTED = MATRIX | {"profiled": {"mutation": ["S1", "S2"]}}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("SAMPLE_ID\tmutations\nS1\tP50\nS1\tP70\n", "conflicting_rows"),
        ("SAMPLE_ID\tmutations\nS3\tP50\nS1\tP50\tP70\tx\n", "panel_unknown"),
        ("SAMPLE_ID\tmutations\tmutations\nS1\tP50\tP70\n", "conflicting_rows"),
    ],
)
def test_a_refused_panel_makes_nobody_profiled_for_all_genes(
    stage: Stage, told: Told, content: str, code: str
) -> None:
    staged = stage(content, LISTED, name="matrix.txt")
    assert "S1" not in [row[0] for row in assays(staged)]
    assert code in [one[0] for one in told(staged)]
