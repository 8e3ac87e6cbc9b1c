"""``roentgene erase``: told beforehand, done when asked, and refused without a key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from roentgene.warehouse.id_key import KEY_VARIABLE
from roentgene.warehouse.opening import open_warehouse

PERSON = "P03"


pytestmark = pytest.mark.usefixtures("key_file")


def patients(roentgene: Any, study: Path) -> list[str]:
    asked = "SELECT patient_id FROM study.patient ORDER BY patient_id"
    rows = roentgene("sql", asked, "-w", study, "--format", "json").json
    return [row["patient_id"] for row in rows]


def test_who_is_erased_was_told_of_before(roentgene: Any, study: Path) -> None:
    told = roentgene("erase", PERSON, "--dry-run", "--json", "-w", study)
    assert told.exit_code == 0
    assert told.json["rows"]["study.patient"] == 1
    assert PERSON in patients(roentgene, study)
    with open_warehouse(study) as warehouse:
        snapshots_before = warehouse.snapshots()
    done = roentgene("erase", "-", "--yes", "--json", "-w", study, stdin=f"{PERSON}\n")
    assert done.exit_code == 0
    assert done.json["rows"] == told.json["rows"]
    # of those that there were: its own commits are not counted
    assert done.json["n_snapshots"] == told.json["n_snapshots"] == len(snapshots_before)
    assert PERSON not in patients(roentgene, study)
    receipt = study / "reports" / f"withdrawal-{done.json['withdrawal_id']}.json"
    assert PERSON not in receipt.read_text(encoding="utf-8")
    again = roentgene("erase", PERSON, "--yes", "-w", study)
    assert again.exit_code == 2
    assert "nobody in this warehouse is called so" in again.err
    assert PERSON not in again.err


def test_nothing_is_erased_without_a_yes_a_name_or_a_key(
    roentgene: Any, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert roentgene("erase", PERSON, "-w", study, stdin="n\n").exit_code == 1
    assert roentgene("erase", "-w", study).exit_code == 2
    assert roentgene("erase", PERSON, "--finish", "-w", study).exit_code == 2
    assert roentgene("erase", "--finish", "-w", study).exit_code == 2
    monkeypatch.delenv(KEY_VARIABLE)
    refused = roentgene("erase", PERSON, "--yes", "-w", study)
    assert (refused.exit_code, PERSON in patients(roentgene, study)) == (2, True)
    assert KEY_VARIABLE in refused.err
