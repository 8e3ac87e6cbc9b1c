"""Values of a target that is no survival: one a person, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from roentgene.analyses.releasing.molecular_columns import (
    known_genes,
    marker_cells,
    status_cells,
)
from roentgene.analyses.releasing.name_choice import unknown
from roentgene.analyses.releasing.reading import PinnedReader
from roentgene.analyses.releasing.units import Units
from roentgene.schemas.release import (
    BiomarkerTarget,
    ClinicalTarget,
    GeneTarget,
    ProgressionTarget,
    ResponseTarget,
)

CONTRADICTING = "results of the target contradict each other"
MISSING = "no value of the target"


@dataclass(frozen=True)
class Found:
    """Value of one person, from which patient, and the last day on which predictors may lie."""

    value: Any
    patient: tuple[str, str]
    last_day: int | None = None


def target_values(
    reader: PinnedReader, units: Units, target: Any
) -> tuple[dict[str, Found], dict[str, str]]:
    """Value by person, and the reason of those who have none."""
    if isinstance(target, BiomarkerTarget):
        return _marker(reader, units, target)
    if isinstance(target, GeneTarget):
        return _gene(reader, units, target)
    if isinstance(target, ClinicalTarget):
        return _clinical(reader, units, target)
    if isinstance(target, ProgressionTarget):
        return _progression(reader, units, target)
    return _response(reader, units, target)


def _one_each(
    cells: pl.DataFrame, undecided: Sequence[str], reason: str
) -> tuple[dict[str, Found], dict[str, str]]:
    """One value a person; cells have person_id, cohort_id, patient_id, value and last_day."""
    found: dict[str, Found] = {}
    lost: dict[str, str] = {}
    keys = ["person_id", "cohort_id", "patient_id"]
    for (person,), part in cells.sort(keys).partition_by("person_id", as_dict=True).items():
        decided = part.filter(~pl.col("value").cast(pl.String).is_in(list(undecided)))
        values = decided["value"].unique()
        if not decided.height:
            lost[str(person)] = reason
        elif len(values) > 1:
            lost[str(person)] = CONTRADICTING
        else:
            first = decided.row(0, named=True)
            days = [int(day) for day in decided["last_day"] if day is not None]
            patient = (first["cohort_id"], first["patient_id"])
            last_day = min(days, default=None)
            found[str(person)] = Found(first["value"], patient, last_day)
    return found, lost


def _marker(
    reader: PinnedReader, units: Units, target: BiomarkerTarget
) -> tuple[dict[str, Found], dict[str, str]]:
    known = marker_cells(reader, units)
    names = sorted(set(known["marker"].to_list()))
    if target.name not in names:
        raise unknown(target.name, names, "marker")
    cells = known.filter(pl.col("marker") == target.name).with_columns(
        pl.col("result").alias("value"), pl.lit(None, pl.Int64).alias("last_day")
    )
    return _one_each(cells, ["undecided"], "result of the target undecided")


def _gene(
    reader: PinnedReader, units: Units, target: GeneTarget
) -> tuple[dict[str, Found], dict[str, str]]:
    genes = known_genes(reader)
    if target.name not in genes:
        raise unknown(target.name, genes, "gene")
    cells = status_cells(reader, units, [target.name]).with_columns(
        pl.col("status").alias("value"), pl.lit(None, pl.Int64).alias("last_day")
    )
    return _one_each(cells, ["NP"], f"not profiled for {target.name}")


def _clinical(
    reader: PinnedReader, units: Units, target: ClinicalTarget
) -> tuple[dict[str, Found], dict[str, str]]:
    known = reader.frame("clinical_cells", {"cohorts": units.cohorts})
    keys = ["cohort_id", "patient_id"]
    known = known.join(units.patients.select(*keys, "person_id"), on=keys)
    at = pl.col("timepoint_id")
    known = known.filter(at.is_null() if target.timepoint is None else at == target.timepoint)
    names = sorted(set(known["variable"].to_list()))
    if target.name not in names:
        raise unknown(target.name, names, "variable")
    cells = known.filter(pl.col("variable") == target.name)
    as_number = cells["value_number"].null_count() == 0 and target.positive is None
    cells = cells.with_columns(
        pl.col("value_number" if as_number else "value_text").alias("value"),
        # of a visit; a variable of the patient has no day
        pl.col("study_day").cast(pl.Int64).alias("last_day"),
    )
    return _one_each(cells, [], MISSING)


def _response(
    reader: PinnedReader, units: Units, target: ResponseTarget
) -> tuple[dict[str, Found], dict[str, str]]:
    known = reader.frame("responses", {"cohorts": units.cohorts})
    keys = ["cohort_id", "patient_id"]
    known = known.join(units.patients.select(*keys, "person_id"), on=keys)
    names = sorted(set(known["criteria"].to_list()))
    if target.name not in names:
        raise unknown(target.name, names, "response criteria")
    known = known.filter(pl.col("criteria") == target.name)
    visits = sorted(set(known["timepoint_id"].to_list()))
    if target.timepoint not in visits:
        raise unknown(target.timepoint, visits, f"visit with {target.name}")
    cells = known.filter(pl.col("timepoint_id") == target.timepoint).with_columns(
        # what is seen on the day of the label is the label
        pl.col("response").alias("value"),
        (pl.col("study_day").cast(pl.Int64) - 1).alias("last_day"),
    )
    found, lost = _one_each(cells, ["NE"], "response not evaluable")
    return _dated(found, lost, "day of the response not known")


def _dated(
    found: dict[str, Found], lost: dict[str, str], reason: str
) -> tuple[dict[str, Found], dict[str, str]]:
    """Leave out those of whom nobody knows when the target was known."""
    dated = {person: one for person, one in found.items() if one.last_day is not None}
    return dated, lost | dict.fromkeys(found.keys() - dated.keys(), reason)


def _progression(
    reader: PinnedReader, units: Units, target: ProgressionTarget
) -> tuple[dict[str, Found], dict[str, str]]:
    known = reader.frame("progressions", {"cohorts": units.cohorts})
    keys = ["cohort_id", "patient_id"]
    known = known.join(units.patients.select(*keys, "person_id"), on=keys)
    names = sorted(set(known["criteria"].to_list()))
    if target.name not in names:
        raise unknown(target.name, names, "progression by the criteria")
    known = known.filter(pl.col("criteria") == target.name)
    if target.timepoint is not None:
        known = known.filter(pl.col("timepoint_id") == target.timepoint)
    first = known.sort("study_day", "timepoint_id", nulls_last=True)
    first = first.unique(keys, keep="first", maintain_order=True)
    cells = first.with_columns(
        pl.col("candidate_label").alias("value"),
        (pl.col("known_day").cast(pl.Int64) - 1).alias("last_day"),
    )
    found, lost = _one_each(cells, ["unconfirmed"], "progression not confirmed")
    return _dated(found, lost, "day on which the progression was confirmed not known")
