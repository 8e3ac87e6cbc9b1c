"""A small study to make releases of: made once; tests that write get a copy."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import yaml

from roentgene.analyses.releasing.content import Content, read_content
from roentgene.analyses.releasing.reading import PinnedReader, views_of
from roentgene.schemas.release import ReleaseSpec, read_release_spec
from roentgene.schemas.study import Study
from roentgene.schemas.tables import table
from roentgene.warehouse.opening import create_warehouse, open_warehouse

COHORT = "GLI"
PATIENTS = tuple(f"P{number:02}" for number in range(1, 25))
FEATURES = {
    "original_glcm_Contrast": ("glcm", "ACUI", "exact"),
    "original_firstorder_Mean": ("firstorder", "Q4LE", "exact"),
    "original_shape_Elongation": ("shape", "Q3CK", "variant"),
}
VISITS = {"baseline": 0, "week_6": 42}
_START = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
_NEUTRAL = {"VARCHAR": "-", "BOOLEAN": True, "DOUBLE": 0.0, "TIMESTAMP WITH TIME ZONE": _START}

Rows = Mapping[str, list[dict[str, Any]]]
Create = Callable[..., Content]


@dataclass
class ReleaseStudy:
    """A warehouse that takes deliveries row by row."""

    folder: Path
    n_batches: int = 0

    def deliver(self, rows: Rows, cohort_id: str = COHORT) -> str:
        """Commit rows as a batch: new ones are added, those of a known key replaced."""
        self.n_batches += 1
        batch_id = f"batch-{self.n_batches:02}"
        common = {"cohort_id": cohort_id, "batch_id": batch_id}
        batch = {"committed_at": _START + timedelta(hours=self.n_batches)}
        with (
            open_warehouse(self.folder, read_only=False) as warehouse,
            warehouse.transaction("ann", f"delivery {self.n_batches}") as transaction,
        ):
            for name, given in {**rows, "ops.batch": [batch]}.items():
                declared = table(name)
                names = declared.arrow_schema.names
                filled = [
                    {
                        c.name: _NEUTRAL.get(c.type, 1) if c.required else None
                        for c in declared.columns
                    }
                    | {key: value for key, value in common.items() if key in names}
                    | {key: value for key, value in row.items() if key in names}
                    for row in given
                ]
                staged = pa.Table.from_pylist(filled, declared.arrow_schema)
                transaction.replace(name, staged)
        return batch_id

    def write(self, **spec: Any) -> Path:
        """Write a release file: the plain one with some keys changed; None leaves a key out."""
        content = {key: value for key, value in {**PLAIN, **spec}.items() if value is not None}
        path = self.folder.parent / "release.yaml"
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        return path


PLAIN: Mapping[str, Any] = {
    "name": "idh",
    "title": "IDH by texture",
    "patients": {"cohorts": [COHORT]},
    "features": [{"timepoint": "baseline"}],
    "target": {"kind": "biomarker", "name": "IDH"},
}


def measured(
    patients: tuple[str, ...],
    visit: str,
    first_id: int,
    *,
    seed: int = 1,
    region: str = "WT",
    extraction_id: str = "e1",
    rater: str = "A",
) -> dict[str, list[dict[str, Any]]]:
    """Rows of images, regions and values of a visit, a measurement a patient."""
    values = np.random.default_rng(seed).normal(10.0, 3.0, (len(patients), len(FEATURES)))
    kinds = ("series", "segmentation", "measurement", "feature_value")
    rows: dict[str, list[dict[str, Any]]] = {f"imaging.{kind}": [] for kind in kinds}
    for number, patient in enumerate(patients):
        series, drawn = f"{patient} {visit}", f"{patient} {visit} {region} {rater}"
        place = {"patient_id": patient, "timepoint_id": visit, "series_id": series}
        known = {"segmentation_id": drawn, "reference_series_id": series, "region": region}
        known |= {"lesion_id": "1", "rater_id": rater, "repeat_no": 1, "volume_mm3": 900.0}
        work = {"measurement_id": first_id + number, "extraction_id": extraction_id, "status": "ok"}
        rows["imaging.series"].append({**place, "sequence": "T1", "modality": "MR"})
        rows["imaging.segmentation"].append({**place, **known})
        rows["imaging.measurement"].append({**place, **known, **work, "current": True})
        rows["imaging.feature_value"] += [
            {**work, "feature_id": f, "value": float(values[number, f - 1]), "value_status": "ok"}
            for f in range(1, len(FEATURES) + 1)
        ]
    return rows


def extraction(extraction_id: str, settings_hash: str, version: str = "3.0.1") -> dict[str, Any]:
    """Row of an extraction."""
    known = {"extraction_id": extraction_id, "profile": "original", "engine": "pyradiomics"}
    return {
        **known,
        "settings_hash": settings_hash,
        "engine_version": version,
        "value_scale": "raw",
    }


def _people() -> dict[str, list[dict[str, Any]]]:
    numbered = list(enumerate(PATIENTS))
    mutant = {patient: number % 3 == 0 for number, patient in numbered}
    samples = [
        {"patient_id": p, "sample_id": f"{p}-S", "sample_type": "primary", "collection_day": 5}
        for p in PATIENTS
    ]
    return {
        "study.cohort": [{"title": "Glioma", "license": "CC BY 4.0", "day_zero": "baseline_scan"}],
        "study.patient": [
            {
                "patient_id": p,
                "person_id": f"{COHORT}:{p}",
                "site": "north" if n < 12 else "south",
                "sex": "female" if n % 2 else "male",
                "age_at_day_zero": 40.0 + n,
            }
            for n, p in numbered
        ],
        "study.timepoint": [
            {"patient_id": p, "timepoint_id": visit, "study_day": day, "visit_order": day}
            for p in PATIENTS
            for visit, day in VISITS.items()
        ],
        "clinical.variable": [
            {"patient_id": p, "variable": name, "value_status": "ok", **cell}
            for n, p in numbered
            for name, cell in {
                "kps": {"as_given": str(60 + n), "value_number": float(60 + n)},
                "side": {"as_given": "left", "value_text": "left" if n % 5 else "right"},
                "who_2021_class": {"as_given": "A", "value_text": "A" if n % 2 else "B"},
                "os_months": {"as_given": str(n), "value_number": float(n)},
                "code": {"as_given": "x", "value_text": "x" if mutant[p] else "y"},
            }.items()
        ],
        "clinical.outcome": [
            {
                "patient_id": p,
                "endpoint": "OS",
                "start_anchor": "baseline_scan",
                "time_days": 30.0 + 20 * n,
                "event": n % 2,
            }
            for n, p in numbered
        ],
        "clinical.response": [
            {
                "patient_id": p,
                "timepoint_id": "week_6",
                "criteria": "RANO",
                "study_day": 42,
                "response": "PD" if n % 2 else "SD",
            }
            for n, p in numbered
        ],
        "genomic.biomarker": [
            {"patient_id": p, "marker": m, "method": "ihc", "study_day": 6, "result": word}
            for n, p in numbered[1:]
            for m, word in {
                "IDH": "MUT" if mutant[p] else "WT",
                "IDH1": "MUT" if n % 2 else "WT",
                "MGMT": "methylated" if n % 4 else "unmethylated",
            }.items()
        ],
        "genomic.sample": samples,
        "genomic.assay": [
            {**s, "assay": "mutation", "panel": "P", "all_genes": False} for s in samples[:-2]
        ],
        "genomic.panel_gene": [
            {"panel": "P", "hugo_symbol": gene} for gene in ("IDH1", "IDH2", "TP53")
        ],
        "genomic.mutation": [
            {
                **s,
                "hugo_symbol": gene,
                "ncbi_build": "GRCh38",
                "chromosome": "2",
                "start_position": position,
                "end_position": position,
                "variant_classification": "Missense_Mutation",
                "tumor_seq_allele2": "T",
            }
            for n, s in enumerate(samples[:-2])
            for gene, position, step in (("IDH1", 100, 3), ("TP53", 200, 4))
            if n % step == 0
        ],
        "genomic.expression": [
            {
                **s,
                "hugo_symbol": gene,
                "molecular_profile_id": "rna_z",
                "value": float(n) / 7 + place,
                "value_scale": "zscore",
                "unit": "z",
            }
            for n, s in enumerate(samples[:-4])
            for place, gene in enumerate(("IDH1", "MGMT", "TP53"))
        ],
        "imaging.extraction": [extraction("e1", "a" * 64)],
        "vocab.feature": [
            {
                "feature_id": number,
                "engine": "pyradiomics",
                "feature": name,
                "image_type": "original",
                "class": kind,
                "name": name.split("_")[-1],
                "ibsi_code": code,
                "ibsi_status": status,
            }
            for number, (name, (kind, code, status)) in enumerate(FEATURES.items(), start=1)
        ],
    }


@pytest.fixture(scope="session")
def made_release_study(tmp_path_factory: pytest.TempPathFactory) -> ReleaseStudy:
    """The study itself; no test writes to it."""
    folder = tmp_path_factory.mktemp("releases") / "study"
    create_warehouse(folder, Study(name="glioma", publish=False))
    study = ReleaseStudy(folder)
    study.deliver(_people())
    study.deliver(measured(PATIENTS, "baseline", 1000))
    study.deliver(measured(PATIENTS[:20], "week_6", 2000, seed=2))
    return study


@pytest.fixture
def release_study(made_release_study: ReleaseStudy, tmp_path: Path) -> ReleaseStudy:
    """A copy to write to."""
    shutil.copytree(made_release_study.folder, tmp_path / "study")
    return ReleaseStudy(tmp_path / "study", made_release_study.n_batches)


@pytest.fixture(scope="session")
def make(
    made_release_study: ReleaseStudy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Create]:
    """Makes the content of a release without writing it, over one open warehouse."""
    folder = made_release_study.folder
    files = ReleaseStudy(tmp_path_factory.mktemp("specs") / "study")
    with open_warehouse(folder) as warehouse, open_warehouse(folder) as asking:

        def content(**spec: Any) -> Content:
            read: ReleaseSpec = read_release_spec(files.write(**spec))
            views = views_of(read, warehouse.study.view_versions)
            return read_content(PinnedReader(warehouse, views), asking, read)

        yield content


@pytest.fixture(name="measured", scope="session")
def give_measured() -> Callable[..., dict[str, list[dict[str, Any]]]]:
    """Rows of images, regions and values of a visit."""
    return measured


@pytest.fixture(name="extraction", scope="session")
def give_extraction() -> Callable[..., dict[str, Any]]:
    """Row of an extraction."""
    return extraction
