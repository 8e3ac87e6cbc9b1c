"""A hostile delivery, end to end: what names people is in no file of the warehouse afterwards."""

from __future__ import annotations

import gzip
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from roentgene.ingest.committing import commit as committing
from roentgene.ingest.committing.commit import CatalogueRefusedError
from roentgene.ingest.planning import delivery as planning
from roentgene.ingest.refusal import Gated
from roentgene.schemas.errors import FileError
from roentgene.schemas.study import Profile, Study
from roentgene.warehouse.id_key import KEY_VARIABLE, IdKey, IdKeyError, OtherIdKeyError
from roentgene.warehouse.opening import create_warehouse
from tests.ingest.conftest import Delivery

QUICK = {"quick": Profile(feature_classes=("firstorder",), settings={"binWidth": 25})}
HOSTILE = (
    "id,grade,PatientName,note,contact,zip,seen",
    "P1,2,Zaphod Beeblebrox,stable,zaphod@heartofgold.example,90210,2017-11-23",
    "P2,3,Tricia McMillan,MRN 88123456,+49 30 90210777,10117,2018-12-24",
    "BEEBLEBROX^ZAPHOD,4,x,y,z,10118,2018-12-25",
    "P4,3,Tricia McMillan,one,+49 30 90210777,10117,2018-12-24",
    "P4,3,Tricia McMillan,other,+49 30 90210777,10117,2018-12-24",
)
EVENTS = (
    "id,what,day,detail",
    "P1,surgery,3,left",
    "P1,biopsy,4,by Dr. Slartibartfast on 24.12.2018",
    "P2,surgery,2018-12-26,right",
    "P2,surgery,5,phone 030/90210778",
)
SECRETS = (
    "Zaphod", "ZAPHOD", "Beeblebrox", "BEEBLEBROX", "McMillan", "88123456", "heartofgold",
    "90210", "10117", "10118", "2017-11-23", "2018-12-2", "24.12.2018", "Slartibartfast",
    "MCMILLAN",
)  # fmt: skip

#: A hash in hexadecimal, or a time in nanoseconds.
HASH = re.compile(rb"[0-9a-f]{16,}")


def texts_of(warehouse: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file, and those of Parquet as they read."""
    for path in warehouse.rglob("*"):
        if not path.is_file():
            continue
        yield path.relative_to(warehouse), path.read_bytes()
        if path.suffix == ".parquet":
            with duckdb.connect() as con:
                rows = con.execute("SELECT * FROM read_parquet($1)", [str(path)]).fetchall()
            yield path.relative_to(warehouse), repr(rows).encode()
        if path.suffix == ".gz":
            yield path.relative_to(warehouse), gzip.decompress(path.read_bytes())


def found_in(warehouse: Path, *secrets: str) -> list[tuple[str, str]]:
    found = set()
    for path, content in texts_of(warehouse):
        # five digits stand somewhere in every hundredth page of hashes
        told = HASH.sub(b"", content)
        for secret in secrets:
            if secret.encode() in told or secret.encode("utf-16-le") in told:
                found.add((secret, str(path)))
    return sorted(found)


def clinical(**more: Any) -> dict[str, Any]:
    return {"kind": "clinical", "file": "clinical.csv", "id": "id", **more}


@pytest.fixture
def hostile(delivery: Delivery) -> Delivery:
    """Two sound patients, a folder with a name, and two tables full of people."""
    shutil.rmtree(delivery.warehouse)
    create_warehouse(
        delivery.warehouse, Study(name="test", profiles=QUICK)
    )  # with what is published
    delivery.write_image("MCMILLAN^TRICIA", seed=7)
    delivery.write_mask("MCMILLAN^TRICIA")
    delivery.write_image("P3_2018-12-27", seed=8)
    delivery.write_table("clinical.csv", *HOSTILE)
    delivery.write_table("events.csv", *EVENTS)
    delivery.cohort["tables"] = [
        clinical(),
        {
            "kind": "event",
            "file": "events.csv",
            "id": "id",
            "event_type": "what",
            "start_day": "day",
            "detail": "detail",
        },
    ]
    return delivery


@pytest.fixture
def hashing(delivery: Delivery, key_file: Path) -> Delivery:
    """Images and a table by record number, all of them to be hashed."""
    for kind in ("images", "masks"):
        for place, patient in enumerate(("P1", "P2")):
            path = delivery.folder / kind / f"{patient}.nii.gz"
            path.rename(path.with_name(f"MRN-88123{place}.nii.gz"))
    delivery.cohort["images"][0]["normalise"] = ["keyed_hash"]
    rules = ["trim", "keyed_hash"]
    delivery.cohort["tables"] = [clinical(normalise=rules)]
    delivery.write_table("clinical.csv", "id,grade", "MRN-881230,2", "MRN-881231,3", "MRN-881232,4")
    return delivery


def test_what_is_refused_is_nowhere_and_the_rest_is_committed(hostile: Delivery) -> None:
    report = hostile.ingest()
    assert report.batch_id is not None
    # the search finds what is there
    assert found_in(hostile.warehouse, "looks_like_person")
    assert found_in(hostile.warehouse, *SECRETS) == []
    codes = {refusal.reason_code for refusal in report.new_refusals}
    assert codes >= {"looks_like_person", "looks_like_date"}
    assert not any(secret in r.line() for r in report.new_refusals for secret in SECRETS)
    patients = hostile.rows("SELECT DISTINCT patient_id FROM imaging.series ORDER BY ALL")
    assert patients == [("P1",), ("P2",)]
    assert hostile.rows("SELECT count(*) FROM imaging.feature_value") != [(0,)]
    variables = hostile.rows("SELECT patient_id, variable, as_given FROM clinical.variable")
    assert sorted(variables) == [("P1", "grade", "2"), ("P2", "grade", "3")]
    events = hostile.rows("SELECT patient_id, event_type, start_day FROM clinical.event")
    # a date in a remark costs the remark, a person the row
    assert sorted(events) == [("P1", "biopsy", 4), ("P1", "surgery", 3)]
    again = hostile.ingest()
    assert again.batch_id is None
    assert again.n_known_refusals == len(report.new_refusals) + len(report.new_warnings)


def test_without_the_gate_of_paths_the_last_net_keeps_the_batch_out(
    hostile: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "without_personal_paths", lambda source, *_: source)
    monkeypatch.setattr(planning, "personal_field", lambda *_: None)
    with pytest.raises(CatalogueRefusedError, match="looks_like_person"):
        hostile.ingest()
    assert hostile.rows("SELECT count(*) FROM imaging.series") == [(0,)]
    assert found_in(hostile.warehouse / "data", *SECRETS) == []
    assert found_in(hostile.warehouse / "reports", *SECRETS) == []


@pytest.mark.slow
def test_without_any_gate_the_search_finds_them(
    hostile: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "without_personal_paths", lambda source, *_: source)
    monkeypatch.setattr(planning, "personal_field", lambda *_: None)
    monkeypatch.setattr(committing, "check_people", lambda *_: Gated(None))
    hostile.ingest()
    assert {secret for secret, _ in found_in(hostile.warehouse, *SECRETS)} >= {"MCMILLAN"}


def test_a_table_whose_path_names_somebody_stops_the_delivery(hostile: Delivery) -> None:
    hostile.write_table("DOE^JOHN.csv", "id,grade", "P1,2")
    hostile.cohort["tables"] = [clinical(file="DOE^JOHN.csv")]
    with pytest.raises(FileError, match="table 1") as caught:
        hostile.ingest()
    assert "DOE" not in str(caught.value)


def test_a_dated_table_is_taken(delivery: Delivery) -> None:
    del delivery.cohort["images"]
    delivery.write_table("2024-07-10_clinical.csv", "id,grade", "P1,2", "P2,3")
    delivery.cohort["tables"] = [clinical(file="2024-07-10_clinical.csv")]
    assert delivery.ingest().new_refusals == ()
    assert delivery.rows("SELECT count(*) FROM clinical.variable") == [(2,)]


@pytest.mark.slow
def test_what_study_yaml_allows_comes_in_and_a_change_of_it_is_noticed(delivery: Delivery) -> None:
    delivery.write_table("clinical.csv", "id,kit", "P1,219-09-9999", "P2,219-09-9998")
    delivery.cohort["tables"] = [clinical()]
    assert [r.reason_code for r in delivery.ingest().new_refusals] == ["looks_like_person"]
    path = delivery.warehouse / "study.yaml"
    study = yaml.safe_load(path.read_text(encoding="utf-8"))
    rule = {"column": "kit", "pattern": r"\d{3}-\d\d-\d{4}", "reason": "numbers of a lot"}
    study["privacy"] = {"allow": [rule]}
    path.write_text(yaml.safe_dump(study), encoding="utf-8")
    assert delivery.ingest().n_known_refusals == 0
    assert delivery.rows("SELECT count(*) FROM clinical.variable") == [(2,)]


def test_hashed_ids_are_the_same_everywhere_and_the_given_ones_nowhere(
    hashing: Delivery, key_file: Path
) -> None:
    report = hashing.ingest()
    key = IdKey(key_file.read_bytes())
    assert report.new_refusals == ()
    assert found_in(hashing.warehouse, "MRN", "88123") == []
    assert found_in(hashing.warehouse, key_file.read_bytes().hex()) == []
    both = {(key.hashed(f"MRN-88123{place}"),) for place in (0, 1)}
    assert set(hashing.rows("SELECT patient_id FROM imaging.series")) == both
    everybody = both | {(key.hashed("MRN-881232"),)}
    assert set(hashing.rows("SELECT patient_id FROM clinical.variable")) == everybody
    unmatched = hashing.rows("SELECT side, id FROM ops.unmatched_id")
    assert unmatched == [("table", key.hashed("MRN-881232"))]
    (path,) = hashing.rows("SELECT file_path FROM imaging.series ORDER BY file_path LIMIT 1")
    assert path[0].removeprefix("images/").removesuffix(".nii.gz") in {one for (one,) in both}
    assert hashing.ingest().batch_id is None


def test_another_key_is_refused_before_anything_is_written(
    hashing: Delivery, key_file: Path
) -> None:
    hashing.ingest()
    before = hashing.snapshot()
    key_file.write_bytes(bytes(range(100, 140)))
    with pytest.raises(OtherIdKeyError):
        hashing.ingest()
    assert hashing.snapshot() == before


@pytest.mark.slow
def test_a_key_in_the_warehouse_or_the_delivery_is_refused(
    hashing: Delivery, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (hashing.warehouse, hashing.folder):
        moved = shutil.copy2(key_file, folder / "id.key")
        monkeypatch.setenv(KEY_VARIABLE, str(moved))
        with pytest.raises(IdKeyError, match="lies in"):
            hashing.ingest()
        moved.unlink()


def test_one_source_that_does_not_hash_stops_the_delivery(hashing: Delivery) -> None:
    del hashing.cohort["tables"][0]["normalise"]
    with pytest.raises(FileError, match=r"clinical.csv does not"):
        hashing.ingest()


def test_panels_and_gene_sets_are_about_nobody(hashing: Delivery) -> None:
    hashing.write_table("panel.txt", "TP53")
    hashing.write_table("sets.gmt", "A\turl\tTP53")
    hashing.cohort["tables"] += [
        {"file": "panel.txt", "kind": "gene_panel", "panel": "P"},
        {"file": "sets.gmt", "kind": "gene_set", "collection": "c", "version": "1"},
    ]
    assert hashing.ingest().new_refusals == ()
    assert hashing.rows("SELECT count(*) FROM vocab.gene_set") == [(1,)]


def test_refusals_of_hashed_images_tell_no_id(hashing: Delivery) -> None:
    hashing.write_image("MRN-881239", seed=9)  # without a mask
    hashing.write_image("MRN-881238", seed=9)
    hashing.write_mask("MRN-881238", shift=50.0)  # on another grid
    report = hashing.ingest()
    codes = {refusal.reason_code for refusal in report.new_refusals}
    assert codes == {"mask_missing", "geometry_mismatch"}
    assert found_in(hashing.warehouse, "MRN", "88123") == []
