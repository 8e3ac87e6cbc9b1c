"""Which specimen stands for its patient, by the rule of the cohort; and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roentgene.schemas.specimen_rule import SpecimenRule

PREFER = {"name": "initial", "prefer": [{"sample_type": ["Initial", "Relapse"]}, "earliest"]}
MEAN = {"name": "mean_of_all", "aggregate": "mean"}


def state(warehouse: Any, rule: Mapping[str, Any] | None) -> None:
    if rule is not None:
        rows = SpecimenRule.model_validate(rule).rows()
        warehouse.add("study.specimen_rule", *({"cohort_id": "C", **row} for row in rows))


def specimen(
    warehouse: Any, sample: str, patient: str = "p1", assay: str = "expression", **given: Any
) -> None:
    """Add a specimen that was profiled; the digits of its name are its expression of TP53."""
    warehouse.patients(patient)
    row = {"cohort_id": "C", "sample_id": sample}
    warehouse.add("genomic.sample", row | {"patient_id": patient} | given)
    warehouse.add("genomic.assay", row | {"assay": assay, "all_genes": False})
    if assay == "expression":
        value = {"hugo_symbol": "TP53", "molecular_profile_id": "tpm", "value_scale": "raw"}
        warehouse.add("genomic.expression", row | value | {"value": float(sample[1:])})


def chosen(warehouse: Any) -> list[tuple[str, str | None, int]]:
    rows = warehouse.rows("SELECT * FROM mart.patient_sample ORDER BY patient_id, assay")
    return [(row["specimen_status"], row["sample_id"], row["n_specimens"]) for row in rows]


def values(warehouse: Any) -> list[tuple[str, float, str, int]]:
    rows = warehouse.rows("SELECT * FROM mart.patient_assay_value ORDER BY patient_id")
    return [
        (row["patient_id"], row["value"], row["specimen_status"], row["n_values"]) for row in rows
    ]


def test_without_a_rule_nobody_is_picked_among_several(warehouse: Any) -> None:
    specimen(warehouse, "s1")
    specimen(warehouse, "s2", "p2")
    specimen(warehouse, "s3", "p2")
    assert chosen(warehouse) == [("only", "s1", 1), ("no_rule", None, 2)]
    assert values(warehouse) == [("p1", 1.0, "only", 1)]


def test_types_decide_first_and_days_where_they_are_alike(warehouse: Any) -> None:
    state(warehouse, PREFER)
    specimen(warehouse, "s1", sample_type="Relapse", collection_day=0)
    specimen(warehouse, "s2", sample_type="Initial", collection_day=90)
    specimen(warehouse, "s3", sample_type="Initial", collection_day=9)
    assert chosen(warehouse) == [("chosen", "s3", 3)]
    assert values(warehouse) == [("p1", 3.0, "chosen", 1)]


@pytest.mark.parametrize(
    ("specimens", "expected"),
    [
        # what the rule has no word for, or knows no day of, comes last
        ([("s1", None, 0), ("s2", "Relapse", None)], ("chosen", "s2", 2)),
        ([("s1", "Initial", None), ("s2", "Initial", 400)], ("chosen", "s2", 2)),
        # case is not guessed: neither word is one of the rule's
        ([("s1", "initial", 5), ("s2", "Autopsy", 5)], ("tied", None, 2)),
        ([("s1", "Initial", None), ("s2", "Initial", None)], ("tied", None, 2)),
    ],
)
def test_what_the_rule_does_not_know(
    warehouse: Any, specimens: Sequence[tuple[Any, ...]], expected: tuple[Any, ...]
) -> None:
    state(warehouse, PREFER)
    for sample, sample_type, day in specimens:
        specimen(warehouse, sample, sample_type=sample_type, collection_day=day)
    assert chosen(warehouse) == [expected]


def test_ids_break_a_tie_where_the_rule_says_so(warehouse: Any) -> None:
    state(warehouse, PREFER | {"prefer": ["latest", "sample_id"]})
    specimen(warehouse, "s2", collection_day=7)
    specimen(warehouse, "s1", collection_day=7)
    specimen(warehouse, "s0", collection_day=3)
    assert chosen(warehouse) == [("chosen", "s1", 3)]


def test_a_visit_may_be_preferred(warehouse: Any) -> None:
    state(warehouse, {"name": "relapse", "prefer": [{"timepoint": "relapse"}]})
    specimen(warehouse, "s1", timepoint_id="baseline")
    specimen(warehouse, "s2", timepoint_id="relapse")
    assert chosen(warehouse) == [("chosen", "s2", 2)]


def test_values_may_be_averaged_instead(warehouse: Any) -> None:
    state(warehouse, MEAN)
    specimen(warehouse, "s1")
    specimen(warehouse, "s4")
    specimen(warehouse, "s7", "p2")
    # one without a value does not count among those that are averaged
    specimen(warehouse, "s9", assay="methylation")
    warehouse.add(
        "genomic.assay",
        {"cohort_id": "C", "sample_id": "s9", "assay": "expression", "all_genes": False},
    )
    assert chosen(warehouse) == [("mean", None, 3), ("only", "s9", 1), ("only", "s7", 1)]
    assert values(warehouse) == [("p1", 2.5, "mean", 2), ("p2", 7.0, "only", 1)]


def test_normal_tissue_does_not_stand_for_the_tumour(warehouse: Any) -> None:
    for assay in ("expression", "genotype"):
        patient = {"expression": "p1", "genotype": "p2"}[assay]
        specimen(warehouse, f"s1{patient[1:]}", patient, assay, sample_type="Primary")
        specimen(warehouse, f"s2{patient[1:]}", patient, assay, sample_type="Blood Derived Normal")
    assert chosen(warehouse) == [("only", "s11", 1), ("no_rule", None, 2)]


def test_each_assay_chooses_among_its_own_specimens(warehouse: Any) -> None:
    state(warehouse, PREFER)
    specimen(warehouse, "s1", assay="mutation", sample_type="Initial")
    specimen(warehouse, "s2", sample_type="Relapse")
    assert chosen(warehouse) == [("only", "s2", 1), ("only", "s1", 1)]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    specimens=st.lists(
        st.tuples(
            st.sampled_from(["p1", "p2"]),
            st.sampled_from(["Initial", "Relapse", "Other", None]),
            st.one_of(st.none(), st.integers(-3, 3)),
        ),
        min_size=1,
        max_size=6,
    ),
    rule=st.sampled_from([None, PREFER, MEAN, PREFER | {"prefer": ["sample_id"]}]),
)
def test_no_patient_stands_twice(
    warehouse: Any,
    specimens: Sequence[tuple[str, str | None, int | None]],
    rule: Mapping[str, Any] | None,
) -> None:
    warehouse.con.execute("ROLLBACK")
    warehouse.con.execute("BEGIN TRANSACTION")
    warehouse._seen.clear()
    state(warehouse, rule)
    for number, (patient, sample_type, day) in enumerate(specimens):
        specimen(warehouse, f"s{number}", patient, sample_type=sample_type, collection_day=day)
    patients = {patient for patient, _, _ in specimens}
    found = warehouse.rows("SELECT * FROM mart.patient_sample")
    assert sorted(row["patient_id"] for row in found) == sorted(patients)
    settled = [r for r in found if r["specimen_status"] not in {"no_rule", "tied"}]
    stood = warehouse.rows("SELECT patient_id FROM mart.patient_assay_value ORDER BY patient_id")
    assert [row["patient_id"] for row in stood] == sorted(r["patient_id"] for r in settled)


def test_the_rule_chooses_once_for_a_whole_profile(warehouse: Any) -> None:
    state(warehouse, PREFER)
    specimen(warehouse, "s1", sample_type="Initial")
    specimen(warehouse, "s2", sample_type="Relapse")
    profile = {"cohort_id": "C", "value_scale": "raw"}
    egfr = profile | {"hugo_symbol": "EGFR", "molecular_profile_id": "tpm", "value": 5.0}
    # the chosen specimen has no value of EGFR, and the other does not stand in for it
    warehouse.add("genomic.expression", egfr | {"sample_id": "s2"})
    # but in a profile that the preferred specimen was never measured in, the other is the only one
    cells = profile | {"entity": "T cell", "molecular_profile_id": "xcell", "value": 0.1}
    warehouse.add("genomic.assay_value", cells | {"sample_id": "s2"})
    rows = warehouse.rows("SELECT * FROM mart.patient_assay_value ORDER BY block DESC")
    assert [(r["entity"], r["value"], r["sample_id"], r["specimen_status"]) for r in rows] == [
        ("TP53", 1.0, "s1", "chosen"),
        ("T cell", 0.1, "s2", "only"),
    ]


def test_a_limit_of_an_assay_is_not_averaged(warehouse: Any) -> None:
    state(warehouse, MEAN)
    warehouse.patients("p1")
    for sample, limit, value in (("s1", ">", 8.0), ("s2", None, 2.0)):
        row = {"cohort_id": "C", "sample_id": sample}
        warehouse.add("genomic.sample", row | {"patient_id": "p1"})
        common = {"molecular_profile_id": "ic50", "value_scale": "raw"}
        warehouse.add(
            "genomic.assay_value",
            row | common | {"entity": "drug", "value": value, "value_limit": limit},
            row | common | {"entity": "other", "value": value},
        )
    assert values(warehouse) == [("p1", 5.0, "mean", 2)]
