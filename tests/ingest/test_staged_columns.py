"""Staged rows have the declared columns, but for what is only known at commit."""

import pyarrow as pa
import pytest

from roentgene.ingest.staged_columns import staged_schema
from roentgene.schemas.tables import table

AT_COMMIT = {"batch_id", "measurement_id", "ingested_at", "current"}


@pytest.mark.parametrize(
    "full_name",
    ["imaging.series", "imaging.segmentation", "imaging.measurement", "study.patient"],
)
def test_staged_columns_are_those_declared(full_name: str) -> None:
    declared = table(full_name)
    schema = staged_schema(full_name)
    assert schema.names == [c.name for c in declared.columns if c.name not in AT_COMMIT]
    for name in schema.names:
        assert schema.field(name).equals(declared.arrow_schema.field(name))


def test_values_name_their_measurement_and_feature() -> None:
    schema = staged_schema("imaging.feature_value")
    key = ["segmentation_id", "series_id", "extraction_id", "feature"]
    assert schema.names == ["cohort_id", *key, "value", "value_status", "value_reason"]
    assert {schema.field(name).type for name in key} == {pa.string()}
    assert not any(schema.field(name).nullable for name in key)
