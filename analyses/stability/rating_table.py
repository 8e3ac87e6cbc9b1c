"""Rating rows to mean squares, by the SQL of the definition on a private single-threaded DuckDB.

One thread and sorted rows make the sums come out the same to the last digit every time.
"""

from __future__ import annotations

from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from roentgene.analyses.constant import Floats
from roentgene.analyses.stability.intraclass_correlation import MeanSquares
from roentgene.queries.query_file import query_text
from roentgene.schemas.errors import FileError

#: Columns within which features are comparable; joined by ``|`` they are the ``stability_key``.
STABILITY_KEY = ("cohort_id", "region", "sequence", "profile", "engine")
QUERIES = ("analyses/rating_counts", "analyses/icc_mean_squares")
_CELL = (*STABILITY_KEY, "feature", "target", "rater")


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
    _refuse_repeated(cells)
    cells = cells.sort_by([(name, "ascending") for name in _CELL])
    with duckdb.connect(":memory:", config={"threads": "1"}) as con:
        con.register("rating_cells", cells)
        features = con.execute(query_text(QUERIES[0])).to_arrow_table()
        con.register("ratings", cells.filter(cells["is_complete"]))
        found = con.execute(query_text(QUERIES[1])).to_arrow_table()
    return RatedFeatures(features, _spread(features, found))


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


def _spread(features: pa.Table, found: pa.Table) -> MeanSquares:
    """Mean squares for all features; both tables are in the order of the key."""
    computed = features["n_targets"].to_numpy() > 0
    return MeanSquares(
        features["n_targets"].to_numpy(),
        features["n_raters"].to_numpy(),
        *(
            _placed(found[name], computed)
            for name in ("msr", "msw", "msc", "mse", "value_min", "value_max")
        ),
    )


def _placed(values: pa.ChunkedArray, where: NDArray[np.bool_]) -> Floats:
    placed = np.full(where.shape, np.nan)
    placed[where] = values.cast(pa.float64()).to_numpy()
    return placed
