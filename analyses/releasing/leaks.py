"""Leaks: ways in which predictors know the answer, each refused by its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from roentgene.analyses.releasing.columns import Columns
from roentgene.analyses.releasing.reading import PinnedReader
from roentgene.analyses.releasing.targets import Target
from roentgene.analyses.releasing.telling_values import telling_descriptions, telling_predictors
from roentgene.schemas.errors import FileError
from roentgene.schemas.markers import fold_name
from roentgene.schemas.release import (
    BiomarkerTarget,
    ClinicalTarget,
    GeneTarget,
    OutcomeTarget,
    ProgressionTarget,
    ReleaseSpec,
    ReleaseTarget,
    ResponseTarget,
)
from roentgene.schemas.release_leaks import LEAKS, Leak
from roentgene.schemas.release_steps import HarmonizationStep
from roentgene.schemas.tell_tales import (
    genes_of,
    related_markers,
    tells_marker,
    tells_outcome,
)

_MOST_NAMED = 3


@dataclass(frozen=True)
class FoundLeak:
    """A leak: its name, and the columns or sources that have it."""

    leak: Leak
    where: tuple[str, ...]
    n_persons: int | None = None

    @property
    def text(self) -> str:
        """Say it in one line."""
        named = ", ".join(self.where[:_MOST_NAMED])
        more = f" and {len(self.where) - _MOST_NAMED} more" if len(self.where) > _MOST_NAMED else ""
        persons = f", {self.n_persons} persons" if self.n_persons is not None else ""
        what = f" ({named}{more}{persons})" if self.where else ""
        return f"{self.leak}: {LEAKS[self.leak]}{what}"


_CURES: Mapping[Leak, str] = {
    "after_anchor": "Take earlier visits, or include only patients who had theirs in time",
    "no_landmark": "Declare landmark_day, or take visits until the anchor",
    "day_unknown": "Give the visits a day (kind: timepoint), or leave them out",
    "outcome": "Leave the column out",
    "target_equivalent": "Leave the column out, or harmonize by another batch",
    "fitted_on_everybody": "Fit the habitats on the training persons of every split alone",
}


def refuse_leaks(found: Sequence[FoundLeak], allowed: Sequence[str]) -> None:
    """Refuse a release with leaks that are not let in by hand.

    Raises
    ------
    FileError
        If there are any; each is named with its columns.
    """
    refused = [one for one in found if one.leak not in allowed]
    if not refused:
        return
    cures = list(dict.fromkeys(_CURES.get(one.leak, "") for one in refused))
    msg = f"the target leaks into the predictors: {'; '.join(one.text for one in refused)}"
    raise FileError(msg, ". ".join(cure for cure in cures if cure))


def find_leaks(
    reader: PinnedReader,
    spec: ReleaseSpec,
    target: Target,
    columns: Columns,
    splits: pl.DataFrame,
) -> list[FoundLeak]:
    """Look for every leak that can be seen in the data.

    Parameters
    ----------
    reader : PinnedReader
        The warehouse at the snapshot.
    spec : ReleaseSpec
        The release file.
    target : Target
        Target, with the day until which predictors may lie.
    columns : Columns
        Predictors.
    splits : polars.DataFrame
        ``person_id`` and ``role`` of every split.
    """
    found = [
        *_in_time(spec, target, columns.sources),
        *_by_name(reader, spec, target, columns.dictionary),
        *_by_value(spec, target, columns),
        *_fitted(reader, target, columns.dictionary, splits),
    ]
    merged: dict[Leak, FoundLeak] = {}
    for one in found:
        before = merged.get(one.leak)
        where = one.where if before is None else (*before.where, *one.where)
        n_persons = one.n_persons if before is None else before.n_persons
        merged[one.leak] = FoundLeak(one.leak, tuple(sorted(set(where))), n_persons)
    return [merged[leak] for leak in LEAKS if leak in merged]


def person_days(target: Target, sources: pl.DataFrame) -> pl.DataFrame:
    """Give sources the person, their day and the last permitted one on the person's clock.

    Two patients who are one person may count from different days zero; they meet over the stored
    offset, and where it is not known, the day is not.
    """
    patients = target.units.patients.select("cohort_id", "patient_id", "zero_offset_days")
    rows = target.units.rows.select("row_no", "person_id")
    own = pl.DataFrame(
        [
            {"person_id": p, "own_cohort": c, "own_patient": i, "last_day": target.known_days[p]}
            for p, (c, i) in target.patients.items()
            if p in target.known_days
        ],
        schema={
            **dict.fromkeys(("person_id", "own_cohort", "own_patient"), pl.String),
            "last_day": pl.Int64,
        },
    )
    of_own = patients.rename(
        {"cohort_id": "own_cohort", "patient_id": "own_patient", "zero_offset_days": "own_offset"}
    )
    same = (pl.col("cohort_id") == pl.col("own_cohort")) & (
        pl.col("patient_id") == pl.col("own_patient")
    )
    shift = pl.when(same).then(0).otherwise(pl.col("zero_offset_days") - pl.col("own_offset"))
    return (
        sources.join(rows, on="row_no")
        .join(own, on="person_id")
        .join(of_own, on=["own_cohort", "own_patient"], how="left")
        .join(patients, on=["cohort_id", "patient_id"], how="left")
        .with_columns((pl.col("study_day") + shift).alias("day"))
    )


def _in_time(spec: ReleaseSpec, target: Target, sources: pl.DataFrame) -> list[FoundLeak]:
    dated = person_days(target, sources).filter(pl.col("last_day").is_not_null())
    late = dated.filter(pl.col("day") > pl.col("last_day"))
    # of what has no day at all, only a visit is sure to have had one
    undated = dated.filter(pl.col("day").is_null() & pl.col("visit").is_not_null())
    survival = isinstance(spec.target, OutcomeTarget) and spec.landmark_day is None
    named: list[tuple[Leak, pl.DataFrame]] = [
        ("no_landmark" if survival else "after_anchor", late),
        ("day_unknown", undated),
    ]
    return [
        FoundLeak(leak, _distinct(rows["source"]), rows["person_id"].n_unique())
        for leak, rows in named
        if rows.height
    ]


def _by_name(
    reader: PinnedReader, spec: ReleaseSpec, target: Target, dictionary: Sequence[Mapping[str, Any]]
) -> list[FoundLeak]:
    endpoints = reader.frame("outcomes", {"cohorts": target.units.cohorts})["endpoint"]
    names = _distinct(endpoints)
    outcome = [
        row["column"]
        for row in dictionary
        if row["block"] == "clin" and tells_outcome(row["feature"], names)
    ]
    equivalent = [row["column"] for row in dictionary if is_equivalent(row, spec.target)]
    found: list[FoundLeak] = []
    if outcome:
        found.append(FoundLeak("outcome", tuple(outcome)))
    if equivalent:
        found.append(FoundLeak("target_equivalent", tuple(equivalent)))
    return found


def is_equivalent(row: Mapping[str, Any], target: ReleaseTarget) -> bool:
    """Whether a column, described as in a dictionary, tells a target by its name.

    Parameters
    ----------
    row : mapping
        ``block``, ``feature`` and, of molecular columns, ``kind``.
    target : ReleaseTarget
        What is to be predicted.
    """
    if isinstance(target, OutcomeTarget | ResponseTarget | ProgressionTarget) or row["block"] in (
        "rad",
        "dose",
    ):
        return False
    name = target.name
    own = fold_name(row["feature"]) == fold_name(name)
    if isinstance(target, ClinicalTarget) and own and row["block"] == "clin":
        return True
    markers = related_markers(name)
    if isinstance(target, GeneTarget) and own and row.get("kind") != "expression":
        return True
    if row.get("kind") in ("mutation", "expression"):
        return row["feature"] in genes_of(markers, row["kind"])
    if isinstance(target, BiomarkerTarget) and own:
        return True
    return tells_marker(row["feature"], markers)


def _by_value(spec: ReleaseSpec, target: Target, columns: Columns) -> list[FoundLeak]:
    """Columns that tell the target by their values: predictors, and batches of harmonization."""
    batches = {step.batch for step in spec.prepare if isinstance(step, HarmonizationStep)}
    found = telling_predictors(target, columns)
    if batches:
        told = batches & set(telling_descriptions(target))
        found += [f"{name} (batch of harmonization)" for name in sorted(told)]
    return [FoundLeak("target_equivalent", tuple(found))] if found else []


def _fitted(
    reader: PinnedReader,
    target: Target,
    dictionary: Sequence[Mapping[str, Any]],
    splits: pl.DataFrame,
) -> list[FoundLeak]:
    """Regions that a model made which was fitted on persons whom a split tests."""
    regions = {row["region"] for row in dictionary if row.get("region") is not None}
    if not regions:
        return []
    models = reader.frame("habitats")
    if not models.height:
        return []
    parents = dict(reader.frame("regions").iter_rows())
    by_id = _fitted_on(models, target)
    tested = set(splits.filter(pl.col("role") != "train")["person_id"].to_list())
    # without a split nobody knows who will be tested
    tested = tested if splits.height else set(target.units.persons)
    leaking = {
        region
        for region in regions
        for model, fitted in by_id.items()
        if fitted & tested and any(f"_{model}_" in one for one in _ancestors(region, parents))
    }
    columns = tuple(row["source"] for row in dictionary if row.get("region") in leaking)
    return [FoundLeak("fitted_on_everybody", _distinct(columns))] if columns else []


def _fitted_on(models: pl.DataFrame, target: Target) -> dict[str, set[str]]:
    keys = ["cohort_id", "patient_id"]
    rows = models.join(target.units.patients.select(*keys, "person_id"), on=keys, how="left")
    found: dict[str, set[str]] = {}
    for model, person in rows.select("model_id", "person_id").iter_rows():
        persons = found.setdefault(model, set())
        if person is not None:
            persons.add(person)
    return found


def _ancestors(region: str, parents: Mapping[str, str | None]) -> list[str]:
    found = [region]
    while (parent := parents.get(found[-1])) is not None and parent not in found:
        found.append(parent)
    return found


def _distinct(names: Iterable[Any]) -> tuple[str, ...]:
    return tuple(sorted({str(name) for name in names}))
