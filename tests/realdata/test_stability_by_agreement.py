"""Seven raters of one glioma: features differ the more, the less their masks agree."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from scipy import stats

from roentgene.warehouse.store import Warehouse

pytestmark = pytest.mark.realdata

FEATURE = "original_shape_SurfaceArea"
REGION = "WT"


def rows(warehouse: Warehouse, sql: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = warehouse.arrow(sql).to_pylist()
    return found


def test_the_correlation_is_that_of_scipy_on_the_stored_values(real_warehouse: Warehouse) -> None:
    values = {
        row["rater_id"]: row["value"]
        for row in rows(
            real_warehouse,
            f"""
            SELECT rater_id, value FROM imaging.radiomic_feature
            WHERE cohort_id = 'TCGA-LGG' AND region = '{REGION}' AND feature = '{FEATURE}'
            """,
        )
    }
    agreement = {
        (row["rater_a"], row["rater_b"]): row
        for row in rows(
            real_warehouse,
            f"""
            SELECT rater_a, rater_b, dice, hd95_mm FROM mart.segmentation_agreement
            WHERE cohort_id = 'TCGA-LGG' AND region = '{REGION}'
            """,
        )
    }
    assert len(values) == 7
    pairs = list(combinations(sorted(values), 2))
    differences = [2 * abs(values[b] - values[a]) / (values[a] + values[b]) for a, b in pairs]
    dices = [agreement[pair]["dice"] for pair in pairs]
    (found,) = rows(
        real_warehouse,
        f"""
        SELECT * FROM mart.stability_by_agreement
        WHERE cohort_id = 'TCGA-LGG' AND region = '{REGION}' AND feature = '{FEATURE}'
        """,
    )
    # one patient has no ICC, and the run says so
    assert (found["n_pairs"], found["n_persons"], found["icc"]) == (21, 1, None)
    assert found["icc_status"] == "not_computed"
    assert found["dice_mean"] == pytest.approx(np.mean(dices))
    assert found["difference_relative_mean"] == pytest.approx(np.mean(differences))
    expected = stats.spearmanr(differences, dices).statistic
    assert found["spearman_dice"] == pytest.approx(expected, abs=1e-12)


def test_most_features_fall_with_the_agreement(real_warehouse: Warehouse) -> None:
    found = rows(
        real_warehouse,
        """
        SELECT region, feature, spearman_dice, n_pairs FROM mart.stability_by_agreement
        WHERE cohort_id = 'TCGA-LGG' AND region IN ('ED', 'WT')
        """,
    )
    assert {row["n_pairs"] for row in found} == {21}
    known = [row["spearman_dice"] for row in found if row["spearman_dice"] is not None]
    assert np.median(known) < 0


def test_the_volume_difference_is_that_of_the_counted_voxels(real_warehouse: Warehouse) -> None:
    found = rows(
        real_warehouse,
        """
        SELECT rater_a, rater_b, volume_difference_relative AS relative,
          volume_difference_mm3, a.voxel_count AS n_a, b.voxel_count AS n_b
        FROM mart.segmentation_agreement AS agreement
        JOIN imaging.segmentation AS a ON a.segmentation_id = agreement.segmentation_id_a
        JOIN imaging.segmentation AS b ON b.segmentation_id = agreement.segmentation_id_b
        WHERE agreement.cohort_id = 'TCGA-LGG'
        """,
    )
    assert len(found) == 5 * 21
    for row in found:
        together = row["n_a"] + row["n_b"]
        if together == 0:
            assert row["relative"] is None
            continue
        # the voxels of this scan are cubic millimetres
        assert row["volume_difference_mm3"] == pytest.approx(row["n_a"] - row["n_b"])
        assert row["relative"] == pytest.approx(2 * (row["n_a"] - row["n_b"]) / together)
