"""The flow of patients as it would stand once a plan were carried out, before anything is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa

from roentgene.ingest.committing.cohort_rows import cohort_rows
from roentgene.ingest.committing.merging import merge
from roentgene.ingest.extract.work import DVH
from roentgene.ingest.known import DECLARED, GROWING, ArrowQuery
from roentgene.ingest.planning.plan import Plan
from roentgene.queries import render
from roentgene.queries.registry import registry
from roentgene.schemas.tables import Table, table
from roentgene.warehouse.preview import preview_view, tables_below

_FLOW = "mart.patient_flow"
_MEASUREMENT = "imaging.measurement"
# known before a measurement has its number
_MEASURED = ("segmentation_id", "series_id", "extraction_id")


@dataclass(frozen=True)
class FlowCount:
    """A step of the flow of patients; see ``mart.patient_flow``.

    Parameters
    ----------
    step_no : int
        0 for the whole cohort.
    step : str
        What it is called.
    n : int
        Patients who meet it and all steps before it.
    n_lost : int
        Patients who were still there at the step before.
    reason : str or None
        Why they are lost.
    """

    step_no: int
    step: str
    n: int
    n_lost: int
    reason: str | None


def forecast_flow(arrow: ArrowQuery, plan: Plan) -> tuple[FlowCount, ...]:
    """Count the flow of patients over the catalogue and the plan, by the view's own SQL.

    Rows of the plan take the place of stored ones; work that is still to be done counts as if it
    succeeded.

    Parameters
    ----------
    arrow : callable
        Reads the catalogue that the plan was made from.
    plan : Plan
        With its tables staged.
    """
    view = next(one for one in registry().pinned({}) if one.full_name == _FLOW)
    planned = _planned(plan)
    rows = {
        name: _together(arrow, table(name), planned.get(name), plan.cohort.cohort_id)
        for name in tables_below(view)
    }
    found = preview_view(view, rows).to_pylist()
    counts = [row for row in found if row["cohort_id"] == plan.cohort.cohort_id]
    names = ("step_no", "step", "n", "n_lost", "reason")
    steps = [FlowCount(**{name: row[name] for name in names}) for row in counts]
    return tuple(sorted(steps, key=lambda one: one.step_no))


def _planned(plan: Plan) -> dict[str, pl.DataFrame]:
    """Rows that the plan would write, of tables and of the images that are due."""
    parts: dict[str, list[pl.DataFrame]] = defaultdict(list)
    for planned in plan.tables:
        for name, frame in planned.staged.rows.items() if planned.staged else ():
            parts[name].append(frame)
    for name, frame in cohort_rows(plan).items():
        parts[name].append(frame)
    for name, rows in _due_images(plan).items():
        parts[name].append(pl.DataFrame(rows))
    return {
        name: pl.concat(frames, how="diagonal_relaxed") for name, frames in parts.items() if frames
    }


def _due_images(plan: Plan) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Make the rows that the cases of a plan would give, if every one succeeded."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for case in plan.imaging.cases:
        of_features = {one.extraction_id for one in case.extractions if one.engine != DVH}
        common = {
            "cohort_id": case.cohort_id,
            "patient_id": case.patient_id,
            "timepoint_id": case.timepoint_id,
        }
        series = {"series_id": case.series_id}
        found["imaging.series"].append({**common, **series, "sequence": case.sequence})
        for mask, region in ((one, region) for one in case.masks for region in one.regions):
            drawn = {"segmentation_id": region.segmentation_id}
            told = {"region": region.region, "repeat_no": region.repeat_no or mask.repeat_no}
            found["imaging.segmentation"].append({**common, **drawn, **told})
            found[_MEASUREMENT] += [
                {
                    **drawn,
                    **series,
                    "cohort_id": case.cohort_id,
                    "extraction_id": extraction,
                    "status": "ok",
                }
                for extraction in region.due
                if extraction in of_features
            ]
    return found


def _together(
    arrow: ArrowQuery, declared: Table, planned: pl.DataFrame | None, cohort_id: str
) -> pa.Table | None:
    """Put rows of the plan in the place of the stored ones that they change."""
    name = declared.full_name
    if planned is not None and name == _MEASUREMENT:
        planned = planned.with_columns(current=pl.lit(True))
    if name in DECLARED:
        return None if planned is None else planned.to_arrow()
    if any(column.name == "cohort_id" for column in declared.columns):
        stored = arrow(render.rows_of_cohort(declared), {"cohort_id": cohort_id})
    else:
        stored = arrow(render.select_view(declared.schema, declared.name))
    if planned is None:
        return stored
    if name in GROWING:
        # each source adds what it knows, as when it is committed
        planned, _ = merge(name, [planned], pl.DataFrame(stored))
    key = list(_MEASURED if name == _MEASUREMENT else declared.key)
    told = [column.name for column in declared.columns if column.name in planned.columns]
    planned = planned.select(told).unique(key, keep="first", maintain_order=True)
    left = pl.DataFrame(stored).join(planned, on=key, how="anti", nulls_equal=True)
    return pl.concat([planned, left], how="diagonal_relaxed").to_arrow()
