from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from roentgene.ingest.tables import KINDS, StagedTables
from roentgene.schemas.cohort_tables import TableDeclaration
from roentgene.schemas.words import reason_codes

Stage = Callable[..., StagedTables]

OUTCOME: dict[str, Any] = {"kind": "outcome", "id": "id", "endpoint": "OS", "event": "dead"}


def test_every_kind_that_can_be_declared_can_be_staged() -> None:
    union, _ = get_args(TableDeclaration)
    declared = {get_args(model.model_fields["kind"].annotation)[0] for model in get_args(union)}
    assert set(KINDS) == declared


def test_a_table_that_cannot_be_read_is_one_refusal_and_no_error(stage: Stage) -> None:
    staged = stage(b"\xff\xfe\x00", OUTCOME)
    assert staged.rows == {}
    (refusal,) = staged.refusals
    assert refusal.line().startswith("unreadable_table: table.csv, line 1: ")
    assert reason_codes()[refusal.reason_code].cure in refusal.line()
