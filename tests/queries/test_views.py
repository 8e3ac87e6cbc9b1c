"""The published views on small cohorts that are written out by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from roentgene.queries.registry import View, registry
from roentgene.schemas.tables import tables
from roentgene.schemas.words import closed_list

NAMED = {
    "imaging.radiomic_feature": "patient_id sequence feature value",
    "mart.coverage": "person_id block timepoint_id sequence region status expected",
    "mart.patient_feature": "cohort_id person_id timepoint_id sequence region profile feature",
    "mart.delta_radiomics": "baseline_value value interval_days delta_absolute delta_relative "
    "delta_log_ratio delta_per_day delta_status",
    "mart.gene_status": "cohort_id person_id hugo_symbol status n_filtered structural_status",
    "mart.gene_set_coverage": "molecular_profile_id gene_set n_genes n_measured coverage missing",
    "mart.feature_stability": "design icc_form n_targets n_raters icc ci95_low ci95_high "
    "stability_key",
    "mart.association": "feature target method n estimate p_value q_value family n_tests",
    "mart.rater_variation": "n_raters mean sd cv min max",
    "mart.engine_agreement": "ibsi_code ibsi_aggregation engine_a engine_b profile_a profile_b "
    "value_a value_b difference_absolute difference_relative",
    "mart.source_contradiction": "patient_id kind fact contradiction source_a result_a given_a "
    "source_b result_b given_b",
    "mart.segmentation_agreement": "rater_a rater_b dice hd95_mm volume_difference_mm3 status",
    "mart.feature_agreement": "difference_relative dice rater_a rater_b",
    "mart.stability_by_agreement": ("n_pairs dice_mean difference_relative_mean spearman_dice icc"),
}
VIEWS = [pytest.param(view, id=view.versioned_name) for view in registry().views]


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_binds_and_names_its_columns(warehouse: Any, view: View) -> None:
    described = warehouse.con.execute(f"DESCRIBE mart_versions.{view.versioned_name}").fetchall()
    columns = [row[0] for row in described]
    assert len(set(columns)) == len(columns)
    # idc has the columns of somebody else's view, and no others
    assert "cohort_id" in columns or view.schema == "idc"
    assert set(NAMED.get(view.full_name, "").split()) <= set(columns)


@pytest.mark.parametrize("view", VIEWS)
def test_no_view_selects_a_star(view: View) -> None:
    statement = sqlglot.parse_one(view.select, dialect="duckdb")
    stars = [
        star for star in statement.find_all(exp.Star) if not isinstance(star.parent, exp.Count)
    ]
    assert stars == []


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_reads_stored_tables_or_numbered_views(view: View) -> None:
    assert {name for name in view.reads if not name.startswith("mart_versions.")} <= set(tables())
    assert len(view.documentation) > 80


def test_the_names_of_the_design_are_there() -> None:
    assert set(NAMED) <= {view.full_name for view in registry().views}


# --- imaging.radiomic_feature


def test_radiomic_feature_joins_names_and_keeps_undefined_values(warehouse: Any) -> None:
    warehouse.visits({"t0": 3})
    warehouse.measure({"Contrast": 1.5, "Energy": None})
    rows = warehouse.rows(
        "SELECT person_id, study_day, sequence, region, profile, feature, ibsi_code, value, "
        "value_status, value_reason FROM imaging.radiomic_feature ORDER BY feature"
    )
    common = {"person_id": "P1", "study_day": 3, "sequence": "T1", "region": "GTV"}
    common |= {"profile": "original", "ibsi_code": "ACUI"}
    ok = {"feature": "Contrast", "value": 1.5, "value_status": "ok", "value_reason": None}
    none = {"feature": "Energy", "value": None, "value_status": "undefined"}
    assert rows == [common | ok, common | none | {"value_reason": "not_finite"}]


# --- mart.coverage


def _coverage(warehouse: Any, block: str = "imaging") -> dict[tuple[Any, ...], dict[str, Any]]:
    rows = warehouse.rows("SELECT * FROM mart.coverage WHERE block = ?", block)
    found = {(r["patient_id"], r["timepoint_id"], r["sequence"], r["region"]): r for r in rows}
    assert len(found) == len(rows)
    return found


def _expect(warehouse: Any, **cell: Any) -> None:
    warehouse.add("study.expectation", {"cohort_id": "C", "block": "imaging"} | cell)


def test_coverage_counts_against_what_was_expected(warehouse: Any) -> None:
    warehouse.patients("p1", "p2")
    for sequence in ("T1", "FLAIR"):
        _expect(warehouse, timepoint_id="t0", sequence=sequence, region="GTV")
    warehouse.measure({"Contrast": 1.0})
    warehouse.measure({"Contrast": 1.0}, sequence="DWI")
    cells = _coverage(warehouse)
    seen = {key[0] + " " + key[2]: (r["status"], r["expected"]) for key, r in cells.items()}
    assert seen == {
        "p1 T1": ("present", True),
        "p1 DWI": ("present", False),
        "p1 FLAIR": ("missing", True),
        "p2 T1": ("missing", True),
        "p2 FLAIR": ("missing", True),
    }
    assert cells["p2", "t0", "T1", "GTV"]["n_measurements"] == 0
    assert cells["p2", "t0", "T1", "GTV"]["person_id"] == "P2"


@pytest.mark.parametrize(
    ("statuses", "best"),
    [
        (["failed", "ok", "label_absent"], "present"),
        (["failed", "label_absent"], "label_absent"),
        (["refused", "roi_too_small"], "roi_too_small"),
        (["failed", "refused"], "refused"),
        (["failed"], "failed"),
    ],
)
def test_coverage_has_the_best_status_of_the_lesions(
    warehouse: Any, statuses: list[str], best: str
) -> None:
    for number, status in enumerate(statuses):
        reason = None if status == "ok" else f"why_{status}"
        warehouse.measure(lesion_id=f"{number}", status=status, reason=reason)
    (cell,) = _coverage(warehouse).values()
    reason = None if best == "present" else f"why_{best}"
    assert (cell["status"], cell["reason"], cell["rater_id"]) == (best, reason, "A")
    assert (cell["n_raters"], cell["n_measurements"]) == (1, len(statuses))
    assert cell["expected"] is False


def test_coverage_ignores_older_extractions(warehouse: Any) -> None:
    warehouse.measure({"Contrast": 1.0}, current=False)
    warehouse.measure(extraction_id="new", status="failed", reason="engine_failed")
    (cell,) = _coverage(warehouse).values()
    assert (cell["status"], cell["n_measurements"]) == ("failed", 1)


def test_coverage_takes_an_open_expectation_for_any(warehouse: Any) -> None:
    warehouse.patients("p1", "p2")
    _expect(warehouse, timepoint_id="t0")
    warehouse.measure({"Contrast": 1.0})
    cells = _coverage(warehouse)
    assert cells["p1", "t0", "T1", "GTV"]["expected"] is True
    assert cells["p2", "t0", None, None]["status"] == "missing"
    assert len(cells) == 2


def test_coverage_of_tables(warehouse: Any) -> None:
    warehouse.patients("p1", "p2")
    _expect(warehouse, block="mutation")
    _expect(warehouse, block="clinical")
    _sample(warehouse, "s1", "p1")
    _profile(warehouse, "s1")
    # a sample whose mutations nobody looked for
    _sample(warehouse, "s2", "p2")
    _profile(warehouse, "s2", assay="expression")
    _profile(warehouse, "s2", assay="mutation", all_genes=False)
    variable = {"cohort_id": "C", "variable": "grade"}
    warehouse.add(
        "clinical.variable",
        variable | {"patient_id": "p1", "value_status": "not_available"},
        variable | {"patient_id": "p2", "value_status": "ok"},
    )
    for block, patient, status in (
        ("mutation", "p1", "present"),
        ("mutation", "p2", "missing"),
        ("clinical", "p1", "missing"),
        ("clinical", "p2", "present"),
    ):
        cell = _coverage(warehouse, block)[patient, None, None, None]
        assert (cell["status"], cell["expected"], cell["n_raters"]) == (status, True, None)
    assert _coverage(warehouse, "sample")["p1", None, None, None]["expected"] is False


# --- mart.patient_feature


def _rules(warehouse: Any, rater: str | None = None, lesion: str = "largest") -> None:
    rater_rule = {"name": "reference_rater", "value": rater}
    warehouse.add("study.setting", rater_rule, {"name": "lesion_rule", "value": lesion})


def _patient_values(warehouse: Any) -> list[float]:
    rows = warehouse.rows("SELECT value FROM mart.patient_feature ORDER BY value")
    return [row["value"] for row in rows]


def test_patient_feature_takes_the_reference_rater(warehouse: Any) -> None:
    _rules(warehouse, "B")
    for rater, value in {"A": 1.0, "B": 2.0}.items():
        warehouse.measure({"Contrast": value}, rater_id=rater)
    warehouse.measure({"Contrast": 9.0}, patient_id="p2", rater_id="A")
    (row,) = warehouse.rows("SELECT * FROM mart.patient_feature")
    assert (row["value"], row["rater_id"], row["person_id"]) == (2.0, "B", "P1")
    assert (row["rater_rule"], row["lesion_rule"], row["n_lesions"]) == ("reference", "largest", 1)


def test_patient_feature_without_a_reference_takes_only_what_one_rater_drew(warehouse: Any) -> None:
    _rules(warehouse)
    for rater, value in {"A": 1.0, "B": 2.0}.items():
        warehouse.measure({"Contrast": value}, rater_id=rater)
    warehouse.measure({"Contrast": 9.0}, patient_id="p2", rater_id="B")
    assert _patient_values(warehouse) == [9.0]


def test_raters_of_different_lesions_are_several_raters(warehouse: Any) -> None:
    _rules(warehouse)
    warehouse.measure({"Contrast": 1.0}, rater_id="A", lesion_id="1")
    warehouse.measure({"Contrast": 2.0}, rater_id="B", lesion_id="2")
    assert _patient_values(warehouse) == []


def test_no_rule_chooses_among_the_volumes_of_an_image(warehouse: Any) -> None:
    _rules(warehouse)
    for volume in (0, 1):
        warehouse.measure({"Contrast": 1.0 + volume}, volume_index=volume)
    assert _patient_values(warehouse) == []


def test_patient_feature_counts_a_rater_who_failed(warehouse: Any) -> None:
    _rules(warehouse)
    warehouse.measure({"Contrast": 1.0}, rater_id="A")
    warehouse.measure(rater_id="B", status="failed")
    assert _patient_values(warehouse) == []


@pytest.mark.parametrize(
    ("lesion_rule", "volumes", "value"),
    [
        ("largest", {"1": 10.0, "2": 30.0, "3": 20.0}, 2.0),
        ("largest", {"2": 30.0, "1": 30.0}, 1.0),
        ("largest", {"1": 10.0, "2": None}, None),
        ("largest", {"1": None}, 1.0),
        ("only", {"1": 10.0, "2": 30.0}, None),
        ("only", {"2": 30.0}, 2.0),
    ],
)
def test_patient_feature_takes_a_lesion_by_rule(
    warehouse: Any, lesion_rule: str, volumes: dict[str, float | None], value: float | None
) -> None:
    _rules(warehouse, lesion=lesion_rule)
    for lesion, volume in volumes.items():
        warehouse.measure({"Contrast": float(lesion)}, lesion_id=lesion, volume_mm3=volume)
    assert _patient_values(warehouse) == ([] if value is None else [value])


def test_patient_feature_does_not_replace_a_failed_largest_lesion(warehouse: Any) -> None:
    _rules(warehouse)
    warehouse.measure({"Contrast": 1.0}, lesion_id="1", volume_mm3=10.0)
    warehouse.measure(lesion_id="2", volume_mm3=30.0, status="failed")
    assert _patient_values(warehouse) == []


def test_an_absent_lesion_is_no_second_lesion(warehouse: Any) -> None:
    _rules(warehouse, lesion="only")
    warehouse.measure({"Contrast": 1.0}, lesion_id="1")
    warehouse.measure(lesion_id="2", volume_mm3=0.0, status="label_absent")
    assert _patient_values(warehouse) == [1.0]


def test_patient_feature_takes_current_first_repeats_that_have_a_value(warehouse: Any) -> None:
    _rules(warehouse)
    warehouse.measure({"Contrast": 1.0, "Energy": None})
    warehouse.measure({"Contrast": 2.0}, repeat_no=2)
    warehouse.measure({"Contrast": 3.0}, extraction_id="old", current=False)
    assert _patient_values(warehouse) == [1.0]


def test_a_person_who_is_two_patients_has_one_row_a_cohort_or_none(warehouse: Any) -> None:
    _rules(warehouse)
    for cohort, patient in (("C", "p1"), ("D", "x1"), ("E", "y1"), ("E", "y2")):
        row = {"cohort_id": cohort, "patient_id": patient, "person_id": "one"}
        warehouse.add_once("study.patient", row)
        drawn = {"lesion_id": patient, "volume_mm3": 10.0}
        warehouse.measure({"Contrast": 1.0}, cohort_id=cohort, patient_id=patient, **drawn)
    rows = warehouse.rows("SELECT cohort_id, person_id FROM mart.patient_feature ORDER BY ALL")
    assert [(row["cohort_id"], row["person_id"]) for row in rows] == [("C", "one"), ("D", "one")]


# --- mart.delta_radiomics


def _deltas(warehouse: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = warehouse.rows(
        "SELECT * FROM mart.delta_radiomics ORDER BY patient_id, rater_id, feature, timepoint_id"
    )
    for row in rows:
        for name, value in row.items():
            assert not isinstance(value, float) or math.isfinite(value), name
    return rows


def _pair(
    warehouse: Any, before: float | None, after: float | None, **given: Any
) -> dict[str, Any]:
    warehouse.visits({"t0": 0, "t1": 10})
    warehouse.measure({"Contrast": before}, timepoint_id="t0", **given)
    warehouse.measure({"Contrast": after}, timepoint_id="t1", **given)
    (row,) = _deltas(warehouse)
    return row


_FORMS = ("delta_absolute", "delta_relative", "delta_log_ratio", "delta_per_day")


def test_delta_formulas(warehouse: Any) -> None:
    row = _pair(warehouse, 2.0, 5.0)
    assert (row["baseline_value"], row["value"]) == (2.0, 5.0)
    expected = (3.0, 1.5, math.log(2.5), 0.3)
    assert tuple(row[form] for form in _FORMS) == pytest.approx(expected, rel=1e-15)
    assert (row["interval_days"], row["delta_status"], row["delta_reason"]) == (10, "ok", None)


@pytest.mark.parametrize(
    ("before", "after", "status", "expected"),
    [
        (0.0, 5.0, "baseline_zero", (5.0, None, None, 0.5)),
        (1e-12, 1.0, "baseline_tiny", (1.0 - 1e-12, None, None, (1.0 - 1e-12) / 10)),
        (-2.0, 2.0, "sign_change", (4.0, 2.0, None, 0.4)),
        (2.0, -2.0, "sign_change", (-4.0, -2.0, None, -0.4)),
        (-4.0, -2.0, "non_positive", (2.0, 0.5, None, 0.2)),
        (4.0, 0.0, "non_positive", (-4.0, -1.0, None, -0.4)),
        (-1.5e308, 1.5e308, "not_finite", (None, None, None, None)),
        (1e300, 1e-300, "ok", (-1e300, -1.0, None, -1e299)),
        # small, but of one size: nothing is wrong with it
        (1e-15, 2e-15, "ok", (1e-15, 1.0, math.log(2.0), 1e-16)),
    ],
)
def test_delta_guards(
    warehouse: Any, before: float, after: float, status: str, expected: tuple[float | None, ...]
) -> None:
    row = _pair(warehouse, before, after)
    assert row["delta_status"] == status
    for form, value in zip(_FORMS, expected, strict=True):
        assert row[form] == (None if value is None else pytest.approx(value, rel=1e-12)), form


def test_delta_of_z_scores_is_a_difference_alone(warehouse: Any) -> None:
    warehouse.extraction("e", value_scale="zscore")
    row = _pair(warehouse, 0.5, 1.5)
    assert row["delta_status"] == "z_scored"
    assert tuple(row[form] for form in _FORMS) == (1.0, None, None, 0.1)


@pytest.mark.parametrize("days", [(None, 10), (0, None), (10, 10), (10, 5)])
def test_delta_per_day_needs_a_positive_interval(
    warehouse: Any, days: tuple[int | None, int | None]
) -> None:
    warehouse.visits(dict(zip(("t0", "t1"), days, strict=True)))
    row = _pair(warehouse, 2.0, 5.0)
    assert row["delta_per_day"] is None
    assert (row["delta_absolute"], row["delta_status"]) == (3.0, "ok")


@pytest.mark.parametrize("status", ["failed", "label_absent"])
def test_a_follow_up_without_values_does_not_vanish(warehouse: Any, status: str) -> None:
    warehouse.visits({"t0": 0, "t1": 10, "t2": 20})
    warehouse.measure({"Contrast": 2.0, "Energy": 3.0})
    warehouse.measure(timepoint_id="t1", status=status, reason=f"why_{status}")
    warehouse.measure({"Contrast": 4.0, "Energy": None}, timepoint_id="t2")
    told = [
        (r["feature"], r["timepoint_id"], r["baseline_value"], r["delta_status"], r["delta_reason"])
        for r in _deltas(warehouse)
    ]
    assert told == [
        ("Contrast", "t1", 2.0, "follow_up_missing", f"why_{status}"),
        ("Contrast", "t2", 2.0, "ok", None),
        ("Energy", "t1", 3.0, "follow_up_missing", f"why_{status}"),
        ("Energy", "t2", 3.0, "follow_up_missing", "not_finite"),
    ]


def test_a_failed_baseline_is_not_replaced_by_the_next_visit(warehouse: Any) -> None:
    warehouse.visits({"t0": 0, "t1": 10, "t2": 20})
    warehouse.measure(status="failed", reason="engine_failed")
    warehouse.measure({"Contrast": 4.0}, timepoint_id="t1")
    warehouse.measure({"Contrast": 5.0}, timepoint_id="t2")
    for row in _deltas(warehouse):
        assert (row["baseline_timepoint_id"], row["baseline_value"]) == ("t0", None)
        assert (row["delta_status"], row["delta_reason"]) == ("baseline_missing", "engine_failed")
        assert [row[form] for form in _FORMS] == [None] * 4
    assert len(_deltas(warehouse)) == 2


def test_an_undefined_baseline_value_is_a_missing_baseline(warehouse: Any) -> None:
    row = _pair(warehouse, None, 4.0)
    assert (row["delta_status"], row["delta_reason"]) == ("baseline_missing", "not_finite")
    assert row["value"] == 4.0


@pytest.mark.parametrize(
    "other",
    [
        {"rater_id": "B"},
        {"lesion_id": "2"},
        {"repeat_no": 2},
        {"extraction_id": "other"},
    ],
)
def test_only_like_is_compared_with_like(warehouse: Any, other: dict[str, Any]) -> None:
    warehouse.visits({"t0": 0, "t1": 10})
    warehouse.measure({"Contrast": 2.0})
    warehouse.measure({"Contrast": 5.0}, timepoint_id="t1", **other)
    (row,) = _deltas(warehouse)
    assert (row["delta_status"], row["delta_reason"]) == ("baseline_missing", "not_measured")
    assert row["baseline_value"] is None


@pytest.mark.parametrize("other", [{"sequence": "FLAIR"}, {"region": "ET"}])
def test_another_sequence_or_region_has_a_baseline_of_its_own(
    warehouse: Any, other: dict[str, Any]
) -> None:
    warehouse.visits({"t0": 0, "t1": 10})
    warehouse.measure({"Contrast": 2.0})
    warehouse.measure({"Contrast": 5.0}, timepoint_id="t1", **other)
    assert _deltas(warehouse) == []


def test_baseline_goes_by_visit_order_and_current_measurements(warehouse: Any) -> None:
    # by name a_late comes first
    warehouse.visits({"pre": None, "a_late": None})
    warehouse.measure({"Contrast": 2.0}, timepoint_id="pre")
    warehouse.measure({"Contrast": 9.0}, timepoint_id="pre", extraction_id="old", current=False)
    warehouse.measure({"Contrast": 3.0}, timepoint_id="a_late")
    warehouse.measure({"Contrast": 8.0}, timepoint_id="a_late", extraction_id="old", current=False)
    (row,) = _deltas(warehouse)
    assert (row["baseline_timepoint_id"], row["timepoint_id"]) == ("pre", "a_late")
    assert row["delta_absolute"] == 1.0


def test_visits_of_one_order_go_by_day(warehouse: Any) -> None:
    for timepoint, day in {"b": 2, "a": 9}.items():
        visit = {"cohort_id": "C", "patient_id": "p1", "timepoint_id": timepoint}
        warehouse.add_once("study.timepoint", visit | {"study_day": day, "visit_order": 0})
        warehouse.measure({"Contrast": float(day)}, timepoint_id=timepoint)
    (row,) = _deltas(warehouse)
    assert (row["baseline_timepoint_id"], row["interval_days"]) == ("b", 7)
    assert row["delta_absolute"] == 7.0


def test_volumes_of_an_image_are_compared_one_by_one(warehouse: Any) -> None:
    warehouse.visits({"t0": 0, "t1": 10})
    for volume in (0, 1):
        warehouse.measure({"Contrast": 1.0 + volume}, volume_index=volume)
        warehouse.measure({"Contrast": 3.0 + 4 * volume}, volume_index=volume, timepoint_id="t1")
    assert sorted(row["delta_absolute"] for row in _deltas(warehouse)) == [2.0, 5.0]


# --- mart.gene_status


def _sample(
    warehouse: Any, sample_id: str, patient_id: str, sample_type: str | None = None
) -> None:
    warehouse.patients(patient_id)
    row = {"cohort_id": "C", "sample_id": sample_id, "patient_id": patient_id}
    warehouse.add("genomic.sample", row | {"sample_type": sample_type})


def _profile(warehouse: Any, sample_id: str, **given: Any) -> None:
    row = {"cohort_id": "C", "sample_id": sample_id, "assay": "mutation", "all_genes": True}
    warehouse.add("genomic.assay", row | given)


def _variant(warehouse: Any, sample_id: str, gene: str, **given: Any) -> None:
    row = {"cohort_id": "C", "sample_id": sample_id, "hugo_symbol": gene, "start_position": 1}
    row |= {"variant_classification": "Missense_Mutation", "hgvsp_short": "p.R132H"}
    warehouse.add("genomic.mutation", row | given)


def _gene(warehouse: Any, gene: str) -> dict[str, tuple[Any, ...]]:
    rows = warehouse.rows("SELECT * FROM mart.gene_status WHERE hugo_symbol = ?", gene)
    found = {r["person_id"]: (r["status"], r["n_mutations"], r["n_samples_profiled"]) for r in rows}
    assert len(found) == len(rows)
    return found


def test_nobody_is_wild_type_without_a_profile(warehouse: Any) -> None:
    for number in range(1, 5):
        _sample(warehouse, f"s{number}", f"p{number}")
    warehouse.patients("p5")
    _profile(warehouse, "s1")
    _profile(warehouse, "s2", assay="expression")
    _variant(warehouse, "s3", "IDH1")
    assert _gene(warehouse, "IDH1") == {
        "P1": ("WT", 0, 1),
        "P2": ("NP", 0, 0),
        "P3": ("MUT", 1, 0),
        "P4": ("NP", 0, 0),
        "P5": ("NP", 0, 0),
    }


def test_a_panel_speaks_for_its_genes_alone(warehouse: Any) -> None:
    _sample(warehouse, "s1", "p1")
    _profile(warehouse, "s1", panel="small", all_genes=False)
    warehouse.add("genomic.panel_gene", {"panel": "small", "hugo_symbol": "IDH1"})
    warehouse.add("genomic.panel_gene", {"panel": "large", "hugo_symbol": "EGFR"})
    assert _gene(warehouse, "IDH1") == {"P1": ("WT", 0, 1)}
    assert _gene(warehouse, "EGFR") == {"P1": ("NP", 0, 0)}


def test_a_sample_with_two_assays_is_counted_once(warehouse: Any) -> None:
    _sample(warehouse, "s1", "p1")
    _sample(warehouse, "s2", "p1")
    _profile(warehouse, "s1")
    for sample in ("s1", "s2"):
        panel = {"assay": "panel", "alteration": "mutation", "panel": "small"}
        _profile(warehouse, sample, **panel, all_genes=False)
    warehouse.add("genomic.panel_gene", {"panel": "small", "hugo_symbol": "IDH1"})
    assert _gene(warehouse, "IDH1") == {"P1": ("WT", 0, 2)}


def test_only_coding_variants_of_the_tumour_make_a_mutant(warehouse: Any) -> None:
    _sample(warehouse, "s1", "p1")
    _sample(warehouse, "n1", "p1", "Blood Derived Normal")
    _sample(warehouse, "n2", "p2", "normal")
    for sample in ("s1", "n2"):
        _profile(warehouse, sample)
    _variant(warehouse, "s1", "IDH1", variant_classification="Silent")
    _variant(warehouse, "n1", "IDH1")
    assert _gene(warehouse, "IDH1") == {"P1": ("WT", 0, 1), "P2": ("NP", 0, 0)}


def test_variants_of_all_samples_of_a_person_are_listed_once(warehouse: Any) -> None:
    for sample in ("s1", "s2"):
        _sample(warehouse, sample, "p1")
        _variant(warehouse, sample, "TP53", hgvsp_short="p.R273H")
    _variant(warehouse, "s2", "TP53", start_position=2, hgvsp_short="p.C141Y")
    (row,) = warehouse.rows("SELECT * FROM mart.gene_status")
    assert (row["status"], row["n_mutations"], row["n_samples_profiled"]) == ("MUT", 2, 0)
    assert row["hgvsp_short"] == "p.C141Y, p.R273H"


def test_a_variant_between_genes_is_no_gene(warehouse: Any) -> None:
    _sample(warehouse, "s1", "p1")
    _variant(warehouse, "s1", "Unknown", variant_classification="IGR")
    assert _gene(warehouse, "Unknown") == {}


@pytest.mark.parametrize(
    ("assay", "status"),
    [
        ({"assay": "mutation"}, "WT"),
        ({"assay": "dna_v2", "alteration": "mutation"}, "WT"),
        # a name that we do not know promises nothing
        ({"assay": "dna_v2"}, "NP"),
        ({"assay": "gistic", "alteration": "copy_number"}, "NP"),
        ({"assay": "mutation", "alteration": "structural_variant"}, "NP"),
        ({"assay": "methylation"}, "NP"),
    ],
)
def test_only_assays_that_show_small_variants_make_a_wild_type(
    warehouse: Any, assay: dict[str, str], status: str
) -> None:
    _sample(warehouse, "s1", "p1")
    _profile(warehouse, "s1", **assay)
    warehouse.add("genomic.panel_gene", {"panel": "other", "hugo_symbol": "IDH1"})
    assert _gene(warehouse, "IDH1")["P1"][0] == status


def test_a_call_that_was_filtered_out_is_counted_and_makes_no_mutant(warehouse: Any) -> None:
    _sample(warehouse, "s1", "p1")
    _profile(warehouse, "s1")
    _variant(warehouse, "s1", "IDH1", passed=False, filter="REJECT")
    _variant(warehouse, "s1", "TP53", passed=True)
    _variant(warehouse, "s1", "TP53", start_position=2, passed=False, hgvsp_short="p.X")
    _variant(warehouse, "s1", "ATRX", passed=None)
    _variant(warehouse, "s1", "EGFR", mutation_status="LOH")
    rows = warehouse.rows("SELECT * FROM mart.gene_status")
    found = {r["hugo_symbol"]: (r["status"], r["n_mutations"], r["n_filtered"]) for r in rows}
    assert found == {
        "IDH1": ("WT", 0, 1),
        "TP53": ("MUT", 1, 1),
        "ATRX": ("MUT", 1, 0),
        "EGFR": ("WT", 0, 0),
    }
    (tp53,) = [row for row in rows if row["hugo_symbol"] == "TP53"]
    assert tp53["hgvsp_short"] == "p.R132H"


def test_structural_variants_have_a_status_of_their_own(warehouse: Any) -> None:
    for number in (1, 2, 3):
        _sample(warehouse, f"s{number}", f"p{number}")
    fusion = {"cohort_id": "C", "sample_id": "s1"}
    fusion |= {"site1_hugo_symbol": "KIAA1549", "site2_hugo_symbol": "BRAF"}
    warehouse.add("genomic.structural_variant", fusion | {"annotation": "E16-E9"})
    warehouse.add("genomic.structural_variant", fusion | {"annotation": "E15-E9"})
    _profile(warehouse, "s2", assay="structural_variant")
    rows = warehouse.rows("SELECT * FROM mart.gene_status WHERE hugo_symbol = 'BRAF'")
    found = {r["person_id"]: (r["structural_status"], r["n_structural_variants"]) for r in rows}
    assert found == {"P1": ("SV", 2), "P2": ("WT", 0), "P3": ("NP", 0)}
    assert {row["status"] for row in rows} == {"NP"}


def test_how_much_of_a_gene_set_a_profile_measures(warehouse: Any) -> None:
    warehouse.add("vocab.gene", *({"hgnc_id": g, "hugo_symbol": g} for g in ("KMT2D", "TP53")))
    one = {"collection": "test", "version": "1", "gene_set": "S"}
    members = {"KMT2D": "MLL2", "TP53": "TP53", "LOC1": "LOC1"}
    for symbol, given in members.items():
        warehouse.add("vocab.gene_set", one | {"hugo_symbol": symbol, "as_given": given})
    value = {"cohort_id": "C", "molecular_profile_id": "rna", "value": 1.0}
    warehouse.add("genomic.expression", value | {"sample_id": "s1", "hugo_symbol": "KMT2D"})
    warehouse.add("genomic.expression", value | {"sample_id": "s2", "hugo_symbol": "KMT2D"})
    empty = {"sample_id": "s1", "hugo_symbol": "TP53", "value": None}
    warehouse.add("genomic.expression", value | empty)
    (row,) = warehouse.rows("SELECT * FROM mart.gene_set_coverage")
    counts = [row[name] for name in ("n_genes", "n_measured", "n_renamed", "n_unknown", "missing")]
    assert counts == [3, 1, 1, 1, "LOC1, TP53"]
    assert row["coverage"] == pytest.approx(1 / 3)


def test_every_classification_counts_as_the_vocabulary_says(warehouse: Any) -> None:
    words = closed_list("variant_classification")
    _sample(warehouse, "s1", "p1")
    _profile(warehouse, "s1")
    for word in words:
        _variant(warehouse, "s1", word, variant_classification=word)
    rows = warehouse.rows("SELECT hugo_symbol, status FROM mart.gene_status")
    mutated = {row["hugo_symbol"] for row in rows if row["status"] == "MUT"}
    assert mutated == {word for word, meaning in words.items() if meaning == "coding"}


# --- views over results and raters


def test_results_of_older_runs_are_not_shown(warehouse: Any) -> None:
    for run, current in (("new", True), ("old", False)):
        analysis_run = {"analysis_run_id": run, "name": "n", "current": current}
        warehouse.add("ops.analysis_run", analysis_run)
        warehouse.add("result.stability", {"analysis_run_id": run, "feature": run, "icc": 0.5})
        warehouse.add("result.association", {"analysis_run_id": run, "feature": run, "n": 20})
    (stability,) = warehouse.rows("SELECT feature, icc, run_name FROM mart.feature_stability")
    (association,) = warehouse.rows("SELECT feature, n, run_name FROM mart.association")
    assert stability == {"feature": "new", "icc": 0.5, "run_name": "n"}
    assert association == {"feature": "new", "n": 20, "run_name": "n"}


@pytest.mark.parametrize(
    ("values", "scale", "sd", "cv"),
    [
        ([1.0, 2.0, 6.0], "raw", math.sqrt(7.0), math.sqrt(7.0) / 3),
        ([-1.0, -2.0, -6.0], "raw", math.sqrt(7.0), math.sqrt(7.0) / 3),
        ([-1.0, 1.0], "raw", math.sqrt(2.0), None),
        ([-1.0, 1.0 + 1e-12], "raw", math.sqrt(2.0), None),
        ([0.0, 0.0], "raw", 0.0, None),
        ([3.0], "raw", None, None),
        ([1.0, 2.0, 6.0], "zscore", math.sqrt(7.0), None),
    ],
)
def test_rater_variation(
    warehouse: Any, values: list[float], scale: str, sd: float | None, cv: float | None
) -> None:
    warehouse.extraction("e", value_scale=scale)
    for number, value in enumerate(values):
        warehouse.measure({"Contrast": value}, rater_id=f"r{number}")
    warehouse.measure({"Contrast": 50.0}, rater_id="r0", repeat_no=2)
    warehouse.measure({"Contrast": None}, rater_id="other")
    warehouse.measure({"Contrast": 70.0}, rater_id="old", extraction_id="old", current=False)
    (row,) = warehouse.rows("SELECT * FROM mart.rater_variation")
    assert (row["n_raters"], row["min"], row["max"]) == (len(values), min(values), max(values))
    assert row["mean"] == pytest.approx(sum(values) / len(values))
    assert row["sd"] == (None if sd is None else pytest.approx(sd))
    assert row["cv"] == (None if cv is None else pytest.approx(cv))


def test_segmentation_agreement_names_both_raters(warehouse: Any) -> None:
    for rater in ("A", "B"):
        warehouse.measure(rater_id=rater)
    ids = warehouse.rows("SELECT segmentation_id AS id FROM imaging.segmentation ORDER BY rater_id")
    pair = {"segmentation_id_a": ids[0]["id"], "segmentation_id_b": ids[1]["id"]}
    overlap = {"cohort_id": "C", "dice": 0.75, "status": "ok"}
    warehouse.add("imaging.segmentation_overlap", overlap | pair)
    (row,) = warehouse.rows("SELECT * FROM mart.segmentation_agreement")
    assert (row["rater_a"], row["rater_b"], row["dice"]) == ("A", "B", 0.75)
    assert (row["patient_id"], row["region"], row["status"]) == ("p1", "GTV", "ok")
