"""Enrichment and pathway runs from the spec to the rows."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from roentgene.analyses.gene_sets import library
from roentgene.schemas.errors import FileError, MissingExtraError

RANDOM = np.random.default_rng(2)
N = 24
FEATURE = RANDOM.normal(size=N)
EXPRESSION = {f"G{i:02d}": RANDOM.normal(size=N) for i in range(60)}
for _gene in ("G00", "G01", "G02", "G03", "G04", "G05"):
    EXPRESSION[_gene] = FEATURE + 0.3 * RANDOM.normal(size=N)
SETS = {
    "RISING": ["G00", "G01", "G02", "G03", "G04", "G05", "ABSENT"],
    "OTHER": [f"G{i:02d}" for i in range(20, 32)],
    "SMALL": ["G40", "G41"],
}


def extras(test: Any) -> Any:
    """Mark a test that calls GSEApy."""
    absent = find_spec("gseapy") is None
    return pytest.mark.extras(pytest.mark.skipif(absent, reason="GSEApy is not installed")(test))


def filled(study: Any) -> Any:
    study.persons(N)
    study.features({"f": FEATURE})
    study.expression(EXPRESSION)
    study.gene_sets(SETS)
    return study


def test_the_set_whose_genes_rise_with_the_feature_is_found(study: Any) -> None:
    rows, report = filled(study).enrich()
    by_set = {row["gene_set"]: row for row in rows}
    assert set(by_set) == {"RISING", "OTHER"}
    found, other = by_set["RISING"], by_set["OTHER"]
    assert (found["n"], found["n_ranked_genes"], found["n_genes"]) == (N, 60, 6)
    assert found["es"] > 0.9
    assert found["nes"] > 1.5
    assert found["p_value"] < 0.03
    assert found["q_value"] < 0.05 < other["q_value"]
    assert sorted(json.loads(found["leading_edge"])) == [f"G0{i}" for i in range(6)]
    assert (found["collection"], found["version"], found["permute"]) == ("made", "1", "persons")
    assert (found["status"], found["reason"]) == ("ok", None)
    assert report.counts["gene_sets"] == 3


def test_genes_with_missing_infinite_or_constant_values_are_left_out_and_counted(
    study: Any,
) -> None:
    filled(study)
    hole, infinite = RANDOM.normal(size=(2, N))
    hole[3], infinite[4] = np.nan, np.inf
    study.expression({"HOLE": hole, "INFINITE": infinite, "FLAT": np.ones(N)})
    rows, report = study.enrich()
    assert rows[0]["n_ranked_genes"] == 60
    assert report.counts["genes_with_missing_or_infinite_values_left_out"] == 2


def test_a_signature_is_a_weighted_sum_of_scaled_features(study: Any) -> None:
    filled(study)
    study.features({"g": 1e6 * RANDOM.normal(size=N)})
    rows, _ = study.enrich(signature={"name": "s", "weights": {"f": 2.0, "g": 0}})
    alone, _ = study.enrich()
    assert {row["feature"] for row in rows} == {"s"}
    assert [row["es"] for row in rows] == [row["es"] for row in alone]
    with pytest.raises(FileError, match="did you mean 'f'"):
        study.enrich(signature={"name": "s", "weights": {"ff": 1.0, "g": 1.0}})


def test_what_cannot_rank_genes_is_a_row_with_a_reason(study: Any) -> None:
    filled(study)
    few = np.where(np.arange(N) < 9, FEATURE, np.nan)
    study.features({"flat": np.full(N, 0.3), "few": few})
    rows, _ = study.enrich(features=["f", "few", "flat"])
    reasons = {row["feature"]: row["reason"] for row in rows}
    assert reasons == {"f": None, "few": "too_few_persons", "flat": "constant_feature"}
    for row in rows:
        assert (row["status"] == "ok") == (row["reason"] is None) == (row["es"] is not None)


def test_the_version_must_be_settled_and_is_in_every_row(study: Any) -> None:
    filled(study)
    study.gene_sets({"RISING": [f"G{i:02d}" for i in range(40, 50)]}, version="2")
    with pytest.raises(FileError, match="versions 1, 2 of made"):
        study.enrich()
    choice = {"collection": "made", "version": "2", "min_size": 5}
    rows, _ = study.enrich(gene_sets=choice)
    assert [(row["gene_set"], row["version"], row["n_genes"]) for row in rows] == [
        ("RISING", "2", 10)
    ]
    with pytest.raises(FileError, match="no gene set of other"):
        study.enrich(gene_sets={"collection": "other"})
    with pytest.raises(FileError, match="did you mean 'RISING'"):
        study.enrich(gene_sets=choice | {"names": ["RISIN"]})
    with pytest.raises(FileError, match="the largest has 10"):
        study.enrich(gene_sets=choice | {"min_size": 15})


def test_several_specimens_of_a_person_are_refused(study: Any) -> None:
    filled(study)
    study.store.add(
        "genomic.sample", [{"cohort_id": "C", "sample_id": "again", "patient_id": "P000"}]
    )
    row = {"cohort_id": "C", "sample_id": "again", "hugo_symbol": "G00", "value": 1.0}
    study.store.add("genomic.expression", [row | {"molecular_profile_id": "rna"}])
    with pytest.raises(FileError, match="more than one value of expression rna"):
        study.enrich()


def test_order_of_rows_and_threads_change_no_digit(study: Any) -> None:
    # trap 9: alignment is by key
    filled(study)
    _, first = study.enrich()
    for full_name in ("mart.patient_feature", "genomic.expression", "vocab.gene_set"):
        study.store.con.execute(f"CREATE TEMP TABLE kept AS FROM {full_name} x ORDER BY hash(x)")
        study.store.con.execute(f"DELETE FROM {full_name}")
        study.store.con.execute(f"INSERT INTO {full_name} FROM kept")
        study.store.con.execute("DROP TABLE kept")
    study.store.con.execute("SET threads = 1")
    study.store.add("ops.batch", [{"batch_id": "again", "cohort_id": "C"}])
    _, second = study.enrich()
    assert second.written
    assert second.fingerprint == first.fingerprint


def add_association(study: Any, genes: dict[str, float | None], feature: str = "f") -> None:
    run = {"analysis_run_id": "r", "analysis": "association", "name": "all", "current": True}
    if not study.store.fetch("SELECT 1 AS one FROM ops.analysis_run"):
        study.store.add("ops.analysis_run", [run])
    place = {"cohort_id": "C", "timepoint_id": "baseline", "sequence": "CT", "region": "GTV"}
    place |= {"profile": "original", "feature": feature, "analysis_run_id": "r"}
    place |= {"predictor": "feature", "method": "spearman", "n_covariates": 0}
    rows = [
        place | {"target": f"expression:rna:{gene}", "estimate": value, "p_value": 0.5}
        for gene, value in genes.items()
    ]
    study.store.add("result.association", rows)


def test_an_association_that_stored_a_part_of_the_genes_is_no_ranking(
    study: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(library, "version", lambda name: "1")
    filled(study)
    add_association(study, {"G00": 0.9, "G01": 0.8})
    with pytest.raises(FileError, match="stored 2 of 60 genes"):
        study.enrich(association="all", permute="genes")


@extras
def test_an_association_of_all_genes_gives_the_scores_of_its_correlations(study: Any) -> None:
    from scipy import stats

    filled(study)
    rho = {gene: float(stats.spearmanr(FEATURE, v).statistic) for gene, v in EXPRESSION.items()}
    add_association(study, rho)
    add_association(study, dict.fromkeys(rho), feature="f2")
    stored, _ = study.enrich(association="all", permute="genes", features=["f", "f2"])
    untested = [row for row in stored if row["feature"] == "f2"]
    assert {row["reason"] for row in untested} == {"no_correlations"}
    stored = [row for row in stored if row["feature"] == "f"]
    computed, report = study.enrich(permute="genes")
    persons, _ = study.enrich(permute="persons")
    assert [row["n"] for row in stored] == [None, None]
    for one, other, third in zip(stored, computed, persons, strict=True):
        assert one["gene_set"] == other["gene_set"] == third["gene_set"]
        assert one["es"] == pytest.approx(other["es"], abs=1e-12)
        assert other["es"] == pytest.approx(third["es"], abs=1e-12)
        assert other["leading_edge"] == third["leading_edge"]
    (versions,) = study.store.fetch(
        f"SELECT library_versions FROM ops.analysis_run WHERE analysis_run_id = "
        f"'{report.analysis_run_id}'"
    )
    assert "gseapy" in json.loads(versions["library_versions"])


def test_without_the_library_genes_are_not_permuted(study: Any, monkeypatch: Any) -> None:
    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(library, "version", absent)
    for run in (lambda: study.enrich(permute="genes"), study.score):
        with pytest.raises(MissingExtraError, match="gseapy is not installed") as caught:
            run()
        assert "roentgene[gene-sets]" in caught.value.cure


@extras
def test_ssgsea_is_the_sum_of_the_running_difference_of_ranks(study: Any) -> None:
    rows, report = filled(study).score()
    genes = sorted(EXPRESSION)
    matrix = np.array([EXPRESSION[gene] for gene in genes])
    measured = {"RISING": SETS["RISING"][:6], "OTHER": SETS["OTHER"]}
    assert report.tables == {"result.gene_set_score": N * 2}
    found = {(row["person_id"], row["gene_set"]): row for row in rows}
    for person in range(N):
        order = np.argsort(-matrix[:, person])
        ranks = 10_000 * np.arange(len(genes), 0, -1) / len(genes)
        for name, members in measured.items():
            hit = np.isin(np.array(genes)[order], members)
            inside = np.cumsum(np.where(hit, ranks**0.25, 0)) / (ranks[hit] ** 0.25).sum()
            expected = (inside - np.cumsum(~hit) / (~hit).sum()).sum()
            row = found[f"C:P{person:03d}", name]
            assert row["score"] == pytest.approx(expected, abs=1e-10)
            assert (row["n_genes"], row["version"]) == (len(members), "1")


@extras
def test_gsva_rises_with_the_genes_of_the_set(study: Any) -> None:
    rows, _ = filled(study).score(method="gsva", kernel="gaussian")
    rising = {row["person_id"]: row["score"] for row in rows if row["gene_set"] == "RISING"}
    scores = [rising[f"C:P{i:03d}"] for i in range(N)]
    assert np.corrcoef(scores, FEATURE)[0, 1] > 0.8
    assert {row["method"] for row in rows} == {"gsva"}


def test_specs_that_contradict_themselves_are_refused(study: Any) -> None:
    with pytest.raises(ValidationError, match="say 'permute: genes'"):
        study.enrich(association="all")
    with pytest.raises(ValidationError, match="leave 'features' out"):
        study.enrich(features=["f"], signature={"name": "s", "weights": {"f": 1}})
    with pytest.raises(ValidationError, match="'kernel' says nothing to ssgsea"):
        study.score(kernel="poisson")
