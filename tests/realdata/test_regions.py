"""Habitats and rings of a real glioma and of three sarcomas, against SimpleITK and SciPy alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from scipy.cluster.vq import kmeans2, vq

from roentgene.ingest.extract.extraction import make_extraction
from roentgene.ingest.extract.work import Case
from roentgene.ingest.planning.imaging_plan import ImagingPlan, plan_imaging
from roentgene.ingest.staging.case import measure_case
from roentgene.ingest.staging.habitat_fitting import fit_model
from roentgene.schemas.cohort import Cohort
from roentgene.schemas.study import GateThresholds, Profile

pytestmark = pytest.mark.realdata

SARCOMAS = ("STS_002", "STS_006", "STS_019")
SEQUENCES = ("t1", "t1c", "t2", "fla")
#: Here volumes are looked at, not features.
CHEAP = make_extraction("cheap", Profile(feature_classes=("firstorder",)))


def planned(folder: Path, models: Mapping[str, Any] | None = None, **cohort: Any) -> ImagingPlan:
    declared = Cohort.model_validate(
        {"cohort_id": "C", "title": "t", "license": "l", "day_zero": "baseline_scan", **cohort}
    )
    thresholds = GateThresholds()
    owners: dict[str, frozenset[str]] = {}
    return plan_imaging(
        declared, folder, [CHEAP], thresholds, {}, (), lambda given, _: given, owners, {},
        habitat_models=models,
    )  # fmt: skip


def volumes(case: Case) -> dict[str, float]:
    rows = measure_case(case).segmentation.to_pylist()
    return {row["region"]: row["volume_mm3"] for row in rows}


def listing(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def image_like(array: np.ndarray, like: sitk.Image) -> sitk.Image:
    made = sitk.GetImageFromArray(array.astype(np.uint8))
    made.CopyInformation(like)
    return made


def ring_mm3(mask: sitk.Image, inner: float, outer: float, within: np.ndarray | None) -> float:
    """Volume of a ring by ITK's distance map over the whole image."""
    away = sitk.GetArrayFromImage(
        sitk.SignedMaurerDistanceMap(
            mask, insideIsPositive=False, squaredDistance=False, useImageSpacing=True
        )
    )
    inside = sitk.GetArrayFromImage(mask) != 0
    ring = ~inside & (away <= outer + 1e-4) & ((away > inner + 1e-4) | (inner == 0))
    if within is not None:
        ring &= within
    return float(ring.sum() * np.prod(mask.GetSpacing()))


def clustered(values: np.ndarray, seen: np.ndarray, k: int) -> list[int]:
    """Voxels of each cluster by SciPy's k-means on those seen, the best of 20 starts."""
    scaled = (seen - seen.mean(axis=0)) / seen.std(axis=0)
    starts = [kmeans2(scaled, k, iter=100, minit="++", rng=seed)[0] for seed in range(100, 120)]
    best = min(starts, key=lambda centres: float((vq(scaled, centres)[1] ** 2).sum()))
    all_scaled = (values - seen.mean(axis=0)) / seen.std(axis=0)
    label, _ = vq(all_scaled, best[np.argsort(best[:, 0])])
    return np.bincount(label, minlength=k).tolist()


def test_rings_and_habitats_of_a_glioma(shared_data: Path) -> None:
    folder = shared_data / "images/brats_tcga_du_7294"
    before = listing(folder)
    source = {
        "pattern": "raw_bet/TCGA-DU-7294_{sequence}_bet.nii.gz",
        "timepoint": "baseline",
        "modality": "MR",
        "reference_sequence": "t1c",
        "patient_id": "TCGA-DU-7294",
    }
    habitats = {"of": "WT", "sequences": list(SEQUENCES), "k": 3, "model": "glioma3"}
    cohort = {
        "images": [source | {"mask": "segmentation/isen-20.nii.gz", "labels": "brats_1_2_4"}],
        "regions": [
            {"region": "NCR", "measure": False},
            {"region": "MAIN", "from": "WT", "largest_component": True, "measure": False},
            {"region": "PERI", "from": "MAIN", "ring_mm": [0, 5], "measure": False},
            {"region": "CORE_RING", "from": "TC", "ring_mm": [2, 7], "within": "WT",
             "measure": False},
            {"region": "HAB", "habitats": habitats, "measure": False},
        ],
    }  # fmt: skip
    unfitted = planned(folder, **cohort)
    (fitting,) = unfitted.fitting
    model = fit_model(fitting)
    plan = planned(folder, {"glioma3": model}, **cohort)
    (case,) = [case for case in plan.cases if case.sequence == "t1c"]
    found = volumes(case)

    mask = sitk.ReadImage(str(folder / "segmentation/isen-20.nii.gz"))
    labels = sitk.GetArrayFromImage(mask)
    whole = labels > 0
    pieces = sitk.RelabelComponent(sitk.ConnectedComponent(image_like(whole, mask), True))
    main = sitk.GetArrayFromImage(pieces) == 1
    assert found["WT"] == whole.sum()
    assert found["TC"] == np.isin(labels, (1, 4)).sum()
    assert found["MAIN"] == main.sum()
    assert found["PERI"] == ring_mm3(image_like(main, mask), 0, 5, None)
    ball = sitk.BinaryDilate(image_like(main, mask), (5, 5, 5), sitk.sitkBall)
    # ITK's ball is a little larger than its radius, so it is no exact ring but a bound of it
    assert found["PERI"] <= (sitk.GetArrayFromImage(ball) != 0).sum() - main.sum()
    core = image_like(np.isin(labels, (1, 4)), mask)
    assert found["CORE_RING"] == ring_mm3(core, 2, 7, whole)

    names = [folder / f"raw_bet/TCGA-DU-7294_{sequence}_bet.nii.gz" for sequence in SEQUENCES]
    images = [sitk.GetArrayFromImage(sitk.ReadImage(str(name))).astype(float) for name in names]
    values = np.stack([image[whole] for image in images], axis=1)
    seen = values[:: -(-len(values) // 50_000)]
    assert model.n_voxels == len(seen)
    numbered = [found[name] for name in model.regions("HAB")]
    assert sum(numbered) == whole.sum()
    assert numbered == pytest.approx(clustered(values, seen, 3), rel=0.01)
    assert listing(folder) == before


def test_rings_and_habitats_of_three_sarcomas(shared_data: Path) -> None:
    folder = shared_data / "images/sts"
    before = listing(folder)
    habitats = {
        "of": "GTV",
        "sequences": ["PET"],
        "k": 2,
        "model": "pet2",
        "fit_on": {"patients": list(SARCOMAS[:2])},
    }
    cohort = {
        "images": [
            {
                "pattern": f"{patient}/{{sequence}}_image.nii.gz",
                "mask": f"{patient}/{{sequence}}_mask.nii.gz",
                "patient_id": patient,
                "timepoint": "baseline",
                "region": "GTV",
            }
            for patient in SARCOMAS
        ],
        "regions": [
            {"region": "RING", "from": "GTV", "ring_mm": [3, 10]},
            {"region": "HAB", "habitats": habitats},
        ],
    }
    (fitting,) = planned(folder, **cohort).fitting
    model = fit_model(fitting)
    assert model.fitted_on == SARCOMAS[:2]
    plan = planned(folder, {"pet2": model}, **cohort)
    regions = {
        (case.patient_id, case.sequence): {r.region for mask in case.masks for r in mask.regions}
        for case in plan.cases
    }
    assert len(regions) == 9
    # a mask that was drawn for another modality is not divided by the PET
    assert regions["STS_002", "CT"] == {"GTV", "RING"}
    assert regions["STS_002", "PET"] == {"GTV", "RING", *model.regions("HAB")}

    uptake, spaces = {}, {}
    for patient in SARCOMAS:
        mask = sitk.ReadImage(str(folder / patient / "PET_mask.nii.gz"))
        image = sitk.ReadImage(str(folder / patient / "PET_image.nii.gz"))
        uptake[patient] = sitk.GetArrayFromImage(image)[sitk.GetArrayFromImage(mask) != 0]
        spaces[patient] = mask
    seen = np.concatenate([uptake[patient] for patient in SARCOMAS[:2]])
    # of two clusters in one dimension, ITK's k-means gives the middle between its centres
    kmeans = sitk.ScalarImageKmeansImageFilter()
    kmeans.SetClassWithInitialMean([float(seen.min()), float(seen.max())])
    kmeans.Execute(sitk.GetImageFromArray(seen[None]))
    low, high = sorted(kmeans.GetFinalMeans())
    for case in plan.cases:
        if case.sequence != "PET":
            continue
        found = volumes(case)
        mask, values = spaces[case.patient_id], uptake[case.patient_id]
        voxel = float(np.prod(mask.GetSpacing()))
        assert found["RING"] == pytest.approx(ring_mm3(mask, 3, 10, None))
        assert found["GTV"] == pytest.approx(len(values) * voxel)
        expected = [(values <= (low + high) / 2).sum(), (values > (low + high) / 2).sum()]
        numbered = [found[name] / voxel for name in model.regions("HAB")]
        assert numbered == pytest.approx(expected, abs=max(2, 0.005 * len(values)))
    assert listing(folder) == before
