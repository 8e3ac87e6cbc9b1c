"""Specimens, flow of patients and unmatched ids of two published cohorts, by their own counts."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from roentgene.ingest.extract.executors.serial import Serial
from roentgene.ingest.run import run_ingest
from roentgene.schemas.study import Study
from roentgene.warehouse.opening import create_warehouse, open_warehouse
from roentgene.warehouse.store import Warehouse

pytestmark = [pytest.mark.realdata, pytest.mark.slow]

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
COHORTS = ("upenn_gbm", "plgg_cbtn")


@pytest.fixture(scope="module")
def opened(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    folder = tmp_path_factory.mktemp("flow")
    warehouse = create_warehouse(folder / "study", Study(name="flow", publish=False)).root
    for name in COHORTS:
        beside = folder / name
        beside.mkdir()
        for file in (shared_data / "cohorts" / name).iterdir():
            (beside / file.name).symlink_to(file)
        cohort = Path(shutil.copy(EXAMPLES / f"{name}.yaml", beside / "cohort.yaml"))
        run_ingest(warehouse, cohort, Serial())
    with open_warehouse(warehouse) as reader:
        yield reader


@pytest.fixture(scope="module")
def expected(shared_data: Path) -> dict[str, object]:
    path = shared_data / "reference" / "plgg_expected_counts.json"
    found: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return found


def flow(opened: Warehouse, cohort_id: str) -> list[tuple[object, ...]]:
    rows = opened.rows(
        "SELECT step, n, n_lost FROM mart.patient_flow WHERE cohort_id = $cohort ORDER BY step_no",
        {"cohort": cohort_id},
    )
    return list(rows)


def test_flow_of_upenn_ends_with_59_patients_whose_mgmt_is_known(opened: Warehouse) -> None:
    assert flow(opened, "UPENN-GBM") == [
        ("in the cohort", 630, 0),
        ("baseline row", 611, 19),
        ("features", 228, 383),
        ("MGMT known", 59, 169),
    ]


def test_flow_of_plgg_ends_with_the_patients_with_images_and_rna(
    opened: Warehouse, expected: dict[str, int]
) -> None:
    steps = flow(opened, "PLGG-CBTN")
    assert [n for _, n, _ in steps][1:] == [expected["n_imaged"], expected["n_joined"]]
    assert steps[-1][2] == expected["n_imaged_without_rna"]


def test_specimens_of_plgg_are_settled_by_the_rule(
    opened: Warehouse, expected: dict[str, dict[str, int]]
) -> None:
    settled = Counter(
        opened.rows(
            """
            SELECT specimen_status, n_specimens
            FROM mart.patient_sample
            WHERE cohort_id = 'PLGG-CBTN' AND assay = 'cell_fraction'
              AND patient_id IN (
                SELECT patient_id FROM imaging.series WHERE cohort_id = 'PLGG-CBTN'
              )
            """
        )
    )
    per_patient = expected["specimens_per_joined_patient"]
    assert settled == {
        ("only", 1): per_patient["1"],
        ("mean", 2): per_patient["2"],
        ("mean", 3): per_patient["3"],
    }


def test_every_value_of_plgg_is_the_mean_over_the_specimens_of_its_patient(
    opened: Warehouse, shared_data: Path
) -> None:
    path = shared_data / "cohorts" / "plgg_cbtn" / "xcell_score_cluster.tsv"
    given = defaultdict(list)
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            given[row["cohort_participant_id"], row["cell_type"]].append(float(row["fraction"]))
    rows = opened.rows(
        "SELECT patient_id, entity, value, n_values FROM mart.patient_assay_value "
        "WHERE cohort_id = 'PLGG-CBTN' AND molecular_profile_id = 'xcell'"
    )
    found = {(patient, entity): (value, n) for patient, entity, value, n in rows}
    assert len(found) == len(given) == 494 * 39
    for key, values in given.items():
        assert found[key][1] == len(values)
        assert found[key][0] == pytest.approx(sum(values) / len(values), rel=1e-12, abs=1e-300)


def test_tables_of_dna_that_match_nobody_are_errors(
    opened: Warehouse, expected: dict[str, int]
) -> None:
    refused = opened.rows(
        "SELECT reason_code, file_path FROM ops.quarantine WHERE cohort_id = 'PLGG-CBTN'"
    )
    assert sorted(refused) == [
        ("no_id_matches", "186_GOI_variant_summary.txt"),
        ("no_id_matches", "snv-mutation-tmb-coding.tsv"),
    ]
    matched = opened.rows(
        "SELECT file_path, n_ids, n_matched FROM mart.id_match WHERE n_matched = 0"
    )
    assert sorted(matched) == [
        ("186_GOI_variant_summary.txt", expected["goi_specimens"], 0),
        ("snv-mutation-tmb-coding.tsv", expected["tmb_rows"], 0),
    ]
