"""The visits of which only clinical rows tell: they have a day where the cohort file has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_FILE
from roentgene.ingest.tables.staging import staged_rows
from roentgene.schemas.cohort import Cohort

_TIMEPOINT = "study.timepoint"
_KEY = ["patient_id", "timepoint_id"]
# tables of visits that need no image
_TELLING = ("clinical.variable", "clinical.response", "genomic.sample")


def visit_rows(
    parts: Mapping[str, Sequence[pl.DataFrame]], stored: pl.DataFrame, cohort: Cohort
) -> pl.DataFrame:
    """Make rows of ``study.timepoint`` for visits that neither this batch nor the catalogue has.

    Without them nobody could tell whether what is known of a visit was known before an outcome.

    Parameters
    ----------
    parts : mapping of str to sequence of polars.DataFrame
        Staged rows of the batch by full table name.
    stored : polars.DataFrame
        Visits of the catalogue: a day that a table gave them goes on to stand.
    cohort : Cohort
        Declares the order of the visits, and the day of those that all have on one day.
    """
    told = [_visits(frame) for name in _TELLING for frame in parts.get(name, ())]
    known = [_visits(frame) for frame in (*parts.get(_TIMEPOINT, ()), stored)]
    found = pl.concat([_visits(stored.clear()), *told]).unique(maintain_order=True)
    new = found.join(pl.concat(known), on=_KEY, how="anti", maintain_order="left")
    order = {name: visit.order for name, visit in cohort.timepoints.items()}
    day = {name: visit.day for name, visit in cohort.timepoints.items()}
    visit = pl.col("timepoint_id")
    rows = new.with_columns(
        visit_order=visit.replace_strict(order, default=None, return_dtype=pl.Int32),
        study_day=visit.replace_strict(day, default=None, return_dtype=pl.Int32),
        source_row=pl.lit(None, pl.Int64),
    )
    from_no_file = pl.lit(None, pl.String).alias(SOURCE_FILE)
    return staged_rows(_TIMEPOINT, rows, "", cohort.cohort_id).with_columns(from_no_file)


def _visits(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(pl.col(_KEY).cast(pl.String)).drop_nulls().unique(maintain_order=True)
