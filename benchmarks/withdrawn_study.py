"""A study whose people withdraw: images in paths with ids and dates, tables of all kinds, copies.

Two cohorts share persons. Everything that keeps something of a person is there: rows, refusals,
reports, a release, an analysis, published copies, and cases that were staged and not yet committed.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import SimpleITK as sitk
import yaml
from torn_study import run_command

CLINIC, REGISTRY = "CLINIC", "REGISTRY"
#: The first is the least of all ids, the last the greatest: statistics of columns are about them.
NAMES = ("AAQ", "BEX", "CYM", "DOV", "EJU", "FIR", "GUD", "HAB", "IKE", "JOL", "KEP", "ZYX")
#: Who withdraws, by place: least, greatest, two who stand in both cohorts, one who was refused too.
WITHDRAWN = (0, 11, 2, 5, 7)
_LINKED = (2, 5, 6)
_REFUSED = (7, 8)
_GENES = ("TP53", "IDH1", "EGFR", "PTEN", "ATRX", "KRAS")
_SIZE = 12


@dataclass(frozen=True)
class Someone:
    """An invented person.

    Parameters
    ----------
    number : int
        Place among all.
    """

    number: int

    @property
    def patient(self) -> str:
        """Id in the clinic."""
        return f"{NAMES[self.number]}-Quend-{self.number:02d}"

    @property
    def record(self) -> str:
        """Id in the registry, of who is there."""
        return f"Reg-{NAMES[::-1][self.number]}-{self.number:02d}"

    @property
    def sample(self) -> str:
        """Id of the specimen, which does not hold that of the patient."""
        return f"Spc-{NAMES[self.number][::-1]}-T{self.number:02d}"

    @property
    def day_zero(self) -> date:
        """Date of day zero, nobody else's."""
        return date(2011, 3, 4) + timedelta(days=97 * self.number)

    @property
    def stored(self) -> tuple[str, ...]:
        """What stands in the warehouse: ids, and the date in the path of an image that came in."""
        linked = (self.record,) if self.number in _LINKED else ()
        dated = () if self.number in _REFUSED else (f"{self.day_zero:%Y%m%d}",)
        return (self.patient, self.sample, *linked, *dated)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything of which no byte may be left: ids, and day zero in all usual forms."""
        forms = ("%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%d/%m/%Y")
        dates = (self.day_zero.strftime(form) for form in forms)
        return tuple(dict.fromkeys((*self.stored, *dates)))


EVERYBODY = tuple(Someone(number) for number in range(len(NAMES)))


def make_study(folder: Path) -> Path:
    """Make the deliveries and the warehouse, and do with it what people do; give the warehouse."""
    clinic, registry, study = folder / "clinic", folder / "registry", folder / "study"
    _write_clinic(clinic)
    _write_registry(registry)
    run_command("init", study)
    _settle(study)
    here = ("-w", study)
    run_command("ingest", "run", registry / "cohort.yaml", *here, "--workers", 1, ends=(0, 1))
    run_command("ingest", "run", clinic / "cohort.yaml", *here, "--workers", 1, ends=(0, 1))
    run_command("analyze", clinic / "association.yaml", *here)
    run_command("release", "create", "tp53", "--spec", clinic / "release.yaml", *here)
    run_command("publish", *here)
    _add_visit(clinic)
    run_command("ingest", "extract", clinic / "cohort.yaml", *here, "--workers", 1)
    return study


def deliver_again(folder: Path) -> None:
    """Let the same files come again, those of who was erased among them."""
    for cohort in ("registry", "clinic"):
        file = folder / cohort / "cohort.yaml"
        run_command("ingest", "run", file, "-w", folder / "study", "--workers", 1, ends=(0, 1))


def _settle(study: Path) -> None:
    file = study / "study.yaml"
    said = yaml.safe_load(file.read_text(encoding="utf-8"))
    said["profiles"] = {"quick": {"feature_classes": ["firstorder"], "settings": {"binWidth": 25}}}
    said["publish_parquet"] = "published/parquet"
    reason = "the shifted dates of an invented study"
    said["privacy"] = {
        "allow": [
            {"column": column, "pattern": r"(images|masks)/.*", "reason": reason}
            for column in ("file_path", "image", "mask")
        ]
    }
    file.write_text(yaml.safe_dump(said, sort_keys=False), encoding="utf-8")


def _visit_files(one: Someone, visit: str) -> tuple[str, str]:
    place = f"{one.patient}/{one.day_zero:%Y%m%d}/{visit}.nii.gz"
    return f"images/{place}", f"masks/{place}"


def _write_visit(folder: Path, one: Someone, visit: str) -> None:
    image, mask = _visit_files(one, visit)
    chance = np.random.default_rng([one.number, len(visit)])
    scale = 1.0 + 0.1 * one.number
    _write_image(folder / image, chance.normal(500, 150 * scale, (_SIZE,) * 3).astype(np.float32))
    drawn = np.zeros((_SIZE,) * 3, np.uint8)
    drawn[3:9, 3:9, 3 : 8 + one.number % 3] = 1
    _write_image(folder / mask, drawn)


def _write_image(path: Path, voxels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    sitk.WriteImage(sitk.GetImageFromArray(voxels), str(path))


def _manifest(folder: Path, visits: Sequence[str]) -> None:
    rows = []
    for visit in visits:
        for one in EVERYBODY:
            image, mask = _visit_files(one, visit)
            rows.append([image, mask, one.patient, visit])
    _write(folder / "pairs.csv", ["image", "mask", "patient_id", "timepoint"], rows)


def _add_visit(folder: Path) -> None:
    """Let another visit be delivered, of which some files are not there yet."""
    for one in EVERYBODY[::2]:
        _write_visit(folder, one, "week_8")
    _manifest(folder, ("baseline", "week_8"))


def _write_clinic(folder: Path) -> None:
    for one in EVERYBODY:
        _write_visit(folder, one, "baseline")
    for number in _REFUSED:
        # an image without its mask is refused by name
        (folder / _visit_files(EVERYBODY[number], "baseline")[1]).unlink()
    _manifest(folder, ("baseline",))
    _write(
        folder / "day_zero.csv",
        ["id", "day"],
        [[one.patient, one.day_zero.isoformat()] for one in EVERYBODY],
    )
    _write(
        folder / "clinical.csv",
        ["id", "sex", "age", "kps", "grade"],
        [
            [
                one.patient,
                "female" if one.number % 2 else "male",
                40 + one.number,
                # one that is refused, and values that nobody else has
                "seventy" if one.number in _REFUSED else 50 + 3 * one.number,
                "high" if one.number % 3 else "low",
            ]
            for one in EVERYBODY
        ],
    )
    _write(
        folder / "events.csv",
        ["id", "what", "began"],
        [
            [one.patient, "surgery", (one.day_zero + timedelta(days=one.number)).isoformat()]
            for one in EVERYBODY
        ],
    )
    _write(
        folder / "samples.csv",
        ["sample", "id", "type"],
        [[one.sample, one.patient, "Primary"] for one in EVERYBODY],
    )
    _write(
        folder / "tpm.csv",
        ["gene", *(one.sample for one in EVERYBODY)],
        [
            [gene, *(f"{place + one.number / 7:.6f}" for one in EVERYBODY)]
            for place, gene in enumerate(_GENES)
        ],
    )
    _write(
        folder / "calls.maf",
        _MAF,
        [_call(one) for one in EVERYBODY if one.number % 2 == 0],
        delimiter="\t",
    )
    _write(
        folder / "links.csv",
        ["ours", "theirs", "offset"],
        [[EVERYBODY[n].patient, EVERYBODY[n].record.lower(), 0] for n in _LINKED],
    )
    _yaml(folder / "cohort.yaml", _CLINIC)
    _yaml(folder / "association.yaml", _ASSOCIATION)
    _yaml(folder / "release.yaml", _RELEASE)


def _call(one: Someone) -> list[object]:
    place = 7_670_000 + one.number
    change = ["Missense_Mutation", "SNP", "C", "C", "T"]
    return ["TP53", "GRCh38", "17", place, place, *change, one.sample]


def _write_registry(folder: Path) -> None:
    folder.mkdir(parents=True)
    there = [one for one in EVERYBODY if one.number in (*_LINKED, 9, 10)]
    _write(
        folder / "registry.csv",
        ["record", "stage"],
        [[one.record.lower(), f"stage {one.number}"] for one in there],
    )
    _write(
        folder / "outcome.csv",
        ["record", "days", "state"],
        # the last id nearly is that of somebody who withdraws
        [[one.record, 100 + one.number, one.number % 2] for one in there]
        + [[f"{there[0].record[:-1]}X", 50, 1]],
    )
    _yaml(folder / "cohort.yaml", _REGISTRY)


def _write(
    file: Path, header: Sequence[str], rows: Iterable[Sequence[object]], delimiter: str = ","
) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _yaml(file: Path, said: object) -> None:
    file.write_text(yaml.safe_dump(said, sort_keys=False), encoding="utf-8")


_MAF = (
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
)
_CLINIC = {
    "cohort_id": CLINIC,
    "title": "Invented patients of a clinic, some of whom withdraw",
    "license": "CC0",
    "day_zero": "first_surgery",
    "timepoints": {"baseline": {"day": 0, "order": 0}, "week_8": {"day": 56, "order": 1}},
    "anchors": {"file": "day_zero.csv", "id": "id", "date": "day", "form": "YYYY-MM-DD"},
    "images": [
        {"manifest": "pairs.csv", "sequence": "T1C", "modality": "MR", "region": "GTV"},
    ],
    "profiles": ["quick"],
    "tables": [
        {
            "kind": "clinical",
            "file": "clinical.csv",
            "id": "id",
            "patient": {"sex": "sex", "age_at_day_zero": "age"},
            "dictionary": {"kps": {"type": "number"}, "grade": {"type": "category"}},
        },
        {
            "kind": "event",
            "file": "events.csv",
            "id": "id",
            "event_type": "what",
            "start_day": "began",
            "dates": "YYYY-MM-DD",
        },
        {
            "kind": "sample",
            "file": "samples.csv",
            "id": "id",
            "sample": "sample",
            "sample_type": "type",
        },
        {
            "kind": "expression",
            "file": "tpm.csv",
            "layout": "genes_in_rows",
            "gene": "gene",
            "profile": "tpm",
            "unit": "TPM",
        },
        {
            "kind": "mutation",
            "file": "calls.maf",
            "profiled": {
                "panel": "SIX",
                "genes": list(_GENES),
                "samples": [one.sample for one in EVERYBODY],
            },
        },
        {
            "kind": "person_link",
            "file": "links.csv",
            "id": "ours",
            "other_cohort": REGISTRY,
            "other_id": "theirs",
            "zero_offset_days": "offset",
        },
    ],
}
_REGISTRY = {
    "cohort_id": REGISTRY,
    "title": "Invented persons of a registry, some of whom are patients of the clinic",
    "license": "CC0",
    "day_zero": "diagnosis",
    "tables": [
        {"kind": "clinical", "file": "registry.csv", "id": "record", "normalise": ["lower"]},
        {
            "kind": "outcome",
            "file": "outcome.csv",
            "id": "record",
            "endpoint": "OS",
            "time": "days",
            "event": "state",
            "anchor": "diagnosis",
            "normalise": ["lower"],
        },
    ],
}
_ASSOCIATION = {
    "analysis": "association",
    "name": "texture and genes",
    "cohort_id": CLINIC,
    "timepoint": "baseline",
    "targets": [{"block": "expression", "profile": "tpm", "genes": "all"}],
}
_RELEASE = {
    "name": "tp53",
    "title": "Mutation of TP53 by texture, of invented patients",
    "motivation": "To be made anew when somebody withdraws.",
    "patients": {"cohorts": [CLINIC]},
    "features": [{"timepoint": "baseline", "region": "GTV"}],
    "target": {"kind": "gene", "name": "TP53", "positive": "MUT"},
    "anchor": "first_surgery",
    "splits": [{"kind": "cross_validation", "split_id": "cv", "folds": 2}],
}
