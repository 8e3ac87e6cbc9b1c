"""Rows that the cohort file itself gives, and those of the patients whose images were found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import polars as pl

from roentgene.ingest.extract.extraction import extraction_row
from roentgene.ingest.extract.work import DVH
from roentgene.ingest.habitat_model import HabitatModel
from roentgene.ingest.planning.dose_extraction import dose_extraction_row
from roentgene.ingest.planning.drawing import Visit
from roentgene.ingest.planning.plan import Plan
from roentgene.ingest.planning.region_rules import parent_regions
from roentgene.ingest.staged_columns import SOURCE_FILE, SOURCE_ROW, staged_schema
from roentgene.schemas.cohort import Cohort
from roentgene.schemas.patient_flow import flow_rows
from roentgene.schemas.words import packaged_regions

# how the derivation of a region begins that somebody drew
_DRAWN = ("label ", "every value", "table")


def cohort_rows(plan: Plan) -> dict[str, pl.DataFrame]:
    """Rows of the cohort, its expectations, and the patients, visits and lesions of its images."""
    cohort, visits = plan.cohort, sorted(plan.imaging.visits)
    patients = sorted({patient for patient, _ in visits})
    rows: dict[str, list[dict[str, Any]]] = {
        "study.cohort": [
            {"title": cohort.title, "license": cohort.license, "day_zero": cohort.day_zero}
        ],
        "study.patient": [
            {"patient_id": patient, "person_id": f"{cohort.cohort_id}:{patient}"}
            for patient in patients
        ],
        "study.timepoint": [
            {
                "patient_id": patient,
                "timepoint_id": timepoint,
                "study_day": plan.imaging.days.get(
                    Visit(patient, timepoint), cohort.timepoints[timepoint].day
                ),
                "visit_order": cohort.timepoints[timepoint].order,
            }
            for patient, timepoint in visits
        ],
        "study.lesion": [
            {"patient_id": patient, "lesion_id": lesion}
            for patient, lesion in sorted(plan.imaging.lesions)
        ],
        "study.expectation": list(_expectations(cohort)),
        "study.specimen_rule": list(cohort.specimen_rule.rows() if cohort.specimen_rule else ()),
        "study.flow_step": list(flow_rows(cohort.flow_steps)),
        "imaging.habitat_model": [
            model.row(cohort.cohort_id) for model in plan.imaging.habitat_models.values()
        ],
        "imaging.extraction": [
            dose_extraction_row(one) if one.engine == DVH else extraction_row(one)
            for one in plan.extractions
        ],
    }
    return {name: _frame(name, found, cohort.cohort_id) for name, found in rows.items()}


def region_rows(
    regions: Mapping[str, str], cohort: Cohort, models: Mapping[str, HabitatModel]
) -> pl.DataFrame:
    """Rows of ``vocab.region``: the words that come with roentgene, else what the file says.

    Parameters
    ----------
    regions : mapping of str to str
        Region and its derivation.
    cohort : Cohort
        Its rules say which region is the parent of another.
    models : mapping of str to HabitatModel
        Fitted models of habitats by name.
    """
    parents = parent_regions(cohort.regions, models)
    rows = []
    for region, derivation in sorted(regions.items()):
        drawn = derivation.startswith(_DRAWN)
        said = {"parent": parents.get(region), "derivation": "drawn" if drawn else derivation}
        rows.append({"region": region, **packaged_regions().get(region, said)})
    return _frame("vocab.region", rows, cohort.cohort_id)


def _expectations(cohort: Cohort) -> Iterator[dict[str, Any]]:
    expected = cohort.expect
    named = (expected.timepoints, expected.sequences, expected.regions, expected.raters)
    if any(named):
        # what is left open is expected once, whichever it is
        for timepoint, sequence, region, rater in product(*(names or (None,) for names in named)):
            yield {
                "block": "imaging",
                "timepoint_id": timepoint,
                "sequence": sequence,
                "region": region,
                "rater_id": rater,
            }
    for kind in dict.fromkeys(expected.tables):
        yield {"block": kind}


def _frame(full_name: str, rows: list[dict[str, Any]], cohort_id: str) -> pl.DataFrame:
    """Rows in staged form, from no file."""
    schema = pl.Schema(staged_schema(full_name))
    common = {"cohort_id": cohort_id} if "cohort_id" in schema else {}
    frame = pl.DataFrame([{**common, **row} for row in rows], schema=schema)
    return frame.with_columns(
        pl.lit(None, pl.String).alias(SOURCE_FILE), pl.lit(None, pl.Int64).alias(SOURCE_ROW)
    )
