from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest

from roentgene import schemas
from roentgene.ingest.personal_text import personal_texts
from roentgene.schemas.genes import bare_gene_name, gene_names, hgnc_genes
from roentgene.schemas.make_hgnc_genes import packaged_table

VOCABULARY = Path(schemas.__file__).resolve().parent / "vocabulary"


def meaning(name: str) -> tuple[str | None, str | None]:
    found = gene_names().filter(pl.col("name") == name).select("hugo_symbol", "gene_status").rows()
    return found[0] if found else (None, None)


def test_every_gene_stands_once() -> None:
    genes = hgnc_genes()
    assert genes.height == genes["hugo_symbol"].n_unique() == 44_852
    assert genes["entrez_gene_id"].null_count() == 0
    assert genes["hgnc_id"].drop_nulls().str.contains(r"^HGNC:\d+$").all()
    assert genes["ensembl_gene_id"].drop_nulls().str.contains(r"^ENSG\d{11}$").all()
    assert gene_names()["name"].is_unique().all()


@pytest.mark.parametrize(
    ("name", "symbol", "status"),
    [
        ("TP53", "TP53", "approved"),
        ("p53", "TP53", "synonym"),
        ("MLL2", "KMT2D", "synonym"),
        ("SEPT9", "SEPTIN9", "synonym"),
        ("MARCH1", "MARCHF1", "synonym"),
        ("MARC1", "MTARC1", "synonym"),
        ("C1ORF21", "C1orf21", "synonym"),
        ("7157", "TP53", "entrez"),
        # alias of a small RNA, and the Entrez id of another gene
        ("52", "ACP1", "entrez"),
        ("ENSG00000141510", "TP53", "ensembl"),
        ("DEC1", None, "ambiguous"),
        # a gene and its readthrough have one Ensembl id
        ("ENSG00000163156", None, "ambiguous"),
        ("tp53", None, None),
        ("-7157", None, None),
    ],
)
def test_what_a_name_means(name: str, symbol: str | None, status: str | None) -> None:
    assert meaning(name) == (symbol, status)


def test_an_ambiguous_name_names_its_genes() -> None:
    row = gene_names().filter(pl.col("name") == "DEC1").row(0, named=True)
    assert sorted(row["candidates"]) == ["BHLHE40", "DELEC1"]
    assert row["hgnc_id"] is None


def test_the_version_of_an_ensembl_id_does_not_count() -> None:
    names = pl.Series(["ENSG00000141510.18", "ENSG00000002586.20_PAR_Y", "TP53"])
    bare = pl.select(bare_gene_name(pl.lit(names))).to_series()
    assert bare.to_list() == ["ENSG00000141510", "ENSG00000002586.20_PAR_Y", "TP53"]


def test_no_name_of_a_gene_looks_like_a_person() -> None:
    assert personal_texts(gene_names()["name"]) == {}


@pytest.mark.realdata
def test_the_packaged_table_is_made_from_the_release(shared_data: Path) -> None:
    source = shared_data / "genomic" / "gene_symbols" / "gene-info-Oct-07-2025.txt"
    made = gzip.decompress(packaged_table(source))
    assert made == gzip.decompress((VOCABULARY / "hgnc_genes.csv.gz").read_bytes())
