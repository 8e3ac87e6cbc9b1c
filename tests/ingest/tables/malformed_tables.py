"""A corpus of tables of which each is wrong in one way.

Names say what is wrong. An entry says what is written, what must be told of it, each by code, line
and column, and whose rows go in all the same. ``VAR`` stands for the name of the entry, so that
all of them can be tables of one cohort. Some entries look wrong and are not; nothing is told of
them.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Told = tuple[str, int | None, str | None]

#: Patients whom the cohort knows by a sound table, and their samples.
KNOWN = (
    *(f"P{number}" for number in range(1, 10)),
    *(f"Q{number:03}" for number in range(1, 13)),
    "Zo\u00eb1",
    "C10",
)
LONG = "x" * 200_000
ALL = ("P1", "P2", "P3")


@dataclass(frozen=True)
class MalformedTable:
    """A table that is wrong in one way.

    ``told`` are code, line and column of what must be told; ``kept`` are the patients whose rows
    go in, in the order of the file, ``cells`` some of what is then stored: a number or a text by
    patient. ``declared`` goes into the cohort file besides kind and id.
    """

    content: str | bytes
    told: tuple[Told, ...] = ()
    kept: tuple[str, ...] = ALL
    cells: Mapping[str, float | str | None] = field(default_factory=dict)
    suffix: str = ".csv"
    kind: str = "clinical"
    declared: Mapping[str, Any] = field(default_factory=dict)

    def file(self, name: str) -> str:
        return f"{name}{self.suffix}"

    def declaration(self, name: str) -> dict[str, Any]:
        own: dict[str, dict[str, Any]] = {
            "clinical": {"id": "id"},
            "outcome": {"id": "id", "endpoint": name, "event": "dead", "time": "days"},
            "event": {"id": "id", "event_type": "what", "start_day": "day"},
            "expression": {
                "layout": "genes_in_rows",
                "gene": "gene",
                "unit": "TPM",
                "profile": name,
                "normalise": [{"strip_suffix": "-T"}],
            },
        }
        return {"file": self.file(name), "kind": self.kind, **own[self.kind], **self.declared}

    def bytes(self, name: str) -> bytes:
        raw = self.content if isinstance(self.content, bytes) else self.content.encode()
        for token, encoding in (("VAR", "utf-8"), ("VAR", "utf-16-le")):
            raw = raw.replace(token.encode(encoding), name.encode(encoding))
        return raw


def lines(*rows: str) -> str:
    return "".join(f"{row}\n" for row in rows)


def clinical(*cells: str) -> str:
    """A table of one variable, quoted where needed, from the second line on."""
    quoted = (
        '"' + cell.replace('"', '""') + '"' if set(cell) & set(',"') else cell for cell in cells
    )
    return lines("id,VAR", *(f"P{place},{cell}" for place, cell in enumerate(quoted, start=1)))


def refused(*codes: str, kept: tuple[str, ...] = ("P1", "P3"), line: int = 3) -> dict[str, Any]:
    """What is told of a cell of the second patient that is left out."""
    return {"told": tuple((code, line, "VAR") for code in codes), "kept": kept}


SOUND = "id,VAR\nP1,61\nP2,62\nP3,63\n"
UMLAUTS = "id,VAR\nP1,K\u00f6ln\nP2,Ulm\nP3,Z\u00fcrich\n"
HTML = "<!DOCTYPE html>\n<html><body><table><tr><td>id</td></tr></table></body></html>\n"


def whole(code: str, line: int | None, column: str | None = None) -> dict[str, Any]:
    """What is told of a table of which nothing is taken."""
    return {"told": ((code, line, column),), "kept": ()}


MALFORMED: dict[str, MalformedTable] = {
    # how the text is written
    "byte_order_mark": MalformedTable(b"\xef\xbb\xbf" + SOUND.encode(), cells={"P1": 61.0}),
    "latin_1": MalformedTable(UMLAUTS.encode("latin-1"), **whole("wrong_encoding", 2)),
    "latin_1_declared": MalformedTable(
        UMLAUTS.encode("latin-1"), declared={"encoding": "latin-1"}, cells={"P3": "Z\u00fcrich"}
    ),
    "windows_1252_declared": MalformedTable(
        "id,VAR\nP1,\u20ac\nP2,b\nP3,c\n".encode("cp1252"),
        declared={"encoding": "windows-1252"},
        cells={"P1": "\u20ac"},
    ),
    "utf_16": MalformedTable(SOUND.encode("utf-16"), **whole("wrong_encoding", 1)),
    "utf_16_without_mark": MalformedTable(SOUND.encode("utf-16-le"), **whole("wrong_encoding", 1)),
    "utf_16_declared": MalformedTable(
        SOUND.encode("utf-16"), declared={"encoding": "utf-16"}, cells={"P2": 62.0}
    ),
    "utf_8_declared_as_latin_1": MalformedTable(
        UMLAUTS, declared={"encoding": "latin-1"}, **whole("wrong_encoding", 2)
    ),
    "lines_of_old_macintoshes": MalformedTable(SOUND.replace("\n", "\r"), cells={"P3": 63.0}),
    "lines_of_two_kinds": MalformedTable(
        "id,VAR\r\nP1,61\nP2,62\rP3,63\nP4,64\n", (("ragged_row", 3, None),), ("P1", "P4")
    ),
    "no_newline_at_the_end": MalformedTable(SOUND.rstrip("\n"), cells={"P3": 63.0}),
    # what is no table of text
    "spreadsheet": MalformedTable(b"PK\x03\x04\x14\x00\x06\x00\x08", **whole("not_a_table", 1)),
    "old_spreadsheet": MalformedTable(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", **whole("not_a_table", 1)
    ),
    "gzip_named_csv": MalformedTable(gzip.compress(SOUND.encode()), **whole("not_a_table", 1)),
    "web_page": MalformedTable(HTML, **whole("not_a_table", 1)),
    "json_named_csv": MalformedTable('[{"id": "P1", "VAR": 1}]\n', **whole("not_a_table", 1)),
    "full_of_nuls": MalformedTable(b"id,VAR\n" + bytes(1000), **whole("not_a_table", 1)),
    "empty": MalformedTable(b"", **whole("unreadable_table", None)),
    "comments_alone": MalformedTable("# nothing\n#\n\n", **whole("unreadable_table", None)),
    "header_alone": MalformedTable("id,VAR\n", kept=()),
    "archive_cut_off": MalformedTable(
        gzip.compress(SOUND.encode() * 200)[:-20],
        suffix=".csv.gz",
        **whole("damaged_archive", None),
    ),
    "archive_that_is_none": MalformedTable(
        SOUND, suffix=".csv.gz", **whole("damaged_archive", None)
    ),
    # what stands between the cells
    "semicolons": MalformedTable(SOUND.replace(",", ";"), cells={"P1": 61.0}),
    "tabs": MalformedTable(SOUND.replace(",", "\t"), cells={"P1": 61.0}),
    "commas_in_tsv": MalformedTable(SOUND, suffix=".tsv", cells={"P1": 61.0}),
    "pipes": MalformedTable(SOUND.replace(",", "|"), **whole("wrong_separator", 1)),
    "pipes_declared": MalformedTable(
        SOUND.replace(",", "|"), declared={"separator": "pipe"}, cells={"P1": 61.0}
    ),
    "blanks": MalformedTable(SOUND.replace(",", " "), **whole("wrong_separator", 1)),
    "header_of_commas_rows_of_semicolons": MalformedTable(
        "id,VAR,VAR_b\nP1;1;2\nP2;3;4\n", **whole("wrong_separator", 1)
    ),
    "title_above_header": MalformedTable(
        "Follow-up of our cohort\nid,VAR\nP1,1\nP2,2\n", **whole("header_not_of_rows", 1)
    ),
    "separator_ends_rows_alone": MalformedTable(
        "id,VAR\nP1,1,\nP2,2,\nP3,3,\n", **whole("header_not_of_rows", 1)
    ),
    "separator_ends_all_lines": MalformedTable("id,VAR,\nP1,1,\nP2,2,\nP3,3,\n", cells={"P1": 1}),
    "one_row_of_semicolons": MalformedTable(
        "id,VAR\nP1,1\nP2;2\nP3,3\n", (("ragged_row", 3, None),), ("P1", "P3")
    ),
    # rows that are none, or not of the header
    "row_too_short": MalformedTable(
        "id,VAR,VAR_b\nP1,1,2\nP2,1\nP3,1,2\n", (("ragged_row", 3, None),), ("P1", "P3")
    ),
    "row_too_long": MalformedTable(
        "id,VAR\nP1,1\nP2,2,2\nP3,3\n", (("ragged_row", 3, None),), ("P1", "P3")
    ),
    "blank_lines": MalformedTable("id,VAR\nP1,1\n\n,\nP2,2\n \nP3,3\n", (("ragged_row", 6, None),)),
    "comment_between_rows": MalformedTable(
        "id,VAR\nP1,1\n# checked until here\nP2,2\nP3,3\n", (("comment_line", 3, None),)
    ),
    "header_again": MalformedTable(
        "id,VAR\nP1,1\nP2,2\nid,VAR\nP3,3\n", (("repeated_header", 4, None),)
    ),
    "line_of_units": MalformedTable(
        "id,VAR\n,years\nP1,1\nP2,2\nP3,3\n", (("second_header", 2, None),)
    ),
    "line_of_units_with_an_id": MalformedTable(
        "id,VAR\n[text],[years]\nP1,1\nP2,2\nP3,3\n", (("second_header", 2, None),)
    ),
    "line_of_totals": MalformedTable(
        "id,VAR\nP1,1\nP2,2\nP3,3\nTotal:,6\n", (("total_row", 5, "id"),)
    ),
    "quote_never_closed": MalformedTable(
        'id,VAR\nP1,1\nP2,"2\nP3,3\n', **whole("unclosed_quote", 3)
    ),
    "quote_swallows_rows": MalformedTable(
        'id\tVAR\nP1\t3" x\nP2\t"open\nP3\tb"\nP4\tc\n',
        (("ragged_row", 3, None),),
        ("P1", "P4"),
        {"P1": '3" x'},
        ".tsv",
    ),
    "quotes_doubled": MalformedTable(
        'id,VAR\nP1,"say ""a, b"""\nP2,b\nP3,c\n', cells={"P1": 'say "a, b"'}
    ),
    "quotes_within_cells": MalformedTable(
        'id,VAR\nP1,3" nodule\nP2,4"\nP3,c\n', cells={"P1": '3" nodule', "P2": '4"'}
    ),
    # the names of the columns
    "column_twice_and_equal": MalformedTable(
        "id,VAR,VAR\nP1,1,1\nP2,2,2\nP3,3,3\n", (("repeated_column", 1, "VAR"),)
    ),
    "column_twice_and_different": MalformedTable(
        "id,VAR,VAR,VAR_b\nP1,1,1,7\nP2,2,9,7\nP3,3,3,7\n", (("conflicting_rows", 1, "VAR"),)
    ),
    "columns_that_differ_in_case": MalformedTable(
        "id,VAR_Age,VAR_age \nP1,1,1\nP2,2,2\nP3,3,3\n", (("alike_columns", 1, "VAR_Age"),)
    ),
    "column_without_name": MalformedTable(
        "id,VAR,\nP1,1,x\nP2,2,\nP3,3,\n", (("column_without_name", 1, None),)
    ),
    "column_of_invisible_name": MalformedTable(
        "id,VAR,VAR\u200b\nP1,1,2\nP2,2,2\nP3,3,2\n", (("control_character", 1, None),)
    ),
    "column_of_a_formula": MalformedTable(
        'id,VAR,"=HYPERLINK(""x"")"\nP1,1,2\nP2,2,2\nP3,3,2\n', (("formula_cell", 1, None),)
    ),
    "declared_column_missing": MalformedTable(
        SOUND, declared={"id": "ID"}, **whole("missing_column", None, "ID")
    ),
    "column_of_our_own_name": MalformedTable(
        "id,source_row\nP1,1\n", **whole("unreadable_table", 1)
    ),
    # cells that no table can want
    "cell_of_200_000_characters": MalformedTable(
        clinical("1", LONG, "3"), **refused("cell_too_long")
    ),
    "cell_of_200_000_characters_among_quotes": MalformedTable(
        f'id,VAR\nP1,a 3" node\nP2,{LONG}\nP3,c\n',
        (("cell_too_long", 3, None),),
        ("P1", "P3"),
    ),
    "id_of_200_000_characters": MalformedTable(
        f"id,VAR\nP1,1\n{LONG},2\nP3,3\n", (("cell_too_long", 3, "id"),), ("P1", "P3")
    ),
    "control_character": MalformedTable(
        clinical("a", "b\x08", "c"), **refused("control_character")
    ),
    "nul_in_a_cell": MalformedTable(
        clinical("a" * 200, "b\x00c", "c"), **refused("control_character")
    ),
    "text_turned_around": MalformedTable(
        clinical("a", "\u202egrade\u202c", "c"), **refused("control_character")
    ),
    "id_with_an_invisible_blank": MalformedTable(
        "id,VAR\nP1,1\nP2\u200b,2\nP3,3\n", (("control_character", 3, "id"),), ("P1", "P3")
    ),
    "formula": MalformedTable(clinical("a", "=1+1", "c"), **refused("formula_cell")),
    "formula_that_keeps_zeros": MalformedTable(
        'id,VAR\nP1,a\nP2,="007"\nP3,c\n', **refused("formula_cell")
    ),
    "formula_of_a_program": MalformedTable(
        clinical("a", "-2+3+cmd|' /C calc'!A0", "c"), **refused("formula_cell")
    ),
    "formula_of_a_link": MalformedTable(
        clinical("a", '+HYPERLINK("x";"y")', "c"), **refused("formula_cell")
    ),
    "formula_by_at": MalformedTable(clinical("a", "@SUM(A1:A9)", "c"), **refused("formula_cell")),
    "signs_that_are_findings": MalformedTable(
        clinical("+", "+7/-10", "-2+3"), cells={"P1": "+", "P2": "+7/-10", "P3": "-2+3"}
    ),
    # numbers as others write them
    "decimal_comma": MalformedTable(clinical("1.5", "2,5", "3"), **refused("comma_in_number")),
    "decimal_comma_everywhere": MalformedTable(
        "id;VAR\nP1;1,5\nP2;2,5\nP3;3\n",
        (("comma_in_number", 2, "VAR"), ("comma_in_number", 3, "VAR")),
        ("P3",),
    ),
    "decimal_comma_declared": MalformedTable(
        "id;VAR\nP1;1,5\nP2;-0,25\nP3;3\n",
        declared={"decimal": ","},
        cells={"P1": 1.5, "P2": -0.25, "P3": 3.0},
    ),
    "decimal_comma_and_points": MalformedTable(
        "id;VAR\nP1;1,5\nP2;2.5\nP3;3,5\n",
        declared={"decimal": ","},
        **refused("mixed_decimals"),
    ),
    "thousands": MalformedTable(clinical("900", "1,234", "800"), **refused("comma_in_number")),
    "thousands_by_points": MalformedTable(
        "id;VAR\nP1;1,5\nP2;1.234,5\nP3;3,5\n",
        declared={"decimal": ","},
        **refused("mixed_decimals"),
    ),
    "lists_of_codes": MalformedTable(
        clinical("1,2", "none", "1,2,3"),
        cells={"P1": "1,2", "P2": "none", "P3": "1,2,3"},
    ),
    **{
        name: MalformedTable(
            clinical("1", word, "3"), (("text_among_numbers", 3, "VAR"),), cells={"P2": word}
        )
        for name, word in {
            "number_with_unit": "12 mg",
            "number_below_limit": "<8",
            "number_above_limit": "> 8",
            "number_too_large": "1e400",
            "number_hexadecimal": "0x1F",
            "number_infinite": "inf",
            "number_with_another_minus": "\u22122",
            "number_with_apostrophe": "1'234",
        }.items()
    },
    "number_of_dictionary_with_comma": MalformedTable(
        clinical("1", "1,5", "3"),
        declared={"dictionary": {"VAR": {"type": "number"}}},
        **refused("comma_in_number"),
    ),
    "number_of_dictionary_with_unit": MalformedTable(
        clinical("1", "12 mg", "3"),
        declared={"dictionary": {"VAR": {"type": "number"}}},
        **refused("not_a_number"),
    ),
    "number_out_of_range": MalformedTable(
        clinical("1", "120", "3"),
        declared={"dictionary": {"VAR": {"type": "number", "maximum": 100}}},
        **refused("out_of_range"),
    ),
    "number_between_blanks": MalformedTable(
        "id,VAR\nP1,\u00a01\u202f\nP2, 2\nP3,3\n", cells={"P1": 1.0, "P2": 2.0}
    ),
    "word_of_no_dictionary": MalformedTable(
        clinical("low", "hihg", "high"),
        declared={"dictionary": {"VAR": {"type": "category", "codes": ["low", "high"]}}},
        **refused("not_in_set"),
    ),
    # dates
    "dates": MalformedTable(
        "id,VAR,VAR_d\nP1,1,2019-03-04\nP2,2,2019-05-06\nP3,3,2020-01-01\n",
        (("looks_like_date", None, "VAR_d"),),
    ),
    "one_date": MalformedTable(
        clinical("stable", "since 2019-03-04", "stable"), **refused("looks_like_date")
    ),
    "dates_of_spreadsheets": MalformedTable(
        "id,what,day\nP1,VAR,10\nP2,VAR,43528\nP3,VAR,30\n",
        (("out_of_range", 3, "day"),),
        ("P1", "P3"),
        kind="event",
    ),
    # ids
    "id_missing": MalformedTable(
        "id,VAR\nP1,1\n,2\nP3,3\n", (("missing_id", 3, "id"),), ("P1", "P3")
    ),
    "id_as_number": MalformedTable(
        "id,VAR\nP1,1\n1.2E+10,2\nP3,3\n", (("id_is_number", 3, "id"),), ("P1", "P3")
    ),
    "id_in_other_case": MalformedTable(
        "id,VAR\nP1,1\np2,2\nP3,3\n", (("id_near_miss", 3, "id"),), ("P1", "P3")
    ),
    "id_of_another_composition": MalformedTable(
        "id,VAR\nP1,1\nZoe\u03081,2\nP3,3\n", (("id_near_miss", 3, "id"),), ("P1", "P3")
    ),
    "id_with_a_cyrillic_letter": MalformedTable(
        "id,VAR\nP1,1\n\u042110,2\nP3,3\n", (("id_near_miss", 3, "id"),), ("P1", "P3")
    ),
    "ids_between_hard_blanks": MalformedTable("id,VAR\n\u00a0P1,1\nP2\u00a0,2\nP3,3\n"),
    "ids_without_their_zeros": MalformedTable(
        "id,VAR\nQ010,1\nQ1,1\nQ2,2\nQ3,3\n", **whole("id_rule_missing", None)
    ),
    "ids_of_nobody": MalformedTable("id,VAR\nX-77,1\nX-78,2\n", **whole("no_id_matches", None)),
    "id_is_a_date": MalformedTable(
        "id,VAR\nP1,1\n2019-03-04,2\nP3,3\n", (("looks_like_date", 3, "id"),), ("P1", "P3")
    ),
    "row_twice_and_equal": MalformedTable(
        "id,VAR\nP1,1\nP2,2\nP1,1\nP3,3\n", (("duplicate_row", 4, None),)
    ),
    "row_twice_and_different": MalformedTable(
        "id,VAR\nP1,1\nP2,2\nP1,9\nP3,3\n", (("conflicting_rows", 2, None),), ("P2", "P3")
    ),
    # outcomes
    "survival_negative": MalformedTable(
        "id,dead,days\nP1,1,10\nP2,0,-5\nP3,0,90\n",
        (("out_of_range", 3, "days"),),
        ("P1", "P3"),
        kind="outcome",
    ),
    "survival_as_date": MalformedTable(
        "id,dead,days\nP1,1,10\nP2,0,2019-03-04\nP3,0,90\n",
        (("looks_like_date", 3, "days"),),
        ("P1", "P3"),
        kind="outcome",
    ),
    "status_of_another_code": MalformedTable(
        "id,dead,days\nP1,1,10\nP2,2,5\nP3,0,90\n",
        (("not_in_set", 3, "dead"),),
        ("P1", "P3"),
        kind="outcome",
    ),
    # matrices; rows are genes, and the samples of all patients go in
    "gene_is_date": MalformedTable(
        "gene,P1-T,P2-T\nTP53,1,2\n9-Sep,3,4\n",
        (("gene_is_date", 3, "gene"),),
        ("P1", "P2"),
        kind="expression",
    ),
    "value_of_a_matrix_is_a_word": MalformedTable(
        "gene,P1-T,P2-T\nTP53,1,2\nEGFR,high,4\n",
        (("not_a_number", 3, "P1-T"),),
        ("P1", "P2"),
        kind="expression",
    ),
    "value_of_a_matrix_with_comma": MalformedTable(
        "gene;P1-T;P2-T\nTP53;1.5;2\nEGFR;3,5;4\n",
        (("not_a_number", 3, "P1-T"),),
        ("P1", "P2"),
        kind="expression",
    ),
    "line_of_words_below_samples": MalformedTable(
        lines(
            "gene,P1-T,P2-T,P3-T,P4-T,P5-T",
            "gene_id,normalized_count,normalized_count,normalized_count,normalized_count,"
            "normalized_count",
            "TP53,1,2,3,4,5",
            "EGFR,2,3,4,5,6",
        ),
        (("second_header", 2, None),),
        ("P1", "P2", "P3", "P4", "P5"),
        kind="expression",
    ),
}
