"""What whoever uses a release must bear in mind, as its datasheet says it."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from roentgene.analyses.releasing.columns import Columns
from roentgene.analyses.releasing.targets import Target
from roentgene.analyses.releasing.telling_values import telling_descriptions
from roentgene.schemas.release import ReleaseSpec

_MOST_NAMED = 10


def cautions(spec: ReleaseSpec, target: Target, columns: Columns) -> Iterator[str]:
    """Say what a release does not exclude, in sentences.

    Parameters
    ----------
    spec : ReleaseSpec
        The release file.
    target : Target
        Target of those who are in the release.
    columns : Columns
        Predictors.
    """
    zscored = {
        str(row["source"])
        for row in columns.dictionary
        if "zscore" in (row.get("value_scale") or "")
    }
    if zscored:
        yield (
            f"{_named(zscored)}: these values were z-scored before they came here, over whom is not"
            " known; if over all patients, means and deviations of test rows are in them."
        )
    mixed = _measured_otherwise(columns.sources)
    if mixed:
        yield (
            f"{_named(mixed)}: measured by several versions or settings of an engine, which may"
            " differ between patients as sites do; `sources` says who by which."
        )
    yield from _days(target, columns.sources)
    telling = telling_descriptions(target)
    if telling:
        yield (
            f"{_named(telling)}: describes the patients and tells the target of everybody. It is no"
            " predictor; do not make it one, nor split or harmonize by it."
        )
    if not spec.splits:
        yield "There are no splits: who trains on all rows has nobody left to test on."


def _days(target: Target, sources: pl.DataFrame) -> Iterator[str]:
    if any(day is None for day in target.known_days.values()):
        yield (
            "No anchor is declared: whether predictors were measured before the target was known"
            " was not checked. Declare `anchor` or `anchor_day`."
        )
        return
    undated = sources.filter(pl.col("study_day").is_null() & pl.col("visit").is_null())
    names = set(undated["source"].to_list())
    if names:
        yield (
            f"{_named(names)}: values without a day; that they were known at the anchor is taken on"
            " trust."
        )


def _measured_otherwise(sources: pl.DataFrame) -> set[str]:
    """Name sources whose values were measured by several versions or settings of an engine."""
    measured = sources.filter(pl.col("settings_hash").is_not_null())
    ways = measured.select("source", "engine_version", "settings_hash").unique()
    return set(ways.filter(pl.col("source").is_duplicated())["source"].to_list())


def _named(names: set[str] | list[str]) -> str:
    told = sorted(names)
    return f"{', '.join(told[:_MOST_NAMED])}{' …' if len(told) > _MOST_NAMED else ''}"
