"""Headers and single columns of data files, without reading the rest."""

from __future__ import annotations

import gzip
from pathlib import Path

from roentgene.ingest.study_folder.data_header import (
    Header,
    distinct_cells,
    read_header,
    sample_columns,
)

CONTENT = "#version 2.4\t\t\n\nHugo_Symbol\tEntrez_Gene_Id\tS1\nTP53\t7157\tx\nEGFR\t\nTP53\t1\ty\n"


def test_the_header_stands_below_the_comments(tmp_path: Path) -> None:
    path = tmp_path / "data.txt"
    path.write_text(CONTENT)
    header = read_header(path)
    assert header == Header(("Hugo_Symbol", "Entrez_Gene_Id", "S1"), 3)
    assert header.first("hugo_symbol", "S1") == "Hugo_Symbol"
    assert header.first("absent") is None
    assert sample_columns(header, ("Hugo_Symbol", "ENTREZ_GENE_ID")) == ["S1"]


def test_a_column_has_the_lines_of_its_cells(tmp_path: Path) -> None:
    for path in (tmp_path / "data.txt", tmp_path / "data.txt.gz"):
        write = gzip.compress if path.suffix == ".gz" else bytes
        path.write_bytes(write(CONTENT.encode()))
        header = read_header(path)
        assert distinct_cells(path, header, "Hugo_Symbol").rows() == [(4, "TP53"), (5, "EGFR")]
        assert distinct_cells(path, header, "S1").rows() == [(4, "x"), (6, "y")]


def test_what_cannot_be_read_has_no_header(tmp_path: Path) -> None:
    for name, content in (("empty.txt", b""), ("words.txt", b"#a\n"), ("bad.gz", b"\x1f\x8b")):
        (tmp_path / name).write_bytes(content)
        assert read_header(tmp_path / name).columns == ()
    only = tmp_path / "only.txt"
    only.write_text("a\tb\n")
    assert distinct_cells(only, read_header(only), "b").is_empty()
