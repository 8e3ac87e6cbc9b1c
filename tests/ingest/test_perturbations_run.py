"""Perturbations from the cohort file to the catalogue: measured, traced, seen by nobody else."""

from __future__ import annotations

import shutil
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from roentgene.ingest.extract.executors.local_pool import LocalPool
from roentgene.ingest.planning.plan import make_plan
from roentgene.schemas.errors import FileError
from roentgene.warehouse.opening import open_warehouse

PERTURBED = {
    "of": ["GTV"],
    "repeats": 3,
    "seed": 7,
    "rotate_degrees": [-10, 10],
    "volume_fraction": [0.1, 0.3],
}
SEGMENTATIONS = """
    SELECT patient_id, rater_id, repeat_no, derivation, voxel_count
    FROM imaging.segmentation WHERE region = 'GTV' ORDER BY ALL
"""
VALUES = """
    SELECT segmentation.patient_id, segmentation.repeat_no, feature.feature, feature_value.value
    FROM imaging.feature_value
    JOIN imaging.measurement USING (measurement_id)
    JOIN imaging.segmentation USING (segmentation_id)
    JOIN vocab.feature USING (feature_id)
    WHERE measurement.current ORDER BY ALL
"""
VIEWS = """
    SELECT table_schema, table_name FROM information_schema.tables
    WHERE table_type = 'VIEW' AND table_schema IN ('mart', 'imaging', 'idc') ORDER BY ALL
"""
#: What is made to see them.
SEES_THEM = {"rating", "icc", "feature_stability", "stable_feature"}


def planned(delivery: Any) -> Any:
    delivery.cohort_file.write_text(yaml.safe_dump(delivery.cohort), encoding="utf-8")
    with open_warehouse(delivery.warehouse) as warehouse:
        return make_plan(warehouse, delivery.cohort_file)


@pytest.fixture
def perturbed(delivery: Any) -> Any:
    delivery.cohort["perturbations"] = PERTURBED
    return delivery


def test_perturbations_are_repeats_of_the_drawn_mask_that_say_what_was_done(perturbed: Any) -> None:
    plan = planned(perturbed)
    assert (plan.imaging.n_new, plan.imaging.n_perturbed) == (8, 6)
    assert plan.imaging.regions == {"GTV": "label 1"}
    perturbed.ingest()
    rows = perturbed.rows(SEGMENTATIONS)
    assert [row[:3] for row in rows] == [
        (patient, "1", repeat) for patient in ("P1", "P2") for repeat in (1, 1001, 1002, 1003)
    ]
    for _, _, repeat_no, derivation, voxel_count in rows:
        if repeat_no == 1:
            assert (derivation, voxel_count) == ("label 1", 125)
            continue
        assert derivation.startswith("perturbation: noise")
        assert derivation.endswith("of label 1")
        assert "rotated by" in derivation
        assert "seed" in derivation
        assert voxel_count > 0
    assert len({row[3] for row in rows}) == 7, "each repeat of each patient draws for itself"
    # the drawn region is said to be what it was, in spite of what was made of it
    sql = "SELECT derivation FROM vocab.region WHERE region = 'GTV'"
    assert perturbed.rows(sql) == [("drawn",)]
    values: dict[tuple[str, str], list[float]] = {}
    for patient, _, feature, value in perturbed.rows(VALUES):
        values.setdefault((patient, feature), []).append(value)
    for feature in ("original_firstorder_Mean", "original_shape_MeshVolume"):
        assert len(values["P1", feature]) == 4
        assert len(set(values["P1", feature])) == 4


def test_a_second_ingest_does_nothing_and_more_repeats_do_only_these(perturbed: Any) -> None:
    perturbed.ingest()
    before, snapshot = perturbed.rows(VALUES), perturbed.snapshot()
    assert perturbed.ingest().batch_id is None
    assert perturbed.snapshot() == snapshot
    perturbed.cohort["perturbations"] = PERTURBED | {"repeats": 4}
    plan = planned(perturbed)
    assert (plan.imaging.n_new, plan.imaging.n_changed, plan.imaging.n_perturbed) == (2, 0, 2)
    perturbed.ingest()
    after = perturbed.rows(VALUES)
    assert [row for row in after if row[1] != 1004] == before
    perturbed.cohort["perturbations"] = PERTURBED | {"repeats": 4, "seed": 8}
    plan = planned(perturbed)
    assert (plan.imaging.n_new, plan.imaging.n_changed, plan.imaging.n_perturbed) == (0, 8, 8)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_values_in_other_processes(
    perturbed: Any, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(perturbed.warehouse, elsewhere)
    perturbed.ingest()
    here = perturbed.rows(VALUES)
    perturbed.warehouse = elsewhere
    perturbed.ingest(LocalPool(2))
    assert perturbed.rows(VALUES) == here


def test_no_view_but_those_of_stability_changes(delivery: Any) -> None:
    """Neither a coverage, a delta, an agreement nor a release counts what was made of a mask."""
    delivery.cohort["timepoints"] = {
        "baseline": {"order": 0, "day": 0},
        "week_6": {"order": 1, "day": 42},
    }
    for seed, (patient, visit) in enumerate(product(("P1", "P2"), ("baseline", "week_6"))):
        delivery.write_image(f"{patient}-{visit}", seed=seed)
        for first, rater in enumerate("ab"):
            delivery.write_mask(f"{patient}-{visit}-{rater}", first=4 + first)
    (source,) = delivery.cohort["images"]
    source |= {
        "pattern": "images/{patient_id}-{timepoint}.nii.gz",
        "mask": "masks/{patient_id}-{timepoint}-{rater_id}.nii.gz",
    }
    del source["timepoint"]
    delivery.cohort["expect"] = {"timepoints": ["baseline"], "regions": ["GTV"]}
    delivery.ingest()
    views = [view for view in delivery.rows(VIEWS) if view[1] not in SEES_THEM]
    assert ("mart", "coverage") in views
    assert ("imaging", "radiomic_feature") in views
    before = contents(delivery, views)
    delivery.cohort["perturbations"] = PERTURBED | {"repeats": 2}
    delivery.ingest()
    count = "SELECT count(*) FROM imaging.segmentation WHERE repeat_no > 1000"
    assert delivery.rows(count) == [(8 * 2,)]
    after = contents(delivery, views)
    assert [view for view in views if before[view] != after[view]] == []
    filled = {name for (_, name), rows in before.items() if rows}
    assert filled >= {
        "coverage",
        "radiomic_feature",
        "quantitative_measurements",
        "measurement_pair",
        "delta_pair",
        "delta_radiomics",
        "delta_trajectory",
        "segmentation_agreement",
        "feature_agreement",
        "rater_variation",
        "size_course",
    }


def contents(delivery: Any, views: list[tuple[str, str]]) -> dict[tuple[str, str], Counter[str]]:
    with open_warehouse(delivery.warehouse) as warehouse:
        return {
            (schema, name): Counter(map(repr, warehouse.rows(f'SELECT * FROM {schema}."{name}"')))
            for schema, name in views
        }


def test_what_cannot_be_perturbed_is_refused_alone(perturbed: Any) -> None:
    # a region in the corner of its image leaves it when it is rotated
    voxels = np.zeros((14, 14, 14), dtype=np.uint8)
    voxels[4:9, 0:7, 0:7] = 1
    perturbed._write("masks/P1.nii.gz", voxels, 0.0)
    perturbed.cohort["perturbations"] = PERTURBED | {"rotate_degrees": [40, 50]}
    report = perturbed.ingest()
    states = perturbed.rows("""
        SELECT patient_id, repeat_no > 1000, status, reason, count(*)
        FROM imaging.measurement JOIN imaging.segmentation USING (segmentation_id)
        GROUP BY ALL ORDER BY ALL
    """)
    assert states == [
        ("P1", False, "ok", None, 1),
        ("P1", True, "refused", "perturbation_beyond_image", 3),
        ("P2", False, "ok", None, 1),
        ("P2", True, "ok", None, 3),
    ]
    # three of one kind are one line
    assert [one.reason_code for one in report.new_refusals] == ["perturbation_beyond_image"]


def test_an_image_without_noise_is_refused_where_noise_is_wanted(perturbed: Any) -> None:
    ramp = np.broadcast_to(np.arange(14, dtype=np.float32) // 2 * 100, (14, 14, 14))
    perturbed._write("images/P1.nii.gz", np.ascontiguousarray(ramp), 0.0)
    report = perturbed.ingest()
    assert {one.reason_code for one in report.new_refusals} == {"perturbation_no_noise"}
    perturbed.cohort["perturbations"] = PERTURBED | {"noise": False}
    perturbed.ingest()
    sql = """
        SELECT count(*) FROM imaging.measurement JOIN imaging.segmentation USING (segmentation_id)
        WHERE repeat_no > 1000 AND status = 'ok'
    """
    assert perturbed.rows(sql) == [(6,)]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"of": ["NECROSIS"]}, "NECROSIS, which no mask shows"),
        ({"profiles": ["standard"]}, "measure no drawn mask: standard"),
        ({"volume_fraction": [0.3, 0.1]}, "volume_fraction"),
        ({"repeats": 0}, "repeats"),
        ({"timepoints": ["week_6"]}, "perturbations names timepoints that are not declared"),
        (
            {
                "noise": False,
                "contour_mm": 0,
                "rotate_degrees": [0, 0],
                "translate_fraction": [0, 0],
                "volume_fraction": [0, 0],
            },
            "nothing is perturbed",
        ),
    ],
)
def test_wrong_declarations_are_refused(
    perturbed: Any, changes: dict[str, Any], complaint: str
) -> None:
    perturbed.cohort["perturbations"] = PERTURBED | changes
    with pytest.raises(FileError, match=complaint):
        planned(perturbed)


def test_scope_narrows_what_is_perturbed(perturbed: Any) -> None:
    for changes, wanted in (
        ({"raters": ["b"]}, 0),
        ({"sequences": ["T2"]}, 0),
        ({"sequences": ["T1"], "raters": ["1"], "timepoints": ["baseline"]}, 6),
    ):
        perturbed.cohort["perturbations"] = PERTURBED | changes
        assert planned(perturbed).imaging.n_perturbed == wanted


def test_derived_regions_are_perturbed_as_what_they_are_and_second_repeats_never(
    perturbed: Any,
) -> None:
    perturbed.cohort["regions"] = [{"region": "RING", "from": "GTV", "ring_mm": [0, 2]}]
    perturbed.cohort["perturbations"] = PERTURBED | {"of": ["RING"], "repeats": 1}
    again = dict(perturbed.cohort["images"][0], repeat_no=2)
    perturbed.cohort["images"].append(again)
    (case, _) = planned(perturbed).imaging.cases
    made = [
        (mask.repeat_no, region.region, region.repeat_no)
        for mask in case.masks
        for region in mask.regions
    ]
    assert made == [
        (1, "GTV", None),
        (1, "RING", None),
        (1, "RING", 1001),
        (2, "GTV", None),
        (2, "RING", None),
    ]
    region = case.masks[0].regions[2]
    assert region.derivation.endswith("of ring from 0 to 2 mm around GTV")
    assert region.segmentation_id != case.masks[0].regions[1].segmentation_id


def test_numbers_of_perturbations_are_refused_of_drawn_masks(delivery: Any) -> None:
    (source,) = delivery.cohort["images"]
    source["mask"] = "masks/{patient_id}_{repeat_no}.nii.gz"
    delivery.write_mask("P1_1000")
    delivery.write_mask("P2_1001")
    plan = planned(delivery)
    assert plan.imaging.n_new == 1
    (refusal,) = [one for one in plan.refusals if one.reason_code == "missing_field"]
    assert "from 1 to 1000" in refusal.detail
