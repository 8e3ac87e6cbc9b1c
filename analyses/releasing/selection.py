"""Rows and columns of a release: who is in it, the target, and their predictors."""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from roentgene.analyses.releasing.clinical_columns import clinical_columns, dose_columns
from roentgene.analyses.releasing.columns import Columns, joined
from roentgene.analyses.releasing.imaging_columns import imaging_columns
from roentgene.analyses.releasing.molecular_columns import molecular_columns
from roentgene.analyses.releasing.reading import PinnedReader
from roentgene.analyses.releasing.targets import Target, find_target, with_anchor
from roentgene.analyses.releasing.units import Units, find_units
from roentgene.schemas.errors import FileError
from roentgene.schemas.release import ReleaseSpec
from roentgene.warehouse.store import Warehouse


def select(reader: PinnedReader, asking: Warehouse, spec: ReleaseSpec) -> tuple[Target, Columns]:
    """Select rows and columns.

    Parameters
    ----------
    reader : PinnedReader
        The warehouse at the snapshot.
    asking : Warehouse
        The same snapshot over a connection of its own, for the inclusion query.
    spec : ReleaseSpec
        The release file.

    Returns
    -------
    Target, Columns
        Target of those who are in the release, and their predictors.

    Raises
    ------
    FileError
        If a name does not exist, or nobody is left.
    """
    units = find_units(reader, asking, spec)
    target = with_anchor(reader, find_target(reader, units, spec), spec)
    return _with_predictors(target, _columns(reader, target.units, spec), spec)


def _columns(reader: PinnedReader, units: Units, spec: ReleaseSpec) -> Columns:
    by_visit = spec.rows == "person_timepoint"
    return joined(
        [
            *(imaging_columns(reader, units, b, by_visit=by_visit) for b in spec.features),
            *(dose_columns(reader, units, b, by_visit=by_visit) for b in spec.dose),
            *(molecular_columns(reader, units, b) for b in spec.genomic),
            *(clinical_columns(reader, units, b, by_visit=by_visit) for b in spec.clinical),
        ]
    )


def _with_predictors(target: Target, columns: Columns, spec: ReleaseSpec) -> tuple[Target, Columns]:
    """Leave out rows that have no image feature, where such are asked for, else no predictor."""
    wanted = [
        values
        for row, values in zip(columns.dictionary, columns.arrays, strict=True)
        if row["block"] == "rad" or not spec.features
    ]
    what = "image feature" if spec.features else "predictor"
    has = [False] * target.units.n_rows
    for values in wanted:
        for place, valid in enumerate(values.is_valid().to_pylist()):
            has[place] = has[place] or valid
    units = target.units
    if not any(has):
        msg = f"no row has any of the {what}s that are asked for"
        raise FileError(msg, f"Loosen the {what}s or the patients in the release file")
    step, reason = f"with {what}s", f"none of the {what}s that are asked for"
    persons = units.rows["person_id"].to_list()
    with_any = {person for person, there in zip(persons, has, strict=True) if there}
    n_lost = len(set(persons)) - len(with_any)
    kept = units.keeping(with_any, step, {reason: n_lost} if n_lost else {})
    if spec.rows == "person_timepoint":
        person_of = pl.Series(persons)
        # rows were numbered anew: find those with values by their place among the kept persons
        still = person_of.is_in(sorted(with_any)).to_list()
        has_kept = [there for there, stays in zip(has, still, strict=True) if stays]
        numbers = {place for place, there in enumerate(has_kept) if there}
        kept = kept.keeping_rows(numbers, f"visits {step}", reason)
    mask = pa.array(has)
    old = pl.Series("old_no", [place for place, there in enumerate(has) if there], pl.Int32)
    numbers_of = pl.DataFrame({"row_no": old}).with_row_index("new_no")
    sources = columns.sources.join(numbers_of, on="row_no", maintain_order="left").with_columns(
        pl.col("new_no").cast(pl.Int32).alias("row_no")
    )
    columns = Columns(
        columns.dictionary,
        [values.filter(mask) for values in columns.arrays],
        sources.drop("new_no"),
    )
    arrays = {name: values.filter(mask) for name, values in target.arrays.items()}
    return Target(kept, arrays, target.stratum, target.known_days, target.patients), columns
