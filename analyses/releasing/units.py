"""Who is in a release: the inclusion query, persons out of patients, and the rows they make."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from roentgene.analyses.releasing.inclusion import plain_columns, refuse_unrepeatable
from roentgene.analyses.releasing.name_choice import unknown
from roentgene.analyses.releasing.reading import PinnedReader
from roentgene.schemas.errors import FileError
from roentgene.schemas.release import PATIENT_KEYS, ReleaseSpec
from roentgene.schemas.release_splits import columns_of_splits
from roentgene.schemas.release_steps import HarmonizationStep
from roentgene.warehouse.query import run_limited
from roentgene.warehouse.releases.manifest import FlowStep
from roentgene.warehouse.store import Warehouse

_OWN = ("person_id", "timepoint_id", "row_no", "sex", "age_at_day_zero", "batch_id")
_RESERVED = ("rad__", "dose__", "gen__", "clin__", "target")


@dataclass(frozen=True)
class Units:
    """Who is in a release.

    Parameters
    ----------
    patients : polars.DataFrame
        A row a patient: cohort_id, patient_id, person_id, zero_offset_days, sex,
        age_at_day_zero, batch_id, and what describes the patient (site, columns of the query).
    rows : polars.DataFrame
        A row a row of the release, by row_no: person_id, cohort_id, patient_id, timepoint_id where
        visits are rows, and what describes the patient.
    places : polars.DataFrame
        cohort_id, patient_id, timepoint_id, row_no: to which row a visit belongs.
    described_by : tuple of str
        Columns that describe the patients.
    flow : tuple of FlowStep
        Steps so far.
    """

    patients: pl.DataFrame
    rows: pl.DataFrame
    places: pl.DataFrame
    described_by: tuple[str, ...]
    flow: tuple[FlowStep, ...]

    @property
    def cohorts(self) -> list[str]:
        """Cohorts of the patients."""
        return sorted(self.patients["cohort_id"].unique().to_list())

    @property
    def persons(self) -> list[str]:
        """Persons, sorted."""
        return sorted(self.rows["person_id"].unique().to_list())

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.rows.height

    def keeping(self, persons: set[str], step: str, lost: dict[str, int]) -> Units:
        """Those of these persons alone; each reason for a loss is a step of the flow.

        Parameters
        ----------
        persons : set of str
            Who stays.
        step : str
            What they have in common.
        lost : dict of str to int
            Number of persons by reason.
        """
        left = len(self.persons)
        flow = list(self.flow)
        for reason, number in sorted(lost.items()) or [("", 0)]:
            left -= number
            why = reason or None
            flow.append(FlowStep(step=step, unit="person", n=left, n_lost=number, reason=why))
        return replace(self._of_rows(pl.col("person_id").is_in(sorted(persons))), flow=tuple(flow))

    def keeping_rows(self, row_numbers: set[int], step: str, reason: str) -> Units:
        """Give these rows alone, where rows are visits."""
        kept = self._of_rows(pl.col("row_no").is_in(sorted(row_numbers)))
        lost = self.n_rows - kept.n_rows
        why = reason if lost else None
        told = FlowStep(step=step, unit="row", n=kept.n_rows, n_lost=lost, reason=why)
        return replace(kept, flow=(*self.flow, told))

    def _of_rows(self, condition: pl.Expr) -> Units:
        """Rows under a condition, numbered anew, with the patients and visits they need."""
        rows = self.rows.filter(condition).rename({"row_no": "old_no"})
        rows = rows.with_row_index("row_no").with_columns(pl.col("row_no").cast(pl.Int32))
        numbers = rows.select("old_no", "row_no")
        places = self.places.rename({"row_no": "old_no"}).join(numbers, on="old_no")
        patients = self.patients.filter(pl.col("person_id").is_in(rows["person_id"].implode()))
        return replace(
            self, patients=patients, rows=rows.drop("old_no"), places=places.drop("old_no")
        )


def find_units(reader: PinnedReader, asking: Warehouse, spec: ReleaseSpec) -> Units:
    """Find who is in a release, before anybody is lost for lack of values.

    Parameters
    ----------
    reader : PinnedReader
        The warehouse at the snapshot.
    asking : Warehouse
        The same snapshot over a connection of its own, which the limits of the query stay with.
    spec : ReleaseSpec
        The release file.

    Raises
    ------
    FileError
        If the query gives nobody, somebody twice, or a patient that does not exist.
    QueryError
        If the query is none that reads, or runs out of its limits.
    """
    known = reader.frame("patients")
    included, flow = _included(asking, spec, known)
    described_by = ("site", *(name for name in included.columns if name not in known.columns))
    # the patient by whom the person is known stands for it, else the first
    own = pl.concat_str("cohort_id", "patient_id", separator=":") == pl.col("person_id")
    persons = included.sort("person_id", ~own, "cohort_id", "patient_id")
    persons = _described_alike(persons, described_by, spec)
    first = persons.unique("person_id", keep="first").sort("person_id")
    several = included.height - first.height
    flow.append(
        FlowStep(
            step="persons, each counted once",
            unit="person",
            n=first.height,
            n_lost=several,
            reason="another patient of a person who is in" if several else None,
        )
    )
    visits = reader.frame("visits").join(persons, on=list(PATIENT_KEYS), how="semi")
    columns = ["person_id", "cohort_id", "patient_id", *described_by]
    if spec.rows == "person":
        rows = first.select(columns)
        keys = ["person_id"]
    else:
        keys = ["person_id", "timepoint_id"]
        of_person = persons.select(*PATIENT_KEYS, "person_id")
        at = visits.select(*PATIENT_KEYS, "timepoint_id").join(of_person, on=list(PATIENT_KEYS))
        rows = at.select("person_id", "timepoint_id").unique().sort("person_id", "timepoint_id")
        rows = rows.join(first.select(columns), on="person_id", maintain_order="left")
        rows = rows.select("person_id", "cohort_id", "patient_id", "timepoint_id", *described_by)
    rows = rows.with_row_index("row_no").with_columns(pl.col("row_no").cast(pl.Int32))
    of_person = persons.select(*PATIENT_KEYS, "person_id")
    places = visits.select(*PATIENT_KEYS, "timepoint_id").join(of_person, on=list(PATIENT_KEYS))
    places = places.join(rows.select(*keys, "row_no"), on=keys).drop("person_id")
    return Units(persons, rows, places, described_by, tuple(flow))


def _described_alike(
    persons: pl.DataFrame, described_by: tuple[str, ...], spec: ReleaseSpec
) -> pl.DataFrame:
    """Describe patients who are one person alike, by the first who is described at all.

    Raises
    ------
    FileError
        If they differ in what splits or steps go by: a person would be trained on and tested.
    """
    batches = {step.batch for step in spec.prepare if isinstance(step, HarmonizationStep)}
    needed = batches.union(columns_of_splits(spec.splits))
    for name in described_by:
        several = persons.group_by("person_id").agg(pl.col(name).drop_nulls().n_unique().alias("n"))
        n_several = several.filter(pl.col("n") > 1).height
        if n_several and name in needed:
            msg = f"{n_several} persons have several values of {name}, a patient each"
            raise FileError(msg, "Give all patients of a person one value, or include one of them")
    first = pl.col(described_by).drop_nulls().first().over("person_id")
    return persons.with_columns(first)


def _included(
    asking: Warehouse, spec: ReleaseSpec, known: pl.DataFrame
) -> tuple[pl.DataFrame, list[FlowStep]]:
    """Patients that the file includes, and the first steps of the flow."""
    if spec.patients.cohorts is not None:
        cohorts = sorted(set(known["cohort_id"].to_list()))
        for name in spec.patients.cohorts:
            if name not in cohorts:
                raise unknown(name, cohorts, "cohort")
        asked = known.filter(pl.col("cohort_id").is_in(list(spec.patients.cohorts)))
        asked = asked.select(*PATIENT_KEYS)
    else:
        asked = _asked(asking, spec)
    asked = asked.with_columns(pl.col(name).cast(pl.String) for name in PATIENT_KEYS)
    _refuse_wrong(asked, known)
    of_query = [name for name in asked.columns if name not in PATIENT_KEYS]
    # what the query says of a patient stands in place of what is stored
    stored = known.drop([name for name in of_query if name in known.columns])
    included = asked.join(stored, on=list(PATIENT_KEYS), how="inner")
    if not included.height:
        msg = "the inclusion query includes nobody"
        raise FileError(msg, "Ask it with 'roentgene sql' and loosen its conditions")
    there = known.filter(pl.col("cohort_id").is_in(asked["cohort_id"].unique().implode()))
    lost = there.height - included.height
    return included, [
        FlowStep(step="in the cohorts", unit="patient", n=there.height, n_lost=0),
        FlowStep(
            step="included",
            unit="patient",
            n=included.height,
            n_lost=lost,
            reason="not in the inclusion query" if lost else None,
        ),
    ]


def _asked(asking: Warehouse, spec: ReleaseSpec) -> pl.DataFrame:
    sql = spec.patients.sql or ""
    # first what reads at all, in the words that analysts know
    answer = run_limited(asking.connection, sql, None, asking.study.limits)
    refuse_unrepeatable(sql)
    if answer.truncated:
        msg = f"the inclusion query has more than {asking.study.limits.rows:,} rows"
        raise FileError(msg, "Give a row a patient, or raise limits.rows in study.yaml")
    missing = [name for name in PATIENT_KEYS if name not in answer.table.column_names]
    if missing:
        msg = f"the inclusion query lacks the column {missing[0]}"
        raise FileError(msg, "Select cohort_id and patient_id, a row a patient")
    for name in answer.table.column_names:
        if name in _OWN or name.startswith(_RESERVED) or "zero_offset" in name:
            msg = f"the inclusion query has a column {name}, a name that the release itself needs"
            raise FileError(msg, "Leave it out, or give it another name")
    return plain_columns(pl.DataFrame(pl.from_arrow(answer.table)))


def _refuse_wrong(asked: pl.DataFrame, known: pl.DataFrame) -> None:
    twice = asked.height - asked.select(*PATIENT_KEYS).n_unique()
    if twice:
        msg = f"the inclusion query gives patients more than once ({twice} rows too many)"
        raise FileError(msg, "Give a row a patient: SELECT DISTINCT, or GROUP BY")
    strange = asked.join(known, on=list(PATIENT_KEYS), how="anti").height
    if strange:
        msg = f"{strange} patients of the inclusion query are not in study.patient"
        raise FileError(msg, "Select from study.patient or join it")
