"""Image features of a release, at visits and as changes between them: columns ``rad__…``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from roentgene.analyses.releasing.columns import NUMBER, Columns, sources_of
from roentgene.analyses.releasing.name_choice import chosen
from roentgene.analyses.releasing.reading import PinnedReader
from roentgene.analyses.releasing.units import Units
from roentgene.analyses.releasing.wide_matrix import WideMatrix, WideMatrixBuilder, arrow_columns
from roentgene.schemas.errors import FileError
from roentgene.schemas.release import FeatureBlock

_GROUP_KEYS = ("timepoint_id", "sequence", "region", "profile", "engine")
_ASKED: Mapping[str, str] = {
    **{key: key for key in ("sequence", "region", "profile", "engine")},
    "timepoint": "timepoint_id",
}
_FEATURE_KEYS: Mapping[str, str] = {
    "image_types": "image_type",
    "classes": "class",
    "features": "feature",
}
_TOLD_OF_FEATURE = (
    *("feature", "class", "image_type", "ibsi_code", "ibsi_aggregation", "ibsi_status"),
    "volume_dependent",
)


def imaging_columns(
    reader: PinnedReader, units: Units, block: FeatureBlock, *, by_visit: bool
) -> Columns:
    """Read the image features of one block.

    Parameters
    ----------
    reader : PinnedReader
        The warehouse at the snapshot.
    units : Units
        Who is in the release.
    block : FeatureBlock
        What is asked.
    by_visit : bool
        Whether every visit is a row; else the visit is in the name of the column.

    Raises
    ------
    FileError
        If a name does not exist, nothing fits, or a row has several values of a column.
    """
    groups = _groups(reader, block, by_visit=by_visit)
    features = _features(reader, block, groups)
    places = units.places.select("cohort_id", "patient_id", "timepoint_id", "row_no")
    codes = groups.select(*_GROUP_KEYS, "group_no")
    named_features = features.select("feature_id", "engine", "feature", "feature_no")
    with reader.registered(
        release_place=places, release_group=codes, release_feature=named_features
    ):
        found = _read_cells(reader, block, groups, features.height, units.n_rows)
    matrix = found.matrix
    if not matrix.columns.size:
        msg = "none of the patients has a value of the image features that are asked for"
        raise FileError(msg, "Look into mart.coverage, or loosen 'features' in the release file")
    named = _named(matrix, groups, features, block)
    _refuse_clashes(matrix, named, by_visit=by_visit)
    return Columns(named, arrow_columns(matrix), _sources(reader, found, groups, units))


def _groups(reader: PinnedReader, block: FeatureBlock, *, by_visit: bool) -> pl.DataFrame:
    """Visits, sequences, regions, profiles and engines that are asked for, numbered."""
    known = reader.frame("feature_groups")
    groups = known
    for asked, column in _ASKED.items():
        patterns = getattr(block, asked)
        names = chosen(patterns, known[column].to_list(), asked)
        groups = groups.filter(pl.col(column).is_in(names))
    if not groups.height:
        asked_for = {asked: getattr(block, asked) for asked in _ASKED}
        told = ", ".join(f"{k} {' '.join(v)}" for k, v in asked_for.items() if v != ("*",))
        msg = f"nothing was measured under all of {told or 'the keys of the block'} together"
        raise FileError(msg, "Look into mart.coverage for what was")
    groups = groups.group_by(*_GROUP_KEYS).agg(pl.col("value_scale").unique().sort().str.join(", "))
    keys = [key for key in _GROUP_KEYS if not (by_visit and key == "timepoint_id")]
    numbers = groups.select(keys).unique().sort(keys)
    numbers = numbers.with_row_index("group_no").with_columns(pl.col("group_no").cast(pl.Int32))
    groups = groups.join(numbers, on=keys)
    prefix = "rad" if block.measure is None else f"rad__{block.measure}"
    words = [key for key in keys if key != "engine"]
    return groups.with_columns(
        pl.concat_str(pl.lit(prefix), *words, separator="__").alias("source")
    ).sort("group_no", *_GROUP_KEYS)


def _features(reader: PinnedReader, block: FeatureBlock, groups: pl.DataFrame) -> pl.DataFrame:
    """Features that are asked for, of the engines of the groups, numbered."""
    engines = groups["engine"].unique().to_list()
    known = reader.frame("features").filter(pl.col("engine").is_in(engines))
    features = known
    for asked, column in _FEATURE_KEYS.items():
        names = chosen(getattr(block, asked), known[column].to_list(), asked.removesuffix("s"))
        features = features.filter(pl.col(column).is_in(names))
    if not features.height:
        msg = "no feature fits 'image_types', 'classes' and 'features' together"
        raise FileError(msg, "Look into vocab.feature for what there is")
    return features.with_row_index("feature_no").with_columns(pl.col("feature_no").cast(pl.Int32))


def _named(
    matrix: WideMatrix, groups: pl.DataFrame, features: pl.DataFrame, block: FeatureBlock
) -> list[dict[str, Any]]:
    """Rows of the dictionary, one a column of the matrix.

    Raises
    ------
    FileError
        If two columns have one name.
    """
    of_block = {"block": "rad", "type": NUMBER, "kind": block.measure or "value"}
    of_group: dict[int, dict[str, Any]] = {}
    for row in groups.to_dicts():
        told = {key: row[key] for key in ("source", *_GROUP_KEYS, "value_scale")}
        # visits of one group differ where every visit is a row
        same = of_group.setdefault(row["group_no"], of_block | told)
        if same["timepoint_id"] != row["timepoint_id"]:
            same["timepoint_id"] = None
    of_feature = [
        {key: row[key] for key in _TOLD_OF_FEATURE} | {"unit": _unit(row["unit"], block)}
        for row in features.to_dicts()
    ]
    found: dict[str, dict[str, Any]] = {}
    for code in matrix.columns.tolist():
        group, feature = of_group[code // features.height], of_feature[code % features.height]
        name = f"{group['source']}__{feature['feature']}"
        if name in found:
            msg = f"two engines have a column {name}"
            raise FileError(msg, "Name one 'engine' in the block")
        found[name] = {"column": name, **group, **feature}
    return list(found.values())


def _unit(unit: str | None, block: FeatureBlock) -> str | None:
    """Give the unit of a column: a ratio has none, a rate is one a day."""
    if block.measure in ("delta_relative", "delta_log_ratio"):
        return "1"
    if block.measure == "delta_per_day" and unit is not None:
        return f"{unit}/day"
    return unit


def _refuse_clashes(matrix: WideMatrix, named: list[dict[str, Any]], *, by_visit: bool) -> None:
    if not matrix.clashes:
        return
    n_rows = len({row for _, row in matrix.clashes})
    example = named[matrix.clashes[0][0]]["column"]
    msg = f"{n_rows} {'visits' if by_visit else 'persons'} have several values of {example}"
    raise FileError(
        msg, "Include one patient a person, or name the sequence, region and lesion rule apart"
    )


class _Cells(NamedTuple):
    """Matrix of a block, and where it came from.

    ``single`` has row_no, group_no and measurement_id, the baseline of a change among them;
    ``averaged`` has row_no and group_no of means over lesions.
    """

    matrix: WideMatrix
    single: pl.DataFrame
    averaged: pl.DataFrame


def _read_cells(
    reader: PinnedReader, block: FeatureBlock, groups: pl.DataFrame, n_features: int, n_rows: int
) -> _Cells:
    """Read values measurement by measurement, and means over lesions apart."""
    n_groups = groups["group_no"].n_unique()
    builder = WideMatrixBuilder(n_groups * n_features, n_rows)
    places = reader.frame("measurement_places")
    belongs = places.filter(~pl.col("averaged")).drop("averaged")
    row_of, group_of = (belongs[name].to_numpy() for name in ("row_no", "group_no"))
    used = np.zeros(belongs.height, dtype=bool)
    baselines: set[tuple[int, int]] = set()
    query, asked = "feature_cells", dict[str, Any]()
    if block.view == "delta_radiomics":
        query, asked = "delta_cells", {"measure": block.measure}
    numbered = belongs.select("measurement_id").with_row_index("place_no")
    with reader.registered(release_measurement=numbered):
        for batch in reader.batches(query, asked):
            place, feature, value, *baseline = _numbers(batch)
            used[place] = True
            codes = group_of[place].astype(np.int64) * n_features + feature
            builder.add(row_of[place], codes, value)
            if baseline:
                pairs = np.unique(np.stack([place, baseline[0]]), axis=1)
                baselines.update(zip(*pairs.tolist(), strict=True))
    averaged = set[tuple[int, int]]()
    if block.view == "patient_feature" and places["averaged"].any():
        for batch in reader.batches("averaged_cells", {}):
            row, group, feature, value = _numbers(batch)
            builder.add(row, group.astype(np.int64) * n_features + feature, value)
            averaged.update(zip(*np.unique(np.stack([row, group]), axis=1).tolist(), strict=True))
    single = belongs.filter(pl.Series(used))
    earlier = pl.DataFrame(
        [
            {
                "measurement_id": number,
                "row_no": int(row_of[place]),
                "group_no": int(group_of[place]),
            }
            for place, number in sorted(baselines)
        ],
        schema=belongs.schema,
    )
    means = pl.DataFrame(
        sorted(averaged), schema={"row_no": pl.Int32, "group_no": pl.Int32}, orient="row"
    )
    return _Cells(builder.matrix(), pl.concat([single, earlier]).unique(), means)


def _numbers(batch: pa.RecordBatch) -> list[NDArray[Any]]:
    return [column.to_numpy() for column in batch.columns]


def _sources(
    reader: PinnedReader, cells: _Cells, groups: pl.DataFrame, units: Units
) -> pl.DataFrame:
    """Measurements behind each row and group; of a mean the visits alone."""
    asked = cells.single.select("measurement_id").unique().sort("measurement_id")
    with reader.registered(release_measurement=asked):
        measured = reader.frame("measurement_sources")
    labels = groups.select("group_no", "source").unique()
    single = cells.single.join(measured, on="measurement_id").join(labels, on="group_no")
    parts = [
        sources_of(
            single.with_columns(
                pl.col("timepoint_id").alias("visit"),
                pl.col("measurement_id").cast(pl.String).alias("record"),
            ).sort("row_no", "group_no", "measurement_id")
        )
    ]
    if cells.averaged.height:
        visits = groups.select("group_no", "timepoint_id", "source").unique()
        at = cells.averaged.join(visits, on="group_no").join(
            units.places, on=["row_no", "timepoint_id"]
        )
        days = reader.frame("visits").select("cohort_id", "patient_id", "timepoint_id", "study_day")
        at = at.join(days, on=["cohort_id", "patient_id", "timepoint_id"], how="left")
        parts.append(sources_of(at.with_columns(pl.col("timepoint_id").alias("visit"))))
    return pl.concat(parts)
