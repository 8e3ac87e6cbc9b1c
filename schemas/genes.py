"""Genes: the approved symbols of HGNC, and every other name by which files call them.

The packaged table is made from the release of HGNC that :data:`HGNC_RELEASE` names, by
``roentgene.schemas.make_hgnc_genes``. HGNC states no restriction on the use of its data.
"""

from __future__ import annotations

import gzip
import io
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

#: Release of HGNC that the packaged table was made from.
HGNC_RELEASE = "2025-10-07"

_VERSIONED = r"^(ENSG\d{11})\.\d+$"
_NUMBER = r"^\d+$"


@cache
def hgnc_genes() -> pl.DataFrame:
    """Every gene of the release.

    Returns
    -------
    polars.DataFrame
        ``hugo_symbol`` (unique), ``hgnc_id`` and ``ensembl_gene_id`` (NULL where there is none),
        ``entrez_gene_id``, and ``previous_symbols``, a list of previous and alias symbols, empty
        where there are none. 44,852 rows.
    """
    import polars as pl

    packed = files("roentgene.schemas").joinpath("vocabulary", "hgnc_genes.csv.gz").read_bytes()
    table = pl.read_csv(io.BytesIO(gzip.decompress(packed)), infer_schema=False)
    return table.with_columns(
        pl.col("entrez_gene_id").cast(pl.Int64),
        pl.col("previous_symbols").str.split("|").fill_null([]),
    )


@cache
def gene_names() -> pl.DataFrame:
    """Every name of every gene, and what it means.

    An approved symbol means its gene, whoever else was once called so. A previous or alias symbol
    means a gene if no other gene has it too. Of a symbol with small letters (``C1orf21``) its
    form in capitals is one more alias. A number is an Entrez id and never an alias.

    Returns
    -------
    polars.DataFrame
        ``name`` (unique), ``hugo_symbol`` and ``hgnc_id`` of the one gene that it means, the
        ``gene_status`` ``approved``, ``synonym``, ``entrez``, ``ensembl`` or ``ambiguous``, and
        ``candidates``, the symbols of all genes that it may mean.
    """
    import polars as pl

    genes = hgnc_genes()
    symbol = pl.col("hugo_symbol")
    synonyms = pl.concat(
        [
            genes.select("hugo_symbol", "hgnc_id", name="previous_symbols").explode("name"),
            genes.select("hugo_symbol", "hgnc_id", name=symbol.str.to_uppercase()),
        ]
    ).filter(
        ~pl.col("name").str.contains(_NUMBER), ~pl.col("name").is_in(genes["hugo_symbol"].implode())
    )
    known = [
        genes.select("hugo_symbol", "hgnc_id", name=symbol, gene_status=pl.lit("approved")),
        synonyms.with_columns(gene_status=pl.lit("synonym")),
        genes.select(
            "hugo_symbol",
            "hgnc_id",
            name=pl.col("entrez_gene_id").cast(pl.String),
            gene_status=pl.lit("entrez"),
        ),
        genes.select(
            "hugo_symbol",
            "hgnc_id",
            name="ensembl_gene_id",
            gene_status=pl.lit("ensembl"),
        ),
    ]
    of_name = (
        pl.concat([frame.select("name", *_MEANING) for frame in known])
        .drop_nulls("name")
        .unique(["name", "hugo_symbol"], keep="first", maintain_order=True)
        .group_by("name", maintain_order=True)
        .agg(pl.col(_MEANING).first(), candidates="hugo_symbol")
    )
    one = pl.col("candidates").list.len() == 1
    return of_name.with_columns(
        pl.when(one).then(pl.col(["hugo_symbol", "hgnc_id"])),
        pl.when(one).then("gene_status").otherwise(pl.lit("ambiguous")).alias("gene_status"),
    )


_MEANING = ["hugo_symbol", "hgnc_id", "gene_status"]


def bare_gene_name(name: pl.Expr) -> pl.Expr:
    """Name without the version of an Ensembl id: ``ENSG00000141510.18``."""
    return name.str.replace(_VERSIONED, "$1")
