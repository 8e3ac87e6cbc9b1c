from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from roentgene.ingest.tables import StagedTables

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

GMT = {"kind": "gene_set", "collection": "test", "version": 7.0}


def members(staged: StagedTables) -> list[tuple[str, str, str]]:
    return staged.rows["vocab.gene_set"].select("gene_set", "hugo_symbol", "as_given").rows()


def test_ragged_sets_with_names_of_their_time(stage: Stage, told: Told) -> None:
    staged = stage("A\turl\tTP53\tMLL2\t\nB\t\t3417\n", GMT, name="sets.gmt")
    assert members(staged) == [
        ("A", "TP53", "TP53"),
        ("A", "KMT2D", "MLL2"),
        ("B", "IDH1", "3417"),
    ]
    assert staged.rows["vocab.gene_set"].select("collection", "version").unique().rows() == [
        ("test", "7.0")
    ]
    assert told(staged) == []
    # it says nothing of patients, so nobody is missing in it
    assert "study.patient" not in staged.rows
    assert not staged.has_ids


def test_wrong_lines(stage: Stage, told: Told) -> None:
    content = "A\turl\tTP53\nB\turl\n\nA\turl\tIDH1\nC\turl\tMLL2\tKMT2D\n"
    staged = stage(content, GMT, name="sets.gmt")
    assert members(staged) == [("C", "KMT2D", "MLL2")]
    assert told(staged) == [
        ("ragged_row", 2, None),
        ("conflicting_rows", 1, None),
        ("duplicate_row", 5, None),
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "unreadable_table"),
        (b"no tabs\n", "unreadable_table"),
        (b"A\tb\tTP53\xe9\n", "wrong_encoding"),
        (b"A\tb\t" + b"TP53\t" * 99 + b"\0\n", "unreadable_table"),
    ],
)
def test_what_is_no_gmt(stage: Stage, told: Told, content: bytes, code: str) -> None:
    assert [code for code, *_ in told(stage(content, GMT, name="sets.gmt"))][-1] == code


def test_a_symbol_that_a_spreadsheet_has_eaten(stage: Stage, told: Told) -> None:
    staged = stage("A\turl\tTP53\t1-Mar\n", GMT, name="sets.gmt")
    assert members(staged) == [("A", "TP53", "TP53")]
    assert [code for code, *_ in told(staged)] == ["gene_is_date"]


@pytest.mark.realdata
def test_the_hallmark_sets(stage: Stage, shared_data: Path) -> None:
    path = shared_data / "genomic" / "gene_sets" / "h.all.v7.0.symbols.gmt"
    sets = stage(path, GMT).rows["vocab.gene_set"]
    assert sets["gene_set"].n_unique() == 50
    assert sets["as_given"].n_unique() == 4384
    sizes = sets.group_by("gene_set").len()["len"]
    assert (sizes.min(), sizes.max()) == (32, 200)
    # names of 2019 that have changed since
    changed = sets.filter(pl.col("as_given") != pl.col("hugo_symbol"))
    renamed = dict(changed.select("as_given", "hugo_symbol").iter_rows())
    assert renamed["H2AFX"] == "H2AX"
