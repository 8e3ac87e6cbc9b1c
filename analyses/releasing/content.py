"""What a release holds, made from a snapshot: the same spec and snapshot give the same content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from roentgene.analyses.preparation import fit_folds
from roentgene.analyses.releasing.cautions import cautions
from roentgene.analyses.releasing.columns import (
    Columns,
    described,
    dictionary_table,
)
from roentgene.analyses.releasing.leaks import FoundLeak, find_leaks, refuse_leaks
from roentgene.analyses.releasing.reading import PinnedReader
from roentgene.analyses.releasing.repeated import leaks_of_runs, repeated_measurements
from roentgene.analyses.releasing.selection import select
from roentgene.analyses.releasing.targets import Target
from roentgene.analyses.splitting import SCHEMA as SPLITS
from roentgene.analyses.splitting import make_splits
from roentgene.queries.registry import View
from roentgene.schemas.release import ReleaseSpec
from roentgene.schemas.release_leaks import Leak
from roentgene.warehouse.opening import open_warehouse
from roentgene.warehouse.releases.manifest import FlowStep
from roentgene.warehouse.releases.tables import fingerprint_of_all, fingerprints
from roentgene.warehouse.store import Warehouse

#: Leaks that are made, not found.
_SWITCHES: tuple[Leak, ...] = ("fit_on_all_rows", "target_as_covariate")
_KEYS = ("person_id", "cohort_id", "patient_id", "timepoint_id")


@dataclass(frozen=True)
class Content:
    """Content of a release.

    Parameters
    ----------
    tables : mapping of str to pyarrow.Table
        table, dictionary, splits, parameters and sources.
    flow : tuple of FlowStep
        Flow of patients.
    leaks : tuple of FoundLeak
        Leaks that were found and let in by hand.
    warnings : tuple of str
        What the datasheet warns of.
    cohorts : sequence of mapping
        Cohorts of the patients, with title and licence.
    """

    tables: Mapping[str, pa.Table]
    flow: tuple[FlowStep, ...]
    leaks: tuple[FoundLeak, ...]
    warnings: tuple[str, ...]
    cohorts: Sequence[Mapping[str, Any]]

    @property
    def n_persons(self) -> int:
        """Number of persons."""
        return len(set(self.tables["table"]["person_id"].to_pylist()))

    @property
    def n_predictors(self) -> int:
        """Number of predictors."""
        return len(predictors(self.tables["dictionary"]))

    @property
    def fingerprints(self) -> dict[str, str]:
        """Fingerprint of each table."""
        return fingerprints(self.tables)

    @property
    def fingerprint(self) -> str:
        """Fingerprint of what the release says."""
        return fingerprint_of_all(self.fingerprints)


def predictors(dictionary: pa.Table) -> list[str]:
    """Names of the predictors among the columns of a release."""
    return [
        name
        for name, block in zip(
            dictionary["column"].to_pylist(), dictionary["block"].to_pylist(), strict=True
        )
        if block in ("rad", "dose", "gen", "clin")
    ]


def make_content(
    folder: Path, snapshot: int, spec: ReleaseSpec, views: Mapping[str, View]
) -> Content:
    """Make the content of a release from a snapshot.

    Parameters
    ----------
    folder : Path
        The warehouse.
    snapshot : int
        Snapshot that is read.
    spec : ReleaseSpec
        The release file, the inclusion query in it.
    views : mapping of str to View
        Version of each view by its full name.

    Raises
    ------
    FileError
        If a name does not exist, nobody is left, the target leaks, or the snapshot has expired.
    QueryError
        If the inclusion query is none that reads.
    """
    with (
        open_warehouse(folder, at=snapshot) as warehouse,
        open_warehouse(folder, at=snapshot) as asking,
    ):
        return read_content(PinnedReader(warehouse, views), asking, spec)


def read_content(reader: PinnedReader, asking: Warehouse, spec: ReleaseSpec) -> Content:
    """Make the content of a release from a warehouse that is open.

    Parameters
    ----------
    reader : PinnedReader
        The warehouse at the snapshot.
    asking : Warehouse
        The same snapshot over a connection of its own, for the inclusion query.
    spec : ReleaseSpec
        The release file, the inclusion query in it.

    Raises
    ------
    FileError, QueryError
        As :func:`make_content`.
    """
    target, columns = select(reader, asking, spec)
    splits = _splits(spec, target)
    found = [
        *find_leaks(reader, spec, target, columns, splits),
        *leaks_of_runs(reader, spec, target.units),
    ]
    refuse_leaks(found, spec.allow_leaks)
    found += [FoundLeak(leak, ()) for leak in _SWITCHES if leak in spec.allow_leaks]
    table, dictionary = _table(target, columns)
    frame: pl.DataFrame = pl.from_arrow(table)  # type: ignore[assignment]
    fitted_splits = splits
    if "fit_on_all_rows" in spec.allow_leaks:
        fitted_splits = splits.with_columns(pl.lit("train").alias("role"))
    repeated = repeated_measurements(
        reader, spec.prepare, target.units.patients, columns.dictionary
    )
    parameters = fit_folds(frame, predictors(dictionary), spec.prepare, fitted_splits, repeated)
    rows = target.units.rows
    keys = [name for name in ("person_id", "timepoint_id") if name in rows.columns]
    sources = columns.sources.join(rows.select("row_no", *keys), on="row_no").drop("row_no")
    cohorts = reader.frame("cohorts").filter(pl.col("cohort_id").is_in(target.units.cohorts))
    return Content(
        tables={
            "table": table,
            "dictionary": dictionary,
            "splits": splits.to_arrow(),
            "parameters": parameters.to_arrow(),
            "sources": sources.select(*keys, pl.exclude(keys)).sort(pl.all()).to_arrow(),
        },
        flow=target.units.flow,
        leaks=tuple(found),
        warnings=tuple(cautions(spec, target, columns)),
        cohorts=cohorts.to_dicts(),
    )


def _splits(spec: ReleaseSpec, target: Target) -> pl.DataFrame:
    if not spec.splits:
        return pl.DataFrame(schema=SPLITS)
    people = target.units.rows.unique("person_id", keep="first").sort("person_id")
    people = people.drop("row_no", "timepoint_id", "cohort_id", "patient_id", strict=False)
    strata = [target.stratum[person] for person in people["person_id"]]
    return make_splits(people.with_columns(pl.Series("stratum", strata)), spec.splits)


def _table(target: Target, columns: Columns) -> tuple[pa.Table, pa.Table]:
    """Table and dictionary, the columns of both in one order."""
    units = target.units
    keys = [name for name in _KEYS if name in units.rows.columns]
    context = [name for name in units.described_by if name in units.rows.columns]
    head = units.rows.sort("row_no").select(*keys, *context).to_arrow()
    arrays = [column.combine_chunks() for column in head.columns]
    arrays = [_plain(column) for column in arrays]
    named = [
        described(name, "key" if name in keys else "context", values, feature=name)
        for name, values in zip(head.column_names, arrays, strict=True)
    ]
    named += columns.dictionary
    arrays += columns.arrays
    for name, values in target.arrays.items():
        unit = "days" if name.endswith("_days") else None
        named.append(described(name, "target", values, feature=name, unit=unit))
        arrays.append(values)
    names = [row["column"] for row in named]
    return pa.table(arrays, names=names), dictionary_table(named)


def _plain(values: pa.Array) -> pa.Array:
    """Bring polars' texts to the plain kind that every reader of Parquet knows."""
    kind = values.type
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or pa.types.is_null(kind):
        return values.cast(pa.string())
    return values
