"""What works on the folder alone is refused at servers, before any is asked, with its cure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from roentgene.warehouse.layout import WAREHOUSE_VARIABLE

Run = Callable[..., Any]

# nobody listens there
DATABASE = "postgres:host=127.0.0.1 port=1 dbname=lgg user=ann"
BUCKET = "s3://studies/lgg"
ENDPOINT = "http://127.0.0.1:1"
PLACES = {
    "a database": f"catalog: {DATABASE}",
    "a bucket": f"data: {BUCKET}, endpoint: '{ENDPOINT}'",
    "both": f"catalog: {DATABASE}, catalog_schema: lgg_9, data: {BUCKET}-1, endpoint: '{ENDPOINT}'",
}
REASONS = {
    "a database": "knows catalogues in the folder alone, and this one lies in PostgreSQL",
    "a bucket": "knows data in the folder alone, and these lie in a bucket",
    "both": "knows catalogues in the folder alone, and this one lies in PostgreSQL",
}
BACK = {
    "a database": f"roentgene move --to '{DATABASE}' --schema public_2",
    "a bucket": f"roentgene move --data {BUCKET}-2 --endpoint {ENDPOINT}",
    "both": (
        f"roentgene move --to '{DATABASE}' --schema lgg_10 --data {BUCKET}-2 --endpoint {ENDPOINT}"
    ),
}
DROP = f"psql '{DATABASE.removeprefix('postgres:')}' -c 'DROP SCHEMA"
REMOVE = f"aws s3 rm --recursive {BUCKET}"
REMOVED = {
    "a database": f'{DROP} "public" CASCADE\'',
    "a bucket": f"{REMOVE}/ --endpoint-url {ENDPOINT}",
    "both": f'{DROP} "lgg_9" CASCADE\' && {REMOVE}-1/ --endpoint-url {ENDPOINT}',
}


@pytest.fixture(params=list(PLACES))
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where a warehouse lies that is the one meant."""
    folder = tmp_path / "lgg"
    (folder / "data" / "study").mkdir(parents=True)
    chosen = str(request.param)
    settings = f"name: lgg\nstorage: {{{PLACES[chosen]}}}\n"
    (folder / "study.yaml").write_text(settings, encoding="utf-8")
    if chosen == "a bucket":
        (folder / "catalog.sqlite").touch()
    monkeypatch.setenv(WAREHOUSE_VARIABLE, str(folder))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "asks")
    return chosen


def test_an_erasure_is_refused_with_every_command_that_does_it(roentgene: Run, place: str) -> None:
    # nobody is asked whether they are sure of what cannot be done
    refused = roentgene("erase", "P017")
    assert refused.exit_code == 2
    assert f"'roentgene erase' {REASONS[place]}" in refused.err
    there = "roentgene move --embedded && roentgene erase PERSON --yes"
    assert f"{there} && {BACK[place]}; " in refused.err
    assert f"{REMOVED[place]}; docs/withdrawal.md" in refused.err
    assert "P017" not in refused.err


def test_a_backup_is_refused(roentgene: Run, place: str, tmp_path: Path) -> None:
    refused = roentgene("backup", tmp_path / "backups")
    assert refused.exit_code == 2
    assert f"'roentgene backup' {REASONS[place]}" in refused.err
    assert "docs/growing.md" in refused.err
    assert not (tmp_path / "backups").exists()


@pytest.mark.parametrize("place", ["a database", "both"], indirect=True)
def test_an_upgrade_is_refused_with_every_command_that_does_it(roentgene: Run, place: str) -> None:
    refused = roentgene("upgrade")
    assert refused.exit_code == 2
    assert f"'roentgene upgrade' {REASONS[place]}" in refused.err
    there = "roentgene move --embedded && roentgene upgrade"
    assert f"{there} && {BACK[place]}" in refused.err
