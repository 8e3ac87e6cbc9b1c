"""What a table of features may declare, and what it is told where it may not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from roentgene.schemas.cohort import read_cohort
from roentgene.schemas.measured_tables import FeaturesTable, VisitRank

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"

TABLE: dict[str, Any] = {
    "kind": "features",
    "file": "f.csv",
    "id": "study",
    "timepoint": "baseline",
    "sequence": "CT",
    "region": "GTV",
    "engine": "pyradiomics",
    "profile": "published",
}
OTHERS = TABLE | {"engine": "captk", "engine_version": "1.8", "features": ["volume"]}
NO_KEYS = {"timepoint": None, "sequence": None, "region": None}


def test_pyradiomics_needs_neither_features_nor_version() -> None:
    table = FeaturesTable.model_validate(TABLE)
    assert (table.features, table.engine_version, table.parts_of_id) == (None, None, ())


def test_keys_may_stand_in_the_id_and_in_the_columns() -> None:
    said = {
        "id_pattern": "{patient_id}_{timepoint}",
        "columns": "{sequence}_{region}_{feature}",
        "rename": {"timepoint": {11: "baseline"}, "region": {"NC": "NCR"}},
    }
    table = FeaturesTable.model_validate(TABLE | NO_KEYS | said)
    assert table.parts_of_id == ("patient_id", "timepoint")
    assert table.parts_of_columns == ("sequence", "region", "feature")
    assert table.rename["timepoint"] == {"11": "baseline"}


def test_visits_may_be_ranked() -> None:
    table = FeaturesTable.model_validate(TABLE | {"timepoint": {"rank_of": "date"}})
    assert table.timepoint == VisitRank(rank_of="date", dates=False)


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        (TABLE | {"region": None}, "nothing says the region: write 'region: …', or {region} in"),
        (TABLE | {"columns": "{sequence}_{feature}"}, "sequence is said by 'sequence' and by colu"),
        (TABLE | {"id_pattern": "{patient_id}_{region}"}, "said by 'region' and by id_pattern"),
        (
            TABLE | {"rater_id": "a", "id_pattern": "{patient_id}_{rater_id}"},
            "the rater_id is said by 'rater_id' and by id_pattern",
        ),
        (TABLE | {"id_pattern": "{timepoint}_{day}"}, "id_pattern has no {patient_id}"),
        (TABLE | {"id_pattern": "{patient_id}{day}"}, "where one placeholder ends"),
        (TABLE | {"id_pattern": "(?P<patient_id>"}, "is no regular expression"),
        (TABLE | {"columns": "{rater_id}"}, "columns has no {feature}"),
        (TABLE | {"columns": "{bin}_{feature}"}, "the unknown placeholder {bin}; there are"),
        (TABLE | {"rename": {"visit": {"a": "b"}}}, "rename: 'visit' is none of timepoint, seq"),
        (TABLE | {"features": ["a"], "columns": "a_{feature}"}, "either 'features' or 'columns'"),
        (OTHERS | {"features": None}, "which columns hold features of captk"),
        (OTHERS | {"engine_version": None}, "which version of captk it was"),
        (TABLE | {"timepoint": {"rankof": "date"}}, "rankof"),
    ],
)
def test_tables_that_cannot_be_meant(declared: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        FeaturesTable.model_validate(declared)
    assert said in str(caught.value)


@pytest.mark.parametrize("name", ["qin_prostate", "upenn_gbm", "plgg_cbtn"])
def test_the_examples_of_the_documentation_are_cohort_files(name: str) -> None:
    tables = read_cohort(EXAMPLES / f"{name}.yaml").tables
    assert sum(isinstance(table, FeaturesTable) for table in tables) == 1
