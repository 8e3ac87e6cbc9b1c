"""The tables of the synthetic study: clinical data, outcome, visits, samples, genes, mutations."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from roentgene.app.demo.genes import GENES, Expression, Variant
from roentgene.app.demo.patients import TIMEPOINTS, Patient
from roentgene.app.demo.traits import Stream, random_stream

#: First and last day on which a visit takes place, from the baseline scan.
VISIT_DAYS = {"baseline": (0, 0), "week_6": (38, 47), "month_3": (84, 99)}

_SITES = ("North", "South", "West")
#: Nobody dies before the last visit, so that who has it does not depend on the outcome.
_FIRST_DEATH_DAY = 105
_TYPICAL_DAYS = 420.0
_MAF_COLUMNS = (
    "Hugo_Symbol",
    "NCBI_Build",
    "Chromosome",
    "Start_Position",
    "End_Position",
    "Variant_Classification",
    "Variant_Type",
    "Reference_Allele",
    "Tumor_Seq_Allele1",
    "Tumor_Seq_Allele2",
    "Tumor_Sample_Barcode",
    "HGVSp_Short",
    "t_ref_count",
    "t_alt_count",
)


def write_clinical(path: Path, seed: int, patients: Sequence[Patient]) -> None:
    """Write sex, age, site and performance status; one status was not recorded."""
    rng = random_stream(seed, Stream.CLINICAL, 0)
    rows = []
    for patient in patients:
        sex = "female" if rng.random() < 0.45 else "male"
        age = round(float(np.clip(rng.normal(56, 11), 19, 84)), 1)
        performance = int(rng.choice([60, 70, 80, 90, 100], p=[0.1, 0.2, 0.3, 0.3, 0.1]))
        kps = "NA" if patient.number == 1 else performance
        rows.append((patient.patient_id, sex, age, rng.choice(_SITES), kps))
    _write(path, ("patient_id", "sex", "age_years", "site", "kps"), rows)


def write_outcome(path: Path, seed: int, patients: Sequence[Patient]) -> None:
    """Write overall survival: shorter with a heterogeneous tumour, longer after response.

    The ids stand in small letters, as they do in many a registry: the cohort file must say how
    to read them.
    """
    rng = random_stream(seed, Stream.CLINICAL, 1)
    rows = []
    for patient in patients:
        log_hazard = 0.6 * patient.heterogeneity - 0.8 * patient.responder
        # Weibull times of shape 1.5 under proportional hazards
        time = _TYPICAL_DAYS * (rng.exponential() * np.exp(-log_hazard)) ** (1 / 1.5)
        follow_up = rng.uniform(250, 900)
        day = _FIRST_DEATH_DAY + round(float(min(time, follow_up)))
        status = "DECEASED" if time <= follow_up else "LIVING"
        rows.append((patient.patient_id.lower(), day, status))
    _write(path, ("patient_id", "os_days", "os_status"), rows)


def write_visits(path: Path, seed: int, patients: Sequence[Patient]) -> None:
    """Write the day of every visit that took place."""
    rng = random_stream(seed, Stream.VISITS)
    rows = []
    for patient in patients:
        for timepoint in TIMEPOINTS:
            first, last = VISIT_DAYS[timepoint]
            day = int(rng.integers(first, last + 1))
            if timepoint not in patient.absent:
                rows.append((patient.patient_id, timepoint, day))
    _write(path, ("patient_id", "timepoint", "day"), rows)


def write_samples(path: Path, seed: int, patients: Sequence[Patient]) -> None:
    """Write the sample sheet: one specimen of the primary tumour a patient."""
    rng = random_stream(seed, Stream.CLINICAL, 2)
    rows = [(p.sample_id, p.patient_id, "primary", int(rng.integers(2, 15))) for p in patients]
    _write(path, ("sample_id", "patient_id", "sample_type", "collection_day"), rows)


def write_expression(path: Path, expression: Expression, patients: Sequence[Patient]) -> None:
    """Write the matrix, genes in rows and samples in columns."""
    columns = [patient.number for patient in patients if patient.has_expression]
    header = ("Hugo_Symbol", *(patients[i].sample_id for i in columns))
    rows = (
        (gene, *(f"{value:.4f}" for value in values[columns]))
        for gene, values in zip(GENES, expression.tpm, strict=True)
    )
    _write(path, header, rows, delimiter="\t")


def write_mutations(path: Path, variants: Sequence[Variant], patients: Sequence[Patient]) -> None:
    """Write the variant calls of the profiled samples as MAF."""
    samples = {p.patient_id: p.sample_id for p in patients if p.has_mutations}
    rows = (
        (
            call.hugo_symbol,
            "GRCh38",
            call.chromosome,
            call.position,
            call.position,
            call.classification,
            "SNP",
            call.reference,
            call.reference,
            call.alternative,
            samples[call.patient_id],
            call.protein_change,
            call.reads_reference,
            call.reads_alternative,
        )
        for call in variants
        if call.patient_id in samples
    )
    _write(path, _MAF_COLUMNS, rows, delimiter="\t")


def _write(
    path: Path, header: Sequence[str], rows: Iterable[Sequence[object]], delimiter: str = ","
) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
