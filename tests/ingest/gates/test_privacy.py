from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from roentgene.ingest.gates.privacy import (
    NOT_LOOKED_AT,
    check_people,
    personal_paths,
    refuse_path,
    refused_columns,
)
from roentgene.ingest.identity import file_state
from roentgene.ingest.privacy import Privacy, unnamed
from roentgene.ingest.refusal import Refusal
from roentgene.schemas.study import AllowedText
from roentgene.schemas.tables import tables

SERIES = pl.DataFrame(
    {
        "series_id": ["a", "b", "c"],
        "patient_id": ["P1", "P2", "P3"],
        "protocol": ["T1 AX", "T1 DOE^JOHN", None],
        "contrast_agent": ["GD 20190304", "Gadovist", "given 4.3.2019"],
        "n": [20190304, 2, 3],
    }
)
PEOPLE = ("DOE", "2019", "4.3.")


def allow(column: str, pattern: str, table: str | None = None) -> Privacy:
    reason = "published with shifted dates"
    return Privacy(allow=(AllowedText(column=column, pattern=pattern, table=table, reason=reason),))


def test_columns_with_people_are_found_and_counted() -> None:
    for rows in (SERIES, SERIES.to_arrow()):
        found = refused_columns(rows, "imaging.series", Privacy())
        assert [(one.column, one.looks_like, one.n_cells, one.reason_code) for one in found] == [
            ("protocol", "person name", 1, "looks_like_person"),
            ("contrast_agent", "calendar date", 2, "looks_like_date"),
        ]


def test_a_name_beside_a_date_tells_more() -> None:
    rows = pl.DataFrame({"note": ["2019-03-04", "DOE^JOHN"]})
    (found,) = refused_columns(rows, "imaging.series", Privacy())
    assert (found.reason_code, found.n_cells) == ("looks_like_person", 2)


@pytest.mark.parametrize(
    ("privacy", "n_found"),
    [
        (allow("contrast_agent", r"GD \d{8}"), 1),
        (allow("contrast_agent", r".*"), 0),
        (allow("contrast_agent", r"GD"), 2),  # the whole text must fit
        (allow("protocol", r".*"), 2),
        (allow("contrast_agent", r".*", table="imaging.series"), 0),
        (allow("contrast_agent", r".*", table="genomic.sample"), 2),
    ],
)
def test_only_what_study_yaml_allows_comes_in(privacy: Privacy, n_found: int) -> None:
    rows = SERIES.select("contrast_agent")
    found = refused_columns(rows, "imaging.series", privacy)
    assert sum(one.n_cells for one in found) == n_found


def test_an_allowed_id_may_stand_wherever_ids_do() -> None:
    privacy = allow("patient_id", r"X_\d{8}")
    batch = {
        "study.patient": pl.DataFrame(
            {"patient_id": ["X_20000101"], "person_id": ["C:X_20000101"]}
        ),
        "ops.unmatched_id": pl.DataFrame({"id": ["X_20000101"], "nearest": ["X_20000102"]}),
    }
    assert check_people(batch, privacy).refused == ()
    assert len(check_people(batch, Privacy()).refused) == 4


def test_a_variable_may_be_allowed_by_its_name() -> None:
    rows = pl.DataFrame(
        {
            "source_file": ["a.csv", "a.csv", "b.csv"],
            "variable": ["kit", "note", "kit"],
            "value_text": ["219-09-9999"] * 3,
        }
    )
    for privacy, n_cells in (
        (allow("kit", ".*"), 1),
        (allow("kit", ".*", table="a.csv"), 2),
        (allow("value_text", ".*", table="clinical.variable"), 0),
    ):
        found = refused_columns(rows, "clinical.variable", privacy)
        assert sum(one.n_cells for one in found) == n_cells


def test_a_pattern_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no regular expression"):
        AllowedText(column="a", pattern="(", reason="x")
    with pytest.raises(ValueError, match="reason"):
        AllowedText(column="a", pattern="x", reason="")


def test_the_last_net_names_table_and_column_alone() -> None:
    gate = check_people({"imaging.series": SERIES, "study.patient": pl.DataFrame()}, Privacy())
    assert [(r.stage, r.reason_code, r.subject) for r in gate.refused] == [
        ("catalogue", "looks_like_person", "imaging.series.protocol"),
        ("catalogue", "looks_like_date", "imaging.series.contrast_agent"),
    ]
    assert not any(part in refusal.line() for refusal in gate.refused for part in PEOPLE)
    assert [(c.subject, c.n_checked, c.n_refused) for c in gate.counts] == [
        ("imaging.series", 3, 3),
        ("study.patient", 0, 0),
    ]


@pytest.mark.parametrize(
    "full_name", ["study.patient", "imaging.series", "ops.quarantine", "ops.unmatched_id"]
)
def test_every_column_that_a_delivery_fills_is_looked_at(full_name: str) -> None:
    declared = [c for c in tables()[full_name].columns if c.type == "VARCHAR" and not c.values]
    looked_at = [c.name for c in declared if c.name not in NOT_LOOKED_AT]
    row = pl.DataFrame({name: ["DOE^JOHN"] for name in looked_at})
    gate = check_people({full_name: row}, Privacy())
    assert [refusal.column_name for refusal in gate.refused] == looked_at
    assert {"patient_id", "file_path", "id", "detail", "site"} & set(looked_at)


def test_the_date_in_a_table_s_name_is_that_of_the_file() -> None:
    rows = pl.DataFrame({"file_path": ["2024-07-10_histologies.tsv"]})
    assert check_people({"ops.source_file": rows}, Privacy()).refused == ()
    assert check_people({"ops.image_file": rows}, Privacy()).refused
    person = pl.DataFrame({"file_path": ["DOE^JOHN.csv"]})
    assert check_people({"ops.source_file": person}, Privacy()).refused


def test_paths_that_name_people_are_found() -> None:
    names = [
        "images/P1/t1.nii.gz",
        "DOE^JOHN/t1.nii.gz",
        "P1/20190304/t1.nii.gz",
        "MRN_00123/a.nii",
    ]
    assert personal_paths(names, Privacy()) == {
        "DOE^JOHN/t1.nii.gz": "person name",
        "P1/20190304/t1.nii.gz": "calendar date",
        "MRN_00123/a.nii": "record number",
    }
    assert len(personal_paths(names, allow("file_path", r"P1/\d{8}/.*"))) == 2


def test_a_refused_path_is_told_by_its_place(tmp_path: Path) -> None:
    path = tmp_path / "DOE^JOHN.nii.gz"
    path.write_bytes(b"x")
    state = file_state(path.stat())
    refusal = refuse_path("person name", "{patient_id}.nii.gz", state)
    assert refusal.reason_code == "looks_like_person"
    assert refusal.file_path == "{patient_id}.nii.gz"
    assert state in refusal.subject
    assert "DOE" not in refusal.line()


def test_a_refusal_that_quotes_a_person_is_cleaned() -> None:
    def refusal(**more: str) -> Refusal:
        given = {"subject": "P1", "detail": "'x' is no number", "column_name": "a", **more}
        return Refusal("staged", "not_a_number", **given, content_hash="0" * 64)

    sound = refusal()
    assert unnamed(sound) is sound
    assert unnamed(sound, "call 555-234-5678").content_hash is None
    assert "is no number" not in unnamed(sound, "call 555-234-5678").detail
    for place in ("subject", "detail", "column_name", "file_path"):
        cleaned = unnamed(refusal(**{place: "DOE^JOHN"}))
        assert "DOE" not in cleaned.line()
        assert cleaned.content_hash is None
    dated = refusal(file_path="2024-07-10_histologies.tsv")
    assert unnamed(dated) is dated
    of_an_image = Refusal("manifest", "mask_missing", "P1", "x", file_path="20190304/t1.nii.gz")
    assert unnamed(of_an_image).file_path is None


def test_categories_are_looked_at_like_any_text() -> None:
    rows = pl.DataFrame({"entity": ["AEW541", "DOE^JOHN", "DOE^JOHN"]}).cast(pl.Categorical)
    (found,) = refused_columns(rows, "genomic.assay_value", Privacy())
    assert (found.column, found.looks_like, found.n_cells) == ("entity", "person name", 2)
    coded = {"genomic.assay_value": rows.to_arrow()}
    assert check_people(coded, Privacy()).refused


def test_a_category_is_allowed_by_the_name_of_its_variable() -> None:
    rows = pl.DataFrame({"variable": ["note", "note"], "value_text": ["DOE^JOHN", "fine"]}).cast(
        pl.Categorical
    )
    allowed = AllowedText(column="note", pattern="DOE.JOHN", reason="a dye")
    for given in (rows, rows.to_arrow()):
        assert len(refused_columns(given, "clinical.variable", Privacy())) == 1
        assert not refused_columns(given, "clinical.variable", Privacy(allow=(allowed,)))
