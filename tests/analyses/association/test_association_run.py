from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from scipy import stats

from roentgene.analyses.run import run_analysis
from roentgene.schemas.analyses.association import Association
from roentgene.schemas.errors import FileError
from roentgene.schemas.tables import table

N = 20
RANDOM = np.random.default_rng(21)
VALUES = {"f": RANDOM.normal(size=N), "g": RANDOM.normal(size=N)}
GENES = {"EGFR": RANDOM.normal(size=N), "TP53": RANDOM.normal(size=N)}
EXPRESSION = {"block": "expression", "profile": "rna"}


def spec(*targets: dict[str, Any], **changed: Any) -> Association:
    asked = {"analysis": "association", "name": "run", "cohort_id": "C", "timepoint": "baseline"}
    return Association.model_validate(asked | {"targets": targets or (EXPRESSION,)} | changed)


def person(number: int) -> str:
    return f"P{number:02d}"


def feature_rows(values: dict[str, Any], **changed: Any) -> list[dict[str, Any]]:
    place = {"cohort_id": "C", "timepoint_id": "baseline", "sequence": "CT", "region": "GTV"}
    place |= {"profile": "original", "engine": "pyradiomics"}
    return [
        place
        | {"person_id": f"C:{person(i)}", "patient_id": person(i), "feature": feature}
        | {"value": None if np.isnan(value) else float(value)}
        | changed
        for feature, column in values.items()
        for i, value in enumerate(column)
    ]


def add_patients(store: Any, n: int = N) -> None:
    store.add(
        "study.patient",
        [
            {"cohort_id": "C", "patient_id": person(i), "person_id": f"C:{person(i)}"}
            for i in range(n)
        ],
    )


def add_expression(
    store: Any, genes: dict[str, Any] = GENES, suffix: str = "", **sample: Any
) -> None:
    n = len(next(iter(genes.values())))
    store.add(
        "genomic.sample",
        [
            {"cohort_id": "C", "sample_id": f"S{i}{suffix}", "patient_id": person(i)} | sample
            for i in range(n)
        ],
    )
    store.add(
        "genomic.expression",
        [
            {"cohort_id": "C", "sample_id": f"S{i}{suffix}", "hugo_symbol": gene}
            | {"molecular_profile_id": "rna", "value": float(value)}
            for gene, column in genes.items()
            for i, value in enumerate(column)
        ],
    )


def add_study(store: Any) -> None:
    add_patients(store)
    store.add("mart.patient_feature", feature_rows(VALUES))
    add_expression(store)


def association(store: Any, *targets: dict[str, Any], **changed: Any) -> list[dict[str, Any]]:
    report = run_analysis(store, spec(*targets, **changed))
    sql = "SELECT * FROM result.association WHERE analysis_run_id = $id ORDER BY ALL"
    rows = store.arrow(sql, {"id": report.analysis_run_id}).to_pylist()
    assert len(rows) == report.tables["result.association"]
    return rows


def test_expression_equals_scipy_and_is_corrected_over_the_block(store: Any) -> None:
    add_study(store)
    rows = association(store)
    assert [(r["feature"], r["target"]) for r in rows] == [
        (f, f"expression:rna:{g}") for f in ("f", "g") for g in ("EGFR", "TP53")
    ]
    expected = [stats.spearmanr(VALUES[f], GENES[g]) for f in VALUES for g in GENES]
    adjusted = stats.false_discovery_control([e.pvalue for e in expected])
    for row, known, q_value in zip(rows, expected, adjusted, strict=True):
        assert row["estimate"] == pytest.approx(known.statistic, abs=1e-15)
        assert row["p_value"] == pytest.approx(known.pvalue, rel=1e-12)
        assert row["q_value"] == pytest.approx(q_value, rel=1e-12)
        assert (row["n"], row["n_tests"], row["p_method"]) == (N, 4, "t_approximation")
        assert row["family"] == "run|expression:rna|GTV|original"
        assert (row["status"], row["reason"], row["target_block"]) == ("ok", None, "expression")


def test_order_of_rows_means_nothing(store: Any) -> None:
    # trap 9: alignment by key, never by position
    add_study(store)
    first = run_analysis(store, spec())
    for full_name in ("mart.patient_feature", "genomic.expression"):
        store.con.execute(f"CREATE TEMP TABLE kept AS FROM {full_name} ORDER BY hash(value)")
        store.con.execute(f"DELETE FROM {full_name}")
        store.con.execute(f"INSERT INTO {full_name} FROM kept")
        store.con.execute("DROP TABLE kept")
    store.add("ops.batch", [{"batch_id": "again", "cohort_id": "C"}])
    second = run_analysis(store, spec())
    assert second.written
    assert second.fingerprint == first.fingerprint


def test_persons_meet_by_their_name_where_others_are_between_them(store: Any) -> None:
    # trap 9: those with features and those with expression are not the same persons
    add_patients(store)
    store.add("mart.patient_feature", feature_rows({"f": VALUES["f"]}))
    store.con.execute("DELETE FROM mart.patient_feature WHERE person_id = 'C:' || $1", [person(3)])
    add_expression(store, {"EGFR": GENES["EGFR"]})
    store.con.execute("DELETE FROM genomic.expression WHERE sample_id = 'S7'")
    (row,) = association(store)
    both = np.setdiff1d(np.arange(N), [3, 7])
    known = stats.spearmanr(VALUES["f"][both], GENES["EGFR"][both])
    assert row["n"] == N - 2
    assert row["estimate"] == pytest.approx(known.statistic, abs=1e-15)


def test_threads_change_no_digit(store: Any) -> None:
    add_study(store)
    first = run_analysis(store, spec())
    store.con.execute("SET threads = 1")
    store.add("ops.batch", [{"batch_id": "again", "cohort_id": "C"}])
    assert run_analysis(store, spec()).fingerprint == first.fingerprint


def test_families_are_split_by_block_region_and_profile_or_named(store: Any) -> None:
    # trap 18: the number that was tested stands in every row, by family
    add_study(store)
    store.add("mart.patient_feature", feature_rows({"f": VALUES["g"]}, region="RING"))
    store.add("mart.patient_feature", feature_rows({"f": VALUES["g"] ** 2}, profile="standard"))
    store.add("mart.gene_status", [gene_row(i, "MUT" if i % 2 else "WT") for i in range(N)])
    mutation = {"block": "mutation"}
    rows = association(store, EXPRESSION, mutation)
    assert {row["family"]: row["n_tests"] for row in rows} == {
        "run|expression:rna|GTV|original": 4,
        "run|expression:rna|GTV|standard": 2,
        "run|expression:rna|RING|original": 2,
        "run|mutation|GTV|original": 2,
        "run|mutation|GTV|standard": 1,
        "run|mutation|RING|original": 1,
    }
    named = association(store, EXPRESSION, mutation, family="all")
    # in one family the feature of the ring is the same as that of the tumour
    assert {(row["family"], row["n_tests"]) for row in named} == {("all", 9)}


def gene_row(number: int, status: str, gene: str = "IDH1") -> dict[str, Any]:
    return {"cohort_id": "C", "person_id": f"C:{person(number)}", "patient_id": person(number)} | {
        "hugo_symbol": gene,
        "status": status,
    }


def test_mutation_is_one_wild_type_zero_and_not_profiled_missing(store: Any) -> None:
    add_study(store)
    statuses = ["MUT", "WT", "NP", "WT"] * 5
    store.add("mart.gene_status", [gene_row(i, status) for i, status in enumerate(statuses)])
    row = association(store, {"block": "mutation", "genes": ["IDH1"]}, features=["f"])[0]
    known = np.array([s != "NP" for s in statuses])
    mutant = np.array([s == "MUT" for s in statuses])[known]
    expected = stats.spearmanr(VALUES["f"][known], mutant)
    assert (row["n"], row["target"]) == (15, "mutation:IDH1")
    assert row["estimate"] == pytest.approx(expected.statistic, abs=1e-15)


def test_clinical_numbers_of_patient_and_visit(store: Any) -> None:
    add_study(store)
    words = [("age", None, 1.0), ("kps", "baseline", 2.0), ("kps", "later", 3.0)]
    store.add(
        "clinical.variable",
        [
            {"cohort_id": "C", "patient_id": person(i), "timepoint_id": visit, "variable": name}
            | {"value_number": factor * VALUES["f"][i] * (-1 if visit == "later" else 1)}
            | {"value_status": "ok"}
            for i in range(N)
            for name, visit, factor in words
        ],
    )
    rows = association(store, {"block": "clinical"}, features=["f"])
    assert [(r["target"], r["estimate"], r["p_value"]) for r in rows] == [
        ("clinical:age", 1.0, 0.0),
        ("clinical:kps", 1.0, 0.0),
    ]


def test_outcome_takes_the_event_and_leaves_competing_ones_out(store: Any) -> None:
    add_study(store)
    events = [0, 1, 2, 1] * 5
    store.add(
        "clinical.outcome",
        [
            {"cohort_id": "C", "patient_id": person(i), "endpoint": "relapse", "event": event}
            | {"start_anchor": "diagnosis"}
            for i, event in enumerate(events)
        ],
    )
    (row,) = association(store, {"block": "outcome"}, features=["f"])
    known = np.array(events) < 2
    expected = stats.spearmanr(VALUES["f"][known], np.array(events)[known])
    assert (row["n"], row["target"], row["target_block"]) == (15, "outcome:relapse", "outcome")
    assert row["estimate"] == pytest.approx(expected.statistic, abs=1e-15)


def test_underpowered_rows_are_marked_by_the_policy_of_the_spec(store: Any) -> None:
    add_study(store)
    row = association(store)[0]
    assert row["detectable_estimate"] == pytest.approx(0.6041, abs=1e-4)
    assert row["underpowered"]
    assert not association(store, underpowered_above=0.7)[0]["underpowered"]


def test_untested_pairs_are_rows_with_a_reason(store: Any) -> None:
    # traps 3, 4 and 7
    add_patients(store)
    few = np.where(np.arange(N) < 3, VALUES["g"], np.nan)
    features = VALUES | {"constant": np.full(N, 2.0), "f2": VALUES["f"], "few": few}
    store.add("mart.patient_feature", feature_rows(features))
    add_expression(store, GENES | {"FLAT": np.full(N, 1.0)})
    rows = association(store)
    reasons = {(r["feature"], r["target"].split(":")[-1]): r["reason"] for r in rows}
    assert reasons["f", "FLAT"] == "constant_target"
    assert reasons["constant", "EGFR"] == "constant_feature"
    assert reasons["f2", "EGFR"] == "duplicate_feature"
    assert reasons["few", "EGFR"] == "too_few_persons"
    assert reasons["g", "EGFR"] is None
    for row in rows:
        tested = row["reason"] is None
        assert row["status"] == ("ok" if tested else "not_tested")
        for name in ("estimate", "p_value", "q_value", "p_method"):
            assert (row[name] is not None) == tested
        assert row["n_tests"] == 4
    (run,) = store.fetch("SELECT counts FROM ops.analysis_run")
    assert '"duplicate_feature":2' in run["counts"]
    again = association(store, duplicate_features="test")
    assert {row["n_tests"] for row in again} == {6}


def test_several_specimens_of_a_person_are_refused_unless_chosen(store: Any) -> None:
    # traps 6 and 8: one person, one row
    add_study(store)
    add_expression(store, {"EGFR": GENES["EGFR"][:3]}, "n", sample_type="normal")
    store.con.execute("UPDATE genomic.sample SET sample_type = 'primary' WHERE sample_type IS NULL")
    with pytest.raises(FileError, match="3 persons have more than one value of expression:rna"):
        association(store)
    chosen = association(store, EXPRESSION | {"sample_types": ["primary"]})
    assert {row["n"] for row in chosen} == {N}


def rule(store: Any, criterion: str, *words: str | None) -> None:
    common = {"cohort_id": "C", "name": "ours", "step_no": 1, "criterion": criterion}
    places = enumerate(words or (None,), start=1)
    store.add("study.specimen_rule", [common | {"place": n, "word": word} for n, word in places])


def estimates(store: Any, target: dict[str, Any] = EXPRESSION) -> list[float]:
    return [row["estimate"] for row in association(store, target)]


def test_the_specimen_rule_of_the_cohort_says_which_specimen_stands(store: Any) -> None:
    add_study(store)
    alone = estimates(store)
    store.con.execute("UPDATE genomic.sample SET sample_type = 'primary'")
    other = {gene: RANDOM.permutation(values) for gene, values in GENES.items()}
    add_expression(store, other, "b", sample_type="relapse")
    add_expression(store, other, "n", sample_type="Blood Derived Normal")
    rule(store, "sample_type", "primary", "relapse")
    assert estimates(store) == alone
    # what is named is asked for, be it normal tissue
    named = EXPRESSION | {"sample_types": ["Blood Derived Normal"]}
    assert estimates(store, named) == estimates(store, EXPRESSION | {"sample_types": ["relapse"]})
    assert estimates(store, named) != alone


def test_a_rule_that_averages_gives_the_mean_of_the_specimens(store: Any) -> None:
    add_study(store)
    other = {gene: RANDOM.permutation(values) for gene, values in GENES.items()}
    add_expression(store, other, "b")
    rule(store, "mean")
    mean = {gene: (values + other[gene]) / 2 for gene, values in GENES.items()}
    expected = [stats.spearmanr(VALUES[f], mean[g]).statistic for f in VALUES for g in GENES]
    assert estimates(store) == pytest.approx(expected)


def test_a_rule_that_leaves_several_loses_nobody_silently(store: Any) -> None:
    add_study(store)
    add_expression(store, suffix="b")
    rule(store, "earliest")
    with pytest.raises(FileError, match="specimen_rule"):
        run_analysis(store, spec())


def test_two_patients_who_are_one_person_are_refused(store: Any) -> None:
    add_study(store)
    store.add("mart.patient_feature", feature_rows({"f": [1.0]}, patient_id="OTHER"))
    with pytest.raises(FileError, match=r"1 persons have more than one value of features, e\.g\."):
        association(store)


def test_persons_are_joined_by_id_and_the_unmatched_counted(store: Any) -> None:
    add_study(store)
    store.con.execute("DELETE FROM mart.patient_feature WHERE patient_id = 'P00'")
    store.con.execute("DELETE FROM genomic.expression WHERE sample_id IN ('S1', 'S2')")
    report = run_analysis(store, spec())
    assert report.counts["blocks"]["expression:rna"] == {
        "target_rows": 36,
        "persons_with_features": 19,
        "persons_with_targets": 18,
        "persons_with_both": 17,
        "infinite_values_left_out": 0,
        "pairs": 4,
        "tested": 4,
        "kept": 4,
        "too_few_persons": 0,
        "constant_feature": 0,
        "constant_target": 0,
        "duplicate_feature": 0,
        "explained_by_covariates": 0,
    }


def test_nobody_in_common_is_an_error_and_no_empty_success(store: Any) -> None:
    add_study(store)
    store.con.execute("UPDATE mart.patient_feature SET person_id = 'x' || person_id")
    with pytest.raises(FileError, match="of 20 persons with features and 20 with expression:rna"):
        association(store)


@pytest.mark.parametrize(
    ("target", "changed", "message"),
    [
        (EXPRESSION | {"genes": ["EGFRR"]}, {}, "did you mean 'EGFR'"),
        ({"block": "expression", "profile": "rna_tpm"}, {}, "has no values of expression:rna_tpm"),
        (EXPRESSION, {"features": ["f", "h"]}, "features: h has no values here"),
        (EXPRESSION, {"regions": ["GTV", "RNG"]}, "regions: RNG has no values"),
        (EXPRESSION, {"timepoint": "later"}, "no features of cohort C at later"),
    ],
)
def test_what_does_not_exist_is_named(
    store: Any, target: dict[str, Any], changed: dict[str, Any], message: str
) -> None:
    add_study(store)
    with pytest.raises(FileError, match=message):
        association(store, target, **changed)


def test_rows_keep_the_declared_words_and_come_in_pieces(store: Any, monkeypatch: Any) -> None:
    add_study(store)
    store.add("mart.gene_status", [gene_row(i, "MUT" if i % 2 else "WT") for i in range(N)])
    whole = run_analysis(store, spec(EXPRESSION, {"block": "mutation"}))
    monkeypatch.setattr("roentgene.analyses.association.rows._ROWS_AT_ONCE", 1)
    store.add("ops.batch", [{"batch_id": "again", "cohort_id": "C"}])
    pieces = run_analysis(store, spec({"block": "mutation"}, EXPRESSION, name="run"))
    assert pieces.tables == whole.tables
    assert whole.tables == {"result.association": 6, "result.association_family": 2}
    assert pieces.fingerprint == whole.fingerprint
    found: pa.Table = store.arrow("SELECT * FROM result.association", {})
    for column in table("result.association").columns:
        used = set(pc.unique(found[column.name]).to_pylist()) - {None}
        assert not column.values or used <= set(column.values)
        assert not column.required or found[column.name].null_count == 0


@pytest.mark.realdata
def test_sarcoma_shape_and_metastasis_is_underpowered(store: Any, shared_data: Path) -> None:
    outcome = pd.read_csv(next((shared_data / "images" / "sts").glob("outcome*.csv")))
    n = len(outcome)
    add_patients(store, n)
    event = next(c for c in outcome.columns if "metastas" in c.lower())
    store.add("mart.patient_feature", feature_rows({"f": np.arange(n) / n}))
    store.add(
        "clinical.outcome",
        [
            {"cohort_id": "C", "patient_id": person(i), "endpoint": "lung_metastasis"}
            | {"start_anchor": "baseline_scan", "event": int(value)}
            for i, value in enumerate(outcome[event])
        ],
    )
    (row,) = association(store, {"block": "outcome", "endpoints": ["lung_metastasis"]})
    assert (row["n"], row["underpowered"]) == (14, True)
