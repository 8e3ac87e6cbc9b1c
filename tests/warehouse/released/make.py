"""How ``0.1.0.zip`` was made: a small study of invented patients, by the commands of that version.

    python make.py ROENTGENE ZIP

ROENTGENE is the command line of the version, as ``.venv/bin/roentgene`` of a checkout of it (0.1.0
is commit 681cdbb). The study has what later versions must keep: features at two visits, clinical
values, outcomes, a refusal that was waived, an analysis, a release and a compaction. The analyst's
file, reports and staging are left out, for they are made again. The answers to ``QUESTIONS`` by
that version lie beside the warehouse in ``answers.json``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

QUESTIONS = {
    "values": "SELECT patient_id, timepoint_id, feature, value, value_status"
    " FROM imaging.radiomic_feature ORDER BY ALL",
    "deltas": "SELECT patient_id, feature, baseline_value, value, delta_absolute, delta_status"
    " FROM mart.delta_radiomics ORDER BY ALL",
    "clinical": "SELECT patient_id, variable, value_text, value_number"
    " FROM clinical.variable ORDER BY ALL",
    "outcomes": "SELECT patient_id, endpoint, time_days, event FROM clinical.outcome ORDER BY ALL",
    "survival": "SELECT feature, n, hazard_ratio, p_value FROM mart.survival ORDER BY ALL",
    "quarantine": "SELECT refusal_id, reason_code, file_path, row_number, state, decided_by,"
    " decision_reason FROM ops.quarantine ORDER BY ALL",
    "batches": "SELECT batch_id, cohort_id, author, n_values, n_refused"
    " FROM ops.batch ORDER BY ALL",
    "releases": "SELECT release, snapshot_id, fingerprint FROM ops.release ORDER BY ALL",
}
_COHORT = """cohort_id: GLIOMA
title: Invented patients
license: CC0
day_zero: baseline_scan
timepoints: {baseline: {order: 0, day: 0}, followup: {order: 1, day: 30}}
tables:
  - {file: patients.csv, kind: clinical, id: patient, patient: {age_at_day_zero: age}}
  - {file: patients.csv, kind: outcome, id: patient, endpoint: OS, time: days, event: died,
     event_codes: {"0": 0, "1": 1}, anchor: baseline_scan}
  - {file: features.csv, kind: features, id: patient, timepoint: "{visit}", sequence: T1C,
     region: GTV, modality: MR, engine: pyradiomics, engine_version: 3.0.1, profile: original,
     value_scale: raw}
"""
_SURVIVAL = """analysis: survival
name: survival
cohort_id: GLIOMA
timepoint: baseline
endpoints: [OS]
"""
_RELEASE = """name: os
title: Survival of invented patients
motivation: To be opened by later versions
patients: {cohorts: [GLIOMA]}
features: [{timepoint: baseline, region: [GTV], profile: original, classes: [firstorder]}]
target: {kind: outcome, name: OS}
landmark_day: 0
splits: [{kind: cross_validation, split_id: cv, folds: 3, repeats: 1}]
"""
_LEFT_OUT = ("published", "reports", "staging")


def _write_files(folder: Path) -> None:
    patients, features = ["patient,age,days,died,kps"], []
    features.append("patient,visit,original_firstorder_Mean,original_firstorder_Entropy")
    for number in range(12):
        age = "ninety" if number == 7 else 50 + number
        days = 100 + 37 * number % 400
        patients.append(f"P{number:02},{age},{days},{int(number % 4 > 0)},{60 + number}")
        for visit, grown in (("baseline", 0.0), ("followup", 0.5)):
            mean, entropy = 90 + 3.1 * number + grown, 3.5 + (number * 0.37) % 1 + grown
            features.append(f"P{number:02},{visit},{mean:.3f},{entropy:.4f}")
    features.append("P11,baseline,x,y")
    contents = {
        "patients.csv": "\n".join(patients) + "\n",
        "features.csv": "\n".join(features) + "\n",
        "cohort.yaml": _COHORT,
        "survival.yaml": _SURVIVAL,
        "release.yaml": _RELEASE,
    }
    for name, text in contents.items():
        (folder / name).write_text(text, encoding="utf-8")


def make(roentgene: str, archive: Path) -> None:
    """Make the study, ask the questions, and pack both."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_files(folder)

        def run(*words: str, refused: bool = False) -> str:
            done = subprocess.run(
                [roentgene, *words],
                cwd=folder,
                env={"ROENTGENE_AUTHOR": "ann", "ROENTGENE_WAREHOUSE": "study", "PATH": ""},
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode != int(refused):
                raise SystemExit(done.stdout + done.stderr)
            return done.stdout

        run("init", "study")
        run("ingest", "run", "cohort.yaml", refused=True)
        (refusal, *_) = json.loads(run("quarantine", "list", "--json"))
        run("quarantine", "waive", refusal["refusal_id"], "--reason", "known at the site")
        run("analyze", "survival.yaml")
        run("release", "create", "os", "--spec", "release.yaml")
        run("optimize")
        answers = {name: json.loads(run("sql", "--json", q)) for name, q in QUESTIONS.items()}
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
            packed.writestr("answers.json", json.dumps(answers, indent=1) + "\n")
            for path in sorted((folder / "study").rglob("*")):
                inner = path.relative_to(folder)
                if path.is_file() and inner.parts[1] not in _LEFT_OUT:
                    packed.write(path, inner)


if __name__ == "__main__":
    make(sys.argv[1], Path(sys.argv[2]).resolve())
