"""One warehouse with three real cohorts, ingested once and analysed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from roentgene.analyses.run import RunReport, run_analysis
from roentgene.ingest.extract.executors.local_pool import LocalPool
from roentgene.ingest.ingest_report import IngestReport
from roentgene.ingest.run import run_ingest
from roentgene.schemas.analyses.read import read_analysis
from roentgene.warehouse.opening import create_warehouse, open_warehouse
from roentgene.warehouse.store import Warehouse

SARCOMA = """
cohort_id: STS
title: Soft-tissue sarcoma, IBSI validation set
license: CC BY 3.0
day_zero: baseline_scan
images:
  - pattern: "{data}/images/sts/{{patient_id}}/{{sequence}}_image.nii.gz"
    mask: "{data}/images/sts/{{patient_id}}/{{sequence}}_mask.nii.gz"
    timepoint: baseline
    modality: {{CT: CT, PET: PT, MR_T1: MR}}
    labels: {{1: GTV}}
tables:
  - {{file: "{data}/images/sts/outcome_dev14.csv", kind: clinical, id: patient_id}}
expect:
  timepoints: [baseline]
  sequences: [CT, PET, MR_T1]
  regions: [GTV]
  tables: [clinical]
"""

# five raters and two fusions, each in a folder of its own
GLIOMA = """
cohort_id: TCGA-LGG
title: TCGA lower-grade glioma, one patient
license: CC BY 3.0
day_zero: baseline_scan
images:
  - &scan
    pattern: "{data}/images/brats_tcga_du_7294/raw_bet/{{patient_id}}_{{sequence}}_bet.nii.gz"
    mask: "{data}/images/brats_tcga_du_7294/segmentation/{{rater_id}}.nii.gz"
    timepoint: baseline
    modality: MR
    labels: {{1: NCR, 2: ED, 4: ET}}
    reference_sequence: t1c
  - <<: *scan
    mask: "{data}/images/brats_tcga_du_7294/fusion/{{rater_id}}.nii.gz"
regions:
  - {{region: TC, union: [NCR, ET]}}
  - {{region: WT, union: [NCR, ED, ET]}}
tables:
  - file: "{data}/genomic/tcga_du_7294/mutations.maf"
    kind: mutation
    normalise: [tcga_patient]
    genome: GRCh37
    profiled: {{genes: all}}
"""

READERS = """
cohort_id: LIDC
title: Readings of lung nodules by up to four radiologists
license: CC BY 3.0
day_zero: baseline_scan
tables:
  - file: "{data}/repeatability/lidc_readers/lidc_nodule_readings_dev.csv"
    kind: features
    id: patient_id
    timepoint: baseline
    sequence: CT
    modality: CT
    region: nodule
    lesion_id: "{{lesion_id}}"
    rater_id: "{{reader}}"
    engine: pylidc
    engine_version: 0.2.3
    profile: readings
    features: {features}
"""

ANALYSES = {
    "readers": """
analysis: stability
name: four readers
cohort_id: LIDC
design: inter_rater
forms: ["ICC(1,1)", "ICC(A,1)", "ICC(C,1)"]
n_raters: 4
""",
    "raters": """
analysis: stability
name: seven raters of one patient
cohort_id: TCGA-LGG
design: inter_rater
""",
    "metastasis": """
analysis: association
name: sphericity and lung metastasis
cohort_id: STS
timepoint: baseline
features: [original_shape_Sphericity]
targets: [{block: clinical, variables: [lung_metastasis]}]
""",
}


@dataclass(frozen=True)
class RealStudy:
    """The warehouse, its cohort files, and what the first runs said."""

    folder: Path
    cohorts: Mapping[str, Path]
    ingests: Mapping[str, IngestReport]
    analyses: Mapping[str, RunReport]


def reader_features(data: Path) -> list[str]:
    """Columns that the reference has coefficients of."""
    lines = (data / "reference" / "lidc_dev_icc_4_readers.csv").read_text().splitlines()
    return [line.split(",")[0] for line in lines[1:]]


@pytest.fixture(scope="session")
def real_study(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> RealStudy:
    folder = tmp_path_factory.mktemp("real")
    texts = {"sarcoma": SARCOMA, "glioma": GLIOMA, "readers": READERS}
    cohorts = {}
    for name, text in texts.items():
        cohorts[name] = folder / f"{name}.yaml"
        filled = text.format(data=shared_data, features=reader_features(shared_data))
        cohorts[name].write_text(filled, encoding="utf-8")
    warehouse = create_warehouse(folder / "study").root
    ingests = {name: run_ingest(warehouse, path, LocalPool(2)) for name, path in cohorts.items()}
    analyses = {}
    with open_warehouse(warehouse, read_only=False) as writer:
        for name, text in ANALYSES.items():
            spec = folder / f"{name}_analysis.yaml"
            spec.write_text(text, encoding="utf-8")
            analyses[name] = run_analysis(writer, read_analysis(spec))
    return RealStudy(warehouse, cohorts, ingests, analyses)


@pytest.fixture(scope="session")
def real_warehouse(real_study: RealStudy) -> Iterator[Warehouse]:
    with open_warehouse(real_study.folder) as warehouse:
        yield warehouse
