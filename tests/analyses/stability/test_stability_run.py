from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from roentgene.analyses.run import RunReport, run_analysis
from roentgene.analyses.stability import reml_table
from roentgene.analyses.stability.intraclass_correlation import intraclass_correlation
from roentgene.analyses.stability.mean_squares import mean_squares
from roentgene.analyses.stability.variance_components import reml
from roentgene.schemas.analyses.stability import Stability
from roentgene.schemas.errors import FileError
from roentgene.schemas.tables import table


class Store(Protocol):
    def add(self, full_name: str, rows: Any) -> None: ...
    def add_ratings(self, ratings: Any, features: Any, **settings: Any) -> None: ...
    def arrow(self, sql: str, parameters: Any) -> Any: ...
    def fetch(self, sql: str) -> list[dict[str, Any]]: ...


ONE_WAY: dict[str, Any] = {"policy": {"form": "ICC(1,1)"}}
RATINGS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


def spec(**changed: Any) -> Stability:
    asked = {"analysis": "stability", "name": "raters", "cohort_id": "C", "design": "inter_rater"}
    return Stability.model_validate(asked | changed)


def shrout_fleiss_rows() -> list[dict[str, Any]]:
    return [
        {"patient_id": f"P{target}", "rater_id": f"R{rater}", "f": float(value)}
        for target, row in enumerate(RATINGS)
        for rater, value in enumerate(row)
    ]


def stability(store: Store, **changed: Any) -> tuple[RunReport, list[dict[str, Any]]]:
    report = run_analysis(store, spec(**changed))  # type: ignore[arg-type]
    sql = "SELECT * FROM result.stability WHERE analysis_run_id = $id ORDER BY ALL"
    return report, store.arrow(sql, {"id": report.analysis_run_id}).to_pylist()


def test_inter_rater_gives_shrout_and_fleiss(store: Store) -> None:
    store.add_ratings(shrout_fleiss_rows(), ["f"])
    report, rows = stability(store, forms=["ICC(A,1)", "ICC(C,1)"])
    assert [row["icc_form"] for row in rows] == ["ICC(A,1)", "ICC(C,1)"]
    agreement = rows[0]
    assert agreement["icc"] == pytest.approx(0.2897637795275592, abs=1e-12)
    assert agreement["ci95_low"] == pytest.approx(0.01878651337471205, abs=1e-12)
    assert agreement["ci95_high"] == pytest.approx(0.7610843696489531, abs=1e-12)
    assert agreement["stability_key"] == "C|GTV|CT|original|pyradiomics"
    assert (agreement["n_targets"], agreement["n_raters"], agreement["n_dropped"]) == (6, 4, 0)
    assert (agreement["status"], agreement["reason"]) == ("ok", None)
    assert report.counts["rating_rows"] == report.counts["measurements"] == 24
    assert report.tables == {"result.stability": 2, "result.stability_policy": 1}


def test_incomplete_targets_are_dropped_and_counted_for_each_feature(store: Store) -> None:
    rows = [row | {"g": row["f"]} for row in shrout_fleiss_rows()]
    rows[5]["f"] = None
    store.add_ratings(rows, ["f", "g"])
    by_feature = {row["feature"]: row for row in stability(store, **ONE_WAY)[1]}
    # complete cases without the second target, Shrout and Fleiss's table by R psych
    assert by_feature["f"]["icc"] == pytest.approx(0.042424242424242434, abs=1e-12)
    assert (by_feature["f"]["n_targets"], by_feature["f"]["n_dropped"]) == (5, 1)
    assert (by_feature["g"]["n_targets"], by_feature["g"]["n_dropped"]) == (6, 0)


def test_a_failed_measurement_drops_its_target_visibly(store: Store) -> None:
    rows = shrout_fleiss_rows()
    rows[4]["status"] = rows[9]["status"] = "label_absent"
    store.add_ratings(rows, ["f"])
    report, found = stability(store)
    assert (found[0]["n_targets"], found[0]["n_dropped"]) == (4, 2)
    assert report.counts["measurements_in_design"] == 24
    assert report.counts["measurements_with_values"] == 22


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_no_rating_and_counted(store: Store, value: float) -> None:
    # traps 1 and 2: it slipped past the gates
    rows = shrout_fleiss_rows()
    rows[5]["f"] = value
    store.add_ratings(rows, ["f"])
    (row,) = stability(store, **ONE_WAY)[1]
    assert row["icc"] == pytest.approx(0.042424242424242434, abs=1e-12)
    assert row["n_dropped"] == 1


def test_too_few_targets_is_null_with_a_reason(store: Store) -> None:
    one_patient = [row for row in shrout_fleiss_rows() if row["patient_id"] == "P0"]
    store.add_ratings(one_patient, ["f"])
    (row,) = stability(store)[1]
    assert (row["status"], row["reason"]) == ("not_computed", "too_few_targets")
    assert row["n_targets"] == 1
    numbers = ("icc", "ci95_low", "ci95_high", "f_value", "p_value", "within_subject_sd")
    assert all(row[name] is None for name in numbers)


def test_one_rater_is_too_few(store: Store) -> None:
    store.add_ratings([row for row in shrout_fleiss_rows() if row["rater_id"] == "R0"], ["f"])
    (row,) = stability(store)[1]
    assert (row["status"], row["reason"], row["icc"]) == ("not_computed", "too_few_raters", None)


def test_duplicate_ratings_are_refused_and_nothing_is_written(store: Store) -> None:
    rows = shrout_fleiss_rows()
    store.add_ratings([*rows, rows[3]], ["f"])
    with pytest.raises(FileError, match=r"1 ratings stand more than once, e\.g\. f of GTV on CT"):
        stability(store)
    assert store.fetch("SELECT * FROM ops.analysis_run") == []


def test_superseded_and_z_scored_values_do_not_count(store: Store) -> None:
    rows = shrout_fleiss_rows()
    store.add_ratings([*rows, rows[3] | {"current": False, "f": 99.0}], ["f"])
    assert stability(store)[1][0]["icc"] == pytest.approx(0.2897637795275592, abs=1e-12)


def test_z_scored_values_are_no_ratings(store: Store) -> None:
    store.add_ratings(shrout_fleiss_rows(), ["f"], value_scale="zscore")
    with pytest.raises(FileError, match="no values of cohort C fit the design"):
        stability(store)


def test_raters_can_be_chosen(store: Store) -> None:
    store.add_ratings(shrout_fleiss_rows(), ["f"])
    (row,) = stability(store, raters=["R0", "R3"])[1]
    pair = mean_squares(np.array(RATINGS, float)[None][:, :, [0, 3]])
    expected = intraclass_correlation(pair, "ICC(A,1)").icc[0]
    assert row["icc"] == pytest.approx(expected, abs=1e-12)
    assert row["n_raters"] == 2


def test_different_raters_allow_one_way_forms_alone(store: Store) -> None:
    rows = shrout_fleiss_rows()
    for row in rows[:4]:
        row["rater_id"] += "x"
    store.add_ratings(rows, ["f"])
    with pytest.raises(FileError, match="4 ratings each, but by 8 different raters"):
        stability(store, n_raters=4)
    for asked in ({}, {"n_raters": 4}):
        (row,) = stability(store, raters_crossed=False, **asked)[1]
        assert row["icc"] == pytest.approx(0.1657417684054756, abs=1e-12)
        assert (row["icc_form"], row["n_raters"]) == ("ICC(1,1)", 4)
        assert (row["ccc"], row["ccc_reason"]) == (None, "raters_not_crossed")


def repeated_rows(vary: str) -> list[dict[str, Any]]:
    """Two raters, two repetitions, two visits; only what ``vary`` names differs from target."""
    values = np.array(RATINGS, float)
    return [
        {"patient_id": f"P{target}", "rater_id": rater, "repeat_no": repeat, "timepoint_id": visit}
        | {"f": values[target, 0 if index == 1 else 3] if rater == "A" else 100.0 * index + target}
        for target in range(6)
        for rater in ("A", "B")
        for repeat in (1, 2)
        for visit in ("t0", "t1")
        for index in [{"repeat_no": repeat, "timepoint_id": 1 + (visit == "t1")}[vary]]
    ]


def pair_icc() -> float:
    pair = mean_squares(np.array(RATINGS, float)[None][:, :, [0, 3]])
    return float(intraclass_correlation(pair, "ICC(A,1)").icc[0])


def test_test_retest_compares_visits_of_the_reference_rater(store: Store) -> None:
    store.add_ratings(repeated_rows("timepoint_id"), ["f"])
    store.add("study.setting", [{"name": "reference_rater", "value": "A"}])
    (row,) = stability(store, design="test_retest", timepoints=["t0", "t1"])[1]
    assert row["icc"] == pytest.approx(pair_icc(), abs=1e-12)
    assert (row["n_targets"], row["n_raters"], row["design"]) == (6, 2, "test_retest")


def test_test_retest_without_a_reference_rater_refuses_several(store: Store) -> None:
    store.add_ratings(repeated_rows("timepoint_id"), ["f"])
    with pytest.raises(FileError, match="stand more than once") as error:
        stability(store, design="test_retest", timepoints=["t0", "t1"])
    assert "raters" in error.value.cure
    (row,) = stability(store, design="test_retest", timepoints=["t0", "t1"], raters=["A"])[1]
    assert row["icc"] == pytest.approx(pair_icc(), abs=1e-12)


def test_intra_rater_compares_repetitions(store: Store) -> None:
    store.add_ratings(repeated_rows("repeat_no"), ["f"])
    (row,) = stability(store, design="intra_rater", raters=["A"], timepoints=["t0"])[1]
    assert row["icc"] == pytest.approx(pair_icc(), abs=1e-12)
    assert (row["n_targets"], row["n_raters"]) == (6, 2)


def test_filters_leave_the_rest_out(store: Store) -> None:
    rows = [r | {"g": -r["f"]} for r in shrout_fleiss_rows()]
    rows += [row | {"region": "RING"} for row in rows]
    rows += [row | {"sequence": "PET"} for row in rows]
    store.add_ratings(rows, ["f", "g"])
    everything = stability(store)[1]
    assert len(everything) == 8
    (row,) = stability(store, regions=["RING"], sequences=["CT"], features=["g"])[1]
    assert (row["region"], row["sequence"], row["feature"]) == ("RING", "CT", "g")


def test_rows_keep_the_declared_words(store: Store) -> None:
    rows = [row | {"constant": 1.0} for row in shrout_fleiss_rows()]
    store.add_ratings(rows, ["f", "constant"])
    stability(store, forms="all")
    stability(store, estimator="reml", policy={"bound": "estimate"})
    for name in ("result.stability", "result.stability_policy"):
        found = store.arrow(f"SELECT * FROM {name}", {})
        for column in table(name).columns:
            used = set(pc.unique(found[column.name]).to_pylist()) - {None}
            assert not column.values or used <= set(column.values)
            assert not column.required or found[column.name].null_count == 0


def test_perturbed_copies_are_compared_with_the_drawn_mask(store: Store) -> None:
    rows = [
        {"patient_id": f"P{target}", "repeat_no": repeat, "derivation": derivation, "f": value}
        for target, row in enumerate(RATINGS)
        for (repeat, derivation), value in zip(
            [(1, "label 1"), (1001, "perturbation:a"), (1002, "perturbation:b"), (1003, "ring")],
            map(float, row),
            strict=True,
        )
    ]
    # another rater's, and a repetition drawn by hand, are no perturbations
    rows += [row | {"rater_id": "B", "f": 3.0 * n} for n, row in enumerate(rows)]
    rows += [row | {"repeat_no": 2, "derivation": "label 1", "f": 8.0} for row in rows[:24:4]]
    store.add_ratings(rows, ["f"])
    (row,) = stability(store, design="perturbation", raters=["A"])[1]
    assert row["icc"] == pytest.approx(0.1657417684054756, abs=1e-12)
    assert (row["design"], row["n_targets"], row["n_raters"]) == ("perturbation", 6, 4)
    (by_hand,) = stability(store, design="intra_rater", raters=["A"])[1]
    assert by_hand["n_raters"] == 2


def test_sites_are_not_taken_together_unasked(store: Store) -> None:
    store.add_ratings(shrout_fleiss_rows(), ["f"])
    patients = [{"cohort_id": "C", "patient_id": f"P{n}", "site": "AB"[n % 2]} for n in range(6)]
    store.add("study.patient", patients)
    with pytest.raises(FileError, match="come from 2 sites") as error:
        stability(store)
    assert "across_sites" in error.value.cure
    (row,) = stability(store, across_sites=True)[1]
    assert row["icc"] == pytest.approx(0.2897637795275592, abs=1e-12)
    (row,) = stability(store, sites=["A"])[1]
    part = intraclass_correlation(mean_squares(np.array(RATINGS[::2], float)[None]), "ICC(A,1)")
    assert row["icc"] == pytest.approx(part.icc[0], abs=1e-12)
    assert row["n_targets"] == 3


def test_reml_uses_every_rating_and_says_so(store: Store) -> None:
    rows = shrout_fleiss_rows()
    del rows[5]
    store.add_ratings(rows, ["f"])
    asked = {"estimator": "reml", "policy": {"bound": "estimate"}, "forms": "all"}
    found = {row["icc_form"]: row for row in stability(store, **asked)[1]}
    # R psych 2.2.9, lmer=TRUE, as it prints them
    expected = {"ICC(1,1)": 0.1746147, "ICC(A,1)": 0.2968652, "ICC(C,1)": 0.7284196}
    expected |= {"ICC(1,k)": 0.4583532, "ICC(A,k)": 0.6280882, "ICC(C,k)": 0.9147383}
    for form, value in expected.items():
        assert found[form]["icc"] == pytest.approx(value, abs=2e-6)
    row = found["ICC(A,1)"]
    assert (row["estimator"], row["reason"]) == ("reml_two_way", "no_interval_by_reml")
    assert (row["n_targets"], row["n_raters"], row["n_dropped"]) == (6, 4, 0)
    assert row["ci95_low"] is None and row["p_value"] is None
    one_way = {"estimator": "reml", "raters_crossed": False, "policy": {"bound": "estimate"}}
    (row,) = stability(store, **one_way)[1]
    assert (row["estimator"], row["icc_form"]) == ("reml_one_way", "ICC(1,1)")


def test_reml_is_fitted_by_one_thread(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    # products of many targets and raters differ in their last digits with the threads of BLAS
    store.add_ratings(shrout_fleiss_rows(), ["f"])
    threads: list[int] = []

    def watched(*given: Any, **asked: Any) -> Any:
        threads.extend(one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas")
        return reml(*given, **asked)

    monkeypatch.setattr(reml_table, "reml", watched)
    with threadpool_limits(2, user_api="blas"):
        stability(store, estimator="reml", policy={"bound": "estimate"})
    assert set(threads) == {1}


def test_why_the_mean_of_raters_has_no_agreement_is_stored(store: Store) -> None:
    values = [[1, 9], [9, 1], [2, 8], [8, 2.5]]
    store.add_ratings(
        [
            {"patient_id": f"P{target}", "rater_id": f"R{rater}", "f": float(value)}
            for target, row in enumerate(values)
            for rater, value in enumerate(row)
        ],
        ["f"],
    )
    rows = {row["icc_form"]: row for row in stability(store, forms="all")[1]}
    assert rows["ICC(A,k)"]["reason"] == "no_positive_denominator"
    assert "no_positive_denominator" in table("result.stability").column("reason").values
    assert rows["ICC(A,1)"]["reason"] is None


def test_agreement_stands_beside_the_coefficient(store: Store) -> None:
    rows = [row | {"g": row["f"] - 5.0} for row in shrout_fleiss_rows()]
    store.add_ratings(rows, ["f", "g"])
    f, g = stability(store)[1]
    ratings = np.array(RATINGS, float)
    sd = np.sqrt(ratings.var(axis=1, ddof=1).mean())
    assert f["within_subject_sd"] == g["within_subject_sd"] == pytest.approx(sd, rel=1e-12)
    assert f["repeatability_coefficient"] == pytest.approx(1.96 * 2**0.5 * sd, rel=1e-12)
    cv = np.sqrt((ratings.var(axis=1, ddof=1) / ratings.mean(axis=1) ** 2).mean())
    assert f["wcv"] == pytest.approx(cv, rel=1e-12)
    assert (g["wcv"], g["wcv_reason"]) == (None, "values_change_sign")
    assert g["ccc"] == pytest.approx(f["ccc"], rel=1e-12)


def test_the_policy_is_stored_for_the_cohorts_that_are_named(store: Store) -> None:
    store.add_ratings(shrout_fleiss_rows(), ["f"])
    with pytest.raises(FileError, match="also_for' names D, which is no cohort"):
        stability(store, also_for=["D"])
    store.add("study.cohort", [{"cohort_id": "D"}])
    policy = {"form": "ICC(C,1)", "bound": "estimate", "threshold": 0.7}
    _, rows = stability(store, also_for=["D"], policy=policy, forms=["ICC(1,1)"])
    assert [row["icc_form"] for row in rows] == ["ICC(1,1)", "ICC(C,1)"]
    stored = store.fetch("SELECT * EXCLUDE analysis_run_id FROM result.stability_policy")
    told = {"measured_in": "C", "icc_form": "ICC(C,1)", "bound": "estimate", "threshold": 0.7}
    assert stored == [{"cohort_id": cohort} | told for cohort in ("C", "D")]


def engines(store: Store, *, codes: bool = True) -> None:
    """Two engines and a second profile of the first measure one feature, and one its own."""
    store.add(
        "imaging.extraction",
        [
            {"extraction_id": e, "profile": p, "engine": engine, "value_scale": "raw"}
            for e, p, engine in (("e0", "p", "one"), ("e1", "p", "two"), ("e2", "q", "one"))
        ],
    )
    words = [("one", "F"), ("two", "f_of_two"), ("one", "wavelet_F")]
    store.add(
        "vocab.feature",
        [
            {"feature_id": n, "engine": engine, "feature": name}
            | {"image_type": "original" if n < 2 else "wavelet"}
            | {"ibsi_code": "X1" if codes and n < 2 else None}
            for n, (engine, name) in enumerate(words)
        ],
    )
    values, measurements, segmentations, series = [], [], [], []
    for target, row in enumerate(RATINGS):
        ids = {"cohort_id": "C", "segmentation_id": f"s{target}", "series_id": f"i{target}"}
        place = {"patient_id": f"P{target}", "timepoint_id": "t", "lesion_id": "1"}
        drawn = {"region": "GTV", "rater_id": "A", "repeat_no": 1}
        segmentations.append(ids | place | drawn)
        series.append(ids | place | {"sequence": "CT"})
        for engine in range(3):
            number = 3 * target + engine
            measured = ids | {"measurement_id": number, "extraction_id": f"e{engine}"}
            measurements.append(measured | {"status": "ok", "current": True})
            found = [(engine % 2, float(row[engine]))] + [(2, float(row[engine]))] * (engine != 1)
            values += [
                {"cohort_id": "C", "measurement_id": number, "feature_id": feature}
                | {"value": value, "value_status": "ok"}
                for feature, value in found
            ]
    for name, rows in (
        ("imaging.segmentation", segmentations),
        ("imaging.series", series),
        ("imaging.measurement", measurements),
        ("imaging.feature_value", values),
    ):
        known = table(name).arrow_schema.names
        store.add(name, [{k: v for k, v in row.items() if k in known} for row in rows])


def test_engines_are_compared_feature_by_feature(store: Store) -> None:
    engines(store)
    rows = stability(store, design="cross_engine")[1]
    key = ("profile", "engine", "feature")
    found = {tuple(row[name] for name in key): row for row in rows}
    ratings = np.array(RATINGS, float)[None]
    three = intraclass_correlation(mean_squares(ratings[:, :, :3]), "ICC(A,1)").icc[0]
    two = intraclass_correlation(mean_squares(ratings[:, :, [0, 2]]), "ICC(A,1)").icc[0]
    expected = {("p", "one", "F"): three, ("p", "two", "f_of_two"): three, ("q", "one", "F"): three}
    # without a code the profiles of one engine meet by its own name
    expected |= {("p", "one", "wavelet_F"): two, ("q", "one", "wavelet_F"): two}
    assert {name: row["icc"] for name, row in found.items()} == pytest.approx(expected, abs=1e-12)
    assert {row["n_raters"] for row in rows if row["feature"] == "wavelet_F"} == {2}
    assert {row["stability_key"] for row in rows} >= {"C|GTV|CT|p|two"}


def test_a_feature_of_one_engine_alone_has_no_coefficient(store: Store) -> None:
    engines(store, codes=False)
    rows = stability(store, design="cross_engine", features=["f_of_two"])[1]
    assert [(row["icc"], row["reason"]) for row in rows] == [(None, "too_few_raters")]


@pytest.mark.realdata
def test_lidc_readers_through_sql_and_core(store: Store, shared_data: Path) -> None:
    folder = shared_data / "repeatability" / "lidc_readers"
    readings = pd.read_csv(folder / "lidc_nodule_readings_dev.csv")
    reference = pd.read_csv(shared_data / "reference" / "lidc_dev_icc_4_readers.csv")
    names = reference["rating"].tolist()
    ratings = readings.rename(columns={"reader": "rater_id"}).astype({"rater_id": str})
    ratings["timepoint_id"] = ratings["scan_id"].astype(str)
    columns = ["patient_id", "timepoint_id", "lesion_id", "rater_id", *names]
    shuffled = ratings[columns].astype(dict.fromkeys(names, float)).sample(frac=1, random_state=3)
    store.add_ratings(shuffled.to_dict("records"), names)
    forms = {"ICC(1,1)": "icc11", "ICC(A,1)": "icc21", "ICC(C,1)": "icc31"}
    _, rows = stability(store, n_raters=4, forms=list(forms))
    assert len(rows) == 3 * len(reference)
    expected = reference.set_index("rating")
    for row in rows:
        values, name = expected.loc[row["feature"]], forms[row["icc_form"]]
        assert (row["n_targets"], row["n_raters"]) == (values["n_lesions"], values["k_readers"])
        assert row["n_dropped"] == readings["lesion_id"].nunique() - 436
        numbers = [row["icc"], row["ci95_low"], row["ci95_high"]]
        wanted = [values[name], values[f"{name}_lo"], values[f"{name}_hi"]]
        assert numbers == pytest.approx(wanted, rel=1e-9)


def test_reml_of_ratings_that_never_differ_is_one(store: Store) -> None:
    # no error is left to which the others have a ratio
    rows = shrout_fleiss_rows()
    for row in rows:
        row["f"] = 0.1 * (1 + int(str(row["patient_id"])[1:]))
    del rows[5]
    store.add_ratings(rows, ["f"])
    (row,) = stability(store, estimator="reml", policy={"bound": "estimate"})[1]
    assert (row["icc"], row["within_subject_sd"]) == (1.0, 0.0)
    assert row["wcv"] == pytest.approx(0.0, abs=1e-15)


def test_reml_of_several_keys_is_that_of_each(store: Store) -> None:
    rows = [row | {"region": region} for row in shrout_fleiss_rows() for region in ("A", "B")]
    rows = [row | {"g": 2.0 * float(row["f"])} for row in rows]
    # of one key other targets and raters are missing
    rows = [r for n, r in enumerate(rows) if not (r["region"] == "B" and n in (11, 12, 13, 30))]
    store.add_ratings(rows, ["f", "g"])
    asked = {"estimator": "reml", "policy": {"bound": "estimate"}}
    together = {(r["region"], r["feature"]): r for r in stability(store, **asked)[1]}
    assert set(together) == {(region, feature) for region in "AB" for feature in "fg"}
    assert together["A", "f"]["icc"] == pytest.approx(0.2897637795275592, abs=1e-7)
    for region in ("A", "B"):
        (alone,) = stability(store, **asked, regions=[region], features=["f"])[1]
        assert together[region, "f"] | {"analysis_run_id": 0} == alone | {"analysis_run_id": 0}
        doubled = together[region, "g"]
        assert doubled["icc"] == pytest.approx(alone["icc"], abs=1e-9)
        assert doubled["n_targets"] == alone["n_targets"]
