"""A study of three sites whose features differ by site, age, sex and marker: made once a module."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from roentgene.analyses.run import RunReport, run_analysis
from roentgene.queries import render
from roentgene.queries.migration import VIEW_SCHEMAS
from roentgene.queries.registry import VERSIONS_SCHEMA, registry
from roentgene.schemas.analyses.harmonization import Harmonization
from roentgene.schemas.tables import table, tables
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.releases.manifest import Manifest, write_manifest
from roentgene.warehouse.releases.store import files_of
from roentgene.warehouse.transaction import Transaction

START = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
NEUTRAL = {"VARCHAR": "-", "BOOLEAN": True, "DOUBLE": 0.0, "TIMESTAMP WITH TIME ZONE": START}
SITES = ("east", "north", "south")
PATIENTS = tuple(f"P{number:02}" for number in range(42))
FEATURES = tuple(f"original_glcm_F{number}" for number in range(8))
CONSTANT, HOLES = FEATURES[6], FEATURES[7]
VISITS = ("baseline", "week_6")

Run = Callable[..., RunReport]


def site_of(number: int) -> str | None:
    """The last patients have no site, or one of their own."""
    if number < 40:
        return SITES[number % 3]
    return "west" if number == 40 else None


def values_of(number: int, visit: str) -> dict[str, float]:
    """Values of a patient: a site's offset and scale, the effects of age and sex, and noise."""
    random = np.random.default_rng([number, VISITS.index(visit)])
    site = (number * 7) % 3 if number >= 40 else number % 3
    noise = random.normal(size=len(FEATURES)) * (1 + 0.4 * site)
    level = 50 + site * np.linspace(1, 4, len(FEATURES)) + 0.05 * age_of(number)
    found = dict(zip(FEATURES, (level + 1.5 * (number % 2) + noise).tolist(), strict=True))
    found[CONSTANT] = 7.0
    if number in (3, 10):
        del found[HOLES]
    return found


def age_of(number: int) -> float:
    return 30.0 + (number * 13) % 40


def cells(number: int) -> dict[str, dict[str, Any]]:
    """Clinical variables of a patient."""
    grade = str(2 + number % 3)
    return {
        "kps": {"as_given": str(60 + number % 5), "value_number": float(60 + number % 5)},
        "grade": {"as_given": grade, "value_text": f"grade {grade}"},
        "os_months": {"as_given": "1", "value_number": float(number)},
        "idh1_status": {"as_given": "x", "value_text": "MUT" if number % 4 else "WT"},
        "hospital": {"as_given": "x", "value_text": f"hospital {site_of(number)}"},
        "arm": {"as_given": "x", "value_text": "A" if number < 36 else "B"},
    }


def delivery() -> dict[str, list[dict[str, Any]]]:
    """All rows of the study."""
    rows: dict[str, list[dict[str, Any]]] = {
        "ops.batch": [{"batch_id": "b1", "committed_at": START}],
        "study.cohort": [{"title": "T", "license": "L", "day_zero": "baseline_scan"}],
        "imaging.extraction": [
            {"extraction_id": "e1", "profile": "original", "engine": "pyradiomics"}
            | {"value_scale": "raw", "settings_hash": "a" * 64, "engine_version": "3.0.1"}
        ],
        "vocab.feature": [
            {"feature_id": place, "engine": "pyradiomics", "feature": name, "class": "glcm"}
            | {"image_type": "original", "name": name.split("_")[-1]}
            for place, name in enumerate(FEATURES, start=1)
        ],
    }
    for number, patient in enumerate(PATIENTS):
        of_patient = {"patient_id": patient, "site": site_of(number)}
        of_patient |= {"person_id": f"C:{patient}", "age_at_day_zero": age_of(number)}
        of_patient |= {"sex": "female" if number % 2 else "male"}
        rows.setdefault("study.patient", []).append(of_patient)
        rows.setdefault("clinical.variable", []).extend(
            {"patient_id": patient, "variable": name, "value_status": "ok", **cell}
            for name, cell in cells(number).items()
        )
        rows.setdefault("genomic.biomarker", []).append(
            {"patient_id": patient, "marker": "IDH", "method": "ihc", "study_day": 1}
            | {"result": "MUT" if number % 4 else "WT"}
        )
        # the one patient of the fourth site came to the second visit alone
        for visit in VISITS if number != 40 else VISITS[1:]:
            _measure(rows, number, patient, visit)
    return rows


def _measure(rows: dict[str, list[dict[str, Any]]], number: int, patient: str, visit: str) -> None:
    series, place = f"{patient} {visit}", {"patient_id": patient, "timepoint_id": visit}
    measurement = 1000 * (1 + VISITS.index(visit)) + number
    drawn = {"segmentation_id": series, "series_id": series, "reference_series_id": series}
    drawn |= {"region": "WT", "lesion_id": "1", "rater_id": "A", "repeat_no": 1, "volume_mm3": 9.0}
    work = {"measurement_id": measurement, "extraction_id": "e1", "status": "ok", "current": True}
    # the scanner is another one at the second visit of every fourth patient
    moved = visit == "week_6" and number % 4 == 0
    scanner = "Scanner B" if moved or number % 2 else "Scanner A"
    image = {"series_id": series, "sequence": "T1", "modality": "MR", "scanner": scanner}
    day = 42 * VISITS.index(visit)
    rows.setdefault("study.timepoint", []).append(place | {"study_day": day, "visit_order": day})
    rows.setdefault("imaging.series", []).append(place | image)
    rows.setdefault("imaging.segmentation", []).append(place | drawn)
    rows.setdefault("imaging.measurement", []).append(place | drawn | work)
    rows.setdefault("imaging.feature_value", []).extend(
        {
            "measurement_id": measurement,
            "feature_id": FEATURES.index(name) + 1,
            "value": value,
            "value_status": "ok",
        }
        for name, value in values_of(number, visit).items()
    )


class Store:
    """What analyses need of a warehouse, on plain DuckDB with every table and view."""

    snapshot_id = 7

    def __init__(self, folder: Path) -> None:
        self.layout = Layout(folder)
        self.con = duckdb.connect()
        for schema in sorted({*(one.schema for one in tables().values()), *VIEW_SCHEMAS}):
            self.con.execute(render.create_schema(schema))
        for declared in tables().values():
            self.con.execute(render.create_table(declared))
        for view in registry().views:
            self.con.execute(render.create_view(VERSIONS_SCHEMA, view.versioned_name, view.select))
        for view in registry().pinned({}):
            self.con.execute(render.create_view(view.schema, view.name, view.select))

    def arrow(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        return self.con.execute(sql, dict(parameters) if parameters else None).to_arrow_table()

    def sql(self, query: str) -> duckdb.DuckDBPyRelation:
        return self.con.sql(query)

    @contextmanager
    def transaction(self, author: str, message: str) -> Iterator[Transaction]:
        self.con.execute("BEGIN TRANSACTION")
        try:
            yield Transaction(self.con)
        except BaseException:
            self.con.execute("ROLLBACK")
            raise
        self.con.execute("COMMIT")

    def add(self, rows: Mapping[str, list[dict[str, Any]]]) -> None:
        """Add rows; required columns that nobody cares about get a neutral value."""
        for name, given in rows.items():
            declared = table(name)
            names = declared.arrow_schema.names
            defaults = {
                c.name: NEUTRAL.get(c.type, 1) if c.required else None for c in declared.columns
            } | {"cohort_id": "C", "batch_id": "b1"}
            filled = [{k: v for k, v in (defaults | row).items() if k in names} for row in given]
            staged = pa.Table.from_pylist(filled, declared.arrow_schema)
            self.con.register("staged", staged)
            self.con.execute(render.insert_rows(declared, "staged"))
            self.con.unregister("staged")

    def forget(self) -> None:
        """Take the analyses away again."""
        for declared in tables().values():
            if declared.schema == "result" or declared.full_name == "ops.analysis_run":
                self.con.execute(f"DELETE FROM {declared.full_name}")


def question(**changed: Any) -> Harmonization:
    """The plain question with some keys changed; None leaves a key out."""
    asked = {"analysis": "harmonization", "name": "sites", "cohort_id": "C", "batch": "site"}
    asked |= {"timepoint": "baseline", "persons": "all"}
    asked |= changed
    return Harmonization.model_validate({k: v for k, v in asked.items() if v is not None})


def release(folder: Path) -> None:
    """A release of IDH with the splits of leaving a site out, and of two folds."""
    persons = [f"C:{patient}" for patient in PATIENTS[:40]]
    rows = [
        (split, 1, fold + 1, None, person, "test" if number % parts == fold else "train")
        for split, parts in (("sites", 3), ("cv", 2))
        for fold in range(parts)
        for number, person in enumerate(persons)
    ]
    place = folder / "releases" / "idh@1.0.0"
    place.mkdir(parents=True)
    names = ("split_id", "repeat", "fold", "inner_fold", "person_id", "role")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    splits = pa.table({**columns, "inner_fold": pa.nulls(len(rows), pa.int32())})
    pq.write_table(splits, place / "splits.parquet")
    manifest = Manifest(
        name="idh", version="1.0.0", title="IDH", created_at=START, author="ann", versions={},
        snapshot_id=7, snapshot_time=START, views={}, spec_sha256="", n_persons=40, n_rows=40,
        n_predictors=8, flow=(), fingerprint="", fingerprints={},
        spec={"target": {"kind": "biomarker", "name": "IDH"}},
        files=files_of(place, {"splits.parquet": len(rows)}),
    )  # fmt: skip
    write_manifest(place, manifest)


@pytest.fixture(scope="module")
def made_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The study with a release, made once."""
    folder = tmp_path_factory.mktemp("harmonization")
    release(folder)
    store = Store(folder)
    store.add(delivery())
    yield store
    store.con.close()


@pytest.fixture
def warehouse(made_store: Store) -> Iterator[Store]:
    yield made_store
    made_store.forget()


@pytest.fixture
def run(warehouse: Store) -> Run:
    """Run the plain question with some keys changed."""
    return lambda **changed: run_analysis(warehouse, question(**changed))


@pytest.fixture
def spec() -> Callable[..., Harmonization]:
    """The plain question with some keys changed."""
    return question
