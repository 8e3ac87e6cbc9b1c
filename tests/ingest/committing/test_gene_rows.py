from __future__ import annotations

import polars as pl

from roentgene.ingest.committing.gene_rows import gene_rows
from roentgene.ingest.staged_columns import staged_schema


def test_genes_that_occur_have_a_row_each() -> None:
    names = [
        pl.DataFrame({"hugo_symbol": ["TP53", None, "KMT2D"]}),
        pl.DataFrame({"hugo_symbol": ["TP53", "CRYAA2"]}),
    ]
    rows = gene_rows(names).sort("hugo_symbol")
    assert set(staged_schema("vocab.gene").names) < set(rows.columns)
    assert rows.select("hugo_symbol", "hgnc_id", "entrez_gene_id").rows() == [
        ("CRYAA2", None, 102724652),
        ("KMT2D", "HGNC:7133", 8085),
        ("TP53", "HGNC:11998", 7157),
    ]
    assert "MLL2" in rows["previous_symbols"][1]


def test_without_a_gene_there_is_none() -> None:
    assert gene_rows([]).height == 0
    assert (
        gene_rows([pl.DataFrame({"hugo_symbol": [None]}, schema={"hugo_symbol": pl.String})]).height
        == 0
    )
