"""A small study that is made to be disturbed: deliveries as text, and the commands that take them.

It holds tables alone, for to measure images takes time in which nothing is written.
"""

from __future__ import annotations

import csv
import random
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

COHORT = "TORN"
N_PATIENTS = 24
#: Deliveries that are taken in before anything is disturbed; one more follows.
N_DELIVERIES = 3
VISITS = ("baseline", "week_8")
_CLASSES = {
    "firstorder": ("Mean", "Median", "Energy", "Entropy", "Skewness", "Kurtosis", "Range"),
    "glcm": ("Contrast", "Correlation", "Idm", "JointEnergy"),
    "glrlm": ("RunEntropy", "RunVariance", "ShortRunEmphasis"),
}
FEATURES = [f"original_{kind}_{name}" for kind, names in _CLASSES.items() for name in names]

_COHORT_FILE = f"""\
cohort_id: {COHORT}
title: Invented patients whose warehouse is disturbed
license: CC0
day_zero: baseline_scan
timepoints: {{baseline: {{day: 0, order: 0}}, week_8: {{day: 56, order: 1}}}}
tables:
  - {{file: clinical.csv, kind: clinical, id: patient}}
  - {{file: features.csv, kind: features, id: patient, timepoint: "{{visit}}", sequence: T1C,
     region: GTV, modality: MR, engine: pyradiomics, engine_version: 3.0.1, profile: original,
     value_scale: raw}}
"""
_RELEASE_FILE = """\
name: {name}
title: Grade by texture, of invented patients
motivation: To be disturbed while it is made.
patients: {{cohorts: [{cohort}]}}
features:
  - {{timepoint: baseline, region: GTV}}
target: {{kind: clinical, name: grade, positive: high}}
splits:
  - {{kind: cross_validation, split_id: cv, folds: 2}}
"""


def patient(number: int) -> str:
    """Id of a patient."""
    return f"Invented-{number:03d}"


def write_delivery(folder: Path, number: int) -> Path:
    """Write what the clinic sends for the n-th time; give its cohort file.

    Every delivery holds all patients so far, some more, and corrected values of a third.
    """
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(number)  # noqa: S311 - invented values, no secret
    n_patients = N_PATIENTS * (number + 1) // (N_DELIVERIES + 1)
    clinical, features = [], []
    for one in range(n_patients):
        corrected = chance.random() < 1 / 3
        stable = random.Random(one + (1_000 * number if corrected else 0))  # noqa: S311
        grade = "high" if one % 2 else "low"
        clinical.append([patient(one), grade, 50 + stable.randrange(50)])
        for visit in VISITS:
            values = [f"{stable.gauss(100, 20):.9f}" for _ in FEATURES]
            features.append([patient(one), visit, *values])
    _write(folder / "clinical.csv", ["patient", "grade", "kps"], clinical)
    _write(folder / "features.csv", ["patient", "visit", *FEATURES], features)
    cohort = folder / "cohort.yaml"
    cohort.write_text(_COHORT_FILE, encoding="utf-8")
    return cohort


def write_release_file(folder: Path, name: str) -> Path:
    """Write what is to be released under a name."""
    file = folder / f"{name}.yaml"
    file.write_text(_RELEASE_FILE.format(name=name, cohort=COHORT), encoding="utf-8")
    return file


def _write(file: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def make_study(folder: Path) -> None:
    """Make the warehouse and take in the first deliveries."""
    run_command("init", folder / "study")
    for number in range(1, N_DELIVERIES):
        cohort = write_delivery(folder / "deliveries", number)
        run_command("ingest", "run", cohort, "-w", folder / "study", "--workers", 1)
    # one that stands already, which an erasure makes anew
    before = write_release_file(folder / "deliveries", "before")
    run_command("release", "create", "before", "--spec", before, "-w", folder / "study")
    write_release_file(folder / "deliveries", "grade")
    write_delivery(folder / "deliveries", N_DELIVERIES)


def run_command(*words: object, ends: Sequence[int] = (0,)) -> None:
    """Run a command of roentgene in this process.

    Raises
    ------
    RuntimeError
        If it does not end as it should.
    """
    from roentgene.app.cli import app

    try:
        app([str(word) for word in words], standalone_mode=True)
        ended = 0
    except SystemExit as left:
        ended = left.code if isinstance(left.code, int) else 0
    sys.stdout.flush()
    if ended not in ends:
        msg = f"roentgene {' '.join(map(str, words))} ended with {ended}"
        raise RuntimeError(msg)
