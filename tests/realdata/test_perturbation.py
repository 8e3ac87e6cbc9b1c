"""Real sarcomas that one person drew once: perturbations give them a table of stability."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from roentgene.analyses.run import run_analysis
from roentgene.ingest.extract.executors.local_pool import LocalPool
from roentgene.ingest.planning.plan import make_plan
from roentgene.ingest.run import run_ingest
from roentgene.schemas.analyses.read import read_analysis
from roentgene.schemas.study import Profile, Study
from roentgene.warehouse.opening import create_warehouse, open_warehouse

pytestmark = [pytest.mark.realdata, pytest.mark.slow]

PATIENTS = ("STS_002", "STS_003", "STS_006", "STS_008", "STS_012", "STS_015")
REPEATS = 3
SOURCE = """
  - pattern: "{data}/images/sts/{patient}/{{sequence}}_image.nii.gz"
    mask: "{data}/images/sts/{patient}/{{sequence}}_mask.nii.gz"
    patient_id: {patient}
    timepoint: baseline
    modality: {{CT: CT, PET: PT, MR_T1: MR}}
    labels: {{1: GTV}}
"""
COHORT = """
cohort_id: STS
title: Soft-tissue sarcoma, IBSI validation set
license: CC BY 3.0
day_zero: baseline_scan
profiles: [quick]
perturbations:
  of: [GTV]
  repeats: {repeats}
  sequences: [PET, MR_T1]
  rotate_degrees: [-5, 5]
  volume_fraction: [-0.15, 0.15]
images:{sources}
"""
STABILITY = """
analysis: stability
name: perturbed sarcomas
cohort_id: STS
design: perturbation
sequences: [PET, MR_T1]
raters_crossed: false
"""
SEGMENTATIONS = """
    SELECT segmentation.patient_id, series.sequence, segmentation.repeat_no,
        segmentation.volume_mm3, segmentation.derivation
    FROM imaging.segmentation
    JOIN imaging.series ON series.series_id = segmentation.reference_series_id
    ORDER BY ALL
"""
STABLE = """
    SELECT sequence, feature, n_targets, n_raters, icc, ci95_low FROM mart.feature_stability
"""


def test_sarcomas_have_a_stability_table(shared_data: Path, tmp_path: Path) -> None:
    sources = "".join(SOURCE.format(data=shared_data, patient=one) for one in PATIENTS)
    cohort_file = tmp_path / "sts.yaml"
    cohort_file.write_text(COHORT.format(repeats=REPEATS, sources=sources), encoding="utf-8")
    quick = Profile(feature_classes=("firstorder", "shape"), settings={"binCount": 32})
    study = Study(name="sarcoma", profiles={"quick": quick}, publish=False)
    folder = create_warehouse(tmp_path / "study", study).root
    with open_warehouse(folder) as warehouse:
        plan = make_plan(warehouse, cohort_file)
    n_perturbed = len(PATIENTS) * 2 * REPEATS
    assert plan.imaging.n_perturbed == n_perturbed
    assert plan.imaging.n_new == n_perturbed + len(PATIENTS) * 3
    report = run_ingest(folder, cohort_file, LocalPool(2))
    assert report.new_refusals == ()
    again = run_ingest(folder, cohort_file, LocalPool(2))
    assert again.batch_id is None
    spec = tmp_path / "stability.yaml"
    spec.write_text(STABILITY, encoding="utf-8")
    with open_warehouse(folder) as warehouse:
        drawn = list(warehouse.rows(SEGMENTATIONS))
        patient_feature = list(warehouse.rows("SELECT DISTINCT rater_id FROM mart.patient_feature"))
    check_volumes(drawn, shared_data)
    assert patient_feature == [("1",)]
    with open_warehouse(folder, read_only=False) as warehouse:
        run_analysis(warehouse, read_analysis(spec))
    with open_warehouse(folder) as warehouse:
        rows = list(warehouse.rows(STABLE))
    found = {(sequence, feature): (icc, low) for sequence, feature, _, _, icc, low in rows}
    assert {row[2:4] for row in rows} == {(len(PATIENTS), REPEATS + 1)}
    assert {sequence for sequence, _ in found} == {"PET", "MR_T1"}
    for sequence in ("PET", "MR_T1"):
        # what the literature finds: size and median are robust, the form of the contour is not
        assert found[sequence, "original_shape_MeshVolume"][0] > 0.95
        assert found[sequence, "original_firstorder_Median"][0] > 0.95
        assert found[sequence, "original_shape_Sphericity"][0] < 0.9
        every = [icc for (of, _), (icc, _) in found.items() if of == sequence and icc is not None]
        assert len(every) >= 30
        # and not all of them are alike, nor perfect
        assert min(every) < 0.99
        assert max(every) < 1


def check_volumes(drawn: list[tuple[object, ...]], data: Path) -> None:
    """Perturbed masks have the volume that their derivation says, next to that of the contour."""
    by_mask: dict[tuple[str, str], dict[int, tuple[float, str]]] = defaultdict(dict)
    for patient, sequence, repeat_no, volume, derivation in drawn:
        by_mask[patient, sequence][repeat_no] = (volume, derivation)  # type: ignore[index]
    for (patient, sequence), repeats in by_mask.items():
        mask = sitk.ReadImage(str(data / f"images/sts/{patient}/{sequence}_mask.nii.gz"))
        voxels = sitk.GetArrayFromImage(mask)
        volume = float((voxels == 1).sum() * np.prod(mask.GetSpacing()))
        assert repeats[1] == (pytest.approx(volume), "label 1")
        if sequence == "CT":
            assert set(repeats) == {1}
            continue
        assert set(repeats) == {1, *range(1001, 1001 + REPEATS)}
        for repeat_no in range(1001, 1001 + REPEATS):
            changed, derivation = repeats[repeat_no]
            assert derivation.startswith("perturbation:")
            said = float(derivation.partition("volume changed by ")[2].partition("%")[0]) / 100
            assert changed / volume == pytest.approx(1 + said, abs=0.12)
