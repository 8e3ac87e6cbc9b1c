"""Molecular files beside each other and beside images, asked in one SQL statement."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from roentgene.ingest.extract.executors.serial import Serial
from roentgene.ingest.run import run_ingest
from roentgene.schemas.study import Profile, Study
from roentgene.warehouse.opening import create_warehouse, open_warehouse
from roentgene.warehouse.store import Warehouse

# two whole ingests
pytestmark = [pytest.mark.realdata, pytest.mark.slow]

SHAPE = Profile(image_types={"Original": {}}, feature_classes=("shape",))
SEGMENTS = "genomic/maf_gistic/LAML_CBS_segments.tsv.gz"


def leukaemia(data: Path) -> dict[str, object]:
    of_tcga = {"normalise": ["tcga_patient"]}
    folder = data / "genomic/maf_gistic"
    return {
        "cohort_id": "LAML",
        "day_zero": "diagnosis",
        "tables": [
            {"file": f"{folder}/tcga_laml.maf.gz", "kind": "mutation",
             "profiled": {"genes": "all"}, **of_tcga},
            {"file": f"{data}/{SEGMENTS}", "kind": "segment", "genome": "GRCh37", **of_tcga},
            {"file": f"{folder}/all_lesions.conf_99.txt", "kind": "gistic", "profile": "peaks",
             **of_tcga},
        ],
    }  # fmt: skip


def glioma(data: Path) -> dict[str, object]:
    images = data / "images/brats_tcga_du_7294"
    return {
        "cohort_id": "GLIOMA",
        "day_zero": "baseline_scan",
        "images": [
            {"pattern": f"{images}/raw_bet/TCGA-DU-7294_{{sequence}}_bet.nii.gz",
             "mask": f"{images}/segmentation/isen-20.nii.gz", "timepoint": "baseline",
             "modality": "MR", "labels": "brats_1_2_4", "patient_id": "TCGA-DU-7294",
             "reference_sequence": "t1c"},
        ],
        "profiles": ["shape"],
        "tables": [
            {"file": f"{data}/genomic/tcga_du_7294/mutations.maf", "kind": "mutation",
             "genome": "GRCh37", "normalise": ["tcga_patient"], "profiled": {"genes": "all"}},
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
def warehouse(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    folder = tmp_path_factory.mktemp("sequenced")
    study = Study(name="sequenced", publish=False, profiles={"shape": SHAPE})
    root = create_warehouse(folder / "study", study).root
    for cohort in (leukaemia(shared_data), glioma(shared_data)):
        file = folder / f"{cohort['cohort_id']}.yaml"
        file.write_text(yaml.safe_dump({"title": "t", "license": "MIT", **cohort}))
        assert run_ingest(root, file, Serial()).new_refusals == ()
        assert run_ingest(root, file, Serial()).batch_id is None
    with open_warehouse(root) as opened:
        yield opened


def test_the_files_of_the_leukaemia_cohort_have_the_counts_of_their_readme(
    warehouse: Warehouse,
) -> None:
    counts = """
        SELECT count(*), count(DISTINCT sample_id) FROM genomic.{} WHERE cohort_id = 'LAML'
    """
    assert list(warehouse.rows(counts.format("mutation"))) == [(2207, 193)]
    assert list(warehouse.rows(counts.format("segment"))) == [(6470, 191)]
    assert list(warehouse.rows(counts.format("assay_value"))) == [(32 * 191, 191)]


def test_nobody_is_wild_type_for_want_of_a_file(warehouse: Warehouse) -> None:
    """193 of the 200 patients were sequenced; 48 of them are mutated by the MAF itself."""
    status = """
        SELECT status, count(*) FROM mart.gene_status
        WHERE cohort_id = 'LAML' AND hugo_symbol = 'DNMT3A' GROUP BY status
    """
    assert dict(warehouse.rows(status)) == {"MUT": 48, "WT": 193 - 48, "NP": 200 - 193}


def test_features_sit_beside_the_mutation_of_their_patient(warehouse: Warehouse) -> None:
    found = warehouse.rows("""
        SELECT measured.region, measured.value > 0, gene.status, gene.hgvsp_short
        FROM imaging.radiomic_feature AS measured
        JOIN mart.gene_status AS gene USING (cohort_id, patient_id)
        WHERE measured.feature = 'original_shape_MeshVolume'
          AND gene.hugo_symbol = 'IDH1'
          AND measured.region = 'ED'
    """)
    assert list(found) == [("ED", True, "MUT", "p.R132H")]
