from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from roentgene.ingest.tables import StagedTables

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

GCT: dict[str, Any] = {"kind": "expression", "profile": "rna", "unit": "TPM"}
OLD = "#1.2\n2\t2\nName\tDescription\tS1\tS2\nTP53\ttumour protein\t1\t2\nEGFR\tna\t3\t4\n"
NEW = (
    "#1.3\n2\t2\t2\t1\n"
    "id\tpr_gene_symbol\tscore\tS1\tS2\n"
    "batch\tna\tna\tb1\tb2\n"
    "ENSG00000141510\tTP53\t0.1\t1\t2\n"
    "ENSG00000146648\tEGFR\t0.2\t3\t4\n"
)
VALUES = {("S1", "TP53"): 1.0, ("S2", "TP53"): 2.0, ("S1", "EGFR"): 3.0, ("S2", "EGFR"): 4.0}


def values(staged: StagedTables) -> dict[tuple[str, str], float | None]:
    rows = staged.rows["genomic.expression"].select("sample_id", "hugo_symbol", "value").rows()
    return {row[:2]: row[2] for row in rows}


@pytest.mark.parametrize("content", [OLD, NEW])
def test_the_file_says_how_it_lies(stage: Stage, content: str) -> None:
    staged = stage(content, GCT, name="matrix.gct")
    assert staged.refusals == ()
    assert values(staged) == VALUES


def test_lines_are_those_of_the_file(stage: Stage) -> None:
    staged = stage(NEW.replace("\t3\t4", "\tx\t4"), GCT, name="matrix.gct")
    assert [(r.row_number, r.column_name) for r in staged.refusals] == [(6, "S1")]


def test_genes_may_stand_in_an_annotation(stage: Stage) -> None:
    staged = stage(NEW, GCT | {"gene": "pr_gene_symbol"}, name="matrix.gct")
    assert values(staged) == VALUES


def test_it_may_be_packed(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "matrix.gct.gz"
    path.write_bytes(gzip.compress(OLD.encode()))
    assert values(stage(path, GCT | {"file": "matrix.gct.gz"})) == VALUES


@pytest.mark.parametrize(
    ("content", "line"),
    [(OLD.replace("2\t2\n", "3\t2\n", 1), 2), (OLD.replace("#1.2", "#1.1"), 1), ("#1.2\n", 1)],
)
def test_a_head_that_is_wrong_refuses_the_file(
    stage: Stage, told: Told, content: str, line: int
) -> None:
    staged = stage(content, GCT, name="matrix.gct")
    assert not staged.rows
    assert told(staged)[0][0] == "unreadable_table"


def test_another_file_must_say_it(stage: Stage) -> None:
    with pytest.raises(ValueError, match="say by 'layout' how the matrix lies"):
        stage("gene,S1\nTP53,1\n", GCT)
