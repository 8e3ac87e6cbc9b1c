from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from roentgene.ingest.tables import StagedTables

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

SAMPLE: dict[str, Any] = {
    "kind": "sample",
    "id": "patient",
    "sample": "sample",
    "sample_type": "type",
    "collection_day": "day",
    "lesion_id": "lesion",
}
HEADER = "patient,sample,type,day,lesion\n"


def samples(staged: StagedTables) -> list[tuple[Any, ...]]:
    columns = ("sample_id", "patient_id", "sample_type", "collection_day", "lesion_id")
    return staged.rows["genomic.sample"].select(columns).rows()


def test_specimens_of_patients(stage: Stage) -> None:
    staged = stage(HEADER + "P1,S1,primary,-3,1\nP1,S2,recurrent,200.0,\nP2,S3,NA,,\n", SAMPLE)
    assert samples(staged) == [
        ("S1", "P1", "primary", -3, "1"),
        ("S2", "P1", "recurrent", 200, None),
        ("S3", "P2", None, None, None),
    ]
    assert staged.refusals == ()
    assert staged.rows["study.patient"]["patient_id"].to_list() == ["P1", "P2"]


def test_cells_that_are_wrong_are_refused_and_their_rows_go_on(stage: Stage, told: Told) -> None:
    staged = stage(
        HEADER + "P1,S1,2019-03-04,2019-03-04,\nP1,S2,x,12.5,\nP1,S3,x,later,\nP1,S4,x,43528,\n",
        SAMPLE,
    )
    assert [row[0] for row in samples(staged)] == ["S1", "S2", "S3", "S4"]
    assert [row[3] for row in samples(staged)] == [None] * 4
    assert sorted(told(staged), key=str) == [
        ("looks_like_date", 2, "day"),
        ("looks_like_date", 2, "type"),
        ("not_a_number", 3, "day"),
        ("not_a_number", 4, "day"),
        ("out_of_range", 5, "day"),
    ]


def test_a_sample_of_two_patients_is_in_conflict(stage: Stage, told: Told) -> None:
    staged = stage(HEADER + "P1,S1,,,\nP2,S1,,,\nP1,S2,,,\nP1,S2,,,\nP1,,,,\n", SAMPLE)
    assert told(staged) == [
        ("missing_id", 6, "sample"),
        ("conflicting_rows", 2, None),
        ("duplicate_row", 5, None),
    ]
    assert [row[0] for row in samples(staged)] == ["S2"]


def test_a_sample_that_is_known_for_another_patient_is_in_conflict(
    stage: Stage, told: Told
) -> None:
    known = {"S1": "P9", "S2": "P1"}
    staged = stage(HEADER + "P1,S1,,,\nP1,S2,,,\n", SAMPLE, samples=known)
    assert told(staged) == [("conflicting_rows", 2, "sample")]
    assert "'P9'" in staged.refusals[0].detail
    assert [row[0] for row in samples(staged)] == ["S2"]


# --- a sheet that is made of another table


OF_CALLS: dict[str, Any] = {
    "kind": "sample",
    "id": "Tumor_Sample_Barcode",
    "sample": "Tumor_Sample_Barcode",
    "repeats": True,
}
BY_SUFFIX = OF_CALLS | {
    "id_pattern": "^(?P<patient_id>.+)(?P<sample_type>[DR])$",
    "rename": {"sample_type": {"D": "Primary", "R": "Relapse"}},
}


def test_the_id_of_a_sample_says_its_patient_and_its_kind(stage: Stage, told: Told) -> None:
    calls = "Hugo_Symbol,Tumor_Sample_Barcode\nTP53,APL1D\nEGFR,APL1D\nTP53,APL1R\nIDH1,APL2X\n"
    staged = stage(calls, BY_SUFFIX)
    assert [row[:3] for row in samples(staged)] == [
        ("APL1D", "APL1", "Primary"),
        ("APL1R", "APL1", "Relapse"),
    ]
    # what is of another form is told by its line, and not quoted
    assert told(staged) == [("id_not_of_pattern", 5, "Tumor_Sample_Barcode")]


def test_a_part_of_the_id_may_be_the_visit(stage: Stage, told: Told) -> None:
    declared = BY_SUFFIX | {
        "id_pattern": "{patient_id}-{timepoint}",
        "rename": {"timepoint": {"1": "baseline", "2": "followup"}},
    }
    staged = stage("Tumor_Sample_Barcode\nP1-1\nP1-2\nP1-1\nP2-3\n", declared)
    rows = staged.rows["genomic.sample"].select("sample_id", "patient_id", "timepoint_id").rows()
    assert rows == [("P1-1", "P1", "baseline"), ("P1-2", "P1", "followup")]
    assert told(staged) == [("unknown_timepoint", 5, "Tumor_Sample_Barcode")]


def test_barcodes_of_one_specimen_are_one_sample(stage: Stage) -> None:
    declared = OF_CALLS | {"normalise": ["tcga_patient"], "sample_rules": ["tcga_sample"]}
    barcodes = "TCGA-AB-2802-03A-01W\nTCGA-AB-2802-03A-11D\nTCGA-AB-2803-03B\n"
    staged = stage("Tumor_Sample_Barcode\n" + barcodes, declared)
    assert [row[:2] for row in samples(staged)] == [
        ("TCGA-AB-2802-03", "TCGA-AB-2802"),
        ("TCGA-AB-2803-03", "TCGA-AB-2803"),
    ]
    assert staged.refusals == ()


def test_rows_of_a_sample_that_repeats_must_agree(stage: Stage, told: Told) -> None:
    declared = OF_CALLS | {"sample_type": "type"}
    staged = stage("Tumor_Sample_Barcode,type\nS1,primary\nS1,primary\nS2,a\nS2,b\n", declared)
    assert [row[0] for row in samples(staged)] == ["S1"]
    assert told(staged) == [("conflicting_rows", 4, None)]


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"id_pattern": "{patient_id}_{region}"}, "unknown placeholder {region}"),
        ({"id_pattern": "{patient_id}_{sample_type}", "sample_type": "x"}, "once is enough"),
        ({"rename": {"grade": {"1": "one"}}}, "'grade' is none of"),
    ],
)
def test_sheets_that_cannot_be_meant(stage: Stage, declared: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        stage("Tumor_Sample_Barcode\nS1\n", OF_CALLS | declared)


@pytest.mark.realdata
@pytest.mark.parametrize(("file", "n_samples"), [("primary", 124), ("relapse", 58)])
def test_specimens_of_apl_are_of_the_patient_before_their_last_letter(
    stage: Stage, shared_data: Path, file: str, n_samples: int
) -> None:
    path = shared_data / "genomic" / "maf_gistic" / f"APL_{file}.maf.gz"
    staged = stage(path, BY_SUFFIX, name=path.name)
    found = samples(staged)
    assert len(found) == n_samples
    assert {row[2] for row in found} == {"Primary" if file == "primary" else "Relapse"}
    assert all(row[0][:-1] == row[1] for row in found)
    assert staged.refusals == ()
