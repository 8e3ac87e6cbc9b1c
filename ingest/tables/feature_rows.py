"""Rows of ready-made features: the ids and tables that measurements of images have too.

What was measured is known, not the images: series and segmentations have ``source`` table, no
hash and no voxel counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

from roentgene.ingest.identity import identity
from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.staging import TableContext
from roentgene.ingest.tables.visits import with_visit
from roentgene.schemas.canonical import canonical_json, text_hash
from roentgene.schemas.cohort_tables import FeaturesTable

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
_SOURCE = "table"


def with_ids(
    declaration: FeaturesTable, rows: pl.DataFrame, features: list[str], context: TableContext
) -> pl.DataFrame:
    """Add ``series_id``, ``segmentation_id``, ``extraction_id`` and ``work_key``.

    Parameters
    ----------
    declaration : FeaturesTable
        Who extracted, and how.
    rows : polars.DataFrame
        The columns of :data:`KEY`, and ``content``: the cells of all features as one text.
    features : list of str
        Names of the features in ``content``.
    context : TableContext
        Gives the cohort.
    """
    cohort_id, origin = context.cohort.cohort_id, f"{_SOURCE}:{declaration.profile}"
    extraction_id = identity(
        "extraction",
        declaration.engine,
        declaration.engine_version,
        _SOURCE,
        declaration.profile,
        declaration.value_scale,
    )

    def series_id(*visit: Any) -> str:
        return identity("series", cohort_id, *visit, None, origin)

    def segmentation_id(patient: Any, timepoint: Any, sequence: Any, *drawn: Any) -> str:
        place = f"{origin}:{sequence}"
        return identity("segmentation", cohort_id, patient, timepoint, place, *drawn)

    def work_key(content: Any) -> str:
        measured = canonical_json([extraction_id, features, content])
        return text_hash(measured)

    return rows.with_columns(
        _each(rows, KEY[:3], series_id).alias("series_id"),
        _each(rows, KEY, segmentation_id).alias("segmentation_id"),
        _each(rows, ["content"], work_key).alias("work_key"),
        extraction_id=pl.lit(extraction_id),
    )


def _each(rows: pl.DataFrame, columns: list[str], of: Callable[..., str]) -> pl.Series:
    return pl.Series([of(*row) for row in rows.select(columns).iter_rows()], dtype=pl.String)


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
    return {
        "study.lesion": _first(rows.select(SOURCE_ROW, "patient_id", "lesion_id")),
        "study.timepoint": _first(
            with_visit(rows.select(SOURCE_ROW, "patient_id", "timepoint_id"), context)
        ),
        "imaging.series": _first(_series(declaration, rows)),
        "imaging.segmentation": _segmentations(rows),
        "imaging.extraction": _extraction(declaration, rows).head(1),
        "imaging.measurement": _measurements(rows, values),
        "imaging.feature_value": values,
    }


def _first(rows: pl.DataFrame) -> pl.DataFrame:
    things = [column for column in rows.columns if column != SOURCE_ROW]
    return rows.unique(things, keep="first", maintain_order=True)


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
    # what the others set is not known; the profile's name stands for it
    settings = canonical_json({})
    return rows.select(
        SOURCE_ROW,
        "extraction_id",
        profile=pl.lit(declaration.profile),
        engine=pl.lit(declaration.engine),
        engine_version=pl.lit(declaration.engine_version),
        code_version=pl.lit(_SOURCE),
        settings=pl.lit(settings),
        settings_hash=pl.lit(text_hash(settings)),
        value_scale=pl.lit(declaration.value_scale),
    )


def _measurements(rows: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    """One row a measurement; it failed where none of its features has a value."""
    why_none = values.group_by(SOURCE_ROW).agg(
        failed=(pl.col("value_status") != "ok").all(), why=pl.col("value_reason").first()
    )
    failed = pl.col("failed").fill_null(True)
    return rows.join(why_none, on=SOURCE_ROW, how="left", maintain_order="left").select(
        SOURCE_ROW,
        "segmentation_id",
        "series_id",
        "extraction_id",
        "work_key",
        status=pl.when(failed).then(pl.lit("failed")).otherwise(pl.lit("ok")),
        reason=pl.when(failed).then(pl.col("why").fill_null("missing_value")),
        path=pl.lit(_SOURCE),
    )
