"""DICOM as hospitals send it, from the folder to the catalogue; what is hostile costs itself."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import yaml

from roentgene.ingest.extract.executors.serial import Serial
from roentgene.ingest.ingest_report import IngestReport
from roentgene.ingest.run import run_ingest
from roentgene.schemas.study import Profile, Study
from roentgene.warehouse.opening import create_warehouse, open_warehouse

ON_IMAGE = Profile(
    engine="dvh",
    settings={
        "grid": "image",
        "metrics": ["Dmean", "EQD2_Dmean", "gEUD"],
        "alpha_beta": {"GTV": 10},
        "geud_a": {"GTV": 1},
    },
)
QUICK = Profile(feature_classes=("firstorder", "shape"), settings={"binWidth": 25})
MEASURED = """
SELECT sequence, region, lesion_id, status, measurement.reason
FROM imaging.measurement
JOIN imaging.segmentation USING (segmentation_id)
JOIN imaging.series USING (series_id)
JOIN imaging.extraction USING (extraction_id)
WHERE engine = 'pyradiomics'
ORDER BY ALL
"""


@pytest.fixture(scope="module")
def maker() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parent)
        import dicom_delivery

        yield dicom_delivery


@dataclass
class Study_:
    """A folder that DICOM is delivered to, and the warehouse that takes it."""

    folder: Path
    warehouse: Path
    cohort: dict[str, Any] = field(default_factory=dict)

    @property
    def delivered(self) -> Path:
        return self.folder / "delivered"

    def ingest(self, **source: Any) -> IngestReport:
        file = self.folder / "cohort.yaml"
        images = [{"dicom": "delivered", **source}]
        file.write_text(
            yaml.safe_dump({**self.cohort, "images": images}, sort_keys=False), encoding="utf-8"
        )
        return run_ingest(self.warehouse, file, Serial())

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with open_warehouse(self.warehouse) as warehouse:
            return list(warehouse.rows(sql))

    def refusals(self) -> set[tuple[str, str]]:
        """Reason code and the name of the file of everything that stands in quarantine."""
        found = self.rows("SELECT reason_code, file_path FROM ops.quarantine")
        return {(code, Path(name).name) for code, name in found}


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    declared = Study(name="test", profiles={"quick": QUICK, "on_image": ON_IMAGE}, publish=False)
    return create_warehouse(tmp_path_factory.mktemp("empty") / "study", declared).root


@pytest.fixture
def study(tmp_path: Path, empty: Path) -> Study_:
    return made_study(tmp_path, empty)


def made_study(folder: Path, empty: Path) -> Study_:
    """Put an empty warehouse beside an empty delivery."""
    cohort = {
        "cohort_id": "C",
        "title": "made by hand",
        "license": "none",
        "day_zero": "baseline_scan",
        "profiles": ["quick"],
        "dose_profiles": ["quick", "dvh", "on_image"],
    }
    return Study_(folder, Path(shutil.copytree(empty, folder / "study")), cohort)


def test_series_and_its_structures_are_found_by_their_headers(
    study: Study_, maker: ModuleType
) -> None:
    patient = maker.Patient(study.delivered)
    patient.ct()
    patient.structures(rois={"GTV": maker.block(), "Nodes": maker.block(17, 25, range(2, 5))})
    report = study.ingest()
    assert not report.new_refusals
    ((patient_id, modality, units, thickness, kvp),) = study.rows(
        "SELECT patient_id, modality, manufacturer, slice_thickness_mm, kvp FROM imaging.series"
    )
    assert (patient_id, modality, units, thickness, kvp) == ("P1", "CT", "Maker", 3.0, 120.0)
    # 8 x 8 pixel centres in six slices, 4 x 4 in three
    assert study.rows(
        "SELECT region, voxel_count, volume_mm3, linked_by FROM imaging.segmentation ORDER BY 1"
    ) == [("GTV", 384, 384 * 12.0, "series"), ("Nodes", 48, 48 * 12.0, "series")]
    assert {row[3] for row in study.rows(MEASURED)} == {"ok"}


def test_second_run_of_the_same_files_does_nothing(study: Study_, maker: ModuleType) -> None:
    patient = maker.Patient(study.delivered)
    patient.ct()
    patient.structures()
    patient.plan()
    patient.dose()
    assert study.ingest().batch_id is not None
    assert study.ingest().batch_id is None


def test_values_are_those_of_the_same_voxels_in_nifti(study: Study_, maker: ModuleType) -> None:
    patient = maker.Patient(study.delivered)
    patient.ct()
    patient.structures()
    study.ingest(rois={"GTV": "GTV"})
    nifti = Study_(
        study.folder,
        create_warehouse(
            study.folder / "nifti", Study(name="n", profiles={"quick": QUICK}, publish=False)
        ).root,
    )
    values = np.stack(
        [patient.slice("ct", number).pixel_array for number in range(maker.N_SLICES)]
    ).astype(np.int16)
    mask = np.zeros(values.shape, dtype=np.uint8)
    mask[3:9, 5:13, 5:13] = 1
    for name, array in (("image", values), ("mask", mask)):
        image = sitk.GetImageFromArray(array)
        image.SetSpacing((maker.PIXEL_MM, maker.PIXEL_MM, maker.SLICE_MM))
        sitk.WriteImage(image, str(study.folder / f"P1_{name}.nii.gz"))
    file = study.folder / "nifti.yaml"
    source = {
        "pattern": "{patient_id}_image.nii.gz",
        "mask": "{patient_id}_mask.nii.gz",
        "timepoint": "baseline",
        "sequence": "CT",
        "labels": {1: "GTV"},
    }
    file.write_text(yaml.safe_dump({**study.cohort, "images": [source]}), encoding="utf-8")
    run_ingest(nifti.warehouse, file, Serial())
    values_sql = "SELECT feature, value FROM imaging.radiomic_feature ORDER BY feature"
    ours, theirs = dict(study.rows(values_sql)), dict(nifti.rows(values_sql))
    assert len(theirs) > 20
    assert ours == pytest.approx(theirs, rel=1e-12)


def test_lesions_and_regions_are_keys_by_the_names_of_rois(
    study: Study_, maker: ModuleType
) -> None:
    patient = maker.Patient(study.delivered)
    patient.ct()
    patient.structures(
        rois={
            "gtv left": maker.block(5, 15),
            "gtv right": maker.block(21, 31),
            "couch": maker.block(3, 7),
        }
    )
    report = study.ingest(
        rois={
            "gtv left": {"region": "GTV", "lesion_id": "L"},
            "gtv right": {"region": "GTV", "lesion_id": "R"},
        },
        only_rois=True,
    )
    assert not report.new_refusals
    assert [row[:4] for row in study.rows(MEASURED)] == [
        ("CT", "GTV", "L", "ok"),
        ("CT", "GTV", "R", "ok"),
    ]


def test_two_series_of_one_folder_are_told_apart(study: Study_, maker: ModuleType) -> None:
    patient = maker.Patient(study.delivered)
    for name in ("thin", "soft"):
        for path in patient.ct(name):
            shutil.move(path, patient.folder / f"{name}_{path.name}")
        patient.structures(f"rs_{name}", on=name)
    series = {"CT_thin": {"description": "THIN"}, "CT_soft": {"modality": "CT"}}
    report = study.ingest(series=series)
    assert not report.new_refusals
    assert [row[0] for row in study.rows(MEASURED)] == ["CT_soft", "CT_thin"]


def test_two_series_of_one_modality_need_names(study: Study_, maker: ModuleType) -> None:
    patient = maker.Patient(study.delivered)
    for name in ("thin", "soft"):
        patient.ct(name)
        patient.structures(f"rs_{name}", on=name)
    study.ingest()
    assert "duplicate_pair" in {code for code, _ in study.refusals()}
    assert len(study.rows(MEASURED)) == 1


def test_structures_by_frame_of_reference_where_it_is_unique(
    study: Study_, maker: ModuleType
) -> None:
    patient = maker.Patient(study.delivered)
    patient.ct()
    patient.structures(on=None)
    study.ingest()
    assert study.rows("SELECT linked_by FROM imaging.segmentation") == [("frame_of_reference",)]


def test_dated_images_belong_to_the_visit_in_whose_window_they_lie(
    study: Study_, maker: ModuleType
) -> None:
    for name, date in (("before", "20200115"), ("after", "20200410"), ("late", "20210101")):
        patient = maker.Patient(study.delivered / name, "p1", name, {"StudyDate": date})
        patient.ct()
        patient.structures(rois={"GTV": maker.block(), "drawn 2020-01-16": maker.block(5, 9)})
    (study.folder / "zero.csv").write_text("patient,began\nP1,2020-01-20\n", encoding="utf-8")
    study.cohort["anchors"] = {"file": "zero.csv", "id": "patient", "date": "began"}
    study.cohort["timepoints"] = {
        "planning": {"order": 0, "window": [-30, 0]},
        "follow-up": {"order": 1, "window": [60, 120]},
    }
    study.ingest(normalise=["upper"])
    assert study.rows(
        "SELECT patient_id, timepoint_id, study_day FROM study.timepoint ORDER BY study_day"
    ) == [("P1", "planning", -5), ("P1", "follow-up", 81)]
    met = study.rows("SELECT reason_code, detail FROM ops.quarantine WHERE stage = 'manifest'")
    late = "it is of day 347, and no window of timepoints holds it"
    assert ("unknown_timepoint", late) in met
    # the name of an ROI may tell a date too
    assert "looks_like_date" in {code for code, _ in met}
    assert study.rows("SELECT DISTINCT region FROM imaging.segmentation") == [("GTV",)]


def test_dose_is_measured_in_gray_on_its_structures(study: Study_, maker: ModuleType) -> None:
    patient = maker.Patient(study.delivered)
    patient.ct()
    patient.structures()
    patient.plan(fractions=30)
    patient.dose(gray=60.0)
    report = study.ingest()
    assert not report.new_refusals
    assert study.rows(
        "SELECT summation_type, is_sum, dose_type, fractions, prescription_gy FROM imaging.dose"
    ) == [("PLAN", False, "PHYSICAL", 30, 60.0)]
    found = {
        (profile, feature): value
        for profile, feature, value in study.rows(
            "SELECT profile, feature, value FROM imaging.dose_feature "
            "JOIN imaging.extraction USING (extraction_id) WHERE unit IN ('Gy', 'cm3')"
        )
    }
    falling = np.linspace(1, 0, maker.SIZE)[5:13] * 60
    assert found["dvh", "Dmean"] == pytest.approx(falling.mean(), abs=1e-3)
    assert found["dvh", "Dmax"] == pytest.approx(falling.max(), abs=1e-3)
    assert found["dvh", "volume"] == pytest.approx(384 * 12 / 1000)
    # image and dose have one grid here
    assert found["on_image", "Dmean"] == pytest.approx(found["dvh", "Dmean"], abs=1e-6)
    assert found["on_image", "gEUD"] == pytest.approx(found["dvh", "Dmean"], abs=1e-6)
    eqd2 = falling * (falling / 30 + 10) / 12
    assert found["on_image", "EQD2_Dmean"] == pytest.approx(eqd2.mean(), abs=1e-3)
    features = study.rows(
        "SELECT count(*), count(value) FROM imaging.dose_feature WHERE feature LIKE 'original_%'"
    )
    assert features[0][0] > 20
    assert study.rows(
        "SELECT DISTINCT feature, unit FROM imaging.dose_feature WHERE feature IN "
        "('original_firstorder_Mean', 'original_firstorder_Entropy') ORDER BY feature"
    ) == [("original_firstorder_Entropy", "1"), ("original_firstorder_Mean", "Gy")]
    # a dose is no picture of the body
    assert study.rows("SELECT DISTINCT sequence FROM imaging.radiomic_feature") == [("CT",)]


def test_dose_without_its_images_is_measured_all_the_same(study: Study_, maker: ModuleType) -> None:
    patient = maker.Patient(study.delivered)
    patient.structures()
    patient.plan()
    patient.dose()
    study.cohort["dose_profiles"] = ["dvh"]
    assert not study.ingest().new_refusals
    assert study.rows(
        "SELECT modality, linked_by FROM imaging.segmentation JOIN imaging.series "
        "ON series_id = reference_series_id"
    ) == [("RTDOSE", "plan")]


def test_dose_without_structures_is_refused(study: Study_, maker: ModuleType) -> None:
    patient = maker.Patient(study.delivered)
    patient.dose()
    study.ingest()
    assert study.refusals() == {("dose_without_structures", "rd.dcm")}


def test_another_plan_is_other_work(study: Study_, maker: ModuleType) -> None:
    patient = maker.Patient(study.delivered)
    patient.structures()
    patient.plan(fractions=30)
    patient.dose()
    study.ingest()
    patient.plan(fractions=10)
    report = study.ingest()
    assert report.rows["imaging.dose"] == 1
    assert study.rows("SELECT fractions FROM imaging.dose") == [(10,)]


# --- hostile deliveries: each beside a sound patient, which is taken ---------------------------


def truncated(patient: Any, _: ModuleType) -> None:
    last = patient.ct()[-1]
    patient.structures()
    last.write_bytes(last.read_bytes()[:-100])


def cut_header(patient: Any, _: ModuleType) -> None:
    last = patient.ct()[-1]
    patient.structures()
    last.write_bytes(last.read_bytes()[:200])


def missing_slice(patient: Any, _: ModuleType) -> None:
    patient.ct()[5].unlink()
    patient.structures()


def duplicate_slice(patient: Any, maker: ModuleType) -> None:
    files = patient.ct()
    patient.structures()
    again = patient.slice("ct", 5, SOPInstanceUID=maker.uid("again"))
    again.file_meta.MediaStorageSOPInstanceUID = maker.uid("again")
    maker.save(again, files[0].with_name("again.dcm"))


def tilted(patient: Any, maker: ModuleType) -> None:
    for number, path in enumerate(patient.ct()):
        position = [0.0, number * 0.8, number * maker.SLICE_MM]
        maker.save(patient.slice("ct", number, ImagePositionPatient=position), path)
    patient.structures()


def mixed_orientations(patient: Any, maker: ModuleType) -> None:
    path = patient.ct()[0]
    patient.structures()
    maker.save(patient.slice("ct", 0, ImageOrientationPatient=[1, 0, 0, 0, 0, 1]), path)


def other_frame(patient: Any, maker: ModuleType) -> None:
    patient.ct()
    patient.structures(on=None, FrameOfReferenceUID=maker.uid("elsewhere"))


def bomb(patient: Any, maker: ModuleType) -> None:
    path = patient.ct()[0]
    patient.structures()
    maker.save(patient.slice("ct", 0, Rows=60_000, Columns=60_000), path)


def outside(patient: Any, maker: ModuleType) -> None:
    elsewhere = maker.Patient(patient.folder.parent.parent / "elsewhere", patient.patient_id)
    elsewhere.structures()
    for path in elsewhere.ct():
        link = patient.folder / patient.patient_id / path.name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path)


def two_persons(patient: Any, maker: ModuleType) -> None:
    patient.ct()
    patient.structures()
    born = {"PatientBirthDate": "19610707"}
    other = maker.Patient(patient.folder / "other", patient.patient_id, "S2", born)
    other.ct()
    other.structures()


HOSTILE: dict[str, tuple[str, Callable[[Any, ModuleType], None]]] = {
    "TRUNCATED": ("unreadable_dicom", truncated),
    "CUT": ("unreadable_dicom", cut_header),
    "MISSING": ("missing_slices", missing_slice),
    "DUPLICATE": ("duplicate_slices", duplicate_slice),
    "TILTED": ("gantry_tilt", tilted),
    "MIXED": ("mixed_orientations", mixed_orientations),
    "FRAME": ("other_frame_of_reference", other_frame),
    "BOMB": ("pixel_header_mismatch", bomb),
    "OUTSIDE": ("path_outside", outside),
    "PERSONS": ("two_persons_one_id", two_persons),
}


@pytest.fixture(scope="module")
def hostile(maker: ModuleType, tmp_path_factory: pytest.TempPathFactory, empty: Path) -> Study_:
    """A delivery of every hostile patient, each below its own folder, and a sound one."""
    folder = tmp_path_factory.mktemp("hostile")
    study = made_study(folder, empty)
    sound = maker.Patient(study.delivered, "SOUND")
    sound.ct()
    sound.structures()
    for name, (_, make) in HOSTILE.items():
        make(maker.Patient(study.delivered / f"of_{name}", name), maker)
    study.ingest()
    return study


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_delivery_is_refused_by_its_code(hostile: Study_, name: str) -> None:
    found = hostile.rows("SELECT reason_code, file_path FROM ops.quarantine")
    assert HOSTILE[name][0] in {code for code, path in found if f"of_{name}/" in path}


def test_nothing_of_the_hostile_is_taken_and_the_rest_is(hostile: Study_) -> None:
    assert hostile.rows("SELECT DISTINCT patient_id FROM imaging.segmentation") == [("SOUND",)]
    assert {row[3] for row in hostile.rows(MEASURED)} == {"ok"}
    refused = hostile.rows("SELECT file_path FROM ops.quarantine WHERE file_path LIKE '%SOUND%'")
    assert refused == []


def test_roi_that_nothing_was_drawn_for_is_an_absent_region(
    study: Study_, maker: ModuleType
) -> None:
    patient = maker.Patient(study.delivered)
    patient.ct()
    patient.structures(rois={"GTV": maker.block(), "Areola": []})
    assert not study.ingest().new_refusals
    assert [row[1:] for row in study.rows(MEASURED)] == [
        ("Areola", "1", "label_absent", "label_absent"),
        ("GTV", "1", "ok", None),
    ]


def test_no_name_birth_date_or_date_of_a_header_is_kept(study: Study_, maker: ModuleType) -> None:
    patient = maker.Patient(study.delivered)
    patient.ct()
    patient.structures()
    patient.dose()
    study.ingest()
    tables = study.rows(
        "SELECT table_schema, table_name FROM information_schema.tables "
        "WHERE table_schema IN ('study', 'imaging', 'ops', 'vocab')"
    )
    assert len(tables) > 20
    for schema, name in tables:
        # nothing of a test's own strings is bound into SQL but names of tables of the catalogue
        text = str(study.rows(f"SELECT * FROM {schema}.{name}"))
        for told in ("Doe", "Jane", "19500301", "1950", "20200115"):
            assert told not in text, f"{schema}.{name}"
