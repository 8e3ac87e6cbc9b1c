from __future__ import annotations

import polars as pl
import pytest

from roentgene.ingest.tables.delimited import FileTable
from roentgene.ingest.tables.gene_names import name_genes
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.schemas.table_source import IdRule

Named = tuple[list[str | None], dict[str, tuple[str | None, str]], RowGate]


def named(
    *names: str | None,
    ids: tuple[str | None, ...] | None = None,
    rules: tuple[IdRule, ...] = (),
    shown_column: str | None = "Gene",
) -> Named:
    rows = pl.DataFrame(
        {
            "source_row": pl.Series(range(2, 2 + len(names)), dtype=pl.Int64),
            "gene": pl.Series(names, dtype=pl.String),
            "id": pl.Series(ids or [None] * len(names), dtype=pl.String),
        }
    )
    gate = RowGate(FileTable("genes.csv", rows.select("source_row")))
    id_column = "id" if ids else None
    kept, staged = name_genes(
        rows, "gene", gate, shown_column=shown_column, id_column=id_column, rules=rules
    )
    told = {
        given: (symbol, status)
        for given, symbol, status in staged.select("given", "hugo_symbol", "gene_status").rows()
    }
    return kept["gene"].to_list(), told, gate


def reasons(gate: RowGate) -> list[str]:
    return [refusal.reason_code for refusal in gate.refusals]


def test_whatever_means_one_gene_becomes_its_symbol() -> None:
    kept, told, gate = named("EGFR", "SEPT9", "7157", "ENSG00000146648.19", None, "MLL2", "SEPT9")
    assert kept == ["EGFR", "SEPTIN9", "TP53", "ENSG00000146648.19", None, "KMT2D", "SEPTIN9"]
    assert told == {
        "EGFR": ("EGFR", "approved"),
        "SEPT9": ("SEPTIN9", "synonym"),
        "7157": ("TP53", "entrez"),
        "ENSG00000146648.19": (None, "shadowed"),
        "MLL2": ("KMT2D", "synonym"),
    }
    assert reasons(gate) == ["gene_shadowed"]


def test_what_means_several_genes_or_none_stays_as_given() -> None:
    kept, told, gate = named("DEC1", "LOC99", "TP53")
    assert kept == ["DEC1", "LOC99", "TP53"]
    assert told["DEC1"] == (None, "ambiguous")
    assert told["LOC99"] == (None, "unknown")
    assert reasons(gate) == ["gene_ambiguous", "gene_unknown"]
    ambiguous, unknown = gate.refusals
    assert ambiguous.detail.endswith("stay as given: DEC1 (BHLHE40, DELEC1)")
    assert unknown.detail.startswith("1 of 3 names")
    assert unknown.column_name == "Gene"


def test_a_synonym_beside_its_gene_stays_as_given() -> None:
    kept, told, gate = named("KMT2D", "MLL2", "p53", "LFS1")
    assert kept == ["KMT2D", "MLL2", "p53", "LFS1"]
    assert told["KMT2D"] == ("KMT2D", "approved")
    assert told["MLL2"] == (None, "shadowed")
    # two synonyms of one gene: nobody knows which row is the gene's
    assert told["p53"] == told["LFS1"] == (None, "shadowed")
    assert reasons(gate) == ["gene_shadowed"]


def test_an_id_beside_the_name_tells_where_the_name_does_not() -> None:
    kept, told, gate = named(
        "DEC1", "ERCC5|aaa", "EGFR", "x", "x", ids=("50514", "2073", "7157", "1", "2")
    )
    # of EGFR the name is believed; x stands beside two genes
    assert kept == ["DELEC1", "ERCC5", "EGFR", "x", "x"]
    assert told["DEC1"] == ("DELEC1", "entrez")
    assert told["x"] == (None, "unknown")
    assert reasons(gate) == ["gene_unknown"]


def test_a_rule_leads_to_the_symbol() -> None:
    rules = (IdRule(rule="strip_suffix", argument="**"),)
    kept, told, gate = named("HLA-E**", "CD8A**", "TIGIT", "TIGIT**", "odd**", rules=rules)
    assert kept == ["HLA-E", "CD8A", "TIGIT", "TIGIT**", "odd**"]
    assert told["HLA-E**"] == ("HLA-E", "approved")
    assert told["TIGIT**"] == (None, "shadowed")
    assert reasons(gate) == ["gene_shadowed", "gene_unknown"]


@pytest.mark.parametrize(
    "eaten",
    [
        "9-Sep",
        "1-Mar",
        "2-Dec",
        "Sep-09",
        "01-mar",
        "2. Mrz",
        "2009-09-01",
        "2001-03-01 00:00:00",
        "09/01/2009",
        "2.31E+19",
    ],
)
def test_what_a_spreadsheet_made_of_a_gene_is_refused_and_not_repeated(eaten: str) -> None:
    kept, told, gate = named("TP53", eaten)
    assert kept == ["TP53"]
    assert list(told) == ["TP53"]
    (refusal,) = gate.refusals
    assert (refusal.reason_code, refusal.row_number) == ("gene_is_date", 3)
    assert eaten not in refusal.detail
    assert refusal.content_hash is None


@pytest.mark.parametrize("name", ["SEPT9", "MARCH1", "MAR1", "DEC1", "44805", "JUN", "MAY-1A"])
def test_a_name_that_only_resembles_a_date_is_let_in(name: str) -> None:
    assert len(named(name)[0]) == 1


def test_a_date_in_a_header_is_told_by_its_place() -> None:
    kept, _, gate = named("TP53", "9-Sep", "EGFR", shown_column=None)
    assert kept == ["TP53", "EGFR"]
    assert gate.refusals[0].detail.endswith("it is gene 2 of the header")


def test_long_lists_are_told_with_examples() -> None:
    _, _, gate = named(*(f"odd{number}" for number in range(9)))
    (refusal,) = gate.refusals
    assert refusal.detail.startswith("9 of 9 names are no gene of HGNC")
    assert refusal.detail.endswith("odd0, odd1, odd2, odd3, odd4, …")
