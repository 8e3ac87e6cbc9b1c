"""Associations of two published studies, from their files to the rows, against reference values."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from roentgene.analyses.run import RunReport, run_analysis
from roentgene.ingest.extract.executors.serial import Serial
from roentgene.ingest.run import run_ingest
from roentgene.schemas.analyses.read import read_analysis
from roentgene.schemas.study import Study
from roentgene.warehouse.opening import create_warehouse, open_warehouse
from roentgene.warehouse.store import Warehouse

# the first test waits for both cohorts
pytestmark = [pytest.mark.realdata, pytest.mark.slow]

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
SPECS = {
    "plgg_cbtn": """
analysis: association
name: features and cell types
cohort_id: PLGG-CBTN
timepoint: baseline
duplicate_features: test
targets: [{block: assay_value, profile: xcell}]
controls: 5
seed: 1
""",
    "imagene_lung44": """
analysis: association
name: features and genes
cohort_id: IMAGENE-LUNG
timepoint: baseline
duplicate_features: test
targets: [{block: expression, profile: rna}]
""",
}


@pytest.fixture(scope="module")
def study(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    folder = tmp_path_factory.mktemp("associations")
    root = create_warehouse(folder / "study", Study(name="associations", publish=False)).root
    for name in SPECS:
        beside = folder / name
        beside.mkdir()
        for file in (shared_data / "cohorts" / name).iterdir():
            (beside / file.name).symlink_to(file)
        # rows in another order than the features: a join by position would be found out
        for file in beside.glob("*gene_expression*.csv"):
            head, *lines = file.read_text(encoding="utf-8").splitlines()
            file.unlink()
            file.write_text("\n".join([head, *reversed(lines)]) + "\n", encoding="utf-8")
        run_ingest(root, Path(shutil.copy(EXAMPLES / f"{name}.yaml", beside / "c.yaml")), Serial())
    with open_warehouse(root, read_only=False) as warehouse:
        yield warehouse


def analyse(study: Warehouse, name: str, folder: Path) -> RunReport:
    spec = folder / "spec.yaml"
    spec.write_text(SPECS[name], encoding="utf-8")
    return run_analysis(study, read_analysis(spec))


def reference(shared_data: Path, name: str) -> list[dict[str, str]]:
    with (shared_data / "reference" / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def stored(study: Warehouse, report: RunReport, where: str) -> list[dict[str, Any]]:
    sql = f"SELECT * FROM mart.association WHERE analysis_run_id = $id AND {where}"
    rows: list[dict[str, Any]] = study.arrow(sql, {"id": report.analysis_run_id}).to_pylist()
    return rows


def test_plgg_features_and_cell_types_give_the_pairs_of_the_reference(
    study: Warehouse, shared_data: Path, tmp_path: Path
) -> None:
    counts = json.loads((shared_data / "reference" / "plgg_expected_counts.json").read_text())
    report = analyse(study, "plgg_cbtn", tmp_path)
    block = report.counts["blocks"]["assay_value:xcell"]
    assert block["persons_with_features"] == counts["n_imaged"]
    assert block["persons_with_both"] == counts["n_joined"]
    assert block["pairs"] == counts["n_pairs"]
    found = stored(study, report, "q_value < 0.05")
    expected = reference(shared_data, "plgg_xcell_spearman_q05.csv")
    assert len(found) == len(expected) == counts["n_pairs_q_lt_05"]
    by_pair = {
        (f"{row['sequence']}_tumor_core_{row['feature']}", row["target"].split(":", 2)[2]): row
        for row in found
    }
    for known in expected:
        row = by_pair[known["feature"], known["cell_type"]]
        assert row["n"] == int(known["n"])
        assert row["n_tests"] == counts["n_pairs"]
        assert row["estimate"] == pytest.approx(float(known["rho"]), rel=1e-9)
        assert row["p_value"] == pytest.approx(float(known["p"]), rel=1e-9)
        assert row["q_value"] == pytest.approx(float(known["q_bh"]), rel=1e-9)


def test_imagene_features_and_genes_give_the_counts_of_the_reference(
    study: Warehouse, shared_data: Path, tmp_path: Path
) -> None:
    counts = json.loads((shared_data / "reference" / "imagene_lung44_expected.json").read_text())
    report = analyse(study, "imagene_lung44", tmp_path)
    block = report.counts["blocks"]["expression:rna"]
    assert block["persons_with_both"] == counts["n_patients"]
    assert block["tested"] == counts["m_tested"]
    assert block["constant_feature"] == counts["n_features_constant"] * counts["n_genes"]
    # only the tail is stored, with the q of all tests
    assert report.tables["result.association"] == block["kept"] == counts["n_p_lt_05"]
    found = stored(study, report, "q_value < 0.05")
    assert len(found) == counts["n_q_lt_05"]
    names = study.rows("SELECT given, hugo_symbol FROM genomic.gene_name")
    approved = {given: symbol for given, symbol in names if symbol is not None}
    # features that an older engine may have meant otherwise say so behind their name
    by_pair = {
        (row["feature"].partition("@")[0], row["target"].split(":", 2)[2]): row for row in found
    }
    best = max(found, key=lambda row: abs(row["estimate"]))
    assert best["estimate"] == pytest.approx(counts["max_abs_rho"], rel=1e-12)
    for known in reference(shared_data, "imagene_lung44_top200_pairs.csv"):
        row = by_pair[known["feature"], approved[known["gene"]]]
        assert row["n_tests"] == counts["m_tested"]
        assert row["estimate"] == pytest.approx(float(known["rho"]), rel=1e-9)
        assert row["p_value"] == pytest.approx(float(known["p"]), rel=1e-9)
        assert row["q_value"] == pytest.approx(float(known["q_bh"]), rel=1e-9)
