"""``roentgene trace``: one row back to image, mask, settings, SQL, commit and author."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from roentgene.analyses.releasing.create import create_release
from roentgene.queries.registry import registry

Run = Callable[..., Any]
Rows = dict[str, list[dict[str, Any]]]

BATCH = "20260301T083000Z-aaaa"
SECOND = "20260401T083000Z-bbbb"
PATIENTS = tuple(f"P{number:02}" for number in range(1, 6))
FEATURE = "original_glcm_Contrast"
SPEC = """\
name: kps
title: Everything that a column can be made from
patients: {cohorts: [LGG]}
features:
  - {timepoint: baseline}
  - {view: delta_radiomics, measure: delta_absolute, timepoint: month_3}
clinical:
  - {variables: [grade], patient: [age_at_day_zero]}
  - {variables: [weight], timepoint: month_3}
dose:
  - {features: [Dmean], region: [Brainstem]}
genomic:
  - {kind: expression, profile: rna}
  - {kind: mutation, genes: [IDH1]}
  - {kind: biomarker, markers: [MGMT]}
target: {kind: clinical, name: group}
"""


def rows_below(stored: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = {stored["table"]: stored["row"]}
    for one in stored["stands_on"]:
        found |= rows_below(one)
    return found


def test_a_measurement_leads_to_image_mask_settings_commit_and_author(
    roentgene: Run, made_study: Path
) -> None:
    told = roentgene("trace", "measurement", 3, "--json", "-w", made_study).json
    assert (told["subject"], told["row"]["measurement_id"]) == ("imaging.measurement", 3)
    below = rows_below(told["evidence"][0]["rows"][0])
    assert below["imaging.series"]["series_id"] == told["row"]["series_id"]
    assert below["imaging.segmentation"]["rater_id"] == "B"
    assert below["imaging.extraction"]["engine"] == "pyradiomics"
    assert below["study.patient"]["patient_id"] == "P02"
    (commit,) = told["commits"]
    assert (commit["what"], commit["author"]) == (BATCH, "ann")
    assert told["sql"] is None


def test_a_row_of_a_view_names_its_sql_and_the_measurement_it_is_made_of(
    roentgene: Run, made_study: Path
) -> None:
    view = next(v for v in registry().pinned({}) if v.full_name == "imaging.radiomic_feature")
    picked = ("--where", "patient_id=P02", "--where", "rater_id=B")
    told = roentgene("trace", "radiomic_feature", *picked, "--json", "-w", made_study).json
    assert told["sql"]["sha256"] == view.sha256
    assert told["sql"]["deployed"]
    assert "imaging.feature_value" in told["sql"]["reads"][told["sql"]["versioned_name"]]
    (fact,) = [one for one in told["evidence"] if one["table"] == "imaging.feature_value"]
    assert fact["exact"]
    (stored,) = fact["rows"]
    assert stored["row"]["value"] == told["row"]["value"]
    assert rows_below(stored)["imaging.measurement"]["measurement_id"] == 3


def test_a_cell_without_ids_is_told_by_the_rows_that_share_its_keys(
    roentgene: Run, made_study: Path
) -> None:
    picked = ("--where", "patient_id=P06", "--where", "block=imaging", "--where", "sequence=T1")
    rows = roentgene(
        "sql", "FROM mart.coverage WHERE patient_id = 'P06'", "--format", "json", "-w", made_study
    ).json
    cell = next(row for row in rows if row["block"] == "imaging" and row["sequence"] == "T1")
    extra = ("--where", f"rater_id={cell['rater_id'] or ''}") if "rater_id" in cell else ()
    told = roentgene("trace", "coverage", *picked, *extra, "--json", "-w", made_study).json
    evidence = {one["table"]: one for one in told["evidence"]}
    assert evidence["imaging.measurement"]["n_rows"] in (1, 2)
    assert not evidence["imaging.measurement"]["exact"]
    assert {row["row"]["status"] for row in evidence["imaging.measurement"]["rows"]} == {
        "label_absent"
    }


def test_people_read_the_same(roentgene: Run, made_study: Path) -> None:
    told = roentgene("trace", "imaging.measurement", 3, "-w", made_study).out
    for words in ("imaging.segmentation", "imaging.extraction", "settings", f"{BATCH} by ann"):
        assert words in told


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("mart.covrage",), "Did you mean 'mart.coverage'?"),
        (("coverage",), "Say more with --where: they differ in"),
        (("coverage", "--where", "patent_id=P01"), "Did you mean 'patient_id'?"),
        (("coverage", "--where", "patient_id=nobody"), "no row of mart.coverage has"),
        (("coverage", "--where", "patient_id"), "is not COLUMN=VALUE"),
        (("measurement", "three"), "a value does not fit its column"),
        (("coverage", "1"), "has no single id"),
        (("release", "idh@1.0.0", "P01"), "named by release, person and column"),
        (("release", "idh@1.0.0", "P01", "x"), "there is no release 'idh@1.0.0'"),
    ],
)
def test_what_cannot_be_traced_is_said_with_its_cure(
    roentgene: Run, made_study: Path, words: tuple[str, ...], message: str
) -> None:
    answer = roentgene("trace", *words, "-w", made_study)
    assert answer.exit_code == 2
    assert message in answer.err


def test_a_value_is_never_read_as_sql(roentgene: Run, made_study: Path) -> None:
    answer = roentgene("trace", "coverage", "--where", "patient_id=' OR '1'='1", "-w", made_study)
    assert (answer.exit_code, "no row" in answer.err) == (2, True)
    answer = roentgene("trace", "coverage", "--where", 'patient_id" OR 1=1 --=x', "-w", made_study)
    assert (answer.exit_code, "has no column" in answer.err) == (2, True)


def second_delivery() -> Rows:
    """A visit, two lesions of another region, and something of every other kind."""
    rows: Rows = {
        "ops.batch": [{"batch_id": SECOND, "author": "bob"}],
        "study.setting": [
            {"name": "reference_rater", "value": "A"},
            {"name": "lesion_rule", "value": "weighted_mean"},
        ],
        "imaging.extraction": [
            {"extraction_id": "e", "engine": "pyradiomics", "value_scale": "raw"},
            {"extraction_id": "d", "engine": "roentgene", "profile": "dvh", "value_scale": "raw"},
        ],
        "genomic.panel_gene": [{"panel": "P", "hugo_symbol": "IDH1"}],
    }
    for number, patient in enumerate(PATIENTS):
        for name, one in _of_patient(number, patient):
            rows.setdefault(name, []).append({"patient_id": patient, **one, "batch_id": SECOND})
    return rows


def _of_patient(number: int, patient: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "study.patient", {"person_id": patient, "age_at_day_zero": 40.0 + number}
    for order, (visit, day) in enumerate({"baseline": 0, "month_3": 90}.items()):
        at = {"timepoint_id": visit, "study_day": day, "visit_order": order}
        yield "study.timepoint", at
    yield from _drawn(patient, 100 + number, "month_3", "WT", "-", 50.0 + number)
    for lesion in (1, 2):
        identity = 200 + 10 * number + lesion
        yield from _drawn(patient, identity, "baseline", "ET", str(lesion), float(lesion))
    for variable, value in {"grade": 2.0 + number, "group": float(number % 2)}.items():
        told = {"as_given": str(value), "value_number": value, "value_status": "ok"}
        yield "clinical.variable", {"variable": variable, **told}
    told = {"as_given": "7", "value_number": 70.0 + number, "value_status": "ok"}
    yield "clinical.variable", {"variable": "weight", "timepoint_id": "month_3", **told}
    yield "imaging.dose", {"dose_id": f"{patient} dose", "timepoint_id": "baseline"}
    for region in ("Brainstem", "Chiasm"):
        drawn = {"segmentation_id": f"{patient} {region}", "extraction_id": "d"}
        place = {"reference_series_id": patient, "timepoint_id": "baseline", "region": region}
        yield "imaging.segmentation", {**drawn, **place, "rater_id": "A"}
        value = {"feature": "Dmean", "unit": "Gy", "value": 10.0 + number, "value_status": "ok"}
        yield "imaging.dose_feature", {"dose_id": f"{patient} dose", **drawn, **value}
    sample = {"sample_id": f"{patient} S"}
    yield "genomic.sample", {**sample, "sample_type": "primary"}
    yield "genomic.assay", {**sample, "assay": "mutation", "panel": "P", "all_genes": False}
    value = {"molecular_profile_id": "rna", "hugo_symbol": "EGFR", "value": 3.5 * number}
    yield "genomic.expression", {**sample, **value, "value_scale": "raw", "unit": "1"}
    mutation = {"hugo_symbol": "IDH1", "variant_classification": "Missense_Mutation"}
    if number < 2:
        yield "genomic.mutation", {**sample, **mutation, "hgvsp_short": "p.R132H"}
    result = "methylated" if number < 3 else "unmethylated"
    yield "genomic.biomarker", {"marker": "MGMT", "method": "pcr", "study_day": 6, "result": result}


def _drawn(
    patient: str, number: int, visit: str, region: str, lesion: str, value: float
) -> Iterator[tuple[str, dict[str, Any]]]:
    """A lesion, measured; its volume is its number, where it has one."""
    place = {"timepoint_id": visit, "series_id": f"{patient} {visit}"}
    if visit == "baseline":
        place["series_id"] = patient
    else:
        yield "imaging.series", {**place, "sequence": "T1"}
    drawn = {"segmentation_id": f"{patient} {visit} {region} {lesion}", "rater_id": "A"}
    named = {**place, **drawn, "reference_series_id": place["series_id"], "region": region}
    yield (
        "imaging.segmentation",
        {**named, "lesion_id": lesion, "volume_mm3": float(lesion.replace("-", "1"))},
    )
    yield (
        "imaging.measurement",
        {"measurement_id": number, **named, "extraction_id": "e"}
        | {
            "status": "ok",
            "current": True,
            "work_key": drawn["segmentation_id"],
        },
    )
    yield "imaging.feature_value", {"measurement_id": number, "value": value, "value_status": "ok"}


@pytest.fixture(scope="module")
def released(
    made_study: Path,
    deliver: Callable[[Path, Rows], None],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A study with a release that has columns of every kind; nobody writes to it."""
    folder = tmp_path_factory.mktemp("released")
    study = Path(shutil.copytree(made_study, folder / "lgg"))
    with (study / "study.yaml").open("a", encoding="utf-8") as file:
        file.write("patient_feature: {reference_rater: A, lesion_rule: weighted_mean}\n")
    deliver(study, second_delivery())
    spec = folder / "release.yaml"
    spec.write_text(SPEC, encoding="utf-8")
    create_release(study, spec, author="cy")
    return study


@pytest.fixture
def cell(roentgene: Run, released: Path) -> Callable[[str], dict[str, Any]]:
    """Traces a column of the second patient in the release."""

    def traced(column: str) -> dict[str, Any]:
        words = ("release", "kps@1.0.0", "P02", column)
        found: dict[str, Any] = roentgene("trace", *words, "--json", "-w", released).json
        assert found["release"]["column"] == column
        assert found["notes"] == [] or column.startswith("rad__baseline__T1__ET")
        return found

    return traced


def facts(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each stored row that was found, with all that it refers to, by table."""
    return [rows_below(row) for one in told["evidence"] for row in one["rows"]]


def test_an_image_feature_of_a_release_leads_to_the_measurement_of_its_source(
    cell: Callable[[str], dict[str, Any]],
) -> None:
    told = cell(f"rad__baseline__T1__WT__-__{FEATURE}")
    (fact,) = [one for one in facts(told) if "imaging.feature_value" in one]
    assert (
        fact["imaging.feature_value"]["value"] == told["release"]["value"] == told["row"]["value"]
    )
    assert str(fact["imaging.measurement"]["measurement_id"]) == "2"
    assert fact["imaging.segmentation"]["rater_id"] == "A"
    assert fact["imaging.series"]["series_id"] == "P02"
    assert fact["imaging.extraction"]["engine"] == "pyradiomics"
    assert told["sql"]["view"] == "mart.patient_feature"
    assert {commit["what"] for commit in told["commits"]} == {BATCH, SECOND}


def test_a_change_leads_to_both_measurements(cell: Callable[[str], dict[str, Any]]) -> None:
    told = cell(f"rad__delta_absolute__month_3__T1__WT__-__{FEATURE}")
    values = {
        one["role"]: rows_below(one["rows"][0])["imaging.feature_value"]
        for one in told["evidence"]
        if one["table"] == "imaging.feature_value"
    }
    assert set(values) == {"", "baseline"}
    assert (values[""]["measurement_id"], values["baseline"]["measurement_id"]) == (101, 2)
    difference = values[""]["value"] - values["baseline"]["value"]
    assert told["release"]["value"] == pytest.approx(difference)


def test_of_a_mean_over_lesions_every_measurement_is_told(
    cell: Callable[[str], dict[str, Any]],
) -> None:
    told = cell(f"rad__baseline__T1__ET__-__{FEATURE}")
    assert told["row"]["measurement_id"] is None
    assert told["release"]["value"] == pytest.approx((1 * 1.0 + 2 * 2.0) / 3)
    found = [
        one["imaging.measurement"]["measurement_id"]
        for one in facts(told)
        if "imaging.feature_value" in one
    ]
    assert sorted(found) == [211, 212]
    (note,) = told["notes"]
    assert "mean over lesions" in note


@pytest.mark.parametrize(
    ("column", "table", "expected"),
    [
        ("clin__grade", "clinical.variable", {"variable": "grade", "value_number": 3.0}),
        ("clin__weight__month_3", "clinical.variable", {"value_number": 71.0}),
        ("clin__age_at_day_zero", "study.patient", {"age_at_day_zero": 41.0}),
        (
            "dose__baseline__Brainstem__dvh__Dmean__Gy",
            "imaging.dose_feature",
            {"segmentation_id": "P02 Brainstem", "value": 11.0},
        ),
        ("gen__expression__rna__EGFR", "genomic.expression", {"value": 3.5}),
        ("gen__mutation__IDH1", "genomic.mutation", {"hgvsp_short": "p.R132H"}),
        ("gen__biomarker__MGMT", "genomic.biomarker", {"method": "pcr", "study_day": 6}),
        ("target", "clinical.variable", {"variable": "group", "value_number": 1.0}),
        ("site", "study.patient", {"patient_id": "P02"}),
    ],
)
def test_any_other_column_leads_to_its_stored_row_and_commit(
    cell: Callable[[str], dict[str, Any]], column: str, table: str, expected: dict[str, Any]
) -> None:
    told = cell(column)
    (evidence,) = [one for one in told["evidence"] if one["table"] == table]
    (stored,) = evidence["rows"]
    assert {name: stored["row"][name] for name in expected} == expected
    assert (SECOND, "bob") in [(commit["what"], commit["author"]) for commit in told["commits"]]
    assert told["release"]["author"] == "cy"


def test_people_read_what_is_behind_a_release(roentgene: Run, released: Path) -> None:
    words = ("release", "kps@1.0.0", "P02")
    mean = roentgene("trace", *words, f"rad__baseline__T1__ET__-__{FEATURE}", "-w", released).out
    assert "note: the value is a mean over lesions" in mean
    assert "made by cy" in mean
    unknown = roentgene("trace", *words, "clin__grad", "-w", released)
    assert (unknown.exit_code, "Did you mean 'clin__grade'?" in unknown.err) == (2, True)
    nobody = roentgene("trace", "release", "kps@1.0.0", "P99", "clin__grade", "-w", released)
    assert (nobody.exit_code, "has no row of 'P99'" in nobody.err) == (2, True)
