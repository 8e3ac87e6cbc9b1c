"""The study of ``queries.py``: made rows in a warehouse, and in bare Parquet files beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from roentgene.queries import render
from roentgene.queries.registry import VERSIONS_SCHEMA, registry
from roentgene.schemas.tables import Table, table, tables
from roentgene.warehouse.analyst_file import renew
from roentgene.warehouse.opening import create_warehouse, open_warehouse
from roentgene.warehouse.transaction import Transaction

SEED = 20_261_121
VISITS = [f"t{number}" for number in range(4)]
SEQUENCES = ("T1", "T1c", "T2", "FLAIR")
REGIONS = ("WT", "TC", "ET")
N_FEATURES = 1_300
#: What a required column holds that no question is about.
NEUTRAL = {"VARCHAR": "-", "BOOLEAN": True, "DOUBLE": 0.0, "INTEGER": 1, "BIGINT": 1}


@dataclass(frozen=True)
class Stores:
    """The two forms of one study."""

    folder: Path

    @property
    def warehouse(self) -> Path:
        """The warehouse."""
        return self.folder / "study"

    @property
    def bare(self) -> Path:
        """Folder of Parquet files, one a table."""
        return self.folder / "bare"


def rows_of(declared: Table, columns: Mapping[str, Any]) -> pa.Table:
    """Complete columns to the rows of a declared table."""
    n_rows = max(len(values) for values in columns.values())
    now = datetime.now(UTC)
    arrays = {}
    for column in declared.columns:
        given = columns.get(column.name)
        if given is None and column.required:
            given = [NEUTRAL.get(column.type, now)] * n_rows
        arrays[column.name] = pa.array(
            [None] * n_rows if given is None else given, column.arrow_type
        )
    return pa.table(arrays, schema=declared.arrow_schema)


def small_tables(n_patients: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Make everything but the values."""
    patients = [f"P{number:04d}" for number in range(n_patients)]
    yield "study.cohort", {"cohort_id": ["C"], "day_zero": ["baseline_scan"]}
    yield (
        "study.patient",
        {"cohort_id": ["C"] * n_patients, "patient_id": patients, "person_id": patients},
    )
    visits = [(p, t, order) for p in patients for order, t in enumerate(VISITS)]
    yield (
        "study.timepoint",
        {
            "cohort_id": ["C"] * len(visits),
            "patient_id": [p for p, _, _ in visits],
            "timepoint_id": [t for _, t, _ in visits],
            "visit_order": [order for *_, order in visits],
            "study_day": [90 * order for *_, order in visits],
        },
    )
    yield (
        "study.lesion",
        {"cohort_id": ["C"] * n_patients, "patient_id": patients, "lesion_id": ["1"] * n_patients},
    )
    expected = [(t, s, r) for t in VISITS for s in SEQUENCES for r in REGIONS]
    yield (
        "study.expectation",
        {
            "cohort_id": ["C"] * len(expected),
            "block": ["imaging"] * len(expected),
            "timepoint_id": [t for t, _, _ in expected],
            "sequence": [s for _, s, _ in expected],
            "region": [r for *_, r in expected],
            "rater_id": [None] * len(expected),
        },
    )
    yield (
        "imaging.extraction",
        {
            "extraction_id": ["e"],
            "profile": ["standard"],
            "engine": ["pyradiomics"],
            "value_scale": ["raw"],
        },
    )
    images = [(p, t, s) for p, t, _ in visits for s in SEQUENCES]
    yield (
        "imaging.series",
        {
            "series_id": ["/".join(image) for image in images],
            "cohort_id": ["C"] * len(images),
            "patient_id": [p for p, _, _ in images],
            "timepoint_id": [t for _, t, _ in images],
            "sequence": [s for *_, s in images],
            "modality": ["MR"] * len(images),
            "source": ["image"] * len(images),
        },
    )
    drawn = [(p, t, r) for p, t, _ in visits for r in REGIONS]
    yield (
        "imaging.segmentation",
        {
            "segmentation_id": ["/".join(one) for one in drawn],
            "cohort_id": ["C"] * len(drawn),
            "patient_id": [p for p, _, _ in drawn],
            "timepoint_id": [t for _, t, _ in drawn],
            "reference_series_id": [f"{p}/{t}/T1c" for p, t, _ in drawn],
            "region": [r for *_, r in drawn],
            "lesion_id": ["1"] * len(drawn),
            "rater_id": ["A"] * len(drawn),
            "repeat_no": [1] * len(drawn),
            "volume_mm3": [1000.0] * len(drawn),
            "source": ["image"] * len(drawn),
        },
    )
    measured = [(p, t, s, r) for p, t, s in images for r in REGIONS]
    yield (
        "imaging.measurement",
        {
            "measurement_id": list(range(len(measured))),
            "cohort_id": ["C"] * len(measured),
            "segmentation_id": [f"{p}/{t}/{r}" for p, t, _, r in measured],
            "series_id": [f"{p}/{t}/{s}" for p, t, s, _ in measured],
            "extraction_id": ["e"] * len(measured),
            "status": ["ok"] * len(measured),
            "current": [True] * len(measured),
        },
    )
    names = [f"original_glcm_F{number:04d}" for number in range(N_FEATURES)]
    yield (
        "vocab.feature",
        {
            "feature_id": list(range(N_FEATURES)),
            "engine": ["pyradiomics"] * N_FEATURES,
            "feature": names,
            "class": ["glcm"] * N_FEATURES,
            "ibsi_status": ["exact"] * N_FEATURES,
        },
    )


def feature_values(n_measurements: int) -> pa.Table:
    """Make a value for each feature of each measurement, in the order of the store."""
    random = np.random.default_rng(SEED)
    n_rows = n_measurements * N_FEATURES
    feature = np.repeat(np.arange(N_FEATURES, dtype=np.int32), n_measurements)
    measurement = np.tile(np.arange(n_measurements, dtype=np.int64), N_FEATURES)
    values = random.lognormal(2.0, 1.0, n_rows)
    declared = table("imaging.feature_value").arrow_schema
    ok = pa.DictionaryArray.from_arrays(pa.array(np.zeros(n_rows, np.int8)), ["ok"])
    cohort = pa.DictionaryArray.from_arrays(pa.array(np.zeros(n_rows, np.int8)), ["C"])
    columns = {
        "cohort_id": cohort.cast(pa.string()),
        "measurement_id": pa.array(measurement),
        "feature_id": pa.array(feature),
        "value": pa.array(values),
        "value_status": ok.cast(pa.string()),
        "value_reason": pa.nulls(n_rows, pa.string()),
    }
    more = {name: pa.repeat("-", n_rows) for name in declared.names if name not in columns}
    return pa.table(
        {name: (columns | more)[name].cast(declared.field(name).type) for name in declared.names}
    )


def make(stores: Stores, n_patients: int) -> int:
    """Write the study in both forms, and publish it; give the number of values."""
    create_warehouse(stores.warehouse)
    values = feature_values(n_patients * len(VISITS) * len(SEQUENCES) * len(REGIONS))
    with (
        open_warehouse(stores.warehouse, read_only=False) as warehouse,
        warehouse.transaction("benchmark", "a made study") as tx,
    ):
        _fill(tx, n_patients, values)
    with open_warehouse(stores.warehouse, read_only=False) as warehouse:
        renew(warehouse)
    with open_warehouse(stores.warehouse) as warehouse:
        for name, declared in tables().items():
            file = stores.bare / f"{name}.parquet"
            file.parent.mkdir(exist_ok=True)
            order = ", ".join(declared.sorted_by) or "ALL"
            written = "(COMPRESSION zstd, PARQUET_VERSION v2)"  # as the lake writes its files
            warehouse.connection.execute(
                f"COPY (FROM {name} ORDER BY {order}) TO '{file}' {written}"
            )
    return values.num_rows


def _fill(tx: Transaction, n_patients: int, values: pa.Table) -> None:
    for name, columns in small_tables(n_patients):
        tx.insert(name, rows_of(table(name), columns))
    tx.insert("imaging.feature_value", values)


def bare_views(stores: Stores) -> duckdb.DuckDBPyConnection:
    """Open the bare files with the views of the warehouse over them."""
    con = duckdb.connect()
    for schema in sorted(
        {*(one.schema for one in tables().values()), "mart", "idc", VERSIONS_SCHEMA}
    ):
        con.execute(render.create_schema(schema))
    for name, declared in tables().items():
        file = stores.bare / f"{name}.parquet"
        con.execute(
            render.create_view(declared.schema, declared.name, f"FROM read_parquet('{file}')")
        )
    for view in registry().views:
        con.execute(render.create_view(VERSIONS_SCHEMA, view.versioned_name, view.select))
    for view in registry().pinned({}):
        con.execute(render.create_view(view.schema, view.name, view.select))
    return con
