"""Which rows of which tables are about a person, found by the columns that tables declare.

A table that names patients, specimens, images, regions, measurements or doses by the columns that
all tables share is found without being listed here, so that a new one cannot be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import polars as pl
import pyarrow as pa

from roentgene.queries import render
from roentgene.queries.query_file import query_text
from roentgene.queries.render import Link
from roentgene.schemas.tables import Table, tables
from roentgene.warehouse.care.person import Person
from roentgene.warehouse.care.scopes import Scope, covers, scope_of_table
from roentgene.warehouse.store import Warehouse

_PATIENT = {"cohort_id": "cohort_id", "patient_id": "patient_id"}
# a table that says whose its rows are needs no other way
_LINKS: Sequence[Link] = (
    ("erased_patient", _PATIENT),
    ("erased_patient", {"other_cohort_id": "cohort_id", "other_patient_id": "patient_id"}),
    ("erased_person", {"person_id": "person_id"}),
    ("erased_sample", {"cohort_id": "cohort_id", "sample_id": "sample_id"}),
    ("erased_segmentation", {"segmentation_id": "segmentation_id"}),
    ("erased_segmentation", {"segmentation_id_a": "segmentation_id"}),
    ("erased_segmentation", {"segmentation_id_b": "segmentation_id"}),
    ("erased_series", {"series_id": "series_id"}),
    ("erased_measurement", {"measurement_id": "measurement_id"}),
    ("erased_dose", {"dose_id": "dose_id"}),
    ("erased_mask", {"cohort_id": "cohort_id", "source_hash": "source_hash"}),
    ("erased_file", {"cohort_id": "cohort_id", "file_path": "file_path"}),
)
# a dose grid is an image too, and what is measured on it goes with it
_OF_GRIDS: Mapping[str, Sequence[Link]] = {
    "imaging.series": [("erased_series", {"series_id": "series_id"})],
    "imaging.measurement": [("erased_series", {"series_id": "series_id"})],
    "imaging.feature_value": [("erased_measurement", {"measurement_id": "measurement_id"})],
}
_GRID = "RTDOSE"


def links_of(table: Table) -> list[Link]:
    """Ways that lead from an erased person to rows of a table; none where it is about nobody."""
    columns = {column.name for column in table.columns}
    found = [link for link in _LINKS if set(link[1]) <= columns]
    owned = [link for link in found if link[0] == "erased_patient"]
    return owned if ("erased_patient", _PATIENT) in owned else found


def doomed_tables(scope: Scope) -> Mapping[str, Sequence[Link]]:
    """Tables that a withdrawal is about, with the ways to the rows that go."""
    found: dict[str, Sequence[Link]] = {
        name: links_of(table)
        for name, table in tables().items()
        if covers(scope, scope_of_table(name)) and links_of(table)
    }
    return {**found, **_OF_GRIDS} if scope == "dose" else found


@contextmanager
def registered(warehouse: Warehouse, person: Person, scope: Scope) -> Iterator[None]:
    """Let queries read what belongs to a person, for as long as the block lasts."""
    con = warehouse.connection
    names: list[str] = []

    def register(name: str, rows: pa.Table | pl.DataFrame) -> None:
        names.append(name)
        con.register(name, rows.to_arrow() if isinstance(rows, pl.DataFrame) else rows)

    def owned(name: str) -> pl.DataFrame:
        return pl.DataFrame(warehouse.arrow(query_text(f"care/owned_{name}")))

    try:
        register("erased_person", pa.table({"person_id": [person.person_id]}))
        register("erased_patient", _pairs(person.patients, "patient_id"))
        register("erased_sample", _pairs(person.samples, "sample_id"))
        series, segmentations = owned("series"), owned("segmentations")
        if scope == "dose":
            series = series.filter(pl.col("modality") == _GRID)
            segmentations = segmentations.clear()
        files = pl.concat([one.select("cohort_id", "file_path") for one in (series, segmentations)])
        register("erased_series", series)
        register("erased_segmentation", segmentations)
        register("erased_file", files.drop_nulls().unique())
        register("erased_mask", owned("masks"))
        register("erased_dose", owned("doses"))
        register("erased_measurement", owned("measurements"))
        yield
    finally:
        for name in names:
            con.unregister(name)


def _pairs(named: Sequence[tuple[str, str]], column: str) -> pa.Table:
    cohorts, names = [cohort for cohort, _ in named], [name for _, name in named]
    return pa.table(
        {"cohort_id": pa.array(cohorts, pa.string()), column: pa.array(names, pa.string())}
    )


def count_rows(warehouse: Warehouse, scope: Scope) -> dict[str, int]:
    """Count the rows that would go, by table; call it where the person is registered."""
    filled = warehouse.filled_tables()
    counts = {
        name: next(warehouse.rows(render.count_linked(tables()[name], links)))[0]
        for name, links in doomed_tables(scope).items()
        if name in filled
    }
    return {name: n_rows for name, n_rows in counts.items() if n_rows}
