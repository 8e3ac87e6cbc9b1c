"""Hallmark sets in real expression, ranked by real features."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.realdata

FOLDER = "cohorts/imagene_lung44"


def table(path: Path) -> dict[str, list[str]]:
    with path.open(encoding="utf-8") as lines:
        rows = list(csv.reader(lines))
    columns = zip(*rows[1:], strict=True)
    return {name: list(column) for name, column in zip(rows[0], columns, strict=True)}


def test_hallmarks_of_a_feature_of_44_lung_tumours(study: Any, shared_data: Path) -> None:
    with (shared_data / "reference" / "imagene_lung44_top200_pairs.csv").open() as lines:
        pairs = list(csv.DictReader(lines))
    feature = pairs[0]["feature"]
    features = table(shared_data / FOLDER / "Lung_radiomic_features_new_cohort_n44.csv")
    genes = table(shared_data / FOLDER / "Lung_gene_expression_new_cohort_n44.csv")
    assert features["ID"] == genes["ID"]
    study.persons(len(genes.pop("ID")))
    study.features({feature: [float(value) for value in features[feature]]})
    study.expression({gene: [float(v) for v in column] for gene, column in genes.items()})
    text = (shared_data / "genomic/gene_sets/h.all.v7.0.symbols.gmt").read_text(encoding="utf-8")
    hallmark = {line.split("\t")[0]: line.split("\t")[2:] for line in text.splitlines()}
    study.gene_sets(hallmark, version="7.0")
    choice = {"collection": "made", "version": "7.0"}
    rows, report = study.enrich(features=[feature], gene_sets=choice, permutations=100)
    measured = {name: len(set(members) & set(genes)) for name, members in hallmark.items()}
    kept = {name: size for name, size in measured.items() if 15 <= size <= 500}
    assert {row["gene_set"]: row["n_genes"] for row in rows} == kept
    assert len(kept) < report.counts["gene_sets"] == 50
    strongest = max(rows, key=lambda row: abs(row["nes"]))
    assert set(json.loads(strongest["leading_edge"])) <= set(hallmark[strongest["gene_set"]])
    assert all(1 / 101 <= row["p_value"] <= 1 for row in rows)
    assert np.isfinite([row["q_value"] for row in rows]).all()
