"""Markers of a patient, and the days between scans, biopsies and radiation."""

from __future__ import annotations

from typing import Any

import pytest

from roentgene.schemas.markers import marker_names, result_words


@pytest.fixture
def markers(warehouse: Any) -> Any:
    """The packaged list of markers and words, and patients to speak of."""
    warehouse.add("vocab.marker", *(vars(name) for name in marker_names()))
    warehouse.add("vocab.marker_result", *(vars(word) for word in result_words()))
    warehouse.patients(*(f"p{number}" for number in range(1, 7)))
    return warehouse


def clinical(warehouse: Any, patient: str, variable: str, word: str) -> None:
    row = {"cohort_id": "C", "patient_id": patient, "variable": variable, "as_given": word}
    warehouse.add("clinical.variable", row | {"value_text": word, "value_status": "ok"})


def biomarker(warehouse: Any, patient: str, marker: str, result: str, **given: Any) -> None:
    row = {"cohort_id": "C", "patient_id": patient, "marker": marker, "result": result}
    warehouse.add("genomic.biomarker", row | given)


def sequenced(warehouse: Any, patient: str, *genes: str) -> None:
    sample = {"cohort_id": "C", "sample_id": f"s{patient}"}
    warehouse.add("genomic.sample", sample | {"patient_id": patient})
    warehouse.add("genomic.assay", sample | {"assay": "mutation", "all_genes": True})
    for gene in genes:
        variant = {"hugo_symbol": gene, "variant_classification": "Missense_Mutation"}
        warehouse.add("genomic.mutation", sample | variant | {"hgvsp_short": "p.R132H"})


def results(warehouse: Any, marker: str) -> dict[str, tuple[Any, ...]]:
    rows = warehouse.rows("FROM mart.patient_biomarker WHERE marker = ?", marker)
    columns = ("result", "result_status", "source", "contradicted", "n_sources")
    found = {row["patient_id"]: tuple(row[name] for name in columns) for row in rows}
    assert len(found) == len(rows)
    return found


def test_the_best_source_gives_the_result(markers: Any) -> None:
    biomarker(markers, "p1", "MGMT", "methylated")
    clinical(markers, "p1", "MGMT", "unmethylated")
    clinical(markers, "p2", "MGMT", "unmethylated")
    clinical(markers, "p2", "mgmt_status", "unmethylated")
    clinical(markers, "p3", "MGMT", "Indeterminate")
    found = results(markers, "MGMT")
    methylated, unmethylated = found["p1"][0], found["p2"][0]
    assert methylated != unmethylated and None not in (methylated, unmethylated)
    assert found["p1"][1:] == ("ok", "genomic.biomarker", True, 2)
    assert found["p2"][1:] == ("ok", "clinical.variable", False, 1)
    assert found["p3"] == (None, "undecided", None, False, 1)
    # nobody is anything because no source speaks of them
    assert set(found) == {"p1", "p2", "p3"}


def test_a_source_that_contradicts_itself_gives_none(markers: Any) -> None:
    biomarker(markers, "p1", "MGMT", "methylated", method="PCR")
    biomarker(markers, "p1", "MGMT", "unmethylated", method="array")
    passed = {"choice": "first", "passed_over": "unmethylated"}
    biomarker(markers, "p2", "MGMT", "methylated", **passed)
    found = results(markers, "MGMT")
    assert found["p1"][:4] == (None, "contradictory", "genomic.biomarker", True)
    assert found["p2"][:4] == (None, "contradictory", "genomic.biomarker", True)


def test_mutations_speak_where_no_biomarker_does(markers: Any) -> None:
    sequenced(markers, "p1", "IDH1")
    sequenced(markers, "p2", "TP53")
    # IDH2 must be known as well, or nobody could be wild type in IDH
    sequenced(markers, "p3", "IDH2")
    clinical(markers, "p2", "IDH", "Mutant")
    found = results(markers, "IDH")
    assert found["p1"][:3] == ("MUT", "ok", "mart.gene_status")
    assert found["p2"] == ("WT", "ok", "mart.gene_status", True, 2)


# --- days


def scan(warehouse: Any, timepoint: str, day: int | None, **given: Any) -> None:
    row = {"cohort_id": "C", "patient_id": "p1", "timepoint_id": timepoint}
    warehouse.add_once("study.timepoint", row | {"study_day": day, "visit_order": 0})
    warehouse.measure(timepoint_id=timepoint, **given)


def test_days_between_scan_and_biopsy(warehouse: Any) -> None:
    scan(warehouse, "before", -4, lesion_id="1")
    scan(warehouse, "after", 8, lesion_id="2")
    scan(warehouse, "somewhen", None)
    sample = {"cohort_id": "C", "patient_id": "p1"}
    warehouse.add(
        "genomic.sample",
        sample | {"sample_id": "tumour", "collection_day": 2, "lesion_id": "1"},
        sample | {"sample_id": "undated", "sample_type": "primary"},
        sample | {"sample_id": "blood", "sample_type": "Blood Derived Normal"},
    )
    event = {"cohort_id": "C", "patient_id": "p1"}
    warehouse.add(
        "clinical.event",
        # the biopsy of the specimen is not counted twice
        event | {"event_type": "biopsy", "start_day": 2},
        event | {"event_type": "surgery", "start_day": 30},
    )
    columns = (
        "timepoint_id, source, sample_id, interval_days, interval_status, nearest, lesion_drawn"
    )
    rows = warehouse.rows(f"SELECT {columns} FROM mart.scan_biopsy_interval ORDER BY ALL")
    assert [tuple(row.values()) for row in rows] == [
        ("after", "event", None, 22, "ok", True, None),
        ("after", "sample", "tumour", -6, "ok", False, False),
        ("after", "sample", "undated", None, "no_biopsy_day", False, None),
        ("before", "event", None, 34, "ok", False, None),
        ("before", "sample", "tumour", 6, "ok", True, True),
        ("before", "sample", "undated", None, "no_biopsy_day", False, None),
        ("somewhen", "event", None, None, "no_scan_day", False, None),
        ("somewhen", "sample", "tumour", None, "no_scan_day", False, True),
        ("somewhen", "sample", "undated", None, "no_scan_day", False, None),
    ]


def test_the_lesion_of_the_biopsy_is_compared_with_the_index_lesion(warehouse: Any) -> None:
    drawn = {"derivation": "label 1"}
    scan(warehouse, "t0", 0, lesion_id="1", volume_mm3=10.0, **drawn)
    warehouse.measure(lesion_id="2", volume_mm3=90.0, **drawn)
    sample = {"cohort_id": "C", "patient_id": "p1", "collection_day": 1}
    warehouse.add("genomic.sample", sample | {"sample_id": "a", "lesion_id": "2"})
    warehouse.add("genomic.sample", sample | {"sample_id": "b", "lesion_id": "1"})
    rows = warehouse.rows("FROM mart.scan_biopsy_interval ORDER BY sample_id")
    assert [(row["sample_id"], row["index_lesion"]) for row in rows] == [("a", True), ("b", False)]


def test_days_between_scan_and_radiation(warehouse: Any) -> None:
    for timepoint, day in {"t0": -10, "t1": 20, "t2": 70}.items():
        scan(warehouse, timepoint, day)
    event = {"cohort_id": "C", "patient_id": "p1"}
    warehouse.add(
        "clinical.event",
        event | {"event_type": "rt_start", "start_day": 0},
        event | {"event_type": "rt_end", "start_day": 42},
        # a second course, of which no end is known
        event | {"event_type": "rt_start", "start_day": 60},
    )
    exposure = {"cohort_id": "C", "patient_id": "p1", "start_day": 0, "stop_day": 42}
    warehouse.add(
        "clinical.treatment",
        exposure | {"treatment": "photons", "dose": 6000.0, "dose_unit": "cGy", "fractions": 30},
        exposure | {"treatment": "drug", "dose": 75.0, "dose_unit": "mg"},
    )
    columns = "timepoint_id, source, start_day, days_since_start, days_since_end, phase, dose_gy"
    rows = warehouse.rows(f"SELECT {columns} FROM mart.scan_dose_interval ORDER BY ALL")
    assert [tuple(row.values()) for row in rows] == [
        ("t0", "event", 0, -10, -52, "before", None),
        ("t0", "event", 60, -70, None, "before", None),
        ("t0", "treatment", 0, -10, -52, "before", 60.0),
        ("t1", "event", 0, 20, -22, "during", None),
        ("t1", "event", 60, -40, None, "before", None),
        ("t1", "treatment", 0, 20, -22, "during", 60.0),
        ("t2", "event", 0, 70, 28, "after", None),
        ("t2", "event", 60, 10, None, None, None),
        ("t2", "treatment", 0, 70, 28, "after", 60.0),
    ]


def test_a_dose_grid_is_set_beside_the_scans(warehouse: Any) -> None:
    scan(warehouse, "plan", 5)
    dose = {"cohort_id": "C", "patient_id": "p1", "timepoint_id": "plan", "dose_id": "d"}
    warehouse.add("imaging.dose", dose | {"prescription_gy": 60.0, "fractions": 30})
    (row,) = warehouse.rows("FROM mart.scan_dose_interval")
    assert (row["source"], row["days_since_start"], row["dose_gy"]) == ("dose", 0, 60.0)
    assert (row["days_since_end"], row["phase"]) == (None, None)
