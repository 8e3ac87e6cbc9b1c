"""Releases after an erasure: made anew without the person, or removed and told."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from roentgene.analyses.releasing.create import create_release
from roentgene.app.erasing import reissue_releases, releases_with
from roentgene.schemas.errors import FileError
from roentgene.warehouse.care.erasing import erase, finish
from roentgene.warehouse.care.person import find_person
from roentgene.warehouse.id_key import KEY_VARIABLE
from roentgene.warehouse.opening import open_warehouse
from roentgene.warehouse.releases.store import find_release, refuse_superseded

PERSON = "GLI:P05"
STOPPED_LATER = "warehouse.releases.superseding._remove_files"
SPEC: dict[str, Any] = {
    "features": [{"timepoint": "baseline", "classes": ["glcm"]}],
    "anchor": "baseline_scan",
}


@pytest.fixture
def released(made_release_study: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A study with a release, and the key of its hashes."""
    key = tmp_path / "id.key"
    key.write_bytes(bytes(range(40)))
    key.chmod(0o600)
    monkeypatch.setenv(KEY_VARIABLE, str(key))
    shutil.copytree(made_release_study.folder, tmp_path / "inside" / "study")
    study = type(made_release_study)(tmp_path / "inside" / "study", made_release_study.n_batches)
    create_release(study.folder, study.write(**SPEC), author="mo")
    return study


def test_a_release_is_made_anew_and_its_former_one_holds_nothing(released: Any) -> None:
    releases = released.folder / "releases"
    before = pq.read_table(releases / "idh@1.0.0" / "table.parquet").to_pylist()
    with open_warehouse(released.folder, read_only=False) as warehouse:
        person = find_person(warehouse, PERSON)
        held = [one.release for one in releases_with(warehouse.layout, person, "imaging")]
        of_no_use = list(releases_with(warehouse.layout, person, "dose"))
        receipt = erase(warehouse, person, "all", reissue_releases, lambda _: None)
    assert (held, of_no_use) == (["idh@1.0.0"], [])
    (told,) = receipt.releases
    assert (told["release"], told["became"]) == ("idh@1.0.0", "idh@1.0.1")
    after = pq.read_table(releases / "idh@1.0.1" / "table.parquet").to_pylist()
    assert after == [row for row in before if row["person_id"] != PERSON]
    for path in released.folder.rglob("*"):
        assert path.is_dir() or PERSON.encode() not in path.read_bytes(), path


@pytest.mark.parametrize("stopped", ["analyses.releasing.reissue.supersede", STOPPED_LATER])
def test_a_release_is_made_anew_once_however_often_it_is_begun(
    released: Any, monkeypatch: pytest.MonkeyPatch, stopped: str
) -> None:
    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    releases = released.folder / "releases"
    with open_warehouse(released.folder, read_only=False) as warehouse:
        person = find_person(warehouse, PERSON)
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(f"roentgene.{stopped}", dies)
            erase(warehouse, person, "all", reissue_releases, lambda _: None)
        receipt = finish(warehouse, reissue_releases, lambda _: None)
    assert sorted(path.name for path in releases.iterdir()) == ["idh@1.0.0", "idh@1.0.1"]
    assert [path.name for path in (releases / "idh@1.0.0").iterdir()] == ["release.json"]
    assert all(one["became"] == "idh@1.0.1" for one in receipt.releases)
    for path in released.folder.rglob("*"):
        assert path.is_dir() or PERSON.encode() not in path.read_bytes(), path


def test_two_persons_leave_a_release_one_after_the_other(released: Any) -> None:
    with open_warehouse(released.folder, read_only=False) as warehouse:
        for person, became in ((PERSON, "idh@1.0.1"), ("GLI:P06", "idh@1.0.2")):
            found = find_person(warehouse, person)
            receipt = erase(warehouse, found, "all", reissue_releases, lambda _: None)
            assert [one["became"] for one in receipt.releases] == [became]


def test_what_cannot_be_made_anew_is_removed_and_told(
    released: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object, **__: object) -> None:
        msg = f"nobody but {PERSON} is left"
        raise FileError(msg)

    monkeypatch.setattr("roentgene.analyses.releasing.reissue.reissue_release", refuses)
    with open_warehouse(released.folder, read_only=False) as warehouse:
        person = find_person(warehouse, PERSON)
        receipt = erase(warehouse, person, "all", reissue_releases, lambda _: None)
        folder, manifest = find_release(warehouse.layout, "idh@1.0.0")
    assert receipt.releases[0]["not_made"] == "nobody but withdrawn is left"
    assert [path.name for path in folder.iterdir()] == ["release.json"]
    with pytest.raises(FileError, match="removed by erasure and not made anew"):
        refuse_superseded(manifest)
