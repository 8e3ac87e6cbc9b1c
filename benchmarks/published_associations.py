"""Associations of two published studies: seconds from the warehouse's tables to the tested rows.

Run ``uv run python benchmarks/published_associations.py``. It needs the public data that
``$ROENTGENE_TEST_DATA`` names, by default ``../shared/data``: a paediatric glioma cohort, 438
features against 39 cell types of 150 patients, and a lung cohort, 1,522 features against its genes
in 44. Both are ingested once, then each run reads both sides, tests every pair and corrects.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from roentgene.analyses.association.run import find
from roentgene.ingest.extract.executors.serial import Serial
from roentgene.ingest.run import run_ingest
from roentgene.schemas.analyses.read import read_analysis
from roentgene.schemas.study import Study
from roentgene.warehouse.opening import create_warehouse, open_warehouse
from roentgene.warehouse.store import Warehouse

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("ROENTGENE_TEST_DATA", "../shared/data")).resolve()
TARGETS = {
    "plgg_cbtn": ("PLGG-CBTN", "{block: assay_value, profile: xcell}"),
    "imagene_lung44": ("IMAGENE-LUNG", "{block: expression, profile: rna}"),
}
SPEC = """
analysis: association
name: published
cohort_id: {cohort}
timepoint: baseline
duplicate_features: test
targets: [{targets}]
"""


def ingested(folder: Path) -> Path:
    """Make a warehouse of both cohorts."""
    root = create_warehouse(folder / "study", Study(name="published", publish=False)).root
    for name in TARGETS:
        beside = folder / name
        beside.mkdir()
        for file in (DATA / "cohorts" / name).iterdir():
            (beside / file.name).symlink_to(file)
        example = HERE.parent / "docs" / "examples" / f"{name}.yaml"
        run_ingest(root, Path(shutil.copy(example, beside / "cohort.yaml")), Serial())
    return root


def row(warehouse: Warehouse, name: str, folder: Path, runs: int) -> str:
    """Run one of them several times after a first, uncounted time."""
    cohort, targets = TARGETS[name]
    file = folder / "spec.yaml"
    file.write_text(SPEC.format(cohort=cohort, targets=targets), encoding="utf-8")
    spec = read_analysis(file)
    counts = find(warehouse, spec).counts["blocks"]
    tested = sum(block["tested"] for block in counts.values())
    found = []
    for _ in range(runs):
        begun = time.perf_counter()
        find(warehouse, spec)
        found.append(time.perf_counter() - begun)
    return f"| {cohort} | {tested:,} | **{statistics.median(found):.2f}** | 2 s | {runs} |"


def main() -> None:
    """Measure in a folder that is removed afterwards."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=9)
    runs = parser.parse_args().runs
    sys.stdout.write("| cohort | tests | s | asked | runs |\n| --- | --- | --- | --- | --- |\n")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        with open_warehouse(ingested(folder)) as warehouse:
            for name in TARGETS:
                sys.stdout.write(f"{row(warehouse, name, folder, runs)}\n")


if __name__ == "__main__":
    main()
