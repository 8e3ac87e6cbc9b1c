"""A sarcoma patient from DICOM and from NIfTI, and a radiotherapy patient's doses."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import SimpleITK as sitk
import yaml

from roentgene.ingest.extract.executors.serial import Serial
from roentgene.ingest.ingest_report import IngestReport
from roentgene.ingest.run import run_ingest
from roentgene.schemas.study import Profile, Study
from roentgene.warehouse.opening import create_warehouse, open_warehouse

pytestmark = [pytest.mark.realdata, pytest.mark.slow]

MODALITIES = {"CT": "CT", "PET": "PT", "MR_T1": "MR"}
FILTERED = Profile(
    image_types={"Original": {}, "LoG": {"sigma": [3.0]}, "Wavelet": {}},
    settings={"binWidth": 25, "resampledPixelSpacing": [2, 2, 2], "normalize": True},
)


@dataclass
class Ingested:
    """A warehouse that took one cohort file."""

    root: Path
    report: IngestReport

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with open_warehouse(self.root) as warehouse:
            return list(warehouse.rows(sql))


Ingest = Callable[..., Ingested]


@pytest.fixture(scope="module")
def ingest(tmp_path_factory: pytest.TempPathFactory) -> Ingest:
    def run(*images: dict[str, Any], **more: Any) -> Ingested:
        folder = tmp_path_factory.mktemp("dicom")
        study = Study(name="test", profiles={"filtered": FILTERED}, publish=False)
        root = create_warehouse(folder / "study", study).root
        cohort = {
            "cohort_id": "C",
            "title": "real",
            "license": "CC BY 3.0",
            "day_zero": "baseline_scan",
            "images": list(images),
            **more,
        }
        file = folder / "cohort.yaml"
        file.write_text(yaml.safe_dump(cohort, sort_keys=False), encoding="utf-8")
        return Ingested(root, run_ingest(root, file, Serial()))

    return run


@pytest.fixture(scope="module")
def sarcoma(ingest: Ingest, shared_data: Path) -> Ingested:
    series = {name: {"modality": modality} for name, modality in MODALITIES.items()}
    source = {
        "dicom": str(shared_data / "images" / "sts_dicom"),
        "series": series,
        "rois": {"GTV_Mass_*": "GTV_Mass"},
    }
    return ingest(source, profiles=["filtered"])


def of_files(folder: Path, suffix: str) -> dict[str, Any]:
    """Source of images and masks by name."""
    return {
        "pattern": f"{folder}/STS_008/{{sequence}}_image.{suffix}",
        "mask": f"{folder}/STS_008/{{sequence}}_mask.{suffix}",
        "patient_id": "STS_008",
        "timepoint": "baseline",
        "modality": MODALITIES,
        "labels": {1: "GTV_Mass"},
    }


def on_dicom_grid(nifti: Path, dicom: Path, folder: Path) -> None:
    """Write published voxels with the grid of the DICOM files, which NIfTI keeps in 32 bits."""
    (folder / "STS_008").mkdir()
    for name in MODALITIES:
        series = sitk.ImageSeriesReader()
        series.SetFileNames(series.GetGDCMSeriesFileNames(str(dicom / "STS_008" / name / "image")))
        grid = series.Execute()
        for what in ("image", "mask"):
            image = sitk.ReadImage(str(nifti / "STS_008" / f"{name}_{what}.nii.gz"))
            image.SetOrigin(grid.GetOrigin())
            image.SetSpacing(grid.GetSpacing())
            image.SetDirection(grid.GetDirection())
            sitk.WriteImage(image, str(folder / "STS_008" / f"{name}_{what}.nrrd"))


def test_each_modality_has_its_own_structures(sarcoma: Ingested, shared_data: Path) -> None:
    assert not sarcoma.report.new_refusals
    found = sarcoma.rows(
        "SELECT sequence, voxel_count, volume_mm3, linked_by FROM imaging.segmentation "
        "JOIN imaging.series ON series_id = reference_series_id"
    )
    reference = shared_data / "reference" / "sts_dev14_expected.csv"
    with reference.open(newline="") as stream:
        expected = {
            r["modality"]: r for r in csv.DictReader(stream) if r["patient_id"] == "STS_008"
        }
    assert len(found) == 3
    for sequence, n_voxels, volume, linked_by in found:
        assert n_voxels == int(expected[sequence]["mask_voxels"])
        assert volume / 1000 == pytest.approx(float(expected[sequence]["volume_ml"]), rel=1e-6)
        # all three share one frame of reference and one study
        assert linked_by == "series"


def differences(a: Ingested, b: Ingested) -> dict[str, float]:
    """Largest relative difference of a feature, by sequence."""
    sql = "SELECT sequence, feature, value, value_status FROM imaging.radiomic_feature"
    ours = {(row[0], row[1]): row[2:] for row in a.rows(sql)}
    theirs = {(row[0], row[1]): row[2:] for row in b.rows(sql)}
    assert ours.keys() == theirs.keys()
    assert len(ours) > 2500
    worst = dict.fromkeys(MODALITIES, 0.0)
    for (sequence, feature), (value, status) in ours.items():
        expected, expected_status = theirs[sequence, feature]
        assert status == expected_status
        if value is not None:
            scale = max(abs(value), abs(expected), 1.0)
            worst[sequence] = max(worst[sequence], abs(value - expected) / scale)
    return worst


def test_features_are_those_of_the_published_voxels(
    sarcoma: Ingested, ingest: Ingest, shared_data: Path, tmp_path: Path
) -> None:
    images = shared_data / "images"
    on_dicom_grid(images / "sts", images / "sts_dicom", tmp_path)
    worst = differences(sarcoma, ingest(of_files(tmp_path, "nrrd"), profiles=["filtered"]))
    assert worst["CT"] <= 1e-9
    assert worst["MR_T1"] <= 1e-9
    # SUVs of the NIfTI file were rounded to 32 bits
    assert worst["PET"] <= 1e-5


def test_features_are_those_of_the_nifti_files(
    sarcoma: Ingested, ingest: Ingest, shared_data: Path
) -> None:
    source = of_files(shared_data / "images" / "sts", "nii.gz")
    # as near as voxel sizes in 32 bits come: 0.9765620231628418 mm for 0.976562
    assert max(differences(sarcoma, ingest(source, profiles=["filtered"])).values()) <= 1e-5


def test_mean_doses_are_those_of_the_reference(ingest: Ingest, shared_data: Path) -> None:
    done = ingest({"dicom": str(shared_data / "dose" / "dicompyler_rt")})
    assert not done.report.new_refusals
    reference = json.loads((shared_data / "reference" / "dvh_reference.json").read_text())
    means = dict(
        done.rows(
            "SELECT region, value FROM imaging.dose_feature "
            "JOIN imaging.segmentation USING (segmentation_id) WHERE feature = 'Dmean'"
        )
    )
    # dicompyler-core's own tests; its bins are 0.01 Gy wide
    assert means["Heart"] == pytest.approx(0.6475329, abs=1e-5)
    assert means["Tumor Bed"] == pytest.approx(14.285830178, abs=0.01)
    assert max(means.values()) < reference["dose_grid"]["max_gy"]
    assert done.rows("SELECT fractions, prescription_gy FROM imaging.dose") == [(7, 14.0)]
    # the structure that nothing was drawn for is absent, and the other nine have dosiomics
    assert done.rows(
        "SELECT count(DISTINCT segmentation_id), count(*) FROM imaging.dose_feature "
        "WHERE feature LIKE 'original_%'"
    ) == [(9, 963)]
