"""Make the packaged table of genes from a release of HGNC.

Run ``python -m roentgene.schemas.make_hgnc_genes gene-info-Oct-07-2025.txt`` with the table that
cBioPortal makes from a release of HGNC (https://github.com/cBioPortal/datahub-study-curation-tools,
``gene-table-update``): tab-separated, with the columns ``entrez_id``, ``symbol``, ``synonyms``
(separated by ``|``; previous and alias symbols are not told apart), ``hgnc_id`` and ``ensembl_id``.
It writes ``vocabulary/hgnc_genes.csv.gz``. For another release change ``HGNC_RELEASE`` in
``schemas/genes.py`` as well.
"""

from __future__ import annotations

import argparse
import gzip
from pathlib import Path

import polars as pl

#: The packaged table.
PACKAGED = Path(__file__).with_name("vocabulary") / "hgnc_genes.csv.gz"


def packaged_table(source: Path) -> bytes:
    """Genes of a release, sorted by symbol, with the columns and the order of the packaged file."""
    given = pl.read_csv(source, separator="\t", infer_schema=False, quote_char=None)
    genes = given.select(
        hugo_symbol="symbol",
        hgnc_id="hgnc_id",
        entrez_gene_id="entrez_id",
        ensembl_gene_id="ensembl_id",
        previous_symbols="synonyms",
    )
    # the same bytes from the same release: no time and no name in the head of the file
    return gzip.compress(genes.sort("hugo_symbol").write_csv().encode(), mtime=0)


def main() -> None:
    """Write the packaged table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("source", type=Path, help="gene-info-….txt of a release")
    PACKAGED.write_bytes(packaged_table(parser.parse_args().source))


if __name__ == "__main__":
    main()
