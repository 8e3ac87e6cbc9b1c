"""The main job on real patients: what comes out of SQL is what was published or counted."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from roentgene.ingest.extract.executors.local_pool import LocalPool
from roentgene.ingest.run import run_ingest
from roentgene.warehouse.opening import open_warehouse
from roentgene.warehouse.sandbox import run_sandboxed
from roentgene.warehouse.store import Warehouse

pytestmark = pytest.mark.realdata

RATERS = 7
SEQUENCES = 4
REGIONS = ("NCR", "ED", "ET", "TC", "WT")
PARTS = {"NCR": (1,), "ED": (2,), "ET": (4,), "TC": (1, 4), "WT": (1, 2, 4)}


def reference(data: Path, name: str) -> list[dict[str, str]]:
    with (data / "reference" / name).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def rows(warehouse: Warehouse, sql: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = warehouse.arrow(sql).to_pylist()
    return found


def test_every_tumour_of_the_sarcoma_cohort_has_its_published_volume(
    real_warehouse: Warehouse, shared_data: Path
) -> None:
    found = rows(
        real_warehouse,
        """
        SELECT segmentation.patient_id, sequence, voxel_count, volume_mm3
        FROM imaging.segmentation
        JOIN imaging.series ON series.series_id = segmentation.reference_series_id
        WHERE segmentation.cohort_id = 'STS' AND region = 'GTV'
        """,
    )
    volumes = {(r["patient_id"], r["sequence"]): r for r in found}
    expected = reference(shared_data, "sts_dev14_expected.csv")
    assert len(volumes) == len(found) == len(expected) == 42
    for row in expected:
        got = volumes[row["patient_id"], row["modality"]]
        assert got["voxel_count"] == int(row["mask_voxels"])
        assert got["volume_mm3"] / 1000 == pytest.approx(float(row["volume_ml"]), rel=1e-9)


def test_grey_values_of_the_sarcoma_cohort_are_those_of_simpleitk(
    real_warehouse: Warehouse, shared_data: Path
) -> None:
    found = rows(
        real_warehouse,
        """
        PIVOT (
          SELECT patient_id, sequence, feature, value
          FROM imaging.radiomic_feature
          WHERE cohort_id = 'STS'
        )
        ON feature IN ('original_firstorder_Mean', 'original_firstorder_Maximum')
        USING any_value(value)
        """,
    )
    got = {(r["patient_id"], r["sequence"]): r for r in found}
    for row in reference(shared_data, "sts_dev14_expected.csv"):
        values = got[row["patient_id"], row["modality"]]
        assert values["original_firstorder_Mean"] == pytest.approx(float(row["roi_mean"]), rel=1e-6)
        assert values["original_firstorder_Maximum"] == pytest.approx(
            float(row["roi_max"]), rel=1e-6
        )


def test_coverage_counts_against_what_the_cohort_file_expects(real_warehouse: Warehouse) -> None:
    found = rows(
        real_warehouse,
        """
        SELECT block, status, count(*) AS n
        FROM mart.coverage
        WHERE cohort_id = 'STS' AND expected
        GROUP BY ALL
        """,
    )
    assert {(r["block"], r["status"]): r["n"] for r in found} == {
        ("imaging", "present"): 42,
        ("clinical", "present"): 14,
    }


def test_sphericity_against_metastasis_is_flagged_as_underpowered(
    real_warehouse: Warehouse, shared_data: Path
) -> None:
    from scipy import stats

    found = rows(real_warehouse, "SELECT * FROM mart.association WHERE cohort_id = 'STS'")
    assert {r["sequence"] for r in found} == {"CT", "PET", "MR_T1"}
    with (shared_data / "images/sts/outcome_dev14.csv").open(encoding="utf-8") as stream:
        metastasis = {
            row["patient_id"]: float(row["lung_metastasis"]) for row in csv.DictReader(stream)
        }
    for row in found:
        values = real_warehouse.arrow(
            """
            SELECT patient_id, value FROM mart.patient_feature
            WHERE cohort_id = 'STS' AND feature = $feature AND sequence = $sequence
            """,
            {"feature": row["feature"], "sequence": row["sequence"]},
        ).to_pylist()
        peer = stats.spearmanr(
            [r["value"] for r in values], [metastasis[r["patient_id"]] for r in values]
        )
        assert row["n"] == len(values) == 14
        assert row["estimate"] == pytest.approx(peer.statistic, abs=1e-12)
        assert row["p_value"] == pytest.approx(peer.pvalue, abs=1e-12)
        assert row["underpowered"] is True


def test_every_region_of_every_rater_is_there_or_says_why_not(
    real_warehouse: Warehouse, shared_data: Path
) -> None:
    found = rows(
        real_warehouse,
        """
        SELECT rater_id, region, segmentation.voxel_count, source_hash,
          list(DISTINCT status) AS statuses, count(*) AS n_series
        FROM imaging.measurement
        JOIN imaging.segmentation USING (segmentation_id)
        WHERE measurement.cohort_id = 'TCGA-LGG'
        GROUP BY ALL
        """,
    )
    got = {(r["rater_id"], r["region"]): r for r in found}
    assert len(found) == RATERS * len(REGIONS)
    for row in reference(shared_data, "brats_tcga_du_7294_labels.csv"):
        rater = Path(row["mask"]).name.removesuffix(".nii.gz")
        for region, labels in PARTS.items():
            n_voxels = sum(int(row[f"label_{label}_voxels"]) for label in labels)
            drawn = got[rater, region]
            assert drawn["voxel_count"] == n_voxels
            assert drawn["statuses"] == ["ok" if n_voxels else "label_absent"]
            assert drawn["n_series"] == SEQUENCES
    # the two fusions are one file under two names, and stay two raters
    assert got["mav", "WT"]["source_hash"] == got["simple", "WT"]["source_hash"]


def test_raters_are_compared_region_by_region(real_warehouse: Warehouse) -> None:
    variation = rows(
        real_warehouse,
        """
        SELECT region, n_raters, cv FROM mart.rater_variation
        WHERE cohort_id = 'TCGA-LGG' AND feature = 'original_shape_MeshVolume'
        """,
    )
    assert {r["region"]: r["n_raters"] for r in variation} == {
        "NCR": 7, "ED": 7, "ET": 2, "TC": 7, "WT": 7,
    }  # fmt: skip
    assert all(0 < r["cv"] < 0.2 for r in variation)
    agreement = rows(
        real_warehouse,
        """
        SELECT region, rater_a, rater_b, dice, status FROM mart.segmentation_agreement
        WHERE cohort_id = 'TCGA-LGG'
        """,
    )
    assert len(agreement) == len(REGIONS) * RATERS * (RATERS - 1) // 2
    same = {r["region"]: r for r in agreement if (r["rater_a"], r["rater_b"]) == ("mav", "simple")}
    assert {region: same[region]["dice"] for region in ("NCR", "ED", "TC", "WT")} == {
        "NCR": 1, "ED": 1, "TC": 1, "WT": 1,
    }  # fmt: skip
    assert (same["ET"]["dice"], same["ET"]["status"]) == (None, "both_empty")


def test_one_patient_has_no_icc(real_warehouse: Warehouse) -> None:
    found = rows(
        real_warehouse,
        """
        SELECT DISTINCT region, n_targets, icc, status, reason FROM mart.feature_stability
        WHERE cohort_id = 'TCGA-LGG'
        """,
    )
    assert {r["region"] for r in found} == set(REGIONS)
    assert {(r["icc"], r["status"], r["reason"]) for r in found} == {
        (None, "not_computed", "too_few_targets")
    }


def test_the_glioma_patient_is_idh1_mutant_beside_the_tumour_volume(
    real_warehouse: Warehouse, shared_data: Path
) -> None:
    found = rows(
        real_warehouse,
        """
        SELECT status, hgvsp_short, rater_id, volume_mm3
        FROM mart.gene_status
        JOIN imaging.segmentation USING (cohort_id, patient_id)
        WHERE hugo_symbol = 'IDH1' AND region = 'WT' AND cohort_id = 'TCGA-LGG'
        """,
    )
    assert {(r["status"], r["hgvsp_short"]) for r in found} == {("MUT", "p.R132H")}
    voxels = {
        Path(row["mask"]).name.removesuffix(".nii.gz"): sum(
            int(row[f"label_{label}_voxels"]) for label in PARTS["WT"]
        )
        for row in reference(shared_data, "brats_tcga_du_7294_labels.csv")
    }
    # the voxels of this scan are cubic millimetres
    assert {r["rater_id"]: r["volume_mm3"] for r in found} == voxels


@pytest.mark.parametrize(
    ("form", "columns"), [("ICC(1,1)", "icc11"), ("ICC(A,1)", "icc21"), ("ICC(C,1)", "icc31")]
)
def test_reader_agreement_equals_the_reference(
    real_warehouse: Warehouse, shared_data: Path, form: str, columns: str
) -> None:
    got = {
        r["feature"]: r
        for r in real_warehouse.arrow(
            "SELECT * FROM mart.feature_stability WHERE cohort_id = 'LIDC' AND icc_form = $form",
            {"form": form},
        ).to_pylist()
    }
    expected = reference(shared_data, "lidc_dev_icc_4_readers.csv")
    assert set(got) == {row["rating"] for row in expected}
    for row in expected:
        found = got[row["rating"]]
        assert (found["n_targets"], found["n_raters"]) == (436, 4)
        assert found["icc"] == pytest.approx(float(row[columns]), abs=1e-12)
        assert found["ci95_low"] == pytest.approx(float(row[f"{columns}_lo"]), abs=1e-9)
        assert found["ci95_high"] == pytest.approx(float(row[f"{columns}_hi"]), abs=1e-9)


@pytest.mark.parametrize("name", ["sarcoma", "glioma", "readers"])
def test_a_second_run_commits_nothing(real_study: Any, name: str) -> None:
    with open_warehouse(real_study.folder) as before:
        snapshot = before.snapshot_id
    again = run_ingest(real_study.folder, real_study.cohorts[name], LocalPool(2))
    assert (again.batch_id, again.rows, again.new_refusals) == (None, {}, ())
    with open_warehouse(real_study.folder) as after:
        assert after.snapshot_id == snapshot


def test_nothing_of_the_real_cohorts_is_refused(real_study: Any) -> None:
    assert [r.line() for report in real_study.ingests.values() for r in report.new_refusals] == []


def test_the_analysts_file_answers_the_same(real_study: Any, real_warehouse: Warehouse) -> None:
    question = "SELECT * FROM mart.coverage ORDER BY ALL"
    file = real_warehouse.layout.published
    answer = run_sandboxed(file, question, real_warehouse.study.limits)
    assert answer.table.to_pylist() == rows(real_warehouse, question)
