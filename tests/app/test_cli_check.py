"""``roentgene ingest check``: what it says of a study folder, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

META = "cancer_study_identifier: tiny\ngenetic_alteration_type: CLINICAL\n"
SAMPLES = """\
#Patient\tSample\tPurity
#Patient\tSample\tPart of tumour cells
#STRING\tSTRING\tNUMBER
#1\t1\t1
PATIENT_ID\tSAMPLE_ID\tPURITY
P1\tP1-01\t0.7
P2\tP2-01\thigh
P3\tP3-01\tlow
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A study with samples alone."""
    made = tmp_path / "tiny"
    made.mkdir()
    (made / "meta_study.txt").write_text(
        "cancer_study_identifier: tiny\ntype_of_cancer: lgg\nname: Tiny\ndescription: made\n"
    )
    (made / "meta_sample.txt").write_text(
        f"{META}datatype: SAMPLE_ATTRIBUTES\ndata_filename: data_sample.txt\n"
    )
    (made / "data_sample.txt").write_text(SAMPLES)
    (made / "notes.txt").write_text("words\n")
    return made


def test_warnings_are_told_and_end_well(roentgene: Callable[..., Any], folder: Path) -> None:
    told = roentgene("ingest", "check", folder)
    assert (told.exit_code, told.err) == (0, "")
    lines = told.out.splitlines()
    assert lines[0].startswith(
        "warning: attribute_datatype: data_sample.txt, line 7, 8, column PURITY: it is stated to "
        "be NUMBER, and the cell is none: high, low (2 times). Cure: "
    )
    assert "not taken: notes.txt: no meta file describes it" in lines
    assert "  genomic.sample: 3 rows" in lines
    assert lines[-1] == "tiny: 3 of 4 files taken, 0 errors, 3 warnings"


def test_an_error_ends_with_one(roentgene: Callable[..., Any], folder: Path) -> None:
    with (folder / "data_sample.txt").open("a") as file:
        file.write("P4\tP1-01\t0.5\n")
    told = roentgene("ingest", "check", folder)
    assert told.exit_code == 1
    assert told.out.startswith("error: conflicting_rows: data_sample.txt, line 6: ")


def test_a_program_reads_everything(roentgene: Callable[..., Any], folder: Path) -> None:
    (folder / "meta_sample.txt").write_text(f"{META}datatype: SAMPLE_ATTRIBUTES\n")
    told = roentgene("ingest", "check", folder, "--json")
    assert told.exit_code == 1
    assert (told.json["study"], told.json["n_errors"], told.json["n_warnings"]) == ("tiny", 2, 2)
    missing = next(one for one in told.json["messages"] if one["rule"] == "meta_field_missing")
    assert missing == {
        "severity": "error",
        "rule": "meta_field_missing",
        "message": "data_filename is missing",
        "cure": "add the field; without it the file is left out",
        "file": "meta_sample.txt",
        "column": "data_filename",
        "lines": [],
        "values": [],
        "count": 1,
    }
    assert {"file": "notes.txt", "becomes": [], "reason": "no meta file describes it"} in told.json[
        "files"
    ]


def test_what_is_no_study_folder_ends_with_two(
    roentgene: Callable[..., Any], tmp_path: Path
) -> None:
    told = roentgene("ingest", "check", tmp_path)
    assert told.exit_code == 2
    assert "there is no meta file in it" in told.err


@pytest.mark.realdata
def test_the_published_folder_has_no_error(
    roentgene: Callable[..., Any], shared_data: Path
) -> None:
    told = roentgene("ingest", "check", shared_data / "genomic" / "cbioportal_study_es_0")
    assert told.exit_code == 0, told.out
    lines = told.out.splitlines()
    # the README of the folder
    for rows in (
        "study.patient: 841 rows",
        "genomic.sample: 845 rows",
        "genomic.mutation: 36 rows",
        "genomic.structural_variant: 48 rows",
        "genomic.segment: 9 rows",
    ):
        assert f"  {rows}" in lines
