"""Which rows and columns a release has, with what in them, and who was lost why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from roentgene.analyses.releasing.content import Content
from roentgene.schemas.errors import FileError, QueryError

CONTRAST = "rad__baseline__T1__WT__original__original_glcm_Contrast"


def rows(content: Content) -> list[dict[str, Any]]:
    return content.tables["table"].to_pylist()


def described(content: Content) -> dict[str, dict[str, Any]]:
    return {row["column"]: row for row in content.tables["dictionary"].to_pylist()}


def test_a_plain_release_has_a_row_a_person_and_says_who_was_lost(
    make: Callable[..., Content],
) -> None:
    content = make()
    table = content.tables["table"]
    assert table.column_names[:4] == ["person_id", "cohort_id", "patient_id", "site"]
    # P01 has no result of the marker
    assert table["person_id"].to_pylist() == [f"GLI:P{n:02}" for n in range(2, 25)]
    assert table["target"].to_pylist()[:3] == ["WT", "WT", "MUT"]
    lost = {step.reason: step.n_lost for step in content.flow if step.n_lost}
    assert lost == {"no value of the target": 1}
    assert content.flow[-1].n == 23
    word = described(content)[CONTRAST]
    assert (word["ibsi_code"], word["ibsi_status"], word["class"]) == ("ACUI", "exact", "glcm")
    assert content.n_predictors == 3
    assert described(content)["target"]["block"] == "target"


def test_values_are_those_of_the_view(make: Callable[..., Content]) -> None:
    import numpy as np

    expected = np.random.default_rng(1).normal(10.0, 3.0, (24, 3))[1:, 0]
    assert make().tables["table"][CONTRAST].to_pylist() == expected.tolist()


def test_features_are_chosen_by_class_and_pattern(make: Callable[..., Content]) -> None:
    by_class = make(features=[{"timepoint": "baseline", "classes": ["glcm", "shape"]}])
    assert {row["feature"] for row in described(by_class).values() if row["block"] == "rad"} == {
        "original_glcm_Contrast",
        "original_shape_Elongation",
    }
    with pytest.raises(FileError, match=r"feature 'original_glcm_Contrst' is not in") as refused:
        make(features=[{"features": ["original_glcm_Contrst"]}])
    assert refused.value.cure == "Did you mean 'original_glcm_Contrast'?"


def test_changes_of_features_are_those_of_the_chosen_measurements(
    make: Callable[..., Content],
) -> None:
    block = {"view": "delta_radiomics", "measure": "delta_absolute", "classes": "glcm"}
    content = make(features=[block])
    name = "rad__delta_absolute__week_6__T1__WT__original__original_glcm_Contrast"
    import numpy as np

    first = np.random.default_rng(1).normal(10.0, 3.0, (24, 3))[:, 0]
    second = np.random.default_rng(2).normal(10.0, 3.0, (20, 3))[:, 0]
    # those without the second visit are lost, and counted
    assert content.tables["table"][name].to_pylist() == (second - first[:20])[1:].tolist()
    assert content.flow[-1].n_lost == 4
    assert content.flow[-1].reason == "none of the image features that are asked for"


def test_a_row_may_be_a_visit(make: Callable[..., Content]) -> None:
    content = make(rows="person_timepoint", features=[{"classes": "glcm"}])
    table = content.tables["table"]
    assert table.num_rows == 23 + 19
    assert "rad__T1__WT__original__original_glcm_Contrast" in table.column_names
    assert table["timepoint_id"].to_pylist()[:3] == ["baseline", "week_6", "baseline"]
    assert content.flow[-1].unit == "row"
    assert content.flow[-1].n_lost == 4


def test_clinical_and_molecular_columns_have_their_types(make: Callable[..., Content]) -> None:
    content = make(
        features=None,
        clinical=[{"variables": ["kps", "side"], "patient": ["sex", "age_at_day_zero"]}],
        genomic=[
            {"kind": "mutation", "genes": "TP53"},
            {"kind": "biomarker", "markers": "MGMT"},
            {"kind": "expression", "profile": "rna_z", "genes": ["TP53"]},
        ],
    )
    table = content.tables["table"]
    types = {name: str(table.schema.field(name).type) for name in table.column_names}
    assert types["clin__kps"] == types["clin__age_at_day_zero"] == "double"
    assert types["clin__side"] == types["clin__sex"] == types["gen__biomarker__MGMT"] == "string"
    # the last two were not profiled: neither mutant nor wild type
    status = table["gen__mutation__TP53"].to_pylist()
    assert status[:4] == [0, 0, 0, 1]
    assert status[-2:] == [None, None]
    assert table["gen__expression__rna_z__TP53"].null_count == 4
    assert any("z-scored" in warning for warning in content.warnings)


def test_the_inclusion_query_says_who_is_in_and_may_describe_them(
    make: Callable[..., Content],
) -> None:
    sql = """SELECT cohort_id, patient_id, 'west' AS site, age_at_day_zero AS rank
             FROM study.patient WHERE patient_id <= 'P10'"""
    content = make(
        patients={"sql": sql},
        splits=[{"kind": "accrual", "split_id": "time", "column": "rank", "test_share": 0.3}],
    )
    assert [row["site"] for row in rows(content)] == ["west"] * 9
    assert [row["rank"] for row in rows(content)] == [40.0 + n for n in range(1, 10)]
    assert described(content)["rank"]["block"] == "context"
    assert content.flow[1].reason == "not in the inclusion query"
    assert content.flow[1].n_lost == 14
    tested = content.tables["splits"].filter(pa.compute.field("role") == "test")
    assert set(tested["person_id"].to_pylist()) == {f"GLI:P{n:02}" for n in (8, 9, 10)}


@pytest.mark.parametrize(
    ("sql", "error", "words"),
    [
        ("DELETE FROM study.patient", QueryError, "queries read only"),
        ("SELECT patient_id FROM study.patient", FileError, "lacks the column cohort_id"),
        ("SELECT cohort_id, patient_id FROM study.timepoint", FileError, "more than once"),
        ("SELECT 'GLI' AS cohort_id, 'X' AS patient_id", FileError, "not in study.patient"),
        (
            "SELECT cohort_id, patient_id FROM study.patient WHERE FALSE",
            FileError,
            "includes nobody",
        ),
        (
            "SELECT cohort_id, patient_id, 1 AS rad__x FROM study.patient",
            FileError,
            "needs",
        ),
        # else a column of the study would say what the query says
        (
            "SELECT cohort_id, patient_id, 'male' AS sex FROM study.patient",
            FileError,
            "column sex",
        ),
        (
            "SELECT cohort_id, patient_id, DATE '2020-01-01' AS seen FROM study.patient",
            FileError,
            "column seen .* dates",
        ),
        ("SELECT nothing FROM study.patient", QueryError, "nothing"),
    ],
)
def test_a_wrong_inclusion_query_is_refused(
    make: Callable[..., Content], sql: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        make(patients={"sql": sql})


def test_survival_has_time_and_event_and_a_landmark_restarts_the_clock(
    make: Callable[..., Content],
) -> None:
    target = {"kind": "outcome", "name": "OS"}
    plain = make(target=target).tables["table"]
    assert plain["target__time_days"].to_pylist()[:2] == [30.0, 50.0]
    assert plain["target__event"].to_pylist()[:2] == [0, 1]
    content = make(
        target=target, landmark_day=50, features=[{"timepoint": "week_6", "classes": "glcm"}]
    )
    table = content.tables["table"]
    # of 30, 50, 70 … days the first two are over at day 50
    assert table["target__time_days"].to_pylist()[:2] == [20.0, 40.0]
    (at_landmark,) = [step for step in content.flow if "landmark" in step.step]
    assert at_landmark.n_lost == 2
    assert at_landmark.reason == "event or end of follow-up until day 50 after the anchor"


def test_a_gene_may_be_the_target(make: Callable[..., Content]) -> None:
    content = make(target={"kind": "gene", "name": "TP53", "positive": "MUT"})
    assert content.tables["table"]["target"].to_pylist()[:5] == [1, 0, 0, 0, 1]
    assert {step.reason for step in content.flow if step.n_lost} == {"not profiled for TP53"}


@pytest.mark.parametrize(
    ("target", "nearest"),
    [
        ({"kind": "gene", "name": "TP35"}, "TP53"),
        ({"kind": "biomarker", "name": "MGTM"}, "MGMT"),
        ({"kind": "clinical", "name": "kpss"}, "kps"),
        ({"kind": "outcome", "name": "OSS"}, "OS"),
        ({"kind": "outcome", "name": "OS", "start_anchor": "baseline"}, "baseline_scan"),
        ({"kind": "response", "name": "RANA", "timepoint": "week_6"}, "RANO"),
        ({"kind": "biomarker", "name": "MGMT", "positive": "methylatd"}, "methylated"),
    ],
)
def test_an_unknown_target_is_refused_with_the_nearest_name(
    make: Callable[..., Content], target: dict[str, Any], nearest: str
) -> None:
    with pytest.raises(FileError) as refused:
        make(target=target)
    assert refused.value.cure == f"Did you mean {nearest!r}?"


def test_the_same_spec_and_snapshot_give_the_same_content(make: Callable[..., Content]) -> None:
    spec = {
        "splits": [{"kind": "cross_validation", "split_id": "cv", "folds": 3}],
        "prepare": [{"kind": "imputation"}, {"kind": "scaling"}],
    }
    one, other = make(**spec), make(**spec)
    assert one.fingerprints == other.fingerprints
    assert one.fingerprint != make(features=[{"timepoint": "week_6"}]).fingerprint
