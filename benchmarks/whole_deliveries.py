"""Whole deliveries of real images, by PyRadiomics' batch command and by ``roentgene ingest``."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA = Path(os.environ.get("ROENTGENE_TEST_DATA", "../shared/data")).resolve()
FILTERS: dict[str, Any] = {"Original": {}, "LoG": {"sigma": [1.0, 3.0, 5.0]}, "Wavelet": {}}
STANDARD: dict[str, Any] = {
    "binWidth": 25,
    "resampledPixelSpacing": [1, 1, 1],
    "interpolator": "sitkBSpline",
    "normalize": True,
    "normalizeScale": 100,
}
NOT_RESAMPLED: dict[str, Any] = {"binWidth": 25, "normalize": True, "normalizeScale": 100}
GLIOMA = DATA / "images" / "brats_tcga_du_7294"
SARCOMA = DATA / "images" / "sts"
SEQUENCES = ("CT", "PET", "MR_T1")
_NOT_COMPILED = "PYTHONDONTWRITEBYTECODE"


@dataclass(frozen=True)
class Cost:
    """What one run cost."""

    seconds: float
    peak_mb: float = 0.0


Way = Callable[[Path], Cost]


def batch_command(rows: Sequence[tuple[Path, Path, int]], settings: dict[str, Any]) -> Any:
    """PyRadiomics' own batch command with two processes."""

    def run(folder: Path) -> Cost:
        import yaml

        parameters, cases = folder / "parameters.yaml", folder / "cases.csv"
        parameters.write_text(yaml.safe_dump({"imageType": FILTERS, "setting": settings}))
        with cases.open("w", newline="") as stream:
            csv.writer(stream).writerows([("Image", "Mask", "Label"), *rows])
        command = script("pyradiomics")
        found = folder / "features.csv"
        options = ["-o", found, "-f", "csv", "-p", parameters, "-j", "2", "--verbosity", "1"]
        return timed([command, cases, *options], folder)

    return run


def ingest_command(cohort: str, settings: dict[str, Any], command: str = "run") -> Any:
    """``roentgene ingest run`` into a new warehouse: gates, commit and the analyst's file too.

    With ``command='extract'`` nothing is done but what extraction is: planned and staged.
    """

    def run(folder: Path) -> Cost:
        import yaml

        warehouse, file = folder / "warehouse", folder / "cohort.yaml"
        roentgene = script("roentgene")
        timed([roentgene, "init", warehouse], folder)
        study = warehouse / "study.yaml"
        declared = yaml.safe_load(study.read_text())
        profile = {"image_types": FILTERS, "settings": settings}
        study.write_text(yaml.safe_dump({**declared, "profiles": {"bench": profile}}))
        file.write_text(cohort)
        options = ["-w", warehouse, "--workers", "2"]
        return timed([roentgene, "ingest", command, file, *options], folder)

    return run


def warmed(way: Way, first: Way) -> Way:
    """Do something once before, uncounted, so that libraries need not come from the disk."""

    def run(folder: Path) -> Cost:
        before = folder / "before"
        before.mkdir()
        first(before)
        return way(folder)

    return run


def cold(ours: Callable[[Path], Cost]) -> Callable[[Path], Cost]:
    """Run from an empty cache of machine code."""

    def run(folder: Path) -> Cost:
        cache = folder / "machine_code"
        cache.mkdir()
        os.environ["NUMBA_CACHE_DIR"] = str(cache)
        try:
            return ours(folder)
        finally:
            del os.environ["NUMBA_CACHE_DIR"]

    return run


def glioma_rows() -> list[tuple[Path, Path, int]]:
    """Four sequences, five raters' masks, labels 1 and 2."""
    images = sorted((GLIOMA / "raw_bet").glob("*.nii.gz"))
    masks = sorted((GLIOMA / "segmentation").glob("*.nii.gz"))
    return [(image, mask, label) for image in images for mask in masks for label in (1, 2)]


def sarcoma_rows() -> list[tuple[Path, Path, int]]:
    """Fourteen patients, three images each."""
    patients = sorted(path for path in SARCOMA.glob("STS_*") if path.is_dir())
    return [
        (patient / f"{name}_image.nii.gz", patient / f"{name}_mask.nii.gz", 1)
        for patient in patients
        for name in SEQUENCES
    ]


def glioma_cohort() -> str:
    """Write the same down as a cohort file."""
    return f"""
cohort_id: GLIOMA
title: one glioma, five raters
license: CC BY 3.0
day_zero: baseline_scan
timepoints: {{baseline: {{day: 0, order: 0}}}}
images:
  - pattern: "{GLIOMA}/raw_bet/{{patient_id}}_{{sequence}}_bet.nii.gz"
    mask: "{GLIOMA}/segmentation/{{rater_id}}.nii.gz"
    timepoint: baseline
    modality: MR
    labels: {{1: NCR, 2: ED}}
profiles: [bench]
"""


def sarcoma_cohort() -> str:
    """Write the same down as a cohort file."""
    return f"""
cohort_id: STS
title: soft-tissue sarcoma
license: CC BY 3.0
day_zero: baseline_scan
timepoints: {{baseline: {{day: 0, order: 0}}}}
images:
  - pattern: "{SARCOMA}/{{patient_id}}/{{sequence}}_image.nii.gz"
    mask: "{SARCOMA}/{{patient_id}}/{{sequence}}_mask.nii.gz"
    timepoint: baseline
    modality: {{CT: CT, PET: PT, MR_T1: MR}}
    labels: {{1: GTV}}
profiles: [bench]
"""


def script(name: str) -> str:
    """Path of a command of this environment."""
    return str(Path(sys.executable).with_name(name))


def timed(command: Sequence[object], folder: Path) -> Cost:
    """Run a command to its end; its output goes to a log in the folder.

    Whoever runs it finds Python's modules compiled since the first time, so that is how it is run.
    """
    begun = time.monotonic()
    log = folder / "log"
    as_usual = {name: value for name, value in os.environ.items() if name != _NOT_COMPILED}
    with log.open("a") as stream:
        done = subprocess.run(  # noqa: S603 commands of this environment
            [str(part) for part in command], stdout=stream, stderr=stream, check=False, env=as_usual
        )
    if done.returncode:
        msg = f"{command} failed:\n{log.read_text()[-2000:]}"
        raise SystemExit(msg)
    return Cost(time.monotonic() - begun)
