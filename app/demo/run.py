"""The whole demo: a synthetic study is made, ingested, analysed, and compared with its truth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from roentgene.analyses.releasing.create import create_release
from roentgene.analyses.run import RunReport, run_analysis
from roentgene.app.demo.generate import DemoFiles, generate
from roentgene.app.demo.patients import REFERENCE_READER
from roentgene.app.demo.score import VOLUME_FEATURE, DemoScore, score
from roentgene.app.extracting import PRELOADED
from roentgene.ingest.extract.executors.local_pool import LocalPool
from roentgene.ingest.run import run_ingest
from roentgene.ingest.staging.cases import Progress
from roentgene.queries.query_file import query_text
from roentgene.schemas.analyses.read import read_analysis
from roentgene.schemas.study import PatientFeatureRules, Study
from roentgene.warehouse.analyst_file import renew
from roentgene.warehouse.opening import create_warehouse, open_warehouse


def run_demo(
    folder: Path,
    seed: int = 0,
    workers: int = 2,
    say: Callable[[str], None] = lambda _: None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> DemoScore:
    """Make a study with known truth and run the main job on it, the way a user does.

    Parameters
    ----------
    folder : Path
        The warehouse to be made; its input goes to ``input`` and the truth to ``truth`` in it.
    seed : int
        Another seed is another study.
    workers : int
        Processes that extract.
    say : callable
        Told what happens, a line at a time.
    on_progress : callable
        Told how far the extraction is.

    Returns
    -------
    DemoScore
        How much of the truth was found.

    Raises
    ------
    FileError
        If the folder holds a warehouse already.
    """
    study = Study(
        name="demo", patient_feature=PatientFeatureRules(reference_rater=REFERENCE_READER)
    )
    create_warehouse(folder, study)
    say(f"Made a warehouse in {folder}")
    made = generate(folder, seed)
    say(f"Made a synthetic study: {made.cohort}")
    pool = LocalPool(workers, preload=PRELOADED)
    report = run_ingest(folder, made.cohort, pool, on_progress)
    n_measurements, n_values = (
        report.rows[f"imaging.{name}"] for name in ("measurement", "feature_value")
    )
    say(
        f"Ingested it in {report.seconds:.0f} s: {n_measurements:,} measurements, "
        f"{n_values:,} feature values"
    )
    stability, association = _analyse(folder, made)
    say(f"Stability of {stability.tables['result.stability']:,} features: mart.feature_stability")
    say(f"{association.tables['result.association']:,} pairs of feature and gene: mart.association")
    release = create_release(folder, made.release)
    n_rows, n_predictors = release.manifest.n_rows, release.manifest.n_predictors
    say(f"Released {release.release}: {n_rows:,} persons, {n_predictors:,} predictors")
    with open_warehouse(folder) as warehouse:
        pairs = (
            query_text("app/demo_associations"),
            {"analysis_run_id": association.analysis_run_id},
        )
        deltas = (
            query_text("app/demo_deltas"),
            {"rater_id": REFERENCE_READER, "feature": VOLUME_FEATURE},
        )
        return score(made.truth, warehouse.arrow(*pairs), warehouse.arrow(*deltas))


def _analyse(folder: Path, made: DemoFiles) -> tuple[RunReport, RunReport]:
    with open_warehouse(folder, read_only=False) as warehouse:
        stability = run_analysis(warehouse, read_analysis(made.stability))
        association = run_analysis(warehouse, read_analysis(made.association))
        renew(warehouse)
    return stability, association
