"""ComBat beside neuroCombat, and its application in SQL beside a plain scan of the same rows.

Run ``uv run --with neurocombat==0.2.12 python benchmarks/harmonization.py`` on a machine that does
nothing else. It makes its input: 1,300 features of 1,000 persons in 10 batches for the fit, and for
the views a bare DuckDB file with every declared table and 15.6 million feature values of
250 patients x 4 visits x 4 sequences x 3 regions x 1,300 features, with the parameters of 10 sites.
The two are asked in turn, in one process. ``--patients`` makes a smaller study. It prints a
Markdown table.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from roentgene.analyses.harmonization.combat import apply_combat, fit_combat
from roentgene.queries import render
from roentgene.queries.migration import VIEW_SCHEMAS
from roentgene.queries.registry import VERSIONS_SCHEMA, registry
from roentgene.schemas.tables import tables

HEADER = "| work | beside | s | roentgene, s | ratio | asked | pairs |\n" + "| --- " * 7 + "|"
N_PERSONS, N_FEATURES, N_BATCHES = 1000, 1300, 10
ASKED = ("mart.patient_feature", "mart.harmonized_feature")
PLAIN = """
SELECT count(person_id), count(timepoint_id), max(sequence), max(region), max(feature), sum(value)
FROM mart.patient_feature
"""
HARMONIZED = """
SELECT
  count(person_id), count(timepoint_id), max(sequence), max(region), max(feature),
  sum(harmonized_value)
FROM mart.harmonized_feature
"""
MADE = """
INSERT INTO study.patient BY NAME
SELECT 'C' AS cohort_id, 'P' || p AS patient_id, 'C:P' || p AS person_id, 'site ' || p % 10 AS site,
  30.0 + p % 40 AS age_at_day_zero
FROM range($patients) AS made(p);
INSERT INTO study.timepoint BY NAME
SELECT 'C' AS cohort_id, 'P' || p AS patient_id, 'visit ' || v AS timepoint_id, v AS study_day,
  v AS visit_order
FROM range($patients) AS made(p), range(4) AS visits(v);
INSERT INTO imaging.series BY NAME
SELECT 'C' AS cohort_id, 'P' || p AS patient_id, 'visit ' || v AS timepoint_id,
  'P' || p || ' ' || v || ' ' || s AS series_id, 'sequence ' || s AS "sequence", 'MR' AS modality
FROM range($patients) AS made(p), range(4) AS visits(v), range(4) AS sequences(s);
INSERT INTO imaging.segmentation BY NAME
SELECT 'C' AS cohort_id, 'P' || p AS patient_id, 'visit ' || v AS timepoint_id,
  'P' || p || ' ' || v || ' ' || s || ' ' || r AS segmentation_id, 'region ' || r AS region,
  '1' AS lesion_id, 'A' AS rater_id, 1 AS repeat_no, 100.0 AS volume_mm3,
  'P' || p || ' ' || v || ' ' || s AS reference_series_id
FROM range($patients) AS made(p), range(4) AS visits(v), range(4) AS sequences(s),
  range(3) AS regions(r);
INSERT INTO imaging.extraction BY NAME
SELECT 'e' AS extraction_id, 'standard' AS profile, 'pyradiomics' AS engine, 'raw' AS value_scale,
  '-' AS settings_hash, '-' AS engine_version;
INSERT INTO vocab.feature BY NAME
SELECT f + 1 AS feature_id, 'pyradiomics' AS engine, 'original_glcm_F' || f AS feature,
  'original' AS image_type, 'glcm' AS "class", 'F' || f AS "name"
FROM range(1300) AS features(f);
INSERT INTO imaging.measurement BY NAME
SELECT 'C' AS cohort_id, row_number() OVER (ORDER BY segmentation_id) AS measurement_id,
  segmentation_id, reference_series_id AS series_id, 'e' AS extraction_id, 'ok' AS status,
  TRUE AS "current"
FROM imaging.segmentation;
INSERT INTO imaging.feature_value BY NAME
SELECT 'C' AS cohort_id, measurement_id, feature_id, 50 + sin(measurement_id * feature_id) AS value,
  'ok' AS value_status
FROM imaging.measurement, vocab.feature
ORDER BY feature_id, measurement_id;
INSERT INTO ops.analysis_run BY NAME
SELECT 'run' AS analysis_run_id, 'harmonization' AS analysis, 'sites' AS "name", TRUE AS "current";
INSERT INTO result.harmonization_model BY NAME
SELECT DISTINCT 'run' AS analysis_run_id, 'C' AS cohort_id, 'sequence ' || s AS "sequence",
  'region ' || r AS region, 'standard' AS profile, 'pyradiomics' AS engine,
  'visit 0' AS timepoint_id, 'site' AS batch_source, 'parametric' AS "method", 'all' AS persons
FROM range(4) AS sequences(s), range(3) AS regions(r);
INSERT INTO result.harmonization_batch BY NAME
SELECT analysis_run_id, cohort_id, "sequence", region, profile, engine, 'site ' || b AS batch,
  25 AS n_persons
FROM result.harmonization_model, range(10) AS batches(b);
INSERT INTO result.harmonization_cell BY NAME
SELECT 'sites' AS run_name, cohort_id, "sequence", region, profile, engine, batch,
  row_number() OVER (ORDER BY "sequence", region, batch) - 1 AS cell_no
FROM result.harmonization_batch;
INSERT INTO result.harmonization BY NAME
SELECT analysis_run_id, cohort_id, "sequence", region, profile, engine, feature.feature, batch,
  25 AS n_values, 50.0 AS grand_mean, 0.5 AS var_pooled, sin(feature_id) AS gamma_star,
  1 + cos(feature_id) / 2 AS delta_star, 'ok' AS status
FROM result.harmonization_batch JOIN vocab.feature USING (engine);
INSERT INTO result.harmonization_person BY NAME
SELECT analysis_run_id, cohort_id, "sequence", region, profile, engine, person_id
FROM result.harmonization_model JOIN study.patient USING (cohort_id);
"""
COVARIATE = """
INSERT INTO result.harmonization_covariate BY NAME
SELECT analysis_run_id, cohort_id, "sequence", region, profile, engine, 'patient' AS source,
  'age_at_day_zero' AS variable, 1 AS place, TRUE AS preserved
FROM result.harmonization_model;
INSERT INTO result.harmonization_effect BY NAME
SELECT DISTINCT analysis_run_id, cohort_id, "sequence", region, profile, engine, feature,
  1 AS place, 0.01 AS beta
FROM result.harmonization;
"""

Work = Callable[[], Any]


def seconds(work: Work) -> float:
    """Time a piece of work."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def compared(what: str, beside: str, asked: str, theirs: Work, ours: Work, pairs: int) -> str:
    """Do both in turn after a first, uncounted time; give a row of the table."""
    theirs()
    ours()
    found = [(seconds(theirs), seconds(ours)) for _ in range(pairs)]
    ratio = statistics.median(b / a for a, b in found)
    stock, own = (statistics.median(each) for each in zip(*found, strict=True))
    return f"| {what} | {beside} | {stock:.3f} | {own:.3f} | **{ratio:.2f}** | {asked} | {pairs} |"


def fits(pairs: int) -> str:
    """Fit and apply beside neuroCombat, which does both at once."""
    from neuroCombat import neuroCombat

    random = np.random.default_rng(0)
    batch = np.arange(N_PERSONS) % N_BATCHES
    noise = random.normal(size=(N_PERSONS, N_FEATURES)) * (1 + 0.1 * batch[:, None])
    values = noise + batch[:, None] * random.normal(size=N_FEATURES)
    age = random.normal(size=(N_PERSONS, 1))
    persons = pd.DataFrame({"batch": batch, "age": age.ravel()})
    transposed = np.ascontiguousarray(values.T)

    def theirs() -> Any:
        with contextlib.redirect_stdout(io.StringIO()):
            return neuroCombat(transposed, persons, "batch", continuous_cols=["age"])["data"].T

    def ours() -> Any:
        return apply_combat(values, batch, fit_combat(values, batch, age), age)

    furthest = float(np.abs(theirs() - ours()).max())
    if furthest > 1e-6:
        msg = f"the values differ by {furthest}"
        raise RuntimeError(msg)
    what = f"fit and apply, {N_FEATURES:,} x {N_PERSONS:,} x {N_BATCHES} batches"
    return compared(what, "neuroCombat", "1", theirs, ours, pairs)


def bare(folder: Path, patients: int) -> duckdb.DuckDBPyConnection:
    """Make a native DuckDB file with every table and view, and the study; nothing is required."""
    con = duckdb.connect(folder / "made.duckdb")
    for schema in sorted({*(one.schema for one in tables().values()), *VIEW_SCHEMAS}):
        con.execute(render.create_schema(schema))
    for declared in tables().values():
        con.execute(render.create_table(declared).replace(" NOT NULL", ""))
    asked = [view for view in registry().pinned({}) if view.full_name in ASKED]
    below = {name for view in asked for name in registry().lineage(view)}
    for view in registry().views:
        if f"{VERSIONS_SCHEMA}.{view.versioned_name}" in below:
            con.execute(render.create_view(VERSIONS_SCHEMA, view.versioned_name, view.select))
    for view in asked:
        con.execute(render.create_view(view.schema, view.name, view.select))
    for statement in MADE.split(";"):
        if statement.strip():
            con.execute(statement, {"patients": patients} if "$patients" in statement else None)
    return con


def views(folder: Path, patients: int, pairs: int) -> list[str]:
    """Ask for every value, harmonized and as it is."""
    con = bare(folder, patients)
    counted = con.execute("SELECT count(*) FROM imaging.feature_value").fetchone()
    n_rows = counted[0] if counted else 0

    def row(covariates: str) -> str:
        plain, ours = (con.execute(sql).fetchone() for sql in (PLAIN, HARMONIZED))
        if plain is None or ours is None or plain[:5] != ours[:5] or ours[5] is None:
            msg = f"not the same rows: {plain}, {ours}"
            raise RuntimeError(msg)
        return compared(
            f"`mart.harmonized_feature`, {n_rows:,} rows, {covariates}",
            "`mart.patient_feature`",
            "1.5",
            lambda: con.execute(PLAIN).fetchall(),
            lambda: con.execute(HARMONIZED).fetchall(),
            pairs,
        )

    found = [row("no covariates")]
    for statement in COVARIATE.split(";"):
        con.execute(statement)
    return [*found, row("one covariate")]


def main() -> None:
    """Measure in a folder that is removed afterwards."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--patients", type=int, default=250, help="62,400 values each")
    parser.add_argument("--pairs", type=int, default=9, help="of each question")
    options = parser.parse_args()
    sys.stdout.write(f"{HEADER}\n{fits(options.pairs)}\n")
    sys.stdout.flush()
    with tempfile.TemporaryDirectory() as folder:
        for line in views(Path(folder), options.patients, options.pairs):
            sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
