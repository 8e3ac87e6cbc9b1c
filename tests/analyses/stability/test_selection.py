from itertools import combinations
from typing import Any

import numpy as np
import pytest
from scipy import stats
from threadpoolctl import threadpool_info, threadpool_limits

from roentgene.analyses.run import run_analysis
from roentgene.analyses.stability import selection_run
from roentgene.analyses.stability.selection import (
    most_associated,
    resampled,
    selection_index,
)
from roentgene.schemas.analyses.selection_stability import SelectionStability
from roentgene.schemas.errors import FileError


def test_index_is_the_mean_of_kunchevas_where_all_choices_are_of_one_size() -> None:
    # Nogueira et al. 2018, theorem 4: then it is the mean consistency index of the pairs
    random = np.random.default_rng(1)
    d, k, m = 12, 4, 9
    chosen = np.zeros((m, d), bool)
    for row in chosen:
        row[random.choice(d, k, replace=False)] = True
        row[:2] = [True, row[1]]
        row[np.flatnonzero(row)[k:]] = False
    pairs = [(a & b).sum() for a, b in combinations(chosen, 2)]
    expected = np.mean([(r * d - k**2) / (k * (d - k)) for r in pairs])
    assert selection_index(chosen).value == pytest.approx(expected, abs=1e-12)


def test_index_of_chance_is_nought_and_its_interval_covers() -> None:
    random = np.random.default_rng(2)
    found = [selection_index(random.random((60, 30)) < 0.3) for _ in range(400)]
    assert abs(np.mean([one.value for one in found])) < 0.005
    covered = np.mean([one.ci_low <= 0 <= one.ci_high for one in found])
    assert 0.9 < covered < 0.99


def test_index_needs_something_to_be_chosen_and_something_not() -> None:
    assert np.isnan(selection_index(np.ones((5, 3), bool))).all()
    assert np.isnan(selection_index(np.zeros((5, 3), bool))).all()


def test_draws_are_the_seeds_alone() -> None:
    seen: list[Any] = []

    def rule(drawn: Any) -> Any:
        seen.append(drawn.tolist())
        return np.array([True, False])

    resampled(rule, 50, 4, seed=7)
    resampled(rule, 50, 4, seed=7)
    resampled(rule, 50, 4, seed=8)
    assert seen[:4] == seen[4:8] != seen[8:]
    assert len({tuple(draw) for draw in seen}) == 8
    # with replacement: of 50 about 18 are not drawn
    assert all(10 < 50 - len(set(draw)) < 27 for draw in seen)


def test_the_first_of_equals_is_chosen_and_what_is_missing_never() -> None:
    rho = np.array([0.1, np.nan, -0.9, 0.5, 0.5])
    assert most_associated(rho, 2).tolist() == [False, False, True, True, False]
    assert most_associated(rho, 9).tolist() == [True, False, True, True, True]


def persons(store: Any, n: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Persons with ten features, of which the first two go with the target."""
    random = np.random.default_rng(3)
    target = random.normal(size=n)
    values = random.normal(size=(n, 10))
    values[:, 0] += 2 * target
    values[:, 1] -= target
    key = {"cohort_id": "C", "timepoint_id": "t0", "sequence": "CT", "region": "GTV"}
    store.con.execute("ALTER TABLE mart.patient_feature ADD COLUMN IF NOT EXISTS n_lesions BIGINT")
    for person in range(n):
        ids = {"person_id": f"P{person:02d}", "patient_id": f"P{person:02d}"}
        row = key | ids | {"profile": "p", "engine": "e"}
        store.add(
            "mart.patient_feature",
            [row | {"feature": f"f{f}", "value": float(v)} for f, v in enumerate(values[person])],
        )
        store.add("study.patient", [{"cohort_id": "C"} | ids])
        store.add(
            "clinical.variable",
            [
                {"cohort_id": "C", "patient_id": ids["patient_id"], "variable": "score"}
                | {"value_number": float(target[person]), "value_status": "ok"}
            ],
        )
    return values, target


def spec(**changed: Any) -> SelectionStability:
    asked: dict[str, Any] = {"analysis": "selection_stability", "name": "top", "cohort_id": "C"}
    asked |= {"timepoint": "t0", "resamples": 30}
    asked |= {"rule": {"kind": "top_associated", "k": 3, "clinical": "score"}}
    return SelectionStability.model_validate(asked | changed)


def test_a_selection_is_made_again_on_every_draw(store: Any) -> None:
    values, target = persons(store)
    report = run_analysis(store, spec())
    rows = store.fetch("SELECT * FROM result.selection_stability ORDER BY feature")
    assert report.tables == {"result.selection_stability": 10}
    rho = [abs(stats.spearmanr(column, target).statistic) for column in values.T]
    chosen = {row["feature"] for row in rows if row["chosen"]}
    assert chosen == {f"f{place}" for place in np.argsort(rho)[-3:]}
    shares = [row["share_chosen"] for row in rows]
    assert shares[0] == 1.0 and shares[1] > 0.8
    assert sum(shares) == pytest.approx(3.0)
    assert {row["mean_chosen"] for row in rows} == {3.0}
    assert 0.3 < rows[0]["ci95_low"] < rows[0]["stability_index"] <= 1.0
    assert (rows[0]["n_persons"], rows[0]["n_features"], rows[0]["n_resamples"]) == (40, 10, 30)
    again = run_analysis(store, spec(name="again"))
    assert again.fingerprint == report.fingerprint
    assert run_analysis(store, spec(name="other", seed=1)).fingerprint != report.fingerprint


def test_pruning_is_a_selection_too(store: Any) -> None:
    persons(store)
    run_analysis(store, spec(rule={"kind": "uncorrelated", "threshold": 0.6}, resamples=5))
    rows = store.fetch("SELECT * FROM result.selection_stability ORDER BY feature")
    assert {row["rule"] for row in rows} == {"uncorrelated"}
    # by name: the first stays always, the second correlates with it
    assert rows[0]["share_chosen"] == 1.0
    assert rows[0]["reason"] is None or rows[0]["stability_index"] is None


def test_too_few_persons_are_refused(store: Any) -> None:
    persons(store, n=8)
    with pytest.raises(FileError, match="8 persons of C have what the rule needs"):
        run_analysis(store, spec())


def test_what_is_misspelt_is_refused_by_name(store: Any) -> None:
    persons(store)
    with pytest.raises(FileError, match="features: f11 has no values here; did you mean 'f1'"):
        run_analysis(store, spec(features=["f0", "f11", "f2"]))
    with pytest.raises(FileError, match="clinical: scor has no values here; did you mean 'score'"):
        run_analysis(store, spec(rule={"kind": "top_associated", "clinical": "scor"}))
    with pytest.raises(FileError, match="outcome: OS has no values here"):
        run_analysis(store, spec(rule={"kind": "top_associated", "outcome": "OS"}))


def test_an_outcome_of_two_anchors_is_one_target(store: Any) -> None:
    _, target = persons(store)
    outcomes = [
        {"cohort_id": "C", "patient_id": f"P{n:02d}", "endpoint": "OS", "start_anchor": anchor}
        | {"event": int(value > 0)}
        for n, value in enumerate(target)
        for anchor in ("diagnosis", "surgery")
    ]
    store.add("clinical.outcome", outcomes)
    run_analysis(store, spec(rule={"kind": "top_associated", "k": 1, "outcome": "OS"}))
    chosen = store.fetch("SELECT feature FROM result.selection_stability WHERE chosen")
    assert chosen == [{"feature": "f0"}]


def test_the_index_is_made_by_one_thread(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # products of a large table differ in their last digits with the threads of BLAS
    persons(store)
    threads: list[int] = []

    def watched(chosen: Any) -> Any:
        threads.extend(one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas")
        return selection_index(chosen)

    monkeypatch.setattr(selection_run, "selection_index", watched)
    with threadpool_limits(2, user_api="blas"):
        run_analysis(store, spec(resamples=3))
    assert set(threads) == {1}


def test_a_rule_has_one_target() -> None:
    with pytest.raises(ValueError, match="name one target"):
        spec(rule={"kind": "top_associated"})
    with pytest.raises(ValueError, match="belongs to 'outcome"):
        spec(rule={"kind": "top_associated", "clinical": "score", "start_anchor": "surgery"})


def test_sites_are_not_drawn_together_unasked(store: Any) -> None:
    persons(store)
    store.con.execute(
        "UPDATE study.patient SET site = CASE WHEN patient_id < 'P25' THEN 'A' ELSE 'B' END"
    )
    for rule in ({}, {"rule": {"kind": "uncorrelated"}}):
        with pytest.raises(FileError, match="come from 2 sites") as error:
            run_analysis(store, spec(resamples=3, **rule))
        assert "across_sites" in error.value.cure
    together = run_analysis(store, spec(name="both", resamples=3, across_sites=True))
    assert (together.counts["persons"], together.counts["sites"]) == (40, 2)
    one = run_analysis(store, spec(name="one", resamples=3, sites=["A"]))
    assert (one.counts["persons"], one.counts["sites"]) == (25, 1)
    with pytest.raises(FileError, match="sites: C has no values here"):
        run_analysis(store, spec(sites=["A", "C"]))
    # of whom nobody has the target, whose site counts for nothing
    store.con.execute("DELETE FROM clinical.variable WHERE patient_id >= 'P25'")
    assert run_analysis(store, spec(name="known", resamples=3)).counts["sites"] == 1


def test_one_start_of_the_clock_is_named_where_events_differ(store: Any) -> None:
    _, target = persons(store)
    outcomes = [
        {"cohort_id": "C", "patient_id": f"P{n:02d}", "endpoint": "PFS", "start_anchor": anchor}
        | {"event": int(value > 0) if anchor == "surgery" else n % 2}
        for n, value in enumerate(target)
        for anchor in ("diagnosis", "surgery")
    ]
    store.add("clinical.outcome", outcomes)
    rule = {"kind": "top_associated", "k": 1, "outcome": "PFS"}
    with pytest.raises(FileError, match="more than one value of the target") as error:
        run_analysis(store, spec(rule=rule))
    assert "start_anchor" in error.value.cure
    run_analysis(store, spec(rule=rule | {"start_anchor": "surgery"}))
    chosen = store.fetch("SELECT feature FROM result.selection_stability WHERE chosen")
    assert chosen == [{"feature": "f0"}]


def test_persons_whom_two_raters_drew_are_not_left_out_without_a_word(store: Any) -> None:
    persons(store)
    ratings = [{"patient_id": "P03", "rater_id": rater, "f0": 1.0} for rater in "AB"]
    store.add_ratings(ratings, ["f0"])
    with pytest.raises(FileError, match="1 persons have regions by several raters at baseline"):
        run_analysis(store, spec(timepoint="baseline"))
    store.con.execute("UPDATE mart.patient_feature SET timepoint_id = 'baseline'")
    store.add("study.setting", [{"name": "reference_rater", "value": "A"}])
    assert run_analysis(store, spec(timepoint="baseline", resamples=3)).counts["persons"] == 40
