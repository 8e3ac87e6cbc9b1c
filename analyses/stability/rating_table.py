"""Rating rows to mean squares, by the SQL of the definition on a private single-threaded DuckDB.

One thread and sorted rows make the sums come out the same to the last digit every time. The SQL
is that of the view ``mart.icc``, which reads ``mart.rating``: here the cells of a design stand in
its place.
"""

from __future__ import annotations

from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from roentgene.analyses.constant import Floats
from roentgene.analyses.stability.mean_squares import MeanSquares
from roentgene.queries import render
from roentgene.queries.query_file import query_text
from roentgene.queries.registry import VERSIONS_SCHEMA
from roentgene.schemas.errors import FileError

#: Columns within which features are comparable; joined by ``|`` they are the ``stability_key``.
STABILITY_KEY = ("cohort_id", "region", "sequence", "profile", "engine")
QUERIES = ("analyses/rating_counts", "analyses/rating_cells", "views/mart/icc.v1")
_FEATURE = (*STABILITY_KEY, "feature")
_CELL = (*_FEATURE, "target", "rater")


class RatedFeatures(NamedTuple):
    """Features with what is known of their ratings, one row or element a feature.

    ``features`` has the stability key, ``feature``, ``n_targets``, ``n_raters``, ``n_dropped``
    and ``n_rater_names``. Mean squares are NaN where no target is complete.
    """

    features: pa.Table
    squares: MeanSquares


def rated_features(cells: pa.Table) -> RatedFeatures:
    """Count and condense the rows of ``analyses/stability_ratings``.

    Parameters
    ----------
    cells : pyarrow.Table
        One row a feature, target and rater, with ``value``, ``n_in_cell``, ``n_raters``,
        ``n_targets_of_key`` and ``is_complete``; in any order.

    Raises
    ------
    FileError
        If a rater rated a target twice.
    """
    cells = sorted_cells(cells)
    with duckdb.connect(":memory:", config={"threads": "1"}) as con:
        con.register("rating_cells", _numbered(cells))
        features = con.execute(query_text(QUERIES[0])).to_arrow_table()
        con.execute(render.create_schema(VERSIONS_SCHEMA))
        con.execute(render.create_view(VERSIONS_SCHEMA, "rating_v1", query_text(QUERIES[1])))
        found = con.execute(query_text(QUERIES[2])).to_arrow_table()
    # texts come in the order of their bytes from both
    found = found.sort_by([(name, "ascending") for name in _FEATURE])
    return RatedFeatures(features, _squares(features, found))


def sorted_cells(cells: pa.Table) -> pa.Table:
    """Cells in the order of their key, each once.

    Raises
    ------
    FileError
        If a rater rated a target twice.
    """
    _refuse_repeated(cells)
    return cells.sort_by([(name, "ascending") for name in _CELL])


def _refuse_repeated(cells: pa.Table) -> None:
    repeated = cells.filter(pc.greater(cells["n_in_cell"], 1))
    if repeated.num_rows == 0:
        return
    first = repeated.slice(0, 1).to_pylist()[0]
    msg = (
        f"{repeated.num_rows} ratings stand more than once, e.g. {first['feature']} of "
        f"{first['region']} on {first['sequence']}, target {first['target']}, "
        f"rating {first['rater']}"
    )
    raise FileError(msg, "Name one rater in 'raters', or set patient_feature.reference_rater")


def _numbered(cells: pa.Table) -> pa.Table:
    """Cells with the columns of ``mart.rating`` that only the view has."""
    n = cells.num_rows
    added = {
        "design": pa.repeat("", n),
        "stability_key": pc.binary_join_element_wise(*(cells[name] for name in STABILITY_KEY), "|"),
    }
    for name, values in added.items():
        cells = cells.append_column(name, values)
    key, feature = codes(cells["stability_key"]), codes(cells["feature"])
    n_features = pc.add(pc.max(feature), 1)
    numbers = {
        "feature_no": pc.add(pc.multiply(key, n_features), feature),
        "target_no": codes(cells["target"]),
        "rater_no": codes(cells["rater"]),
    }
    for name, values in numbers.items():
        cells = cells.append_column(name, values)
    return cells


def codes(values: pa.ChunkedArray) -> pa.Array:
    """Texts as numbers in the order in which they come first."""
    return pa.chunked_array(values).combine_chunks().dictionary_encode().indices


def _squares(features: pa.Table, found: pa.Table) -> MeanSquares:
    return MeanSquares(
        features["n_targets"].to_numpy(),
        features["n_raters"].to_numpy(),
        *(
            _floats(found[name])
            for name in ("msr", "msw", "msc", "mse", "value_min", "value_max", "square_cv")
        ),
    )


def _floats(values: pa.ChunkedArray) -> Floats:
    """Numbers, NaN where there is none."""
    return np.asarray(values.cast(pa.float64()).to_numpy(), dtype=np.float64)
