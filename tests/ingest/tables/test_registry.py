from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from pydantic import TypeAdapter

from roentgene.ingest.tables import KINDS, StagedTables, staging_order
from roentgene.schemas.cohort_tables import TableDeclaration
from roentgene.schemas.words import reason_codes

Stage = Callable[..., StagedTables]

OUTCOME: dict[str, Any] = {"kind": "outcome", "id": "id", "endpoint": "OS", "event": "dead"}


def test_every_kind_that_can_be_declared_can_be_staged() -> None:
    union, _ = get_args(TableDeclaration)
    declared = {get_args(model.model_fields["kind"].annotation)[0] for model in get_args(union)}
    # a study folder becomes tables of the other kinds before any is staged
    assert set(KINDS) == declared - {"cbioportal"}


def test_a_table_that_cannot_be_read_is_one_refusal_and_no_error(stage: Stage) -> None:
    staged = stage(b"\xff\xfe\x00", OUTCOME)
    assert staged.rows == {}
    (refusal,) = staged.refusals
    assert refusal.line().startswith("unreadable_table: table.csv, line 1: ")
    assert reason_codes()[refusal.reason_code].cure in refusal.line()


def test_a_table_that_speaks_of_all_samples_comes_after_those_that_have_them() -> None:
    given = [
        {"kind": "mutation", "file": "m.maf", "profiled": {"samples": "all"}},
        {"kind": "mutation", "file": "n.maf", "profiled": {"samples": "in_file"}},
        {"kind": "segment", "file": "s.seg", "genome": "GRCh37"},
        {"kind": "sample", "file": "s.csv", "id": "id", "sample": "sample"},
    ]
    declared = [TypeAdapter(TableDeclaration).validate_python(one) for one in given]
    assert [one.file for one in staging_order(declared)] == ["s.csv", "n.maf", "s.seg", "m.maf"]
