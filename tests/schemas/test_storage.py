"""Settings of the storage: what is taken, and that a secret is refused without being repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from roentgene.schemas.errors import FileError
from roentgene.schemas.storage import Storage
from roentgene.schemas.study import read_study


def study_file(folder: Path, storage: str) -> Path:
    (folder / "study.yaml").write_text(f"name: n\nstorage: {{{storage}}}\n", encoding="utf-8")
    return folder


def test_left_out_everything_lies_in_the_folder(tmp_path: Path) -> None:
    storage = read_study(study_file(tmp_path, "")).storage
    assert (storage.catalog, storage.catalog_parameters) == (None, {})


def test_a_database_is_named_in_the_words_of_libpq(tmp_path: Path) -> None:
    catalog = "postgres:host=db.example.org port=5433 dbname=lgg sslmode=verify-full"
    storage = read_study(study_file(tmp_path, f"catalog: {catalog}")).storage
    assert storage.catalog_parameters == {
        "host": "db.example.org",
        "port": "5433",
        "dbname": "lgg",
        "sslmode": "verify-full",
    }
    assert storage.catalog_name == "PostgreSQL lgg on db.example.org"
    # all may come from the environment
    assert Storage(catalog="postgres:").catalog_parameters == {}


@pytest.mark.parametrize(
    ("catalog", "told"),
    [
        ("postgres:dbname=x password=hunter2", "a password has no place in study.yaml"),
        ("postgres://me:hunter2@host/db", "write postgres:host="),
        ("sqlite:/hunter2.sqlite", "write postgres:host="),
        ("postgres:dbname", "every part is name=value"),
        ("postgres:dbname='hunter2", "every part is name=value"),
        ("postgres:dbname=a=hunter2", "every part is name=value"),
        ("postgres:options=-csearch_path", "'options' is no parameter"),
        ("postgres:dbname=a dbname=b", "stands twice"),
    ],
)
def test_what_is_no_database_is_refused_and_not_repeated(
    tmp_path: Path, catalog: str, told: str
) -> None:
    with pytest.raises(FileError, match=told) as refused:
        read_study(study_file(tmp_path, f'catalog: "{catalog}"'))
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("schema", ["Lgg", "a b", "a'", "", "-c"])
def test_a_schema_is_a_plain_name(tmp_path: Path, schema: str) -> None:
    with pytest.raises(FileError, match="catalog_schema"):
        read_study(study_file(tmp_path, f'catalog_schema: "{schema}"'))
