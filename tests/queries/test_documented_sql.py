"""The SQL that pages of the documentation show can be run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
_SQL = re.compile(r"(?:^    |\"|`)(SELECT .*?(?:;|(?=\"$)))", re.MULTILINE | re.DOTALL)


def shown() -> list[Any]:
    found = []
    for page in ("identifiers", "patient-flow", "delta", "views"):
        text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
        found += [pytest.param(sql, id=f"{page}-{n}") for n, sql in enumerate(_SQL.findall(text))]
    return found


def test_there_is_something_to_run() -> None:
    assert len(shown()) == 18


@pytest.mark.parametrize("sql", shown())
def test_what_is_shown_can_be_run(warehouse: Any, sql: str) -> None:
    assert warehouse.rows(sql.rstrip(";")) == []
