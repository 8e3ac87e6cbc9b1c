"""A person leaves every table, snapshot, file and statistic, and everybody else stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from roentgene.schemas.errors import FileError
from roentgene.schemas.storage import Storage
from roentgene.schemas.tables import tables
from roentgene.warehouse.analyst_file import renew
from roentgene.warehouse.care import erasing
from roentgene.warehouse.care.erasing import erase, finish, touched
from roentgene.warehouse.care.owned_rows import links_of
from roentgene.warehouse.care.person import UnknownPersonError, find_person
from roentgene.warehouse.care.under_way import ErasureUnderWayError, read_under_way
from roentgene.warehouse.care.withdrawal import WithdrawalKeyError, read_withdrawals
from roentgene.warehouse.id_key import KEY_VARIABLE, IdKeyError
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.moving import move
from roentgene.warehouse.opening import open_warehouse

# the least of all ids, one in the middle who is alone in a file, and one who stays
LEAST, ALONE, STAYS = "AAA-LEAST-01", "MMM-ALONE-02", "ZZZ-STAYS-03"


pytestmark = pytest.mark.usefixtures("key_file")


@pytest.fixture
def filled(study: Layout, stage: Any) -> Layout:
    """Three patients with images, values, specimens and books that name them."""
    with open_warehouse(study.root, read_only=False) as warehouse:
        for number, patient in enumerate((LEAST, ALONE, STAYS), start=1):
            key = {"cohort_id": "A", "patient_id": patient}
            path = f"images/{patient}/2019-03-04/T1.nii.gz"
            made = {"series_id": f"s{number}", "segmentation_id": f"g{number}"}
            rows: dict[str, dict[str, Any]] = {
                "study.patient": key | {"person_id": f"A:{patient}"},
                "clinical.event": key | {"event_type": "surgery", "start_day": number},
                "imaging.series": key | made | {"file_path": path, "timepoint_id": "t"},
                "imaging.segmentation": key
                | made
                | {"file_path": f"masks/{patient}.nii.gz", "source_hash": f"h{number}"},
                "imaging.mask_label": {"cohort_id": "A", "source_hash": f"h{number}", "label": 1},
                "imaging.measurement": made | {"cohort_id": "A", "measurement_id": number},
                "imaging.feature_value": {
                    "cohort_id": "A",
                    "measurement_id": number,
                    "feature_id": 1,
                    "value": 0.5 * number,
                },
                "genomic.sample": key | {"sample_id": f"{patient}-T"},
                "genomic.expression": {"cohort_id": "A", "sample_id": f"{patient}-T"},
                "ops.image_file": {"cohort_id": "A", "file_path": path},
                "ops.quarantine": {
                    "cohort_id": "A",
                    "refusal_id": f"r{number}",
                    "subject": f"{patient} t T2",
                    "reason_code": "file_missing",
                    "stage": "manifest",
                    "state": "open",
                },
                "ops.unmatched_id": {"cohort_id": "A", "id": f"{patient}-X", "side": "table"},
                "ops.analysis_run": {
                    "analysis_run_id": f"a{number}",
                    "name": f"n{number}",
                    "spec": json.dumps({"cohorts": ["A"], "without": [patient]}),
                },
                "result.gene_set_score": {"cohort_id": "A", "person_id": f"A:{patient}"},
            }
            with warehouse.transaction("eve", f"rows of {patient}") as tx:
                for name, row in rows.items():
                    tx.insert(name, stage(name, row))
        renew(warehouse)
    page = f"<table>\n<tr>\n<td>{LEAST}</td>\n</tr>\n<tr>\n<td>{STAYS}</td>\n</tr>\n</table>\n"
    (study.reports / "b1.html").write_text(page, encoding="utf-8")
    staged = study.staging / "A" / "case"
    staged.mkdir(parents=True)
    (staged / "rows.txt").write_text(ALONE, encoding="utf-8")
    return study


def texts_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file and its name, and what Parquet holds when it is decoded."""
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        yield name, name.encode()
        if path.is_file():
            yield name, path.read_bytes()
        if path.suffix == ".parquet":
            with duckdb.connect() as con:
                rows = con.execute("SELECT * FROM read_parquet($1)", [str(path)]).fetchall()
            yield name, repr(rows).encode()


def found_in(folder: Path, *names: str) -> list[tuple[str, str]]:
    return [
        (one, file)
        for file, content in texts_of(folder)
        for one in names
        if one.encode() in content or one.encode("utf-16-le") in content
    ]


def rows_of(layout: Layout) -> dict[str, list[str]]:
    with open_warehouse(layout.root) as warehouse:
        return {
            name: sorted(map(repr, warehouse.rows(f"FROM {name}")))
            for name in sorted(warehouse.filled_tables())
            if name not in {"ops.withdrawal", "ops.event", "study.setting"}
        }


def no_releases(*_: object) -> tuple[()]:
    return ()


def quiet(_: str) -> None:
    pass


def erased(layout: Layout, given: str, scope: Any = "all") -> Any:
    with open_warehouse(layout.root, read_only=False) as warehouse:
        return erase(warehouse, find_person(warehouse, given), scope, no_releases, quiet)


def test_no_byte_is_left_and_everybody_else_stays(filled: Layout) -> None:
    before = rows_of(filled)
    assert found_in(filled.root, LEAST) and found_in(filled.root, ALONE)
    receipt = erased(filled, LEAST)
    erased(filled, f"A:{ALONE}")
    # the date of the path went with it; that of the one who stays is there
    assert found_in(filled.root, LEAST, ALONE) == []
    expected = {
        name: [row for row in rows if LEAST not in row and ALONE not in row]
        for name, rows in before.items()
    }
    after = rows_of(filled)
    for name in ("study.patient", "clinical.event", "genomic.sample", "ops.quarantine"):
        assert after[name] == expected[name]
    for name in ("imaging.feature_value", "imaging.measurement", "imaging.mask_label"):
        assert len(after[name]) == 1
    assert [row for row in after["ops.analysis_run"] if STAYS in row] == [
        row for row in before["ops.analysis_run"] if STAYS in row
    ]
    assert len(after["ops.analysis_run"]) == 3
    assert receipt.rows["imaging.feature_value"] == 1
    assert receipt.mentions["ops.analysis_run"] == 1
    assert STAYS in (filled.reports / "b1.html").read_text(encoding="utf-8")
    with duckdb.connect(str(filled.published), read_only=True) as published:
        (n_patients,) = published.execute("SELECT count(*) FROM study.patient").fetchone() or (0,)
    assert n_patients == 1
    with open_warehouse(filled.root) as warehouse:
        bound = "SELECT count(*) FROM study.patient WHERE patient_id >= 'ZZZ'"
        assert list(warehouse.rows(bound)) == [(1,)]


def test_the_dry_run_tells_and_writes_nothing(filled: Layout, digest: Any) -> None:
    before = digest(filled.root)
    with open_warehouse(filled.root) as warehouse:
        found = touched(warehouse, find_person(warehouse, LEAST), "all", ("idh@1.0.0",))
    assert digest(filled.root) == before
    assert (found.rows["study.patient"], found.rows["imaging.feature_value"]) == (1, 1)
    assert found.mentions == {"ops.analysis_run": 1, "ops.quarantine": 1, "ops.unmatched_id": 1}
    assert found.files.cleaned == ("reports/b1.html",)
    assert found.n_snapshots > 1


def test_one_kind_of_data_goes_and_the_person_stays(filled: Layout) -> None:
    erased(filled, LEAST, "genomic")
    after = rows_of(filled)
    assert len(after["study.patient"]) == 3
    assert len(after["imaging.feature_value"]) == 3
    assert len(after["genomic.sample"]) == len(after["genomic.expression"]) == 2
    assert len(after["result.gene_set_score"]) == 2
    assert found_in(filled.data, f"{LEAST}-T") == []
    with open_warehouse(filled.root) as warehouse:
        (one,) = read_withdrawals(warehouse).of("A", LEAST)
    assert one.scope == "genomic"


@pytest.mark.parametrize("stopped", ["_delete", "rewrite_lake", "rewrite_catalogue"])
def test_an_erasure_that_was_stopped_is_finished_without_the_name(
    filled: Layout, monkeypatch: pytest.MonkeyPatch, stopped: str
) -> None:
    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with open_warehouse(filled.root) as warehouse:
        n_snapshots = len(warehouse.snapshots())
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(erasing, stopped, dies)
        erased(filled, LEAST)
    assert LEAST not in filled.erasure.read_text(encoding="utf-8")
    with pytest.raises(ErasureUnderWayError):
        erased(filled, ALONE)
    with pytest.raises(ErasureUnderWayError):
        move(filled.root, Storage(encrypted=True))
    with open_warehouse(filled.root, read_only=False) as warehouse:
        receipt = finish(warehouse, no_releases, quiet)
    assert found_in(filled.root, LEAST) == []
    assert receipt.rows["study.patient"] == 1
    assert receipt.n_snapshots == n_snapshots
    assert read_under_way(filled) is None
    with (
        open_warehouse(filled.root, read_only=False) as warehouse,
        pytest.raises(FileError, match="no erasure is under way"),
    ):
        finish(warehouse, no_releases, quiet)


def test_without_the_key_nobody_is_erased_and_nobody_is_told_apart(
    filled: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched, pytest.raises(IdKeyError):
        patched.delenv(KEY_VARIABLE)
        erased(filled, LEAST)
    assert read_under_way(filled) is None
    erased(filled, LEAST)
    monkeypatch.delenv(KEY_VARIABLE)
    with open_warehouse(filled.root) as warehouse, pytest.raises(WithdrawalKeyError):
        read_withdrawals(warehouse)


def test_who_is_not_there_cannot_be_erased(filled: Layout, stage: Any) -> None:
    with open_warehouse(filled.root, read_only=False) as warehouse:
        with pytest.raises(UnknownPersonError, match="nobody"):
            find_person(warehouse, "NOBODY-04")
        twin = {"cohort_id": "B", "patient_id": STAYS, "person_id": f"B:{STAYS}"}
        with warehouse.transaction("eve", "twin") as tx:
            tx.insert("study.patient", stage("study.patient", twin))
        with pytest.raises(UnknownPersonError, match="2 persons are called so, in A, B"):
            find_person(warehouse, STAYS)
        assert find_person(warehouse, f"B:{STAYS}").cohorts == ("B",)


def test_every_table_that_names_somebody_is_found() -> None:
    naming = {"patient_id", "person_id", "sample_id", "segmentation_id", "series_id"}
    naming |= {"measurement_id", "dose_id"}
    for name, table in tables().items():
        if naming & {column.name for column in table.columns}:
            assert links_of(table), name
