"""The form of staged rows: the declared columns, without what is only known at commit."""

from __future__ import annotations

from functools import cache

import pyarrow as pa

from roentgene.schemas.tables import table

#: File that a staged row comes from, as messages call it.
SOURCE_FILE = "source_file"
#: Line of the file that a row stands on; the header and every line before it are counted.
SOURCE_ROW = "source_row"
#: Columns that are given at commit.
GIVEN_AT_COMMIT = frozenset({"batch_id", "measurement_id", "feature_id", "ingested_at", "current"})
#: What names a measurement and a feature in staged values, until they have numbers.
VALUE_KEY = ("segmentation_id", "series_id", "extraction_id", "feature")


@cache
def staged_schema(full_name: str) -> pa.Schema:
    """Arrow schema of a staged table.

    The columns of the declared table without those given at commit; a feature value names its
    measurement and its feature instead of numbering them.
    """
    declared = table(full_name).arrow_schema
    kept = [field for field in declared if field.name not in GIVEN_AT_COMMIT]
    if full_name == "imaging.feature_value":
        kept[1:1] = [pa.field(name, pa.string(), nullable=False) for name in VALUE_KEY]
    return pa.schema(kept)
