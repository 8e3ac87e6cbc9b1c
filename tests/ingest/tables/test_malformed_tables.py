"""Many malformed tables: each is told under its own code and line, and the rest goes in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from roentgene.ingest.extract.executors.serial import Serial
from roentgene.ingest.ingest_report import IngestReport
from roentgene.ingest.run import run_ingest
from roentgene.ingest.tables import StagedTables
from roentgene.schemas.study import Study
from roentgene.schemas.words import reason_codes
from roentgene.warehouse.opening import create_warehouse, open_warehouse

with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(Path(__file__).parent)
    from malformed_tables import KNOWN, MALFORMED, MalformedTable

Stage = Callable[..., StagedTables]
#: Table that says whose rows of each kind went in.
STORED = {
    "clinical": "clinical.variable",
    "outcome": "clinical.outcome",
    "event": "clinical.event",
    "expression": "genomic.sample",
}

#: What tables of several columns call the others, behind their own name.
PARTS = ("Age", "age", "b", "d")


def severity(code: str) -> str:
    return reason_codes()[code].severity


def test_the_corpus_is_large_and_names_known_codes() -> None:
    wrong = {name for name, made in MALFORMED.items() if made.told}
    assert len(wrong) >= 60
    codes = {code for made in MALFORMED.values() for code, _, _ in made.told}
    assert codes <= reason_codes().keys()
    assert len(codes) >= 30


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_table_is_told_by_code_line_and_column(stage: Stage, name: str) -> None:
    made = MALFORMED[name]
    staged = stage(made.bytes("VAR"), made.declaration("VAR"), known=KNOWN, name=made.file("VAR"))
    told = [(r.reason_code, r.row_number, r.column_name) for r in staged.refusals]
    assert told == list(made.told)
    rows = staged.rows.get(STORED[made.kind])
    kept = [] if rows is None else list(dict.fromkeys(rows["patient_id"].to_list()))
    assert tuple(kept) == made.kept
    if made.cells:
        found = {
            row["patient_id"]: row["value_text"] if row["value_number"] is None
            else row["value_number"]
            for row in staged.rows["clinical.variable"].filter(variable="VAR").to_dicts()
        }  # fmt: skip
        assert {patient: found[patient] for patient in made.cells} == dict(made.cells)


@pytest.mark.parametrize("name", MALFORMED)
def test_no_message_quotes_at_length_or_over_lines(stage: Stage, name: str) -> None:
    made = MALFORMED[name]
    staged = stage(made.bytes("VAR"), made.declaration("VAR"), known=KNOWN, name=made.file("VAR"))
    for refusal in staged.refusals:
        assert len(refusal.line()) < 600
        assert refusal.line().isprintable()


@dataclass(frozen=True)
class Delivered:
    """All tables of the corpus beside a sound one in one cohort, and what its ingest gave."""

    warehouse: Path
    cohort_file: Path
    report: IngestReport

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with open_warehouse(self.warehouse) as warehouse:
            return list(warehouse.rows(sql))

    def told(self) -> dict[str, list[tuple[str, int | None, str | None]]]:
        """What is in quarantine, by file."""
        found: dict[str, list[tuple[str, int | None, str | None]]] = defaultdict(list)
        sql = "SELECT file_path, reason_code, row_number, column_name FROM ops.quarantine"
        for file, code, line, column in self.rows(sql):
            found[file].append((code, line, column))
        return found

    def kept(self) -> dict[str, set[str]]:
        """Patients by what only one table of the corpus says."""
        found: dict[str, set[str]] = defaultdict(set)
        sql = """
            SELECT variable AS said, patient_id FROM clinical.variable
            UNION ALL SELECT endpoint, patient_id FROM clinical.outcome
            UNION ALL SELECT event_type, patient_id FROM clinical.event
            UNION ALL
            SELECT molecular_profile_id, sample.patient_id FROM genomic.expression
            JOIN genomic.sample USING (cohort_id, sample_id)
        """
        for said, patient in self.rows(sql):
            found[said].add(patient)
        return found


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    folder = tmp_path_factory.mktemp("tables")
    sound = "".join(f"{patient},1\n" for patient in KNOWN)
    (folder / "sound.csv").write_text(f"id,sound\n{sound}", encoding="utf-8")
    tables: list[dict[str, Any]] = [{"file": "sound.csv", "kind": "clinical", "id": "id"}]
    for name, made in MALFORMED.items():
        (folder / made.file(name)).write_bytes(made.bytes(name))
        declared = yaml.safe_dump(made.declaration(name)).replace("VAR", name)
        tables.append(yaml.safe_load(declared))
    cohort = {
        "cohort_id": "C",
        "title": "malformed tables",
        "license": "CC0",
        "day_zero": "diagnosis",
        "tables": tables,
    }
    cohort_file = folder / "cohort.yaml"
    cohort_file.write_text(yaml.safe_dump(cohort, sort_keys=False), encoding="utf-8")
    warehouse = create_warehouse(folder / "study", Study(name="test", publish=False)).root
    return Delivered(warehouse, cohort_file, run_ingest(warehouse, cohort_file, Serial()))


def test_one_ingest_quarantines_each_under_its_own_code(delivered: Delivered) -> None:
    found = delivered.told()
    for name, made in MALFORMED.items():
        expected = [
            (code, line, column and column.replace("VAR", name)) for code, line, column in made.told
        ]
        assert sorted(found.pop(made.file(name), []), key=str) == sorted(expected, key=str), name
    assert not found


def test_one_ingest_commits_the_good_rows_of_each(delivered: Delivered) -> None:
    assert delivered.report.batch_id is not None
    kept = delivered.kept()
    assert kept.pop("sound") == set(KNOWN)
    for name, made in MALFORMED.items():
        own = {said for said in kept if said in {name, *(f"{name}_{part}" for part in PARTS)}}
        assert set().union(*(kept[said] for said in own)) == set(made.kept), name


def test_a_warning_is_no_refusal(delivered: Delivered) -> None:
    told = [code for made in MALFORMED.values() for code, _, _ in made.told]
    n_refused = sum(severity(code) != "warning" for code in told)
    assert len(delivered.report.new_refusals) == n_refused
    assert len(delivered.report.new_warnings) == len(told) - n_refused


def test_the_same_delivery_again_commits_nothing(delivered: Delivered) -> None:
    again = run_ingest(delivered.warehouse, delivered.cohort_file, Serial())
    assert (again.batch_id, again.new_refusals) == (None, ())


def test_the_corpus_has_no_two_tables_alike() -> None:
    contents = defaultdict(set)
    for name, made in MALFORMED.items():
        key = (made.bytes("VAR"), made.suffix, str(made.declaration("VAR")))
        contents[key].add(name)
    assert all(len(names) == 1 for names in contents.values())
    assert all(isinstance(made, MalformedTable) for made in MALFORMED.values())
