"""What people may write of clinical tables and of the course of patients, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from roentgene.schemas.clinical_tables import Variable
from roentgene.schemas.cohort_tables import TableDeclaration
from roentgene.schemas.response_words import response_words

FILE = {"file": "t.csv", "id": "id"}
OUTCOME = {**FILE, "kind": "outcome", "endpoint": "OS", "event": "status"}
TREATMENT = {**FILE, "kind": "treatment", "treatment": "{drug}", "start_day": "start"}
BIOMARKER = {**FILE, "kind": "biomarker"}
RESPONSE = {**FILE, "kind": "response", "criteria": "RANO", "response": "r"}


def declared(row: dict[str, Any]) -> Any:
    return TypeAdapter(TableDeclaration).validate_python(row)


def test_words_may_be_numbers_and_one_column_needs_no_list() -> None:
    outcome = declared({**OUTCOME, "event_codes": {0: 0, 1: 1}, "censor_time": "followup"})
    assert outcome.event_codes == {"0": 0, "1": 1}
    assert outcome.censor_time == ("followup",)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (OUTCOME | {"event_codes": {True: 1}}, "put it in quotes"),
        (OUTCOME | {"event_codes": {"x": 1}, "unknown": ["x"]}, "and under unknown"),
        (OUTCOME | {"dates": "YYYYMMDD", "anchor": "surgery"}, "no anchor"),
        (OUTCOME | {"dates": "YYYYMMDD", "time_unit": "months"}, "no anchor"),
        (OUTCOME | {"several": "median"}, "several"),
        (OUTCOME | {"timepoint": "v", "id_pattern": "{patient_id}_{timepoint}"}, "once is enough"),
        (TREATMENT | {"dose": "gy"}, "belong together"),
        (TREATMENT | {"dose_unit": "Gy"}, "belong together"),
        (BIOMARKER, "'marker' and 'result'"),
        (BIOMARKER | {"marker": "IDH"}, "'marker' and 'result'"),
        (BIOMARKER | {"marker": "IDH", "result": "r", "markers": {"IDH": "i"}}, "'markers'"),
        (RESPONSE, "say the visit"),
        (RESPONSE | {"timepoint": "v", "response_codes": {"stable": "ST"}}, "response_codes"),
        ({"file": "t.csv", "kind": "redcap", "dictionary": "d.csv",
          "id_pattern": "{patient_id}_{timepoint}"}, "event says the timepoint"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused(row: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        declared(row)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"type": "number", "codes": {"1": "male"}}, "codes belong"),
        ({"type": "boolean", "codes": {"J": "ja"}}, "true or false"),
        ({"type": "text", "minimum": 1}, "no minimum"),
        ({"type": "number", "minimum": 2, "maximum": 1}, "larger"),
        ({"type": "dates"}, "type"),
    ],
)
def test_a_variable_says_nothing_impossible(row: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Variable.model_validate(row)


def test_the_codes_of_a_variable_are_words() -> None:
    said = Variable.model_validate({"type": "boolean", "codes": {"J": True, "N": False}})
    assert said.codes == {"J": "true", "N": "false"}
    listed = Variable.model_validate({"type": "category", "codes": ["II", 3], "missing": [-9]})
    assert listed.codes == {"II": "II", "3": "3"}
    assert listed.missing == ("-9",)


def test_every_spelling_of_a_response_has_a_category() -> None:
    categories = {meaning.category for meaning in response_words().values()}
    assert categories == {"CR", "PR", "MR", "SD", "PD", "NE"}
    assert response_words()["iupd"] == ("PD", "unconfirmed")
    assert response_words()["icpd"] == ("PD", "confirmed")
