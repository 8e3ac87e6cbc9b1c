"""Harmonized values and their changes, on parameters that are written by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import log, sqrt
from typing import Any

import pytest

from roentgene.queries.query_file import query_text

KEY = {
    "analysis_run_id": "run",
    "cohort_id": "C",
    "sequence": "T1",
    "region": "GTV",
    "profile": "original",
    "engine": "pyradiomics",
}
#: grand_mean, var_pooled, gamma_star, delta_star
PARAMETERS: Mapping[str, tuple[float, float, float, float]] = {
    "north": (10.0, 4.0, 0.5, 2.25),
    "south": (10.0, 4.0, -1.0, 0.25),
}
FEATURES = "SELECT * FROM mart.harmonized_feature ORDER BY person_id, timepoint_id, feature"
DELTAS = "SELECT * FROM mart.harmonized_delta ORDER BY person_id, feature"
Fit = Callable[..., None]


def brought(value: float, site: str, kept: float = 0.0) -> float:
    """ComBat as Johnson et al. write it; ``kept`` is the covariates' part."""
    grand_mean, pooled, gamma, delta = PARAMETERS[site]
    standardised = (value - grand_mean - kept) / sqrt(pooled)
    return sqrt(pooled) * (standardised - gamma) / sqrt(delta) + grand_mean + kept


@pytest.fixture
def fit(warehouse: Any) -> Fit:
    """Stores a model of a feature for the sites north and south."""

    def add(*features: str, run_name: str = "sites", **model: Any) -> None:
        run = {"analysis": "harmonization", "name": run_name, "current": True}
        warehouse.add("ops.analysis_run", {"analysis_run_id": "run", **run})
        said = {"timepoint_id": "t0", "batch_source": "site", "method": "parametric"}
        warehouse.add("result.harmonization_model", KEY | said | {"persons": "train"} | model)
        for batch, numbers in PARAMETERS.items():
            warehouse.add("result.harmonization_batch", KEY | {"batch": batch})
            names = ("grand_mean", "var_pooled", "gamma_star", "delta_star")
            known = dict(zip(names, numbers, strict=True)) | {"status": "ok", "batch": batch}
            for feature in features:
                warehouse.add("result.harmonization", KEY | known | {"feature": feature})
        number_cells(warehouse)

    return add


def number_cells(warehouse: Any, run_id: str = "run") -> None:
    """Do what a run does after its rows."""
    statement = query_text("analyses/number_harmonization_cells")
    warehouse.con.execute(statement, {"analysis_run_id": run_id})


def preserve_age(warehouse: Any) -> None:
    """Let the model keep the effect of age: 0.1 a year."""
    age = {"source": "patient", "variable": "age_at_day_zero", "place": 1}
    effect = {"feature": "Contrast", "place": 1, "beta": 0.1}
    warehouse.add("result.harmonization_covariate", KEY | age)
    warehouse.add("result.harmonization_effect", KEY | effect)


def preserve_sex(warehouse: Any) -> None:
    """Let it keep that of three classes beside it, so that there are more columns than two."""
    effects = {"female": 0.0, "male": 3.0, "other": -2.0}
    for column, (level, beta) in enumerate(effects.items(), 1):
        place = column if beta else 0
        sex = {"source": "patient", "variable": "sex", "level": level, "place": place}
        warehouse.add("result.harmonization_covariate", KEY | sex)
        if beta:
            effect = {"feature": "Contrast", "place": place, "beta": beta}
            warehouse.add("result.harmonization_effect", KEY | effect)


def patient(warehouse: Any, name: str, **given: Any) -> None:
    row = {"cohort_id": "C", "patient_id": name, "person_id": name.upper()}
    warehouse.add_once("study.patient", row | given)


def test_values_of_known_batches_and_reasons_of_others(warehouse: Any, fit: Fit) -> None:
    for name, site in {"p1": "north", "p2": "south", "p3": "west", "p4": None}.items():
        patient(warehouse, name, site=site)
        warehouse.measure({"Contrast": 13.0, "Energy": 2.0}, patient_id=name)
    fit("Contrast")
    left_out = {"feature": "Energy", "status": "not_adjusted", "reason": "constant_in_batch"}
    warehouse.add("result.harmonization", *(KEY | left_out | {"batch": b} for b in PARAMETERS))
    warehouse.add("result.harmonization_person", KEY | {"person_id": "P1"})
    rows = warehouse.rows(FEATURES)
    found = {(row["person_id"], row["feature"]): row for row in rows}
    assert len(found) == len(rows) == 8
    for person, site in {"P1": "north", "P2": "south"}.items():
        row = found[person, "Contrast"]
        assert row["harmonized_value"] == pytest.approx(brought(13.0, site), abs=1e-13)
        assert (row["value"], row["status"], row["batch"]) == (13.0, "ok", site)
        assert (row["was_fitted"], row["persons"], row["run_name"]) == (
            person == "P1",
            "train",
            "sites",
        )
        assert found[person, "Energy"]["reason"] == "constant_in_batch"
    reasons = {person: found[person, "Contrast"]["reason"] for person in ("P3", "P4")}
    assert reasons == {"P3": "unseen_batch", "P4": "batch_missing"}
    held = [row for row in rows if row["reason"]]
    assert {(row["status"], row["harmonized_value"]) for row in held} == {("not_harmonized", None)}


def test_a_run_that_is_not_current_says_nothing(warehouse: Any, fit: Fit) -> None:
    patient(warehouse, "p1", site="north")
    warehouse.measure({"Contrast": 13.0})
    fit("Contrast")
    warehouse.con.execute("UPDATE ops.analysis_run SET current = FALSE")
    assert warehouse.rows(FEATURES) == []
    assert warehouse.rows("SELECT * FROM mart.measurement_batch") == []


def test_the_effects_of_several_covariates_come_back_unscaled(warehouse: Any, fit: Fit) -> None:
    persons = {
        "p1": (60.0, "male"),
        "p2": (50.0, "female"),
        "p3": (40.0, "other"),
        "p4": (None, "male"),
        "p5": (40.0, "unknown"),
    }
    for name, (age, sex) in persons.items():
        patient(warehouse, name, site="south", age_at_day_zero=age, sex=sex)
        warehouse.measure({"Contrast": 13.0}, patient_id=name)
    fit("Contrast")
    preserve_age(warehouse)
    preserve_sex(warehouse)
    found = {row["person_id"]: row for row in warehouse.rows(FEATURES)}
    for person, kept in {"P1": 9.0, "P2": 5.0, "P3": 2.0}.items():
        row = found[person]
        assert row["harmonized_value"] == pytest.approx(brought(13.0, "south", kept), abs=1e-13)
        assert (row["status"], row["reason"]) == ("ok", None)
    # neither an age that is missing nor a class that was not fitted is guessed
    for person in ("P4", "P5"):
        row = found[person]
        told = (row["status"], row["reason"], row["harmonized_value"])
        assert told == ("not_harmonized", "covariate_missing", None)


def test_the_mean_of_lesions_is_that_of_harmonized_lesions(warehouse: Any, fit: Fit) -> None:
    warehouse.add("study.setting", {"name": "lesion_rule", "value": "weighted_mean"})
    patient(warehouse, "p1", site="north")
    for lesion, value, volume in (("1", 13.0, 100.0), ("2", 16.0, 300.0)):
        warehouse.measure({"Contrast": value}, lesion_id=lesion, volume_mm3=volume)
    fit("Contrast")
    (row,) = warehouse.rows(FEATURES)
    assert row["value"] == 15.25
    assert row["harmonized_value"] == pytest.approx(brought(15.25, "north"), abs=1e-13)
    assert (row["measurement_id"], row["batch"], row["status"]) == (None, "north", "ok")


@pytest.mark.parametrize("age", [60.0, None])
def test_lesions_of_a_mean_keep_the_effects_of_covariates(
    warehouse: Any, fit: Fit, age: float | None
) -> None:
    warehouse.add("study.setting", {"name": "lesion_rule", "value": "weighted_mean"})
    patient(warehouse, "p1", site="north", age_at_day_zero=age, sex="other")
    for lesion, value, volume in (("1", 13.0, 100.0), ("2", 16.0, 300.0)):
        warehouse.measure({"Contrast": value}, lesion_id=lesion, volume_mm3=volume)
    fit("Contrast")
    preserve_age(warehouse)
    preserve_sex(warehouse)
    (row,) = warehouse.rows(FEATURES)
    if age is None:
        told = (row["status"], row["reason"], row["harmonized_value"])
        assert told == ("not_harmonized", "covariate_missing", None)
    else:
        assert row["harmonized_value"] == pytest.approx(brought(15.25, "north", 4.0), abs=1e-13)


def test_a_mean_of_lesions_of_an_unseen_batch_is_not_harmonized(warehouse: Any, fit: Fit) -> None:
    warehouse.add("study.setting", {"name": "lesion_rule", "value": "weighted_mean"})
    patient(warehouse, "p1", site="west")
    for lesion in ("1", "2"):
        warehouse.measure({"Contrast": 13.0}, lesion_id=lesion)
    fit("Contrast")
    (row,) = warehouse.rows(FEATURES)
    assert (row["value"], row["status"], row["reason"]) == (13.0, "not_harmonized", "unseen_batch")
    assert row["harmonized_value"] is None


def test_a_feature_that_came_after_the_fit_is_not_spoken_of(warehouse: Any, fit: Fit) -> None:
    fit("Contrast")
    patient(warehouse, "p1", site="north")
    warehouse.measure({"Contrast": 13.0, "Energy": 13.0})
    assert [row["feature"] for row in warehouse.rows(FEATURES)] == ["Contrast"]


def test_of_two_current_runs_each_brings_by_its_own_parameters(warehouse: Any, fit: Fit) -> None:
    patient(warehouse, "p1", site="south")
    warehouse.measure({"Contrast": 13.0})
    fit("Contrast")
    run = {"analysis_run_id": "other", "name": "shifted", "current": True}
    warehouse.add("ops.analysis_run", run | {"analysis": "harmonization"})
    for name in ("model", "batch"):
        warehouse.con.execute(
            f"INSERT INTO result.harmonization_{name} "
            f"SELECT * REPLACE ('other' AS analysis_run_id) FROM result.harmonization_{name}"
        )
    warehouse.con.execute(
        "INSERT INTO result.harmonization SELECT * "
        "REPLACE ('other' AS analysis_run_id, grand_mean + 1 AS grand_mean) "
        "FROM result.harmonization"
    )
    number_cells(warehouse, "other")
    found = {row["run_name"]: row["harmonized_value"] for row in warehouse.rows(FEATURES)}
    mean, pooled, gamma, delta = PARAMETERS["south"]
    other = (13.0 - mean - 1 - sqrt(pooled) * gamma) / sqrt(delta) + mean + 1
    assert found["sites"] == pytest.approx(brought(13.0, "south"), abs=1e-13)
    assert found["shifted"] == pytest.approx(other, abs=1e-13)
    assert len(warehouse.rows(FEATURES)) == 2


def test_batches_keep_their_numbers_and_lines_lie_apart(warehouse: Any, fit: Fit) -> None:
    given = KEY | {"run_name": "earlier"}
    earlier = [given | {"batch": str(number), "cell_no": number} for number in range(511)]
    warehouse.add("result.harmonization_cell", *earlier)
    fit("Contrast")
    number_cells(warehouse)
    cells = warehouse.rows("SELECT run_name, batch, cell_no FROM result.harmonization_cell")
    fitted = {row["batch"]: row["cell_no"] for row in cells if row["run_name"] == "sites"}
    assert fitted == {"north": 511, "south": 2**32}
    assert len(cells) == 513
    warehouse.add("ops.analysis_run", {"analysis_run_id": "next", "name": "sites"})
    for batch in (*PARAMETERS, "west"):
        row = KEY | {"analysis_run_id": "next", "batch": batch}
        warehouse.add("result.harmonization_batch", row)
    number_cells(warehouse, "next")
    cells = warehouse.rows("SELECT batch, cell_no FROM result.harmonization_cell")
    found = {row["batch"]: row["cell_no"] for row in cells[511:]}
    assert found == fitted | {"west": 2**32 + 1}


def test_the_range_of_the_lines_is_known_to_the_plan(warehouse: Any, fit: Fit) -> None:
    """A join that DuckDB shares within a plan hides it, and lines would be searched for."""
    patient(warehouse, "p1", site="north")
    warehouse.measure({"Contrast": 13.0})
    fit("Contrast")
    warehouse.con.execute("SET explain_output = 'optimized_only'")
    sql = "EXPLAIN (FORMAT JSON) SELECT sum(harmonized_value) FROM mart.harmonized_feature"
    plan = json.loads(warehouse.con.execute(sql).fetchall()[0][1])
    shared = [json.dumps(part) for part in shared_parts(plan)]
    # the further lines are not looked up, and may be shared
    assert any("further_betas" in part for part in shared)
    lines = [part for part in shared if "further_betas" not in part]
    assert not any("harmonization_cell" in part for part in lines)


def shared_parts(nodes: Sequence[Any]) -> Iterator[Any]:
    """What the optimizer has found twice in a plan."""
    for node in nodes:
        name = str(node["extra_info"].get("CTE Name", ""))
        if node["name"].strip() == "CTE" and name.startswith("__common_subplan"):
            yield node["children"][0]
        yield from shared_parts(node["children"])


@pytest.mark.parametrize("age", [60.0, None])
@pytest.mark.parametrize("keep", [(preserve_age,), (preserve_age, preserve_sex)])
def test_changes_keep_the_effects_of_covariates(
    warehouse: Any, fit: Fit, age: float | None, keep: Sequence[Callable[[Any], None]]
) -> None:
    warehouse.visits({"t0": 0, "t1": 30})
    patient(warehouse, "p1", age_at_day_zero=age, sex="other")
    for visit, scanner, value in (("t0", "north", 14.0), ("t1", "south", 9.0)):
        warehouse.measure({"Contrast": value}, timepoint_id=visit, scanner=scanner)
    fit("Contrast", batch_source="scanner")
    for preserve in keep:
        preserve(warehouse)
    (row,) = warehouse.rows(DELTAS)
    if age is None:
        told = (row["delta_status"], row["delta_reason"], row["delta_absolute"])
        assert told == ("not_harmonized", "covariate_missing", None)
    else:
        kept = 6.0 if len(keep) == 1 else 4.0
        change = brought(9.0, "south", kept) - brought(14.0, "north", kept)
        assert row["delta_absolute"] == pytest.approx(change, abs=1e-13)


def test_changes_are_those_of_harmonized_values(warehouse: Any, fit: Fit) -> None:
    """Trap: between two scanners the change of raw values is that of the scanners."""
    warehouse.visits({"t0": 0, "t1": 30})
    scanners = {"t0": "north", "t1": "south"}
    for visit, scanner in scanners.items():
        raw = {"north": 14.0, "south": 9.0}[scanner]
        warehouse.measure({"Contrast": raw, "Zero": 11.0}, timepoint_id=visit, scanner=scanner)
    fit("Contrast", "Zero", batch_source="scanner")
    row = warehouse.rows(DELTAS)[0]
    first, second = brought(14.0, "north"), brought(9.0, "south")
    assert (row["baseline_raw_value"], row["raw_value"]) == (14.0, 9.0)
    assert (row["baseline_batch"], row["batch"], row["delta_status"]) == ("north", "south", "ok")
    assert row["baseline_value"] == pytest.approx(first, abs=1e-13)
    assert row["delta_absolute"] == pytest.approx(second - first, abs=1e-13)
    assert row["delta_relative"] == pytest.approx((second - first) / first, abs=1e-13)
    assert row["delta_symmetric"] == pytest.approx(2 * (second - first) / (second + first))
    assert row["delta_log_ratio"] == pytest.approx(log(second / first), abs=1e-13)
    assert row["delta_per_day"] == pytest.approx((second - first) / 30, abs=1e-13)


@pytest.mark.parametrize(
    ("baseline", "follow_up", "status", "given"),
    [
        (None, 13.0, "baseline_missing", {}),
        (13.0, None, "follow_up_missing", {}),
        (-15.0, 13.0, "sign_change", {"delta_absolute", "delta_relative"}),
        (-15.0, -16.0, "non_positive", {"delta_absolute", "delta_relative"}),
        (13.0, 14.0, "ok", {"delta_absolute", "delta_relative", "delta_log_ratio"}),
    ],
)
def test_guards_of_changes(
    warehouse: Any,
    fit: Fit,
    baseline: float | None,
    follow_up: float | None,
    status: str,
    given: set[str],
) -> None:
    warehouse.visits({"t0": 0, "t1": 30})
    patient(warehouse, "p1", site="north")
    warehouse.measure({"Contrast": baseline}, timepoint_id="t0")
    warehouse.measure({"Contrast": follow_up}, timepoint_id="t1")
    fit("Contrast")
    (row,) = warehouse.rows(DELTAS)
    assert row["delta_status"] == status
    names = ("delta_absolute", "delta_relative", "delta_log_ratio")
    assert {name for name in names if row[name] is not None} == set(given)
    assert (row["delta_reason"] is None) == (baseline is not None and follow_up is not None)


def test_no_change_where_one_value_could_not_be_harmonized(warehouse: Any, fit: Fit) -> None:
    warehouse.visits({"t0": 0, "t1": 30})
    for visit, scanner in {"t0": "north", "t1": "west"}.items():
        warehouse.measure({"Contrast": 13.0}, timepoint_id=visit, scanner=scanner)
    fit("Contrast", batch_source="scanner")
    (row,) = warehouse.rows(DELTAS)
    assert (row["delta_status"], row["delta_reason"]) == ("not_harmonized", "unseen_batch")
    assert row["baseline_value"] == pytest.approx(brought(13.0, "north"), abs=1e-13)
    assert row["value"] is None
    assert all(row[name] is None for name in ("delta_absolute", "delta_symmetric", "delta_per_day"))


def test_variables_of_a_visit_and_batches_of_an_image(warehouse: Any) -> None:
    warehouse.visits({"t0": 0, "t1": 30})
    patient(warehouse, "p1", site="north", sex="unknown", age_at_day_zero=61.5)
    cells = [(None, "kps", 90.0), ("t1", "kps", 70.0), ("t1", "dose", 2.0)]
    for visit, name, number in cells:
        cell = {"cohort_id": "C", "patient_id": "p1", "timepoint_id": visit, "variable": name}
        given = {"value_number": number, "as_given": f"{number:g}", "value_status": "ok"}
        warehouse.add("clinical.variable", cell | given)
    sql = "SELECT timepoint_id, source, variable, value_number, value_text FROM mart.visit_variable"
    found = {tuple(row.values()) for row in warehouse.rows(sql)}
    assert found == {
        *((v, "patient", "site", None, "north") for v in ("t0", "t1")),
        *((v, "patient", "age_at_day_zero", 61.5, "61.5") for v in ("t0", "t1")),
        ("t0", "clinical", "kps", 90.0, "90"),
        # the visit's own value stands over the patient's
        ("t1", "clinical", "kps", 70.0, "70"),
        ("t1", "clinical", "dose", 2.0, "2"),
    }
    maker = {"manufacturer": "A", "manufacturer_model": "B", "convolution_kernel": "FC07"}
    warehouse.measure({}, timepoint_id="t1", **maker)
    sql = "SELECT batch_source, batch_variable, batch FROM mart.series_batch"
    assert {tuple(row.values()) for row in warehouse.rows(sql)} == {
        ("site", None, "north"),
        ("scanner", None, "A B"),
        ("kernel", None, "FC07"),
        ("variable", "kps", "70"),
        ("variable", "dose", "2"),
    }


def test_shares_of_variance_by_hand(warehouse: Any, fit: Fit) -> None:
    """Two sites, (1, 3) and (5, 7): between 16 of 20; ranks the same by their order."""
    values = {
        "p1": ("north", 1.0),
        "p2": ("north", 3.0),
        "p3": ("south", 5.0),
        "p4": ("south", 7.0),
    }
    for name, (site, value) in values.items():
        patient(warehouse, name, site=site, sex="male")
        warehouse.measure({"Contrast": value}, patient_id=name)
        warehouse.add("result.harmonization_person", KEY | {"person_id": name.upper()})
    fit("Contrast")
    (row,) = warehouse.rows("SELECT * FROM mart.site_variance")
    assert (row["factor"], row["n_persons"], row["n_groups"]) == ("batch", 4, 2)
    assert row["explained_before"] == pytest.approx(16 / 20, abs=1e-13)
    assert row["rank_explained_before"] == pytest.approx(4 / 5, abs=1e-13)
    after = [brought(value, site) for site, value in values.values()]
    mean = sum(after) / 4
    between = sum(2 * (sum(pair) / 2 - mean) ** 2 for pair in (after[:2], after[2:]))
    total = sum((value - mean) ** 2 for value in after)
    assert row["explained_after"] == pytest.approx(between / total, abs=1e-12)
