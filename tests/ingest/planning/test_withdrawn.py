"""Whoever withdrew is left out of everything that a delivery gives, under every name."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from roentgene.ingest.planning.delivery import Delivery
from roentgene.ingest.planning.withdrawn import NOBODY, Withdrawn
from roentgene.ingest.refusal import Refusal
from roentgene.ingest.tables import StagedTables
from roentgene.ingest.tables.identifiers import IdMatch
from roentgene.warehouse.care.scopes import SCOPES, Scope
from roentgene.warehouse.care.withdrawal import Withdrawal, Withdrawals, name_hash
from roentgene.warehouse.id_key import IdKey

KEY = IdKey(bytes(range(32)))
GONE, PART, STAYS = "AAQ-Quend-00", "BEX-Quend-01", "CYM-Quend-02"
SAMPLE = "Spc-QAA-T00"


def withdrawn(part: Scope = "genomic") -> Withdrawn:
    """One who withdrew altogether, with a specimen, and one who withdrew a part."""
    of = {
        name_hash(KEY, "A", GONE): (Withdrawal("w-all", "all"),),
        name_hash(KEY, "A", SAMPLE): (Withdrawal("w-all", "all"),),
        name_hash(KEY, "A", PART): (Withdrawal("w-part", part),),
        name_hash(KEY, "B", "Reg-00"): (Withdrawal("w-all", "all"),),
    }
    return Withdrawn("A", Withdrawals(KEY, of), ["A", "B"])


def table(**columns: list[Any]) -> pl.DataFrame:
    n_rows = len(next(iter(columns.values())))
    lines = {"source_file": ["t.csv"] * n_rows, "source_row": list(range(2, n_rows + 2))}
    return pl.DataFrame({**columns, **lines})


def staged(*refusals: Refusal, match: IdMatch | None = None, **rows: pl.DataFrame) -> StagedTables:
    named = {name.replace("__", "."): found for name, found in rows.items()}
    return StagedTables(named, refusals, match or IdMatch())


PATIENTS = table(patient_id=[GONE, PART, STAYS])


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("study__patient", [PART, STAYS]),
        ("genomic__biomarker", [STAYS]),
        ("clinical__event", [PART, STAYS]),
        ("imaging__series", [PART, STAYS]),
    ],
)
def test_rows_of_who_withdrew_that_kind_are_left_out(name: str, left: list[str]) -> None:
    (rows,) = withdrawn().leave_out_rows(staged(**{name: PATIENTS})).rows.values()
    assert rows["patient_id"].to_list() == left
    assert NOBODY.leave_out_rows(staged(**{name: PATIENTS})).rows[name.replace("__", ".")] is (
        PATIENTS
    )


@pytest.mark.parametrize("scope", [scope for scope in SCOPES if scope != "all"])
def test_each_kind_can_be_withdrawn(scope: Scope) -> None:
    tables = {
        "imaging": "imaging.series",
        "genomic": "genomic.biomarker",
        "clinical": "clinical.event",
        "dose": "imaging.dose",
    }
    rows = {name.replace(".", "__"): PATIENTS for name in tables.values()}
    found = withdrawn(scope).leave_out_rows(staged(**rows)).rows
    without = {kind for kind, name in tables.items() if PART not in found[name]["patient_id"]}
    assert without == ({"imaging", "dose"} if scope == "imaging" else {scope})


def test_rows_of_their_specimens_are_left_out() -> None:
    rows = table(sample_id=[SAMPLE, "S2", None])
    kept = withdrawn().leave_out_rows(staged(genomic__expression=rows)).rows["genomic.expression"]
    assert kept["sample_id"].to_list() == ["S2", None]


@pytest.mark.parametrize("other", [["Reg-00", "Reg-01"], ["Reg-01", "Reg-02"]])
def test_links_to_who_withdrew_elsewhere_are_left_out(other: list[str]) -> None:
    rows = table(patient_id=[PART, STAYS], other_cohort_id=["B", "B"], other_patient_id=other)
    kept = withdrawn().leave_out_rows(staged(study__person_link=rows)).rows["study.person_link"]
    assert kept["other_patient_id"].to_list() == [one for one in other if one != "Reg-00"]


def test_what_belongs_to_a_row_that_is_left_out_goes_with_it() -> None:
    kept = (
        withdrawn()
        .leave_out_rows(
            staged(
                imaging__segmentation=table(
                    patient_id=[GONE, STAYS], segmentation_id=["g1", "g2"], series_id=["s1", "s2"]
                ),
                imaging__measurement=table(segmentation_id=["g1", "g2"], series_id=["s1", "s2"]),
                imaging__segmentation_overlap=table(
                    segmentation_id_a=["g1", "g2"], segmentation_id_b=["g2", "g3"]
                ),
            )
        )
        .rows
    )
    assert kept["imaging.measurement"]["segmentation_id"].to_list() == ["g2"]
    assert kept["imaging.segmentation_overlap"]["segmentation_id_a"].to_list() == ["g2"]


def refused(subject: str = "a row", line: int | None = None, detail: str = "") -> Refusal:
    return Refusal("staged", "not_in_set", subject, detail, "t.csv", line)


def test_refusals_of_their_lines_or_with_their_names_are_not_told() -> None:
    told = (
        refused(line=2),  # the line of the one who is gone
        refused(line=3),
        refused(f"{GONE} baseline"),
        refused(detail=f"twice: ({GONE})"),
        refused(f"{STAYS} baseline"),
        # who withdrew a part is named as before
        refused(f"{PART} baseline"),
    )
    kept = withdrawn().leave_out_rows(staged(*told, clinical__event=PATIENTS)).refusals
    assert kept == (told[1], told[4], told[5])
    assert NOBODY.untold(told) == told


def test_ids_of_who_withdrew_are_not_compared() -> None:
    match = IdMatch(
        frozenset({GONE, STAYS}),
        (SAMPLE, "x"),
        (GONE, "y"),
        {"AAQ_Quend_00": GONE, "y": STAYS},
    )
    found = withdrawn().leave_out_rows(staged(match=match, clinical__event=PATIENTS)).id_match
    assert found == IdMatch(frozenset({STAYS}), ("x",), ("y",), {"y": STAYS})


def drawing(patient: str, modality: str = "MR") -> Any:
    files = [SimpleNamespace(name=f"{kind}/{patient}.nii") for kind in ("images", "masks")]
    return SimpleNamespace(patient_id=patient, modality=modality, image=files[0], mask=files[1])


@pytest.mark.parametrize(
    ("part", "left"),
    [
        ("imaging", [STAYS]),
        ("dose", [f"{PART} MR", STAYS]),
        ("genomic", [f"{PART} MR", f"{PART} RTDOSE", STAYS]),
    ],
)
def test_their_images_and_masks_are_left_out(part: Scope, left: list[str]) -> None:
    of_part = [drawing(PART), drawing(PART, "RTDOSE")]
    found = Delivery(
        (drawing(GONE), *of_part, drawing(STAYS)),
        (refused(f"images/{GONE}.nii"), refused("images/x.nii")),
        newly_read=dict.fromkeys(
            (f"images/{GONE}.nii", f"images/{GONE}-old.nii", f"images/{STAYS}.nii")
        ),  # type: ignore[arg-type]
    )
    kept = withdrawn(part).leave_out_drawings(found)
    named = {id(of_part[0]): f"{PART} MR", id(of_part[1]): f"{PART} RTDOSE"}
    assert [named.get(id(one), one.patient_id) for one in kept.kept] == left
    assert [one.subject for one in kept.refused] == ["images/x.nii"]
    assert list(kept.newly_read) == [f"images/{STAYS}.nii"]


@pytest.mark.parametrize(
    ("column", "value", "is_found"),
    [
        ("patient_id", GONE, True),
        ("sample_id", SAMPLE, True),
        ("file_path", f"images/{GONE}/20110304/b.nii.gz", True),
        ("subject", f"{GONE} baseline", True),
        ("nearest", "Reg-00", True),
        ("file_path", f"images/{STAYS}/b.nii.gz", False),
        ("file_path", f"images/{PART}/b.nii.gz", False),
        ("file_path", None, False),
    ],
)
def test_whoever_slipped_by_keeps_the_batch_out(column: str, value: str, is_found: bool) -> None:
    rows = {"ops.quarantine": pl.DataFrame({column: [value]}, schema={column: pl.String})}
    found = withdrawn().found_in(rows)
    assert [one.detail for one in found] == [f"somebody who withdrew stands in {column}"] * is_found
    assert NOBODY.found_in(rows) == ()


def test_who_was_met_is_told_once_and_by_no_name() -> None:
    of = withdrawn()
    assert list(of.refusals()) == []
    of.leave_out_rows(staged(study__patient=PATIENTS, genomic__biomarker=PATIENTS))
    told = list(of.refusals())
    assert [one.subject for one in told] == ["withdrawal w-all", "withdrawal w-part"]
    assert "nothing of theirs" in told[0].detail
    assert "no genomic data of theirs" in told[1].detail
    assert GONE not in str(told) and PART not in str(told)
