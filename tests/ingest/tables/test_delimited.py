from __future__ import annotations

import csv
import doctest
import gzip
import io
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roentgene.ingest.tables import records
from roentgene.ingest.tables.delimited import FileTable, read_table
from roentgene.ingest.tables.refusing import TableRefusedError
from roentgene.schemas import formulas
from roentgene.schemas.table_source import TableSource, WrittenTable

CELLS = st.text(alphabet='ab1" ,;\n\té', max_size=5)


def read(folder: Path, content: bytes, name: str = "t.csv") -> FileTable:
    path = folder / name
    path.write_bytes(content)
    return read_table(path, name)


def lines(found: FileTable) -> list[int]:
    return found.rows["source_row"].to_list()


def refused(folder: Path, content: bytes, name: str = "t.csv") -> tuple[str, int | None]:
    with pytest.raises(TableRefusedError) as error:
        read(folder, content, name)
    assert error.value.refusal.file_path == name
    assert error.value.refusal.subject == "table"
    return error.value.refusal.reason_code, error.value.refusal.row_number


def test_the_examples_hold() -> None:
    for module in (records, formulas):
        results = doctest.testmod(module)
        assert results.attempted > 0
        assert results.failed == 0


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"id,a\nP1,2\n", "t.csv"),
        (b"id;a\r\nP1;2\r\n", "t.csv"),
        (b"id\ta\nP1\t2", "t.txt"),
        (b"id\ta\nP1\t2\n", "t.tsv"),
        (b"id,a\nP1,2\n", "t.tsv"),
        (b"\xef\xbb\xbfid,a\nP1,2\n", "t.csv"),
        (b"id,a\rP1,2\r", "t.csv"),
        (b" id ,a\t\nP1,2\n", "t.csv"),
        (b'id,"a"\nP1,"2"\n', "t.csv"),
        (gzip.compress(b"id,a\nP1,2\n", mtime=0), "t.csv.gz"),
    ],
)
def test_every_common_way_to_write_a_table_reads_alike(
    tmp_path: Path, content: bytes, name: str
) -> None:
    found = read(tmp_path, content, name)
    assert found.rows.to_dicts() == [{"source_row": 2, "id": "P1", "a": "2"}]
    assert found.columns == ["id", "a"]
    assert found.refusals == ()


def test_a_tab_separates_a_maf_whatever_its_names_hold(tmp_path: Path) -> None:
    assert read(tmp_path, b"a,b,c\td\n1\t2\n", "t.maf").columns == ["a,b,c", "d"]


def test_lines_count_comments_blank_lines_and_newlines_in_cells(tmp_path: Path) -> None:
    content = b'#version 2.4\t\n# more\n\nid,note\nP1,x\n\nP2,"two\nlines"\n,\nP3,z\n'
    found = read(tmp_path, content)
    assert found.rows["id"].to_list() == ["P1", "P2", "P3"]
    assert lines(found) == [5, 7, 10]
    assert found.rows["note"][1] == "two\nlines"
    assert found.refusals == ()


def test_blank_lines_of_windows_are_blank_too(tmp_path: Path) -> None:
    found = read(tmp_path, b"id,a\r\n\r\nP1,1\r\n,\r\n")
    assert found.rows["id"].to_list() == ["P1"]
    assert lines(found) == [3]
    assert found.refusals == ()


def test_a_hash_in_the_rows_is_no_comment(tmp_path: Path) -> None:
    assert read(tmp_path, b"id,a\n#1,2\n").rows["id"].to_list() == ["#1"]


def test_ragged_rows_are_refused_by_their_line_and_the_others_go_on(tmp_path: Path) -> None:
    found = read(tmp_path, b"id,a\nP1,1\nP2\nP3,3,3\nP4,4\n")
    assert found.rows["id"].to_list() == ["P1", "P4"]
    assert lines(found) == [2, 5]
    assert [(r.reason_code, r.row_number) for r in found.refusals] == [
        ("ragged_row", 3),
        ("ragged_row", 4),
    ]
    assert found.refusals[0].line() == (
        "ragged_row: t.csv, line 3: row: 1 cells where the header has 2. Cure: correct the row"
    )


@pytest.mark.parametrize("first", ["P0", "P0,1,2,3", "", '"P\n0"'])
def test_a_first_row_of_another_length_does_not_cut_the_others(tmp_path: Path, first: str) -> None:
    found = read(tmp_path, f"id,a,b\n{first}\nP1,1,2\nP2,3,4\n".encode())
    assert found.rows.select("id", "a", "b").rows() == [("P1", "1", "2"), ("P2", "3", "4")]
    assert [r.row_number for r in found.refusals] == ([2] if first else [])


def test_a_separator_in_quotes_is_no_separator(tmp_path: Path) -> None:
    found = read(tmp_path, b'id,a\nP1,"1,5"\nP2,"say ""a, b"""\n')
    assert found.rows["a"].to_list() == ["1,5", 'say "a, b"']


def test_a_quote_within_a_cell_is_a_letter(tmp_path: Path) -> None:
    content = b'id\tsize\nP1\t3" nodule\nP2\t"5"\nP3\n\nP4\t4"\n'
    found = read(tmp_path, content, "t.tsv")
    assert found.rows["size"].to_list() == ['3" nodule', "5", '4"']
    assert lines(found) == [2, 3, 6]
    assert [(r.reason_code, r.row_number) for r in found.refusals] == [("ragged_row", 4)]


def test_rows_swallowed_by_a_quote_are_refused_and_not_lost(tmp_path: Path) -> None:
    content = b'id\tnote\nP1\t3" x\nP2\t"open\nP3\tb\nP4\tc"\nP5\td\n'
    found = read(tmp_path, content, "t.tsv")
    assert found.rows["id"].to_list() == ["P1", "P5"]
    assert [(r.reason_code, r.row_number) for r in found.refusals] == [("ragged_row", 3)]
    assert "line 5" in found.refusals[0].detail


def test_a_quote_that_never_closes_is_named_by_its_line(tmp_path: Path) -> None:
    assert refused(tmp_path, b'# x\nid,a\nP1,1\nP2,"2\nP3,3\n') == ("unclosed_quote", 4)


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b"", "unreadable_table", None),
        (b"# only a comment\n\n", "unreadable_table", None),
        ("id,name\nP1,Müller\n".encode("latin-1"), "wrong_encoding", 2),
        ("id,a\nP1,2\n".encode("utf-16"), "wrong_encoding", 1),
        ("id,a\nP1,2\n".encode("utf-16-le"), "wrong_encoding", 1),
        (b"PK\x03\x04\x14\x00\x06\x00", "not_a_table", 1),
        (b"id,a\nP1,1,\nP2,2,\n", "header_not_of_rows", 1),
        (b"# x\ntitle\nid,a\nP1,1\nP2,2,3\n", "header_not_of_rows", 2),
        (b"id|a\nP1|1\n", "wrong_separator", 1),
        (b"id,source_row\nP1,1\n", "unreadable_table", 1),
    ],
)
def test_what_is_no_table_is_refused_as_a_whole(
    tmp_path: Path, content: bytes, code: str, line: int | None
) -> None:
    assert refused(tmp_path, content) == (code, line)


def test_the_message_says_which_encoding_it_may_be(tmp_path: Path) -> None:
    for encoding in ("latin-1", "windows-1252"):
        text = "id,a\nP1,\u00fc\nP2,\u20ac\n" if encoding != "latin-1" else "id,a\nP1,\u00fc\n"
        with pytest.raises(TableRefusedError, match=f"it may be {encoding}.*encoding: latin-1"):
            read(tmp_path, text.encode(encoding))


def test_a_declared_encoding_is_read_and_lines_stay(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("# \u00fc\nid;a\nP1;\u00e4\n".encode("latin-1"))
    found = read_table(path, "t.csv", WrittenTable(file="t.csv", encoding="latin-1"))
    assert found.rows.to_dicts() == [{"source_row": 3, "id": "P1", "a": "\u00e4"}]
    assert found.header_line == 2


def test_a_header_of_one_name_over_one_column_is_a_table(tmp_path: Path) -> None:
    assert read(tmp_path, b"sample\nS 1\nS2\n").rows["sample"].to_list() == ["S 1", "S2"]


def test_numbers_keep_how_they_were_given(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id;dose;note\n1,5;2,5;1,2,3\n2;<0,1;a\n3;4.5;1,2\n", encoding="utf-8")
    written = TableSource(file="t.csv", id="id", decimal=",")
    found = read_table(path, "t.csv", written)
    # ids and lists are no numbers
    assert found.rows.select("id", "dose", "note").rows() == [
        ("1,5", "2.5", "1,2,3"),
        ("2", "<0.1", "a"),
        ("3", None, "1,2"),
    ]
    assert found.as_given["dose"].to_list() == ["2,5", "<0,1", None]
    assert [(r.reason_code, r.row_number, r.column_name) for r in found.refusals] == [
        ("mixed_decimals", 4, "dose")
    ]


def test_what_stands_in_one_line_only_is_no_second_header(tmp_path: Path) -> None:
    # the first patient's values are words; nothing says that it is none
    path = tmp_path / "t.csv"
    path.write_text("id,a,b\nP1,pending,lost\nP2,1,2\nP3,3,4\n", encoding="utf-8")
    found = read_table(path, "t.csv", TableSource(file="t.csv", id="id"))
    assert (lines(found), found.refusals) == ([2, 3, 4], ())


def test_a_total_in_the_middle_is_a_row(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,a\nP1,1\nTotal,2\nP3,3\nMean,2\nTotal,6\n", encoding="utf-8")
    found = read_table(path, "t.csv", TableSource(file="t.csv", id="id"))
    assert found.rows["id"].to_list() == ["P1", "Total", "P3"]
    assert [r.row_number for r in found.refusals] == [5, 6]
    assert found.n_left_out == 2


def test_thousands_of_ragged_rows_are_told_once_for_the_rest(tmp_path: Path) -> None:
    found = read(tmp_path, b"id,a\nP1,1\n" + b"x\n" * 3000)
    assert len(found.refusals) == 1001
    assert found.refusals[-1].detail == "and 2000 further"


def test_faulty_cells_of_a_parquet_file_are_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pl.DataFrame({"id": ["P1", "P2"], "a": ["=1+1", None]}).write_parquet(path)
    found = read_table(path, "t.parquet")
    assert found.rows["a"].to_list() == [None, ""]
    assert [(r.reason_code, r.row_number) for r in found.refusals] == [("formula_cell", 2)]


def test_a_broken_archive_and_a_broken_parquet_file_are_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, b"no gzip", "t.csv.gz") == ("damaged_archive", None)
    cut = gzip.compress(b"id,a\nP1,2\n" * 100)[:-12]
    assert refused(tmp_path, cut, "t.csv.gz") == ("damaged_archive", None)
    assert refused(tmp_path, b"no parquet", "t.parquet") == ("unreadable_table", None)


def test_a_missing_file_has_its_own_code(tmp_path: Path) -> None:
    with pytest.raises(TableRefusedError) as error:
        read_table(tmp_path / "none.csv", "none.csv")
    assert error.value.refusal.reason_code == "file_missing"


def test_a_name_that_stands_twice_is_kept_once_if_its_cells_agree(tmp_path: Path) -> None:
    found = read(tmp_path, b"id,a,a,b,b\nP1,1,1,1,2\n")
    assert found.columns == ["id", "a"]
    assert found.ambiguous == {"b"}


def test_a_header_alone_is_an_empty_table(tmp_path: Path) -> None:
    found = read(tmp_path, b"id,a\n")
    assert found.columns == ["id", "a"]
    assert found.rows.is_empty()


def test_parquet_keeps_numbers_and_counts_rows_as_if_it_had_a_header(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pl.DataFrame({"id": ["P1", "P2"], "a": [0.1, None]}).write_parquet(path)
    found = read_table(path, "t.parquet")
    assert lines(found) == [2, 3]
    assert found.rows["a"].to_list() == [0.1, None]


@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=8))
def test_what_the_csv_module_writes_is_read_back_with_its_lines(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    rows = [*rows, ["the", "last", "row"]]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["a", "b", "c"])
    writer.writerows(rows)
    found = read(tmp_path_factory.mktemp("csv"), text.getvalue().encode())
    kept, refused_lines, line = [], [], 2
    for row in rows:
        if len(row) != 3 and (any(row) or len(row) == 1):
            refused_lines.append(line)
        elif any(row):
            kept.append((line, *row))
        line += 1 + sum(cell.count("\n") for cell in row)
    assert found.rows.rows() == kept
    assert [r.row_number for r in found.refusals] == refused_lines
