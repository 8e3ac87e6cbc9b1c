"""Rows of ready-made dose-volume metrics: the ids and tables that a measured dose has too.

The dose grid is not there: it stands as a dose and a series of ``source`` table, without a hash.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from roentgene.ingest.identity import identity
from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.ready_made import each, first_of_each
from roentgene.ingest.tables.staging import TableContext
from roentgene.ingest.tables.visits import with_visit
from roentgene.schemas.canonical import canonical_json, text_hash
from roentgene.schemas.measured_tables import DvhTable

_VISIT = ["patient_id", "timepoint_id"]
_DRAWN = ["region", "lesion_id", "rater_id", "repeat_no"]
#: What names a structure on a dose.
KEY = [*_VISIT, "sequence", *_DRAWN]
_MODALITY = "RTDOSE"
_SOURCE = "table"


def dvh_rows(
    declaration: DvhTable, rows: pl.DataFrame, context: TableContext
) -> dict[str, pl.DataFrame]:
    """Rows by full table name; the first line that speaks of a thing is its line.

    Parameters
    ----------
    declaration : DvhTable
        Who computed, and how.
    rows : polars.DataFrame
        One row a structure and metric: :data:`KEY`, ``feature``, ``unit`` and ``value``, which is
        NULL where there is none.
    context : TableContext
        Gives the cohort and the days of the visits.
    """
    settings = canonical_json(declaration.settings)
    rows = _with_ids(declaration, settings, rows, context.cohort.cohort_id)
    visits = first_of_each(rows.select(SOURCE_ROW, *_VISIT))
    return {
        "study.lesion": first_of_each(rows.select(SOURCE_ROW, "patient_id", "lesion_id")),
        "study.timepoint": with_visit(visits, context),
        "imaging.series": _series(rows),
        "imaging.segmentation": _segmentations(rows),
        "imaging.extraction": _extraction(declaration, settings, rows),
        "imaging.dose": first_of_each(rows.select(SOURCE_ROW, "dose_id", *_VISIT)),
        "imaging.measurement": _measurements(rows),
        "imaging.dose_feature": _values(rows),
    }


def _with_ids(
    declaration: DvhTable, settings: str, rows: pl.DataFrame, cohort_id: str
) -> pl.DataFrame:
    origin = f"{_SOURCE}:{declaration.profile}"
    extraction_id = identity(
        "extraction",
        declaration.engine,
        declaration.engine_version,
        _SOURCE,
        declaration.profile,
        settings,
    )

    def series_id(*dose: Any) -> str:
        return identity("series", cohort_id, *dose, None, origin)

    def dose_id(patient: Any, timepoint: Any, dose: Any) -> str:
        return identity("dose", cohort_id, patient, timepoint, f"{origin}:{dose}")

    def segmentation_id(patient: Any, timepoint: Any, dose: Any, *drawn: Any) -> str:
        place = f"{origin}:{dose}"
        return identity("segmentation", cohort_id, patient, timepoint, place, *drawn)

    return rows.with_columns(
        each(rows, [*_VISIT, "sequence"], series_id).alias("series_id"),
        each(rows, [*_VISIT, "sequence"], dose_id).alias("dose_id"),
        each(rows, KEY, segmentation_id).alias("segmentation_id"),
        extraction_id=pl.lit(extraction_id),
    )


def _series(rows: pl.DataFrame) -> pl.DataFrame:
    return first_of_each(rows.select(SOURCE_ROW, "series_id", *_VISIT, "sequence")).with_columns(
        modality=pl.lit(_MODALITY), source=pl.lit(_SOURCE)
    )


def _segmentations(rows: pl.DataFrame) -> pl.DataFrame:
    drawn = rows.select(
        SOURCE_ROW, "segmentation_id", *_VISIT, *_DRAWN, reference_series_id="series_id"
    )
    return first_of_each(drawn).with_columns(derivation=pl.lit(_SOURCE), source=pl.lit(_SOURCE))


def _extraction(declaration: DvhTable, settings: str, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        SOURCE_ROW,
        "extraction_id",
        profile=pl.lit(declaration.profile),
        engine=pl.lit(declaration.engine),
        engine_version=pl.lit(declaration.engine_version),
        code_version=pl.lit(_SOURCE),
        settings=pl.lit(settings),
        settings_hash=pl.lit(text_hash(settings)),
        value_scale=pl.lit("raw"),
    ).head(1)


def _measurements(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a structure; it failed where none of its metrics has a value."""
    measured = ["segmentation_id", "series_id", "extraction_id"]
    found = rows.group_by(measured, maintain_order=True).agg(
        pl.col(SOURCE_ROW).first(),
        failed=pl.col("value").is_null().all(),
        content=pl.struct("feature", "unit", "value").sort_by("feature", "unit"),
    )

    def work_key(extraction_id: Any, content: list[dict[str, Any]]) -> str:
        metrics = [[one["feature"], one["unit"], one["value"]] for one in content]
        return text_hash(canonical_json([extraction_id, metrics]))

    return found.select(
        SOURCE_ROW,
        *measured,
        each(found, ["extraction_id", "content"], work_key).alias("work_key"),
        status=pl.when("failed").then(pl.lit("failed")).otherwise(pl.lit("ok")),
        reason=pl.when("failed").then(pl.lit("missing_value")),
        path=pl.lit(_SOURCE),
    )


def _values(rows: pl.DataFrame) -> pl.DataFrame:
    none = pl.col("value").is_null()
    return rows.select(
        SOURCE_ROW,
        "dose_id",
        "segmentation_id",
        "extraction_id",
        "feature",
        "unit",
        "value",
        value_status=pl.when(none).then(pl.lit("undefined")).otherwise(pl.lit("ok")),
        value_reason=pl.when(none).then(pl.lit("missing_value")),
    )
