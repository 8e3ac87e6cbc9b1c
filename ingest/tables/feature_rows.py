"""Rows of ready-made features: the ids and tables that measurements of images have too.

What was measured is known, not the images: series and segmentations have ``source`` table, no
hash and no voxel counts.
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
from roentgene.schemas.measured_tables import FeaturesTable

#: What names a measurement within a table of one extraction.
KEY = [
    "patient_id",
    "timepoint_id",
    "sequence",
    "region",
    "lesion_id",
    "rater_id",
    "repeat_no",
]
#: What the column of the settings holds where the table does not say them.
NO_SETTINGS = canonical_json({})
_SOURCE = "table"
_MEASURED = ["segmentation_id", "series_id", "extraction_id"]


def with_extraction(declaration: FeaturesTable, rows: pl.DataFrame) -> pl.DataFrame:
    """Add ``extraction_id``.

    Parameters
    ----------
    declaration : FeaturesTable
        Who extracted, and how.
    rows : polars.DataFrame
        ``engine_version``, and ``settings``: those that the table says, ``{}`` where it says none.
    """

    def extraction_id(version: str, settings: str) -> str:
        said = () if settings == NO_SETTINGS else (settings,)
        return identity(
            "extraction",
            declaration.engine,
            version,
            _SOURCE,
            declaration.profile,
            declaration.value_scale,
            *said,
        )

    ids = each(rows, ["engine_version", "settings"], extraction_id)
    return rows.with_columns(ids.alias("extraction_id"))


def with_ids(
    declaration: FeaturesTable, rows: pl.DataFrame, features: list[str], context: TableContext
) -> pl.DataFrame:
    """Add ``series_id``, ``segmentation_id`` and ``work_key``.

    Parameters
    ----------
    declaration : FeaturesTable
        Who extracted, and how.
    rows : polars.DataFrame
        The columns of :data:`KEY`, ``extraction_id``, and ``content``: the cells of all features
        as one text.
    features : list of str
        Names of the features in ``content``.
    context : TableContext
        Gives the cohort.
    """
    cohort_id, origin = context.cohort.cohort_id, f"{_SOURCE}:{declaration.profile}"

    def series_id(*visit: Any) -> str:
        return identity("series", cohort_id, *visit, None, origin)

    def segmentation_id(patient: Any, timepoint: Any, sequence: Any, *drawn: Any) -> str:
        place = f"{origin}:{sequence}"
        return identity("segmentation", cohort_id, patient, timepoint, place, *drawn)

    def work_key(extraction_id: Any, content: Any) -> str:
        measured = canonical_json([extraction_id, features, content])
        return text_hash(measured)

    return rows.with_columns(
        each(rows, KEY[:3], series_id).alias("series_id"),
        each(rows, KEY, segmentation_id).alias("segmentation_id"),
        each(rows, ["extraction_id", "content"], work_key).alias("work_key"),
    )


def feature_rows(
    declaration: FeaturesTable, rows: pl.DataFrame, values: pl.DataFrame, context: TableContext
) -> dict[str, pl.DataFrame]:
    """Rows by full table name; the first line that speaks of a thing is its line.

    Parameters
    ----------
    declaration : FeaturesTable
        Who extracted, and how.
    rows : polars.DataFrame
        One row a measurement, with its ids.
    values : polars.DataFrame
        One row a measurement and feature.
    context : TableContext
        Gives the days of the visits.
    """
    day = ["study_day"] if "study_day" in rows.columns else []
    return {
        "study.lesion": first_of_each(rows.select(SOURCE_ROW, "patient_id", "lesion_id")),
        "study.timepoint": first_of_each(
            with_visit(rows.select(SOURCE_ROW, "patient_id", "timepoint_id", *day), context)
        ),
        "imaging.series": first_of_each(_series(declaration, rows)),
        "imaging.segmentation": first_of_each(_segmentations(rows)),
        "imaging.extraction": _extraction(declaration, rows),
        "imaging.measurement": _measurements(rows, values),
        "imaging.feature_value": values,
    }


def _series(declaration: FeaturesTable, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        SOURCE_ROW,
        "series_id",
        "patient_id",
        "timepoint_id",
        "sequence",
        modality=pl.lit(declaration.modality, pl.String),
        source=pl.lit(_SOURCE),
    )


def _segmentations(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        SOURCE_ROW,
        "segmentation_id",
        *(part for part in KEY if part != "sequence"),
        reference_series_id="series_id",
        derivation=pl.lit(_SOURCE),
        source=pl.lit(_SOURCE),
    )


def _extraction(declaration: FeaturesTable, rows: pl.DataFrame) -> pl.DataFrame:
    # what the others set and the table does not say is not known; the profile's name stands for it
    hashes = pl.Series([text_hash(one) for one in rows["settings"]], dtype=pl.String)
    return rows.select(
        SOURCE_ROW,
        "extraction_id",
        "engine_version",
        "settings",
        "library_versions",
        profile=pl.lit(declaration.profile),
        engine=pl.lit(declaration.engine),
        code_version=pl.lit(_SOURCE),
        settings_hash=hashes,
        value_scale=pl.lit(declaration.value_scale),
    ).unique("extraction_id", keep="first", maintain_order=True)


def _measurements(rows: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    """One row a measurement; it failed where none of its features has a value."""
    why_none = values.group_by(_MEASURED).agg(
        failed=(pl.col("value_status") != "ok").all(), why=pl.col("value_reason").first()
    )
    failed = pl.col("failed").fill_null(True)
    return rows.join(why_none, on=_MEASURED, how="left", maintain_order="left").select(
        SOURCE_ROW,
        *_MEASURED,
        "work_key",
        "voxel_count",
        status=pl.when(failed).then(pl.lit("failed")).otherwise(pl.lit("ok")),
        reason=pl.when(failed).then(pl.col("why").fill_null("missing_value")),
        path=pl.lit(_SOURCE),
    )
