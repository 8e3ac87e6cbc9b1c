"""What a run does to the quarantine: new, reopened, over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from roentgene.ingest.known import Known, StoredRefusal
from roentgene.ingest.quarantine import Examined, change_of, refusal_id, unlike
from roentgene.ingest.refusal import Refusal

FLAT = Refusal("image", "flat_region", "P1 baseline T1 GTV", "all 3", "m.nii", content_hash="aa")
ROW = Refusal("staged", "not_a_number", "P1", "'x'", "t.csv", row_number=4, column_name="age")
PAIR = Refusal("manifest", "mask_missing", "P2 baseline T1", "no mask", "i.nii")
NOTHING = Examined(frozenset(), frozenset(), frozenset())


def known(*refusals: Refusal, state: str = "open") -> Known:
    stored = {
        refusal_id("C", r): StoredRefusal(r.stage, r.file_path, r.subject, state) for r in refusals
    }
    return Known(None, {}, {}, frozenset(), {}, {}, {}, stored, {}, {}, {}, {})


@pytest.mark.parametrize(
    "changes",
    [
        {"content_hash": "bb"},
        {"subject": "P1 baseline T2 GTV"},
        {"reason_code": "full_mask"},
        {"file_path": "n.nii"},
        {"row_number": 5},
        {"column_name": "sex"},
    ],
)
def test_another_place_or_content_is_another_refusal(changes: dict[str, Any]) -> None:
    assert refusal_id("C", FLAT) == refusal_id("C", replace(FLAT, detail="in other words"))
    assert refusal_id("C", FLAT) != refusal_id("D", FLAT)
    assert refusal_id("C", FLAT) != refusal_id("C", replace(FLAT, **changes))


def test_only_what_the_quarantine_does_not_hold_is_new() -> None:
    assert unlike([FLAT, ROW, ROW], "C", known(FLAT)) == (ROW,)


@pytest.mark.parametrize(
    ("state", "reopened"), [("open", 0), ("waived", 0), ("retry", 1), ("resolved", 1)]
)
def test_a_refusal_that_comes_again(state: str, reopened: int) -> None:
    change = change_of("C", [FLAT], known(FLAT, state=state), NOTHING)
    assert (len(change.new), len(change.reopened), len(change.resolved)) == (0, reopened, 0)
    assert bool(change) == bool(reopened)


def delivered(*, tables: tuple[str, ...] = (), subjects: tuple[Any, ...] = ()) -> Examined:
    return Examined(frozenset(tables), frozenset(subjects), frozenset({"m.nii", "t.csv", "i.nii"}))


@pytest.mark.parametrize(
    ("refusal", "examined", "over"),
    [
        # every run looks at all pairs of files
        (PAIR, delivered(), True),
        # an image or mask that was left alone says nothing
        (FLAT, delivered(), False),
        (FLAT, delivered(subjects=(("m.nii", "P1 baseline T1 GTV"),)), True),
        # the same mask on another image
        (FLAT, delivered(subjects=(("m.nii", "P1 baseline T2 GTV"),)), False),
        (ROW, delivered(), False),
        (ROW, delivered(tables=("t.csv",)), True),
        # no longer delivered at all
        (FLAT, NOTHING, True),
        (ROW, NOTHING, True),
    ],
)
def test_a_refusal_is_over_where_the_run_looked_and_did_not_meet_it(
    refusal: Refusal, examined: Examined, over: bool
) -> None:
    change = change_of("C", [], known(refusal), examined)
    assert change.resolved == (frozenset({refusal_id("C", refusal)}) if over else frozenset())


def test_what_was_waived_stays_waived() -> None:
    assert not change_of("C", [], known(PAIR, state="waived"), delivered())


def test_one_delivery_of_several_says_nothing_of_the_others() -> None:
    part = replace(delivered(tables=("t.csv",), subjects=(("m.nii", FLAT.subject),)), is_part=True)
    change = change_of("C", [], known(FLAT, ROW, PAIR), part)
    assert change.resolved == {refusal_id("C", FLAT)}
    assert change_of("C", [], known(FLAT, ROW), replace(NOTHING, is_part=True)).resolved == set()
