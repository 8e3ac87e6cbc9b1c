"""The person of each patient: the one of a declared link, whatever else a batch says of them."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

_ALONE = pl.format("{}:{}", "cohort_id", "patient_id")


def with_persons(parts: Sequence[pl.DataFrame], stored: pl.DataFrame) -> list[pl.DataFrame]:
    """Give every row of a patient the person that the patient is linked to.

    Most sources know nothing of links, and name every patient a person of their own. The link of a
    batch goes before one that is stored.

    Parameters
    ----------
    parts : sequence of polars.DataFrame
        Staged rows of ``study.patient``, all of one cohort.
    stored : polars.DataFrame
        Rows of the catalogue of that cohort.
    """
    told = [frame.select("cohort_id", "patient_id", "person_id") for frame in parts]
    known = stored.select(pl.col("cohort_id", "patient_id", "person_id").cast(pl.String))
    linked = pl.concat([*told, known]).filter(pl.col("person_id") != _ALONE)
    if linked.is_empty():
        return list(parts)
    first = linked.unique("patient_id", keep="first", maintain_order=True)
    persons = dict(first.select("patient_id", "person_id").iter_rows())
    person = pl.col("patient_id").replace_strict(persons, default=_ALONE, return_dtype=pl.String)
    return [frame.with_columns(person.alias("person_id")) for frame in parts]
