"""Repeated measurements behind the columns of a release, for the choice of stable features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from roentgene.analyses.releasing.leaks import FoundLeak
from roentgene.analyses.releasing.reading import PinnedReader
from roentgene.analyses.releasing.units import Units
from roentgene.schemas.errors import FileError
from roentgene.schemas.release import ReleaseSpec
from roentgene.schemas.release_steps import StabilityStep, Step

_KEY = ("sequence", "region", "profile", "engine", "feature")


def repeated_measurements(
    reader: PinnedReader,
    prepare: Sequence[Step],
    patients: pl.DataFrame,
    dictionary: Sequence[Mapping[str, Any]],
) -> dict[int, pl.DataFrame]:
    """Ratings, or bounds of a stored run, by the number of the stability step that needs them.

    A change of a feature stands or falls with the feature.

    Parameters
    ----------
    reader : PinnedReader
        The warehouse at the snapshot.
    prepare : sequence of Step
        Steps of preparation.
    patients : polars.DataFrame
        cohort_id, patient_id and person_id of those who are in the release.
    dictionary : sequence of mapping
        Rows of the dictionary of the release.

    Returns
    -------
    dict of int to polars.DataFrame
        ``person_id, column, target, rater, value``, or ``column, ci95_low`` for a stored run.

    Raises
    ------
    FileError
        If a stored run does not exist.
    """
    steps = {
        number: step
        for number, step in enumerate(prepare, start=1)
        if isinstance(step, StabilityStep)
    }
    if not steps:
        return {}
    rad = [row for row in dictionary if row["block"] == "rad"]
    named = pl.DataFrame(
        [{name: row.get(name) for name in ("column", *_KEY)} for row in rad],
        schema=dict.fromkeys(("column", *_KEY), pl.String),
    )
    keys = named.select(_KEY).unique().sort(_KEY).with_row_index("key_no")
    columns_of = named.join(keys, on=list(_KEY)).select("column", "key_no")
    return {
        number: _stored(reader, step, keys, columns_of)
        if step.run is not None
        else _ratings(reader, step, patients, keys, columns_of)
        for number, step in steps.items()
    }


def _ratings(
    reader: PinnedReader,
    step: StabilityStep,
    patients: pl.DataFrame,
    keys: pl.DataFrame,
    columns_of: pl.DataFrame,
) -> pl.DataFrame:
    patients = patients.select("cohort_id", "patient_id", "person_id")
    visits = None if step.timepoints is None else list(step.timepoints)
    with reader.registered(release_patient=patients, release_rated=keys):
        rows = reader.frame("ratings", {"design": step.design, "timepoints": visits})
    rows = rows.with_columns(pl.col("key_no").cast(pl.UInt32)).join(columns_of, on="key_no")
    return rows.select("person_id", "column", "target", "rater", "value")


def _stored(
    reader: PinnedReader, step: StabilityStep, keys: pl.DataFrame, columns_of: pl.DataFrame
) -> pl.DataFrame:
    found = _bounds(reader, step)
    rows = found.join(keys, on=list(_KEY)).join(columns_of, on="key_no")
    return rows.select("column", "ci95_low").unique("column", keep="first").sort("column")


def _bounds(reader: PinnedReader, step: StabilityStep) -> pl.DataFrame:
    asked = {"run": step.run, "design": step.design, "icc_form": step.icc_form}
    found = reader.frame("stored_stability", asked)
    if not found.height:
        msg = f"there is no current stability run {step.run!r} with {step.design} {step.icc_form}"
        raise FileError(msg, "Look into mart.feature_stability for run_name, design and icc_form")
    return found


def leaks_of_runs(reader: PinnedReader, spec: ReleaseSpec, units: Units) -> list[FoundLeak]:
    """Find stored runs over cohorts with persons of the release, which thus chose features."""
    leaking = []
    runs = [step for step in spec.prepare if isinstance(step, StabilityStep) and step.run]
    for step in runs:
        cohorts = _bounds(reader, step)["cohort_id"].unique().to_list()
        everybody = reader.frame("patients")
        rated = everybody.filter(pl.col("cohort_id").is_in(cohorts))["person_id"].to_list()
        if set(rated) & set(units.persons):
            leaking.append(f"stability run {step.run}")
    return [FoundLeak("fitted_on_everybody", tuple(leaking))] if leaking else []
