"""Numbers in place of long keys: measurements and features get theirs when they are committed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from roentgene.ingest.committing.batch import MEASURED
from roentgene.ingest.extract.engines.vocabularies import describe
from roentgene.ingest.known import Measured, StoredMeasurement


def number_measurements(
    rows: pl.DataFrame, stored: Mapping[Measured, StoredMeasurement], last: int
) -> pl.DataFrame:
    """Add ``measurement_id``: the stored one of work that is done again, else the next.

    Parameters
    ----------
    rows : polars.DataFrame
        Rows of ``imaging.measurement``, one a key.
    stored : mapping
        Measurements that have a number.
    last : int
        The highest number given so far, in any cohort.
    """
    numbers = []
    for segmentation, series, extraction in rows.select(MEASURED).iter_rows():
        before = stored.get((segmentation, series, extraction))
        if before is None:
            last += 1
        numbers.append(last if before is None else before.measurement_id)
    return rows.with_columns(pl.Series("measurement_id", numbers, pl.Int64))


def new_features(
    wanted: Iterable[tuple[str, str]], stored: Mapping[tuple[str, str], int]
) -> list[dict[str, Any]]:
    """Rows of ``vocab.feature`` for features that have no number yet.

    Parameters
    ----------
    wanted : iterable of (engine, feature)
        Features of a batch.
    stored : mapping
        Number of each known (engine, feature).
    """
    last = max(stored.values(), default=0)
    new = sorted(set(wanted) - set(stored))
    return [
        {"feature_id": number, **feature_row(engine, feature)}
        for number, (engine, feature) in enumerate(new, start=last + 1)
    ]


def feature_row(engine: str, feature: str) -> dict[str, Any]:
    """Say what is known of a feature; of one without a vocabulary, only its name.

    Examples
    --------
    >>> row = feature_row("pyradiomics", "wavelet-LLH_glcm_Contrast")
    >>> row["image_type"], row["class"], row["ibsi_code"]
    ('wavelet-LLH', 'glcm', 'ACUI')
    >>> row = feature_row("mirp", "log_s_3.0_cm_contrast_d1_3d_avg_fbn_n16")
    >>> row["image_type"], row["class"], row["ibsi_code"], row["ibsi_aggregation"]
    ('log_s_3.0', 'glcm', 'ACUI', 'ITBB')
    >>> feature_row("inhouse", "tumour diameter")["class"]
    'other'
    """
    described = describe(engine, feature)
    row = {
        "engine": engine,
        "feature": feature,
        "image_type": described.image_type,
        "class": described.feature_class,
        "name": described.name,
    }
    word = described.word
    if word is None:
        return {**row, "ibsi_status": "none"}
    return {
        **row,
        "ibsi_code": word.ibsi_code,
        "ibsi_aggregation": word.ibsi_aggregation,
        "ibsi_status": word.ibsi_status,
        "unit": word.unit,
        "volume_dependent": word.volume_dependent,
    }


def number_values(
    values: pl.DataFrame,
    measurements: pl.DataFrame,
    engines: Mapping[str, str],
    features: Mapping[tuple[str, str], int],
) -> pl.DataFrame:
    """Rows of ``imaging.feature_value`` in its sort order.

    A value whose measurement was refused has none to belong to and is left out with it.

    Parameters
    ----------
    values : polars.DataFrame
        As in :class:`roentgene.ingest.committing.batch.Batch`.
    measurements : polars.DataFrame
        The numbered measurements.
    engines : mapping of str to str
        Engine of each extraction.
    features : mapping
        Number of each (engine, feature).
    """
    ids = measurements.select("cohort_id", "measurement_id", *MEASURED).with_columns(
        pl.col(MEASURED).cast(pl.Categorical)
    )
    names = values.select("extraction_id", "feature").unique()
    numbers = [
        features[engines[extraction], feature]
        for extraction, feature in names.cast(pl.String).iter_rows()
    ]
    names = names.with_columns(pl.Series("feature_id", numbers, pl.Int32))
    return (
        values.join(ids, on=MEASURED)
        .join(names, on=["extraction_id", "feature"])
        .select(
            "cohort_id",
            "measurement_id",
            "feature_id",
            "value",
            pl.col("value_status", "value_reason").cast(pl.String),
        )
        .sort("feature_id", "measurement_id")
    )
