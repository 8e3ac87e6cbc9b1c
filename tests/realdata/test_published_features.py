"""Three cohorts whose features were published, as the examples of the documentation ingest them."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from roentgene.analyses.run import run_analysis
from roentgene.ingest.extract.executors.serial import Serial
from roentgene.ingest.ingest_report import IngestReport
from roentgene.ingest.run import run_ingest
from roentgene.schemas.analyses.read import read_analysis
from roentgene.schemas.study import Study
from roentgene.warehouse.opening import create_warehouse, open_warehouse
from roentgene.warehouse.store import Warehouse

# the first test waits for all three
pytestmark = [pytest.mark.realdata, pytest.mark.slow]

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
FOLDERS = {
    "qin_prostate": "repeatability/qin_prostate",
    "upenn_gbm": "cohorts/upenn_gbm",
    "plgg_cbtn": "cohorts/plgg_cbtn",
}
STABILITY = """
analysis: stability
name: test and retest
cohort_id: QIN-PROSTATE
design: test_retest
timepoints: [test, retest]
forms: ["ICC(1,1)", "ICC(A,1)", "ICC(C,1)"]
"""
# 1.3.0 computed these from the volume of the voxels, or between voxels
OF_VOXELS = {
    "SurfaceVolumeRatio",
    "Sphericity",
    "Maximum3DDiameter",
    "Maximum2DDiameterSlice",
    "Maximum2DDiameterColumn",
    "Maximum2DDiameterRow",
}
RENAMED = {"Volume": "VoxelVolume", "MajorAxis": "MajorAxisLength", "MinorAxis": "MinorAxisLength"}


@dataclass(frozen=True)
class Published:
    """The warehouse, and what each ingest said."""

    warehouse: Path
    cohorts: Mapping[str, Path]
    ingests: Mapping[str, IngestReport]


@pytest.fixture(scope="module")
def published(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Published:
    folder = tmp_path_factory.mktemp("published")
    warehouse = create_warehouse(folder / "study", Study(name="published", publish=False)).root
    cohorts = {}
    for name, place in FOLDERS.items():
        # as a user has it: the cohort file beside the download
        beside = folder / name
        beside.mkdir()
        for file in (shared_data / place).iterdir():
            (beside / file.name).symlink_to(file)
        cohorts[name] = Path(shutil.copy(EXAMPLES / f"{name}.yaml", beside / "cohort.yaml"))
    ingests = {name: run_ingest(warehouse, path, Serial()) for name, path in cohorts.items()}
    spec = folder / "stability.yaml"
    spec.write_text(STABILITY, encoding="utf-8")
    with open_warehouse(warehouse, read_only=False) as writer:
        run_analysis(writer, read_analysis(spec))
    return Published(warehouse, cohorts, ingests)


@pytest.fixture(scope="module")
def opened(published: Published) -> Iterator[Warehouse]:
    with open_warehouse(published.warehouse) as warehouse:
        yield warehouse


def told(report: IngestReport) -> Counter[str]:
    return Counter(refusal.reason_code for refusal in report.new_refusals + report.new_warnings)


def test_qin_has_every_row_and_column_of_the_table(opened: Warehouse) -> None:
    assert list(
        opened.rows(
            """
            SELECT region, timepoint_id, count(*), count(DISTINCT patient_id)
            FROM imaging.measurement
            JOIN imaging.segmentation USING (cohort_id, segmentation_id)
            WHERE cohort_id = 'QIN-PROSTATE' AND status = 'ok' AND path = 'table'
            GROUP BY ALL ORDER BY ALL
            """
        )
    ) == [
        ("NormalROI_PZ_1", "retest", 7, 7),
        ("NormalROI_PZ_1", "test", 13, 13),
        ("PeripheralZone", "retest", 15, 15),
        ("PeripheralZone", "test", 15, 15),
        ("TumorROI_PZ_1", "retest", 11, 11),
        ("TumorROI_PZ_1", "test", 11, 11),
        ("WholeGland", "retest", 15, 15),
        ("WholeGland", "test", 15, 15),
    ]
    # the columns of the table are these, 12 facts of the extraction and 4 that hold keys
    ((n_values, n_features, n_undefined),) = opened.rows(
        """
        SELECT count(*), count(DISTINCT feature), count(*) FILTER (value IS NULL)
        FROM imaging.radiomic_feature WHERE cohort_id = 'QIN-PROSTATE'
        """
    )
    assert (n_values, n_features, n_undefined) == (102 * 1235, 1235, 0)


def test_every_value_of_qin_is_the_one_published(opened: Warehouse, shared_data: Path) -> None:
    (path,) = (shared_data / FOLDERS["qin_prostate"]).glob("*.csv")
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    days: dict[str, set[str]] = {}
    for row in rows:
        patient, date, _ = row["study"].split("_")
        days.setdefault(patient, set()).add(date)
    given = Counter()
    for row in rows:
        patient, date, _ = row["study"].split("_")
        visit = ("test", "retest")[sorted(days[patient]).index(date)]
        for column in ("original_glcm_Contrast", "log-sigma-2-0-mm-3D_firstorder_Mean"):
            given[patient, visit, row["segmentedStructure"], column, float(row[column])] += 1
    found = opened.rows(
        """
        SELECT patient_id, timepoint_id, region, feature, value
        FROM imaging.radiomic_feature
        WHERE cohort_id = 'QIN-PROSTATE'
        AND feature IN ('original_glcm_Contrast', 'log-sigma-2-0-mm-3D_firstorder_Mean')
        """
    )
    assert Counter(found) == given


def test_qin_keeps_version_and_settings_of_the_extraction(opened: Warehouse) -> None:
    ((version, settings, libraries),) = opened.rows(
        "SELECT engine_version, settings, library_versions FROM imaging.extraction "
        "WHERE profile = 'full_study_bin15'"
    )
    assert version == "1.3.0.post59+g2e6d2c1"
    assert json.loads(settings)["settings"]["binWidth"] == 15
    assert json.loads(libraries) == {"PyWavelets": "0.5.2", "SimpleITK": "1.0.1", "numpy": "1.13.2"}


def test_days_between_test_and_retest_of_qin(opened: Warehouse) -> None:
    days = [
        day
        for (day,) in opened.rows(
            "SELECT study_day FROM study.timepoint "
            "WHERE cohort_id = 'QIN-PROSTATE' AND timepoint_id = 'retest'"
        )
    ]
    assert (len(days), min(days), max(days)) == (15, 3, 14)
    assert sum(days) / len(days) == pytest.approx(10.1, abs=0.05)


def test_no_date_of_qin_is_anywhere_in_the_warehouse(opened: Warehouse) -> None:
    tables: dict[tuple[str, str], list[str]] = {}
    for schema, name, column in opened.rows(
        """
        SELECT columns.table_schema, columns.table_name, column_name
        FROM information_schema.columns
        JOIN information_schema.tables USING (table_catalog, table_schema, table_name)
        WHERE data_type = 'VARCHAR' AND table_type = 'BASE TABLE' AND table_schema != 'main'
        """
    ):
        tables.setdefault((schema, name), []).append(f'"{column}"')
    assert ("imaging", "segmentation") in tables
    assert ("ops", "quarantine") in tables
    for (schema, name), columns in tables.items():
        cells = f"concat_ws(' ', {', '.join(columns)})"
        # the table holds days of January 2000; digits within a hash are none
        date = f"regexp_matches({cells}, '(^|[^0-9a-f])2000-?01-?[0-3][0-9]')"
        found = opened.rows(f'SELECT {cells} FROM "{schema}"."{name}" WHERE {date}')
        assert list(found) == []


def test_features_of_qin_meet_those_of_today_or_are_kept_apart(
    opened: Warehouse, published: Published
) -> None:
    ((n_apart, n_with_code),) = opened.rows(
        """
        SELECT count(*) FILTER (contains(feature, '@before-')), count(ibsi_code)
        FROM vocab.feature WHERE engine = 'pyradiomics'
        """
    )
    # 6 of shape; 72 of each of 8 wavelets and of square, square root, logarithm and exponential
    assert n_apart == 6 + 12 * 72
    assert 0 < n_with_code <= 1235 - n_apart
    names = {row[0] for row in opened.rows("SELECT feature FROM vocab.feature")}
    assert {f"original_shape_{name}" for name in RENAMED.values()} <= names
    assert not {f"original_shape_{name}" for name in (*RENAMED, *OF_VOXELS)} & names
    report = published.ingests["qin_prostate"]
    assert told(report) == {"feature_meaning_changed": 9}
    assert report.new_refusals == ()


@pytest.mark.parametrize(
    ("form", "columns"), [("ICC(1,1)", "icc11"), ("ICC(A,1)", "icc21"), ("ICC(C,1)", "icc31")]
)
def test_agreement_of_test_and_retest_equals_the_reference(
    opened: Warehouse, shared_data: Path, form: str, columns: str
) -> None:
    found = opened.arrow(
        """
        SELECT * FROM mart.feature_stability
        WHERE cohort_id = 'QIN-PROSTATE' AND icc_form = $form AND feature LIKE 'original%'
        """,
        {"form": form},
    )
    got = {(row["region"], row["feature"]): row for row in found.to_pylist()}
    path = shared_data / "reference" / "qin_icc_original_features.csv"
    with path.open(encoding="utf-8") as file:
        expected = list(csv.DictReader(file))
    assert len(got) == len(expected) == 4 * 83
    for row in expected:
        result = got[row["roi"], stored_name(row["feature"])]
        assert result["n_targets"] == int(row["n_pairs"])
        for name, value in (("icc", ""), ("ci95_low", "_lo"), ("ci95_high", "_hi")):
            reference = float(row[columns + value])
            tolerance = 1e-9 if value else 1e-11
            assert result[name] == pytest.approx(reference, abs=tolerance), row["feature"]


def stored_name(feature: str) -> str:
    image_type, feature_class, name = feature.split("_")
    if feature_class != "shape":
        return feature
    today = f"{name}@before-2.1.0" if name in OF_VOXELS else RENAMED.get(name, name)
    return f"{image_type}_{feature_class}_{today}"


def test_upenn_has_one_patient_for_both_scans(opened: Warehouse, published: Published) -> None:
    report = published.ingests["upenn_gbm"]
    assert (report.new_refusals, report.new_warnings) == ((), ())
    ((n_patients,),) = opened.rows(
        "SELECT count(*) FROM study.patient WHERE cohort_id = 'UPENN-GBM'"
    )
    assert n_patients == 630
    assert not list(
        opened.rows("SELECT * FROM study.patient WHERE regexp_matches(patient_id, '_[12]1$')")
    )
    assert list(
        opened.rows(
            """
            SELECT timepoint_id, count(DISTINCT patient_id), count(*) / 10
            FROM clinical.variable WHERE cohort_id = 'UPENN-GBM' GROUP BY ALL ORDER BY ALL
            """
        )
    ) == [("baseline", 611, 611), ("follow_up", 60, 60)]


def test_upenn_has_its_sequence_and_region_in_columns(opened: Warehouse) -> None:
    assert list(
        opened.rows(
            """
            SELECT timepoint_id, sequence, region, modality, engine, count(DISTINCT patient_id),
              count(DISTINCT feature), count(*), count(*) FILTER (value IS NULL)
            FROM imaging.radiomic_feature WHERE cohort_id = 'UPENN-GBM' GROUP BY ALL
            """
        )
    ) == [("baseline", "FLAIR", "NCR", "MR", "captk", 228, 144, 228 * 144, 0)]


def test_features_of_upenn_stand_beside_mgmt(opened: Warehouse) -> None:
    """Of 228 patients with features 59 have a result, not 68 and not 228."""
    found = opened.rows(
        """
        SELECT value_text, count(DISTINCT patient_id)
        FROM clinical.variable
        JOIN imaging.segmentation USING (cohort_id, patient_id, timepoint_id)
        WHERE cohort_id = 'UPENN-GBM' AND variable = 'MGMT' AND value_text IS NOT NULL
        GROUP BY ALL
        """
    )
    assert dict(found) == {"Unmethylated": 37, "Methylated": 22}


def test_plgg_is_zscored_on_four_sequences(opened: Warehouse) -> None:
    assert list(
        opened.rows(
            """
            SELECT sequence, region, value_scale, count(DISTINCT patient_id),
              count(DISTINCT feature)
            FROM imaging.radiomic_feature WHERE cohort_id = 'PLGG-CBTN' GROUP BY ALL ORDER BY ALL
            """
        )
    ) == [
        ("FLAIR", "TC", "zscore", 201, 106),
        ("T1", "TC", "zscore", 201, 114),
        ("T1gd", "TC", "zscore", 201, 109),
        ("T2", "TC", "zscore", 201, 109),
    ]
    ((n_values, lowest),) = opened.rows(
        """
        SELECT count(*), min(value) FILTER (feature LIKE '%Morphologic%')
        FROM imaging.radiomic_feature WHERE cohort_id = 'PLGG-CBTN'
        """
    )
    assert n_values == 201 * 438
    # a size below zero is no error where it is a z-score
    assert lowest < 0


def test_specimens_of_plgg_are_counted_not_multiplied(opened: Warehouse, shared_data: Path) -> None:
    expected = json.loads(
        (shared_data / "reference" / "plgg_expected_counts.json").read_text(encoding="utf-8")
    )
    per_patient = Counter(
        str(n)
        for (n,) in opened.rows(
            """
            SELECT count(DISTINCT sample_id)
            FROM genomic.sample
            JOIN genomic.assay_value USING (cohort_id, sample_id)
            WHERE cohort_id = 'PLGG-CBTN' AND molecular_profile_id = 'xcell' AND patient_id IN (
              SELECT patient_id FROM imaging.segmentation WHERE cohort_id = 'PLGG-CBTN'
            )
            GROUP BY patient_id
            """
        )
    )
    assert per_patient == expected["specimens_per_joined_patient"]
    assert sum(per_patient.values()) == expected["n_joined"] == 150


def test_tables_of_plgg_that_meet_nobody_say_so(published: Published) -> None:
    report = published.ingests["plgg_cbtn"]
    assert [(r.reason_code, r.file_path) for r in report.new_refusals] == [
        ("no_id_matches", "186_GOI_variant_summary.txt"),
        ("no_id_matches", "snv-mutation-tmb-coding.tsv"),
    ]
    assert report.new_warnings == ()


@pytest.mark.parametrize("name", FOLDERS)
def test_a_second_run_commits_nothing(published: Published, name: str) -> None:
    again = run_ingest(published.warehouse, published.cohorts[name], Serial())
    assert (again.batch_id, again.rows, again.new_refusals) == (None, {}, ())


def test_tables_of_one_engine_meet_by_the_names_of_features(opened: Warehouse) -> None:
    assert list(
        opened.rows(
            """
            SELECT cohort_id, sequence, count(DISTINCT feature_id)
            FROM imaging.radiomic_feature
            WHERE engine = 'captk' AND feature = 'Intensity_Kurtosis' GROUP BY ALL ORDER BY ALL
            """
        )
    ) == [
        # the other sequences of this table are without it
        ("PLGG-CBTN", "T1", 1),
        ("UPENN-GBM", "FLAIR", 1),
    ]
    ((n_ids,),) = opened.rows(
        "SELECT count(*) FROM vocab.feature WHERE feature = 'Intensity_Kurtosis'"
    )
    assert n_ids == 1
